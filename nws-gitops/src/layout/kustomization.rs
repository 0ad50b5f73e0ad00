//! One entry more under `resources` of a `kustomization.yaml`, and every other byte as it is.

use serde_json::{Value, json};

use crate::manifest::Quoted;
use crate::reader::read_document;

/// Nothing simple adds the entry and only the entry.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct NotEditable;

/// What a kustomization lists under `resources`; nothing if it cannot be read.
pub(super) fn resources(text: &str) -> Vec<String> {
    let fields = read_document(text).unwrap_or_default();
    let listed = fields["resources"].as_array().into_iter().flatten();
    let plain = |path: &str| path.strip_prefix("./").unwrap_or(path).to_owned();
    listed.filter_map(Value::as_str).map(plain).collect()
}

/// The text with the entry; none if it has it.
///
/// The place is found by a look at the lines. Whether it was the right one is not left to that look: both texts are read as
/// YAML, and must differ in this entry alone.
pub(super) fn with_resource(text: &str, entry: &str) -> Result<Option<String>, NotEditable> {
    let before = read_document(text).ok_or(NotEditable)?;
    if resources(text).iter().any(|listed| listed == entry) {
        return Ok(None);
    }
    let edited = inserted(text, entry).ok_or(NotEditable)?;
    let wanted = listing(before, entry).ok_or(NotEditable)?;
    if read_document(&edited) == Some(wanted) { Ok(Some(edited)) } else { Err(NotEditable) }
}

fn listing(mut fields: Value, entry: &str) -> Option<Value> {
    let resources = fields.as_object_mut()?.entry("resources").or_insert_with(|| json!([]));
    if resources.is_null() {
        *resources = json!([]);
    }
    resources.as_array_mut()?.push(entry.into());
    Some(fields)
}

const FIELD: &str = "resources:";

fn inserted(text: &str, entry: &str) -> Option<String> {
    let entry = if is_plain(entry) { entry.to_owned() } else { Quoted(entry).to_string() };
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let end = at + line.len();
        if let Some(rest) = line.strip_prefix(FIELD) {
            let value = rest.split(" #").next().unwrap_or(rest).trim();
            return match value {
                "" => Some(in_block(text, end, &entry)),
                _ if value.starts_with('[') => in_flow(text, at + FIELD.len(), &entry),
                _ => None,
            };
        }
        at = end;
    }
    Some(line_after(text, text.len(), &format!("{FIELD}{}  - {entry}", end_of_lines(text))))
}

/// Behind the last item of the list whose field ends at `from`.
fn in_block(text: &str, from: usize, entry: &str) -> String {
    let (mut at, mut last, mut indent) = (from, from, None);
    for line in text[from..].split_inclusive('\n') {
        at += line.len();
        let content = line.trim();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let depth = line.len() - line.trim_start_matches(' ').len();
        let is_item = content == "-" || content.starts_with("- ");
        let list = *indent.get_or_insert(depth);
        if depth < list || (depth == list && !is_item) {
            break;
        }
        last = at;
    }
    // Without any item what follows is no part of the list, and its indent says nothing.
    let indent = if last == from { 2 } else { indent.unwrap_or(2) };
    line_after(text, last, &format!("{:indent$}- {entry}", ""))
}

/// Before the bracket that ends the list.
fn in_flow(text: &str, from: usize, entry: &str) -> Option<String> {
    let (open, close) = (from + text[from..].find('[')?, from + text[from..].find(']')?);
    let items = text.get(open + 1..close)?.trim_end();
    let at = open + 1 + items.len();
    let comma = if items.trim().is_empty() {
        ""
    } else if items.ends_with(',') {
        " "
    } else {
        ", "
    };
    Some(format!("{}{comma}{entry}{}", &text[..at], &text[at..]))
}

fn line_after(text: &str, at: usize, line: &str) -> String {
    let (before, after) = text.split_at(at);
    let end = end_of_lines(text);
    if before.is_empty() || before.ends_with('\n') {
        format!("{before}{line}{end}{after}")
    } else {
        format!("{before}{end}{line}{after}")
    }
}

fn end_of_lines(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

/// Whether YAML takes it for a string as it stands: it ends with `.yaml`, and nothing in it has a meaning.
fn is_plain(entry: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"./_-".contains(&b);
    entry.bytes().all(plain) && !entry.starts_with('-')
}

#[cfg(test)]
mod tests;
