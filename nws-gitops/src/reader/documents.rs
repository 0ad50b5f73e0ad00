//! The documents of a file, each on its own, so that a broken one never hides another.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use gix::bstr::ByteSlice;
use serde_json::Value;
use serde_saphyr::Options;

use super::{RouteKind, plain};
use crate::{ENABLED_ANNOTATION, Kind};

/// A cheap look, which spares parsing (150 µs a manifest) for what cannot concern us: one pass, however many kinds there are.
pub(super) fn concerns_us(bytes: &[u8]) -> bool {
    WORDS.find_iter(bytes).any(|found| match found.pattern().as_usize() {
        0 => value_at(bytes, found.end()).is_some_and(may_be_secret),
        _ => true,
    })
}

/// By its byte order mark. Nobody can tell at a glance what is in it, and some clients may read it.
pub(super) fn is_utf_16(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff")
}

/// Before the name of a kind, which is enough for Secrets: the word alone stands in many a manifest. Then every other kind, by
/// its name alone, since an anchor or a merge key may stand between the two.
///
/// Only of leftmost matches it looks for several bytes at a time, which is ten times as fast.
#[expect(clippy::expect_used, reason = "the words are the same in every run")]
static WORDS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let words = ["kind"].into_iter().chain(applicants()).chain(routes());
    let built = AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(words);
    built.expect("few and short")
});

/// A plain word says what it is; an alias, a tag, a comment or an escape may stand for anything.
fn may_be_secret(value: &[u8]) -> bool {
    let (word, rest) = word(value);
    matches!(word, b"Secret" | b"SealedSecret" | b"SopsSecret")
        || word.is_empty()
        || rest.starts_with(b"\\")
}

/// Whether a document may be a Secret, or a list of some, and not only what becomes one.
pub(super) fn may_be_plain_secret(text: &str) -> bool {
    let is_sealed = |value: &[u8]| word(value).0 == b"SealedSecret";
    kinds(text).any(|value| may_be_secret(value) && !is_sealed(value))
}

fn applicants() -> impl Iterator<Item = &'static str> {
    Kind::ALL.into_iter().map(Kind::as_str)
}

fn routes() -> impl Iterator<Item = &'static str> {
    RouteKind::ALL.into_iter().map(RouteKind::as_str)
}

/// What a document that cannot be read was probably meant as.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Meaning {
    /// Something that wants a certificate.
    Applicant,
    /// One of our own Secrets.
    Secret,
    /// Something that offers hosts.
    Route,
}

/// The most that it may have been meant as, if it is of interest at all.
pub(super) fn meant_as(text: &str) -> Option<Meaning> {
    if is_applicant(text) {
        Some(Meaning::Applicant)
    } else if text.contains("nws-certd/managed") {
        Some(Meaning::Secret)
    } else {
        declares(text, &routes().collect::<Vec<_>>()).then_some(Meaning::Route)
    }
}

/// Of a `Certificate` nobody can tell whose it is, unless it says so itself; most are cert-manager's.
fn is_applicant(text: &str) -> bool {
    let is_certificate = |kind: &&str| *kind == Kind::Certificate.as_str();
    let (certificate, others): (Vec<_>, Vec<_>) = applicants().partition(is_certificate);
    declares(text, &others) || (declares(text, &certificate) && text.contains(ENABLED_ANNOTATION))
}

/// Whether the text has `kind: K`, in YAML or JSON, quoted or not.
fn declares(text: &str, kinds: &[&str]) -> bool {
    self::kinds(text).any(|value| kinds.iter().any(|kind| word(value).0 == kind.as_bytes()))
}

/// What stands behind each key `kind`.
fn kinds(text: &str) -> impl Iterator<Item = &[u8]> {
    let keys = text.match_indices("kind").map(|(at, key)| at + key.len());
    keys.filter_map(|end| value_at(text.as_bytes(), end))
}

/// What stands behind the key that ends here, if it is one.
fn value_at(bytes: &[u8], end: usize) -> Option<&[u8]> {
    let is_between = |c: char| matches!(c, '"' | '\'' | ' ' | '\t' | '\r' | '\n');
    let value = bytes[end..].trim_start_with(is_between).strip_prefix(b":")?;
    Some(value.trim_start_with(is_between))
}

fn word(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|byte| !byte.is_ascii_alphanumeric());
    bytes.split_at(end.unwrap_or(bytes.len()))
}

/// Splits at the lines that begin a document (YAML 1.2 §9.1.2), which no scalar can contain; what holds only comments and
/// directives is no document.
pub(super) fn split(text: &str) -> Vec<&str> {
    let text = without_mark(text);
    let mut starts = vec![0];
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if at > 0 && begins_a_document(line) {
            starts.push(at);
        }
        at += line.len();
    }
    starts.push(text.len());
    starts.windows(2).map(|ends| &text[ends[0]..ends[1]]).filter(|part| has_content(part)).collect()
}

/// The text behind a byte order mark.
pub(super) fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

fn begins_a_document(line: &str) -> bool {
    line.strip_prefix("---")
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace))
}

fn has_content(part: &str) -> bool {
    part.lines()
        .map(|line| line.strip_prefix("---").unwrap_or(line).trim())
        .any(|line| !line.is_empty() && !line.starts_with(['#', '%']) && line != "...")
}

/// Reads one document; most do not take a parser.
pub(super) fn read(text: &str) -> Result<Value, String> {
    plain::read(text).map_or_else(|| read_yaml(text), Ok)
}

/// The one document of a YAML file; none if there are several, or it cannot be read.
pub(crate) fn single(bytes: &[u8]) -> Option<Value> {
    match split(bytes.to_str().ok()?).as_slice() {
        [text] => read(text).ok(),
        _ => None,
    }
}

/// Reads one document as Kubernetes does: YAML 1.1 booleans, a repeated key is an error; bounded in depth, nodes and aliases.
///
/// The error text holds the place and the reason, not the text around it, which may be a key.
pub(crate) fn read_yaml(text: &str) -> Result<Value, String> {
    /// What the reader's words hold for who writes programs.
    const FOR_PROGRAMMERS: &str = ", set DuplicateKeyPolicy in Options if acceptable";
    serde_saphyr::from_str_with_options(text, options(text.len()))
        .map_err(|error| crate::git::words(&error.to_string().replace(FOR_PROGRAMMERS, "")))
}

/// A megabyte of small Ingresses in one list has some 150,000 nodes. What aliases stand for is at most four times what is written,
/// and a little for what is small, so that thousands of small bombs are no large one.
fn options(size: usize) -> Options {
    let repeated = (size * 4 + 256).min(100_000);
    serde_saphyr::options! {
        with_snippet: false,
        budget: serde_saphyr::budget! {
            max_depth: 64,
            max_nodes: 500_000,
            max_aliases: 1_000,
            max_recorded_anchor_events: repeated,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: repeated,
        },
    }
}
