//! The three URLs that are kept: a CA's directory, our account there, and an order.

use std::fmt;
use std::str::FromStr;

use http::Uri;

macro_rules! https_url {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name(Box<str>);

        impl $name {
            /// The URL as it was written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidUrl;

            fn from_str(text: &str) -> Result<Self, InvalidUrl> {
                check(text).map(|()| Self(text.into()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

https_url! {
    /// Where a CA's directory is (RFC 8555 §7.1.1).
    DirectoryUrl
}
https_url! {
    /// Our account at a CA, the `kid` of every later request (RFC 8555 §7.1.2).
    AccountUrl
}
https_url! {
    /// One order at a CA (RFC 8555 §7.1.3); whoever has it can go on with the order.
    OrderUrl
}

const LONGEST: usize = 2048;

/// Host and port of a URL that can be asked.
pub(crate) fn host(text: &str) -> Result<String, InvalidUrl> {
    check(text)?;
    let uri: Uri = text.parse().map_err(|_| InvalidUrl::Malformed { found: text.into() })?;
    let name = uri.host().unwrap_or_default().to_ascii_lowercase();
    Ok(format!("{name}:{}", uri.port_u16().unwrap_or(443)))
}

fn check(text: &str) -> Result<(), InvalidUrl> {
    if text.len() > LONGEST {
        return Err(InvalidUrl::TooLong { length: text.len() });
    }
    let uri: Uri = text.parse().map_err(|_| InvalidUrl::Malformed { found: text.into() })?;
    if uri.scheme_str() != Some("https") {
        return Err(InvalidUrl::NotHttps { found: text.into() });
    }
    match uri.authority() {
        Some(authority) if authority.as_str().contains('@') => Err(InvalidUrl::Credentials),
        Some(_) if !text.contains('#') => Ok(()),
        Some(_) | None => Err(InvalidUrl::Malformed { found: text.into() }),
    }
}

/// Why a text is no URL of a CA.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidUrl {
    /// Not an absolute URL, or one with a fragment.
    #[error("{found:?} is no absolute URL without fragment")]
    Malformed {
        /// As written.
        found: String,
    },
    /// Another scheme: a CA speaks https only (RFC 8555 §6.1).
    #[error("{found:?} does not begin with https://, and a CA speaks nothing else")]
    NotHttps {
        /// As written.
        found: String,
    },
    /// A user or password inside the URL, which is not shown here.
    #[error("the URL carries a user name or password; remove it")]
    Credentials,
    /// A host that the CA's directory does not name.
    #[error("{found:?} is at another host than the CA")]
    Elsewhere {
        /// As written.
        found: String,
    },
    /// Longer than any CA's.
    #[error("the URL has {length} characters, more than {LONGEST}")]
    TooLong {
        /// Its length in bytes.
        length: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_https_urls_are_taken() {
        let found = |text: &str| text.to_owned();
        let cases = [
            ("https://acme.example/directory", Ok(())),
            ("https://localhost:14000/dir?x=1", Ok(())),
            (
                "http://acme.example/",
                Err(InvalidUrl::NotHttps { found: found("http://acme.example/") }),
            ),
            ("/directory", Err(InvalidUrl::NotHttps { found: found("/directory") })),
            (
                "https://a.example/#x",
                Err(InvalidUrl::Malformed { found: found("https://a.example/#x") }),
            ),
            ("https:// ", Err(InvalidUrl::Malformed { found: found("https:// ") })),
            ("https://me:secret@acme.example/", Err(InvalidUrl::Credentials)),
        ];
        for (text, want) in cases {
            assert_eq!(text.parse::<OrderUrl>().map(drop), want, "{text}");
        }
    }
}
