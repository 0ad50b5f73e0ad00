//! The documents of a file, each on its own, so that a broken one never hides another.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use gix::bstr::ByteSlice;
use serde_json::Value;
use serde_saphyr::Options;

use super::RouteKind;
use crate::Kind;

/// A cheap look, which spares parsing (150 µs a manifest) for what cannot concern us: one pass, however many kinds there are.
pub(super) fn concerns_us(bytes: &[u8]) -> bool {
    WORDS.find_iter(bytes).any(|found| match found.pattern().as_usize() {
        0 => declared_at(bytes, found.end(), &SECRETS),
        _ => true,
    })
}

/// Before the name of a kind, which is enough for Secrets: the word alone stands in many a manifest. Then every other kind, by
/// its name alone, since an anchor or a merge key may stand between the two.
#[expect(clippy::expect_used, reason = "the words are the same in every run")]
static WORDS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    AhoCorasick::new(["kind"].into_iter().chain(applicants()).chain(routes()))
        .expect("few and short")
});

const SECRETS: [&str; 2] = ["Secret", "SealedSecret"];

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
    if declares(text, &applicants().collect::<Vec<_>>()) {
        Some(Meaning::Applicant)
    } else if text.contains("nws-certd/managed") {
        Some(Meaning::Secret)
    } else {
        declares(text, &routes().collect::<Vec<_>>()).then_some(Meaning::Route)
    }
}

/// Whether the text has `kind: K`, in YAML or JSON, quoted or not.
fn declares(text: &str, kinds: &[&str]) -> bool {
    text.match_indices("kind")
        .any(|(at, word)| declared_at(text.as_bytes(), at + word.len(), kinds))
}

/// Whether one of the kinds stands behind the word that ends here.
fn declared_at(bytes: &[u8], end: usize, kinds: &[&str]) -> bool {
    let rest = bytes[end..].trim_start_with(|c| matches!(c, '"' | '\'' | ' '));
    rest.strip_prefix(b":").is_some_and(|value| {
        let value = value.trim_start_with(|c| matches!(c, '"' | '\'' | ' ' | '\t' | '\n'));
        kinds.iter().any(|kind| is_word(value, kind))
    })
}

fn is_word(bytes: &[u8], word: &str) -> bool {
    bytes
        .strip_prefix(word.as_bytes())
        .is_some_and(|rest| !rest.first().is_some_and(u8::is_ascii_alphanumeric))
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

/// Reads one document as Kubernetes does: YAML 1.1 booleans, a repeated key is an error; bounded in depth, nodes and aliases.
///
/// The error text holds the place and the reason, not the text around it, which may be a key.
pub(super) fn read_yaml(text: &str) -> Result<Value, String> {
    /// What the reader's words hold for who writes programs.
    const FOR_PROGRAMMERS: &str = ", set DuplicateKeyPolicy in Options if acceptable";
    serde_saphyr::from_str_with_options(text, options())
        .map_err(|error| crate::git::words(&error.to_string().replace(FOR_PROGRAMMERS, "")))
}

/// A megabyte of small Ingresses in one list has some 150,000 nodes.
fn options() -> Options {
    serde_saphyr::options! {
        with_snippet: false,
        budget: serde_saphyr::budget! {
            max_depth: 64,
            max_nodes: 500_000,
            max_aliases: 1_000,
            max_recorded_anchor_events: 100_000,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: 100_000,
        },
    }
}
