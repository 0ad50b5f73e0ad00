//! Text in base64, wherever it stands in a file.

use std::ops::Deref;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

/// A shorter text holds no private key: the shortest, of Ed25519, takes 64 letters.
const SHORTEST: usize = 60;

/// The end of a text may be cut off, or belong to what stands behind it.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

/// What each text in base64 stands for (RFC 4648 §4); one that is broken into lines, as PEM and block scalars are, is one text.
///
/// In a text without padding that others follow on the next line, the first of these are taken for its end. That spoils its last
/// bytes, and hides no key before them.
pub(super) fn each(bytes: &[u8], mut take: impl FnMut(&[u8])) {
    let mut rest = bytes;
    while let Some(start) = beginning(rest) {
        let (text, behind) = text(&rest[start..]);
        rest = behind;
        let whole = text.len() - usize::from(text.len() % 4 == 1);
        if let Ok(inner) = LENIENT.decode(&text[..whole]).map(Zeroizing::new) {
            take(&inner);
        }
    }
}

/// Where the next text begins that is long enough. Whatever is no letter rules out all that is before it, so that most bytes are
/// never looked at.
fn beginning(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let shortest = bytes.get(at..)?.get(..SHORTEST)?;
        match shortest.iter().rposition(|byte| !is_letter(byte)) {
            None => return Some(at),
            Some(other) => at += other + 1,
        }
    }
}

/// The text that begins here, and what is behind it.
fn text(bytes: &[u8]) -> (Text<'_>, &[u8]) {
    let (line, rest) = letters(bytes);
    if behind_line_break(rest).is_none() {
        return (Text::Line(line), rest);
    }
    // One allocation that need not grow: a buffer that grows leaves copies of a key behind.
    let mut lines = Zeroizing::new(Vec::with_capacity(bytes.len()));
    lines.extend_from_slice(line);
    let mut rest = rest;
    while let Some(next) = behind_line_break(rest) {
        let (line, behind) = letters(next);
        lines.extend_from_slice(line);
        rest = behind;
    }
    (Text::Lines(lines), rest)
}

/// A text without line breaks.
enum Text<'a> {
    Line(&'a [u8]),
    Lines(Zeroizing<Vec<u8>>),
}

impl Deref for Text<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Line(line) => line,
            Self::Lines(lines) => lines,
        }
    }
}

fn letters(bytes: &[u8]) -> (&[u8], &[u8]) {
    bytes.split_at(bytes.iter().position(|byte| !is_letter(byte)).unwrap_or(bytes.len()))
}

/// Where the next line begins, if a line ends here and the next has letters: a break as it is, or as YAML and JSON escape it.
fn behind_line_break(bytes: &[u8]) -> Option<&[u8]> {
    const BREAKS: [&[u8]; 6] = [b"\r\n", b"\n", b"\\r\\n", b"\\n", b"\\\r\n", b"\\\n"];
    let next = BREAKS.into_iter().find_map(|one| bytes.strip_prefix(one))?;
    let next = next.trim_ascii_start();
    next.first().is_some_and(is_letter).then_some(next)
}

fn is_letter(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')
}
