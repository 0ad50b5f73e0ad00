//! A sealed-secrets controller, as far as it is asked for its sealing certificate.

use std::fmt;
use std::str::FromStr;

use http::Uri;

/// Where a controller answers, as `http://sealed-secrets.example:8080`; its certificate is at `/v1/cert.pem` there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ControllerUrl(Uri);

impl FromStr for ControllerUrl {
    type Err = InvalidControllerUrl;

    fn from_str(text: &str) -> Result<Self, InvalidControllerUrl> {
        let invalid = || InvalidControllerUrl { found: text.into() };
        let uri: Uri = text.parse().map_err(|_| invalid())?;
        let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
        let has_credentials = uri.authority().is_some_and(|all| all.as_str().contains('@'));
        let is_bare = uri.path() == "/" && uri.query().is_none();
        if is_http && !has_credentials && is_bare { Ok(Self(uri)) } else { Err(invalid()) }
    }
}

impl fmt::Display for ControllerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.to_string().trim_end_matches('/'))
    }
}

/// A text that is no [`ControllerUrl`].
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "is no address of a controller; write scheme, host and port alone, for instance \"http://sealed-secrets.example:8080\""
)]
pub struct InvalidControllerUrl {
    /// As written, which may hold a password.
    found: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_controllers() {
        for (text, is_one) in [
            ("http://sealed-secrets.example:8080", true),
            ("https://sealed-secrets.example/", true),
            ("http://sealed-secrets.example:8080/v1/cert.pem", false),
            ("http://user:secret@sealed-secrets.example", false),
            ("sealed-secrets.example:8080", false),
            ("ftp://sealed-secrets.example", false),
        ] {
            let read = text.parse::<ControllerUrl>();
            assert_eq!(read.is_ok(), is_one, "{text}");
            let said = read.map_or_else(|error| error.to_string(), |url| url.to_string());
            assert!(!said.contains("secret@"), "{said}");
        }
    }
}
