//! Finding private keys in clear, as somebody would who has got hold of the bytes.

use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;

/// What stands in the first line of every kind of private key in PEM.
const MARK: &str = "PRIVATE KEY-----";

/// The first place that tells of a private key, in PEM or in base64 of it, with what surrounds it.
pub(crate) fn find(bytes: &[u8]) -> Option<String> {
    let marks = std::iter::once(MARK.to_owned()).chain((0..3).map(encoded));
    let at = marks.filter_map(|mark| position(bytes, mark.as_bytes())).min()?;
    let around = &bytes[at.saturating_sub(20)..bytes.len().min(at + 20)];
    Some(String::from_utf8_lossy(around).into_owned())
}

/// The mark in base64, of text that has it after a number of bytes that leaves this remainder by three.
fn encoded(before: usize) -> String {
    let text = format!("{}{MARK}", &"---"[..before]);
    let whole = text.len() / 3 * 4;
    // A character stands for six bits: those in which something else has a part may be any.
    let first = (before * 8).div_ceil(6);
    BASE64_STANDARD_NO_PAD.encode(&text)[first..whole].to_owned()
}

fn position(bytes: &[u8], mark: &[u8]) -> Option<usize> {
    bytes.windows(mark.len()).position(|window| window == mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_wherever_it_begins() {
        for before in 0..6 {
            let text = format!("{}-----BEGIN EC PRIVATE KEY-----\nMHc", "x".repeat(before));
            assert!(find(text.as_bytes()).is_some(), "{text}");
            let encoded = format!("tls.key: {}\n", BASE64_STANDARD_NO_PAD.encode(&text));
            assert!(find(encoded.as_bytes()).is_some(), "{encoded}");
        }
    }

    #[test]
    fn what_is_no_key_is_none() {
        let certificate = "-----BEGIN CERTIFICATE-----\nMHc";
        for text in ["", certificate, &BASE64_STANDARD_NO_PAD.encode(certificate)] {
            assert_eq!(find(text.as_bytes()), None);
        }
    }
}
