//! The YAML that nearly all manifests are written in, read without a YAML parser.
//!
//! Block mappings and lists, a scalar a line: plain words that mean nothing else in any version of YAML, whole numbers, and
//! quoted text without escapes. Everything else, and everything that could be an error, is left to the parser
//! ([`documents::read_yaml`](super::documents::read_yaml)): where this says something, that says the same, five times as late.

use std::iter::Peekable;

use serde_json::{Map, Value};

/// A larger document may have more in it than the parser lets pass.
const MAX_BYTES: usize = 64 << 10;
const MAX_DEPTH: usize = 32;

/// What a document says; `None` if it takes a parser to tell.
pub(super) fn read(document: &str) -> Option<Value> {
    let unusual = |byte: u8| !matches!(byte, b' '..=b'~' | b'\n');
    if document.len() > MAX_BYTES || document.bytes().any(unusual) {
        return None;
    }
    let body = document.strip_prefix("---\n").unwrap_or(document);
    let mut reading = Reading { lines: Lines { rest: body }.peekable() };
    let first = reading.lines.peek()?.as_ref()?.indent;
    let value = reading.block(first, 0)?;
    reading.lines.next().is_none().then_some(value)
}

/// A line with something on it.
#[derive(Clone, Copy)]
struct Line<'a> {
    indent: usize,
    text: &'a str,
}

/// The lines of a document but empty ones and comments; `None` ends what can be read.
struct Lines<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Lines<'a> {
    type Item = Option<Line<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.rest.is_empty() {
            let (line, rest) = self.rest.split_once('\n').unwrap_or((self.rest, ""));
            self.rest = rest;
            let text = line.trim_start_matches(' ');
            if !text.is_empty() && !text.starts_with('#') {
                let is_marker = line.starts_with("---") || line.starts_with("...");
                let line =
                    Line { indent: line.len() - text.len(), text: text.trim_end_matches(' ') };
                return Some((!is_marker).then_some(line));
            }
        }
        None
    }
}

struct Reading<'a> {
    lines: Peekable<Lines<'a>>,
}

impl<'a> Reading<'a> {
    /// The mapping or list whose lines are indented so.
    fn block(&mut self, indent: usize, depth: usize) -> Option<Value> {
        let first = (*self.lines.peek()?)?;
        if depth > MAX_DEPTH {
            None
        } else if is_item(first.text) {
            self.list(indent, depth)
        } else {
            self.mapping(indent, depth, Map::new())
        }
    }

    fn list(&mut self, indent: usize, depth: usize) -> Option<Value> {
        let mut items = Vec::new();
        while let Some(line) = self.line_at(indent)? {
            let Some(item) = line.text.strip_prefix("- ") else {
                break;
            };
            self.lines.next();
            let text = item.trim_start_matches(' ');
            // A mapping may begin beside the dash, and then goes on below its first key.
            let at = indent + 2 + item.len() - text.len();
            items.push(match entry(text) {
                Some(first) => {
                    let mut fields = Map::new();
                    self.field(first, at, depth + 1, &mut fields)?;
                    self.mapping(at, depth + 1, fields)?
                }
                None => scalar(text)?,
            });
        }
        Some(Value::Array(items))
    }

    fn mapping(
        &mut self,
        indent: usize,
        depth: usize,
        mut fields: Map<String, Value>,
    ) -> Option<Value> {
        while let Some(line) = self.line_at(indent)? {
            if is_item(line.text) {
                break;
            }
            self.lines.next();
            self.field(entry(line.text)?, indent, depth, &mut fields)?;
        }
        Some(Value::Object(fields))
    }

    /// The next line if it is indented so, or none if it is indented less; more would go on with the line before.
    fn line_at(&mut self, indent: usize) -> Option<Option<Line<'a>>> {
        let Some(line) = self.lines.peek() else {
            return Some(None);
        };
        let line = (*line)?;
        match line.indent.cmp(&indent) {
            std::cmp::Ordering::Less => Some(None),
            std::cmp::Ordering::Equal => Some(Some(line)),
            std::cmp::Ordering::Greater => None,
        }
    }

    fn field(
        &mut self,
        (key, value): (&str, &str),
        indent: usize,
        depth: usize,
        fields: &mut Map<String, Value>,
    ) -> Option<()> {
        let value = if value.is_empty() { self.below(indent, depth)? } else { scalar(value)? };
        fields.insert(key.to_owned(), value).is_none().then_some(())
    }

    /// What stands below a key: more to the right, or a list just below it.
    fn below(&mut self, indent: usize, depth: usize) -> Option<Value> {
        match self.lines.peek() {
            Some(None) => None,
            Some(Some(line))
                if line.indent > indent || (line.indent == indent && is_item(line.text)) =>
            {
                let at = line.indent;
                self.block(at, depth + 1)
            }
            Some(Some(_)) | None => Some(Value::Null),
        }
    }
}

fn is_item(text: &str) -> bool {
    text == "-" || text.starts_with("- ")
}

/// A key and what stands behind it on its line.
fn entry(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || "-_./".contains(c)))?;
    let (key, rest) = text.split_at(end);
    let rest = rest.strip_prefix(':')?;
    let is_key = key.starts_with(|c: char| c.is_ascii_alphabetic()) && !means_something(key);
    (is_key && (rest.is_empty() || rest.starts_with(' ')))
        .then(|| (key, rest.trim_start_matches(' ')))
}

fn scalar(text: &str) -> Option<Value> {
    let first = text.bytes().next()?;
    match first {
        b'"' => quoted(text, '"'),
        b'\'' => quoted(text, '\''),
        b'0'..=b'9' => number(text),
        b'a'..=b'z' | b'A'..=b'Z' | b'/' => plain(text),
        _ => None,
    }
}

fn quoted(text: &str, quote: char) -> Option<Value> {
    let inner = text.strip_prefix(quote)?.strip_suffix(quote)?;
    // One quote alone is not two.
    let simple = text.len() > 1 && !inner.contains([quote, '\\']);
    simple.then(|| Value::String(inner.to_owned()))
}

/// A whole number, or a quantity such as `64Mi`: with a letter that no number has in any base.
fn number(text: &str) -> Option<Value> {
    let is_unit =
        |byte: u8| matches!(byte.to_ascii_lowercase(), b'g'..=b'n' | b'p'..=b'w' | b'y' | b'z');
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        let usual = text.len() <= 9 && (text == "0" || !text.starts_with('0'));
        return usual.then(|| text.parse::<u64>().ok().map(Value::from))?;
    }
    let quantity =
        text.bytes().all(|byte| byte.is_ascii_alphanumeric()) && text.bytes().any(is_unit);
    quantity.then(|| Value::String(text.to_owned()))
}

fn plain(text: &str) -> Option<Value> {
    let has_comment = text.contains(" #");
    let has_key = text.ends_with(':') || text.contains(": ");
    (!has_comment && !has_key && !means_something(text)).then(|| Value::String(text.to_owned()))
}

/// Whether some version of YAML takes the word for something else than text.
fn means_something(word: &str) -> bool {
    const WORDS: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    word.len() <= 5 && WORDS.iter().any(|one| one.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests;
