//! Entries under `resources` of a `kustomization.yaml`, and every other byte as it is.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::manifest::Quoted;
use crate::reader::read_document;

/// A kustomization, and what it is to list besides.
pub(super) struct Listing<'a> {
    text: &'a str,
    listed: BTreeSet<String>,
    added: Vec<String>,
    is_editable: Option<bool>,
}

/// Nothing simple adds an entry and only that.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct NotEditable;

impl<'a> Listing<'a> {
    /// One that cannot be read lists nothing.
    pub(super) fn of(text: &'a str) -> Self {
        let fields = read_document(text).unwrap_or_default();
        let listed = fields["resources"].as_array().into_iter().flatten();
        let plain = |path: &str| path.strip_prefix("./").unwrap_or(path).to_owned();
        let listed = listed.filter_map(Value::as_str).map(plain).collect();
        Self { text, listed, added: Vec::new(), is_editable: None }
    }

    pub(super) fn lists(&self, entry: &str) -> bool {
        self.listed.contains(entry)
    }

    /// Sees to it that the entry is listed.
    pub(super) fn add(&mut self, entry: &str) -> Result<(), NotEditable> {
        if self.lists(entry) {
            return Ok(());
        }
        // Where one entry can be put in, more of them can: it is tried once, not with each.
        let text = self.text;
        let can_take = || with_resources(text, &[entry.to_owned()]).is_some();
        if !*self.is_editable.get_or_insert_with(can_take) {
            return Err(NotEditable);
        }
        self.listed.insert(entry.to_owned());
        self.added.push(entry.to_owned());
        Ok(())
    }

    /// The text with all that was added, if anything was.
    pub(super) fn edited(&self) -> Option<String> {
        if self.added.is_empty() { None } else { with_resources(self.text, &self.added) }
    }
}

/// The place is found by a look at the lines. Whether it was the right one is not left to that look: both texts are read as
/// YAML, and must differ in these entries alone.
fn with_resources(text: &str, entries: &[String]) -> Option<String> {
    let before = read_document(text)?;
    let edited = inserted(text, entries)?;
    let wanted = listing(before, entries)?;
    (read_document(&edited)? == wanted).then_some(edited)
}

fn listing(mut fields: Value, entries: &[String]) -> Option<Value> {
    let resources = fields.as_object_mut()?.entry("resources").or_insert_with(|| json!([]));
    if resources.is_null() {
        *resources = json!([]);
    }
    resources.as_array_mut()?.extend(entries.iter().map(|entry| entry.as_str().into()));
    Some(fields)
}

const FIELD: &str = "resources:";

fn inserted(text: &str, entries: &[String]) -> Option<String> {
    let entries: Vec<_> = entries.iter().map(|entry| scalar(entry)).collect();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let end = at + line.len();
        if let Some(rest) = line.strip_prefix(FIELD) {
            let value = rest.split(" #").next().unwrap_or(rest).trim();
            return match value {
                "" => Some(in_block(text, end, &entries)),
                _ if value.starts_with('[') => in_flow(text, at + FIELD.len(), &entries),
                _ => None,
            };
        }
        at = end;
    }
    let lines = std::iter::once(FIELD.to_owned()).chain(items(2, &entries));
    Some(lines_after(text, text.len(), lines))
}

/// Behind the last item of the list whose field ends at `from`.
fn in_block(text: &str, from: usize, entries: &[String]) -> String {
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
    lines_after(text, last, items(indent, entries))
}

/// Before the bracket that ends the list.
fn in_flow(text: &str, from: usize, entries: &[String]) -> Option<String> {
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
    Some(format!("{}{comma}{}{}", &text[..at], entries.join(", "), &text[at..]))
}

fn items(indent: usize, entries: &[String]) -> impl Iterator<Item = String> {
    entries.iter().map(move |entry| format!("{:indent$}- {entry}", ""))
}

fn lines_after(text: &str, at: usize, lines: impl Iterator<Item = String>) -> String {
    let (before, after) = text.split_at(at);
    let end = end_of_lines(text);
    let lines = lines.collect::<Vec<_>>().join(end);
    if before.is_empty() || before.ends_with('\n') {
        format!("{before}{lines}{end}{after}")
    } else {
        format!("{before}{end}{lines}{after}")
    }
}

fn end_of_lines(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

/// As it stands, where nothing in it has a meaning in YAML; it ends with `.yaml`, so it is no number or boolean.
fn scalar(entry: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"./_-".contains(&b);
    let is_plain = entry.bytes().all(plain) && !entry.starts_with('-');
    if is_plain { entry.to_owned() } else { Quoted(entry).to_string() }
}

#[cfg(test)]
mod tests;
