//! What a push event says was pushed.

use std::borrow::Cow;

use serde::Deserialize;

use super::event::Format;

/// A push event, of which one field matters; it is called the same everywhere.
#[derive(Deserialize)]
struct Push {
    #[serde(rename = "ref")]
    reference: String,
}

/// The full name of the reference that was pushed to; `None` if the body is no push event.
pub(super) fn reference(format: Format, body: &[u8]) -> Option<String> {
    let json = match format {
        Format::Json => Cow::Borrowed(body),
        Format::Form => Cow::Owned(payload_of_form(body)?),
    };
    serde_json::from_slice(&json).ok().map(|Push { reference }| reference)
}

/// The decoded `payload` of an `application/x-www-form-urlencoded` body.
fn payload_of_form(body: &[u8]) -> Option<Vec<u8>> {
    let mut fields = body.split(|&byte| byte == b'&');
    let encoded = fields.find_map(|field| field.strip_prefix(b"payload="))?;
    let mut decoded = Vec::with_capacity(encoded.len());
    let mut rest = encoded.iter();
    while let Some(&byte) = rest.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => hex_digit(*rest.next()?)? << 4 | hex_digit(*rest.next()?)?,
            plain => plain,
        });
    }
    Some(decoded)
}

/// Of either case, unlike in a signature: percent-encoding (RFC 3986 §2.1) has both.
fn hex_digit(letter: u8) -> Option<u8> {
    char::from(letter).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_push_event_names_its_reference() {
        let json = br#"{"ref":"refs/heads/main"}"#;
        let cases: [(&str, Format, &[u8], Option<&str>); 10] = [
            ("alone", Format::Json, json, Some("refs/heads/main")),
            (
                "among others",
                Format::Json,
                br#" {"after":"0", "ref":"r", "x":{"ref":1}} "#,
                Some("r"),
            ),
            ("escaped", Format::Json, br#"{"ref":"refs\/heads\/\u00fc"}"#, Some("refs/heads/ü")),
            ("no ref", Format::Json, br#"{"zen":"Keep it logically awesome."}"#, None),
            ("a ref that is no text", Format::Json, br#"{"ref":null}"#, None),
            ("two refs", Format::Json, br#"{"ref":"a","ref":"b"}"#, None),
            ("more after it", Format::Json, br#"{"ref":"a"}{"ref":"b"}"#, None),
            ("a form", Format::Form, b"payload=%7B%22ref%22%3a+%22a%22%7D", Some("a")),
            ("a form with more", Format::Form, b"x=1&payload={\"ref\":\"a\"}&payload=y", Some("a")),
            ("a form cut off", Format::Form, b"payload={\"ref\":\"a\"}%2", None),
        ];
        for (case, format, body, want) in cases {
            assert_eq!(reference(format, body).as_deref(), want, "{case}");
        }
        assert_eq!(reference(Format::Form, json), None, "JSON that is said to be a form");
    }
}
