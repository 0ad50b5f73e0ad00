//! The documents of a file, each on its own, so that a broken one never hides another.

use gix::bstr::ByteSlice;
use serde_json::Value;
use serde_saphyr::Options;

use crate::ENABLED_ANNOTATION;

/// A cheap look, which spares parsing (150 µs a manifest) for what cannot concern us.
pub(super) fn concerns_us(bytes: &[u8]) -> bool {
    bytes.contains_str("Ingress")
        || declares(bytes, &["Secret", "SealedSecret", "Certificate", "CertificateList"])
}

/// Whether a document that cannot be read was probably meant as something of interest.
pub(super) fn looks_like_ours(text: &str) -> bool {
    is_applicant(text) || text.contains("nws-certd/managed")
}

/// Whether a document that cannot be read was probably meant as something that wants a certificate.
pub(super) fn is_applicant(text: &str) -> bool {
    declares(text.as_bytes(), &["Ingress"]) || is_certificate_of_ours(text)
}

/// Of a `Certificate` nobody can tell whose it is, unless it says so itself; most are cert-manager's.
fn is_certificate_of_ours(text: &str) -> bool {
    declares(text.as_bytes(), &["Certificate"]) && text.contains(ENABLED_ANNOTATION)
}

/// Whether the text has `kind: K`, in YAML or JSON, quoted or not.
fn declares(bytes: &[u8], kinds: &[&str]) -> bool {
    bytes.find_iter("kind").any(|at| {
        let rest = bytes[at + "kind".len()..].trim_start_with(|c| matches!(c, '"' | '\'' | ' '));
        rest.strip_prefix(b":").is_some_and(|value| {
            let value = value.trim_start_with(|c| matches!(c, '"' | '\'' | ' ' | '\t' | '\n'));
            kinds.iter().any(|kind| is_word(value, kind))
        })
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
    serde_saphyr::from_str_with_options(text, options())
        .map_err(|error| crate::git::words(&error.to_string()))
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
