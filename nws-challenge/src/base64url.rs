//! The alphabet that tokens and thumbprints are written in (RFC 4648 §5, without padding).

/// The position of the first byte that is not base64url text.
pub(crate) fn stray(text: &str) -> Option<usize> {
    text.bytes().position(|byte| !(byte.is_ascii_alphanumeric() || b"-_".contains(&byte)))
}
