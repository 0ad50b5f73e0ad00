use std::fmt;
use std::str::FromStr;

/// Where a CA finds the person behind an account: a URL, `mailto:` with nearly all (RFC 8555 §7.3).
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Contact(Box<str>);

impl Contact {
    /// The URL as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Contact {
    type Err = InvalidContact;

    fn from_str(text: &str) -> Result<Self, InvalidContact> {
        let right = match text.split_once(':') {
            Some(("mailto", address)) => is_one_address(address),
            Some((scheme, rest)) => is_scheme(scheme) && !rest.is_empty() && is_printed(rest),
            None => false,
        };
        if right { Ok(Self(text.into())) } else { Err(InvalidContact { found: text.into() }) }
    }
}

/// RFC 3986 §3.1.
fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}

/// One address and no header fields, as RFC 8555 §7.3 has it.
fn is_one_address(text: &str) -> bool {
    let parts = text.split_once('@').filter(|(_, domain)| !domain.contains('@'));
    parts.is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
        && is_printed(text)
        && !text.contains(['<', '>', ',', '?', '"'])
}

fn is_printed(text: &str) -> bool {
    !text.contains(|c: char| c.is_whitespace() || c.is_control())
}

impl fmt::Display for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that is no [`Contact`].
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{found:?} is no contact; write one address as in mailto:ops@example.org")]
pub struct InvalidContact {
    /// As written.
    pub found: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_is_a_url_with_one_address() {
        let cases = [
            ("mailto:ops@example.org", true),
            ("mailto:ops+acme@bücher.example", true),
            ("https://ops.example/", true),
            ("tel:+1-201-555-0123", true),
            ("ops@example.org", false),
            ("ops@example.org:25", false),
            ("https://ops.example/a page", false),
            ("mailto:ops", false),
            ("mailto:@example.org", false),
            ("mailto:ops@", false),
            ("mailto:a@b@c", false),
            ("mailto:a@example.org,b@example.org", false),
            ("mailto:ops@example.org?subject=x", false),
            ("mailto: ops@example.org", false),
            ("mailto:Ops <ops@example.org>", false),
            ("https:", false),
            ("", false),
        ];
        for (text, right) in cases {
            assert_eq!(text.parse::<Contact>().is_ok(), right, "{text}");
        }
    }
}
