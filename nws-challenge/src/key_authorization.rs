use std::fmt;
use std::str::FromStr;

use bytes::Bytes;

use crate::base64url;
use crate::token::{InvalidToken, Token};

/// What a validator wants to read: the token of the challenge, a dot, and the thumbprint of the account key (RFC 8555 §8.1).
///
/// Whoever knows it can answer the challenge, so `Debug` shows the token alone.
///
/// ```
/// use nws_challenge::{KeyAuthorization, Thumbprint, Token};
///
/// let token: Token = "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0".parse()?;
/// let thumbprint: Thumbprint = "9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI".parse()?;
/// let made = KeyAuthorization::new(&token, &thumbprint);
/// let loaded: KeyAuthorization = made.as_str().parse()?;
/// assert_eq!(loaded, made);
/// assert_eq!(loaded.token(), &token);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Eq, Hash, PartialEq)]
pub struct KeyAuthorization {
    token: Token,
    text: Box<str>,
}

impl KeyAuthorization {
    /// Joins a challenge's token to the account that was offered it.
    pub fn new(token: &Token, thumbprint: &Thumbprint) -> Self {
        Self { token: token.clone(), text: format!("{token}.{thumbprint}").into() }
    }

    /// The token of the challenge this answers.
    pub fn token(&self) -> &Token {
        &self.token
    }

    /// The exact text of the response body.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for KeyAuthorization {
    type Err = InvalidKeyAuthorization;

    fn from_str(text: &str) -> Result<Self, InvalidKeyAuthorization> {
        let (token, thumbprint) = text.split_once('.').ok_or(InvalidKeyAuthorization::NoDot)?;
        let token = token.parse().map_err(InvalidKeyAuthorization::Token)?;
        let _: Thumbprint = thumbprint.parse().map_err(InvalidKeyAuthorization::Thumbprint)?;
        Ok(Self { token, text: text.into() })
    }
}

impl From<KeyAuthorization> for Bytes {
    fn from(authorization: KeyAuthorization) -> Self {
        authorization.text.into_boxed_bytes().into()
    }
}

impl fmt::Debug for KeyAuthorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyAuthorization").field("token", &self.token).finish_non_exhaustive()
    }
}

/// Why a text is not a [`KeyAuthorization`].
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidKeyAuthorization {
    /// There is nothing to split it at.
    #[error("key authorization without a dot")]
    NoDot,
    /// The part before the dot.
    #[error("key authorization with an invalid token")]
    Token(#[source] InvalidToken),
    /// The part after the dot.
    #[error("key authorization with an invalid thumbprint")]
    Thumbprint(#[source] InvalidThumbprint),
}

/// The SHA-256 thumbprint of an account key (RFC 7638), in base64url.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Thumbprint(Box<str>);

impl Thumbprint {
    /// 32 bytes of SHA-256 in base64url.
    const LENGTH: usize = 43;

    /// The thumbprint in base64url.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Thumbprint {
    type Err = InvalidThumbprint;

    fn from_str(text: &str) -> Result<Self, InvalidThumbprint> {
        if text.len() != Self::LENGTH {
            return Err(InvalidThumbprint::Length { found: text.len() });
        }
        match base64url::stray(text) {
            Some(at) => Err(InvalidThumbprint::Character { at }),
            None => Ok(Self(text.into())),
        }
    }
}

impl fmt::Display for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text is not a [`Thumbprint`].
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidThumbprint {
    /// Not the length of a SHA-256 digest.
    #[error("thumbprint of {found} bytes, expected {}", Thumbprint::LENGTH)]
    Length {
        /// The length of the text in bytes.
        found: usize,
    },
    /// A byte outside `A-Z a-z 0-9 - _`.
    #[error("thumbprint with a byte at {at} that is not base64url")]
    Character {
        /// The offset of the first such byte.
        at: usize,
    },
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// From RFC 8555 §8.3 and RFC 7638 §3.1.
    const TOKEN: &str = "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0";
    const THUMBPRINT: &str = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";

    #[test]
    fn thumbprints_are_sha256_in_base64url() {
        let cases = [
            ("RFC 7638 §3.1", THUMBPRINT.to_owned(), Ok(())),
            ("one short", THUMBPRINT[1..].to_owned(), Err(InvalidThumbprint::Length { found: 42 })),
            ("padded", format!("{THUMBPRINT}="), Err(InvalidThumbprint::Length { found: 44 })),
            ("in hex", "0f".repeat(32), Err(InvalidThumbprint::Length { found: 64 })),
            (
                "plain base64",
                THUMBPRINT.replace('-', "+"),
                Err(InvalidThumbprint::Character { at: 13 }),
            ),
        ];
        for (case, text, want) in cases {
            assert_eq!(text.parse::<Thumbprint>().map(|_| ()), want, "{case}");
        }
    }

    #[test]
    fn key_authorizations_are_token_dot_thumbprint() {
        let short = InvalidKeyAuthorization::Thumbprint(InvalidThumbprint::Length { found: 42 });
        let dotted = InvalidKeyAuthorization::Thumbprint(InvalidThumbprint::Length { found: 44 });
        let token = InvalidKeyAuthorization::Token(InvalidToken::Length { found: 0 });
        let cases = [
            ("as made", format!("{TOKEN}.{THUMBPRINT}"), Ok(())),
            ("no dot", TOKEN.to_owned(), Err(InvalidKeyAuthorization::NoDot)),
            ("no token", format!(".{THUMBPRINT}"), Err(token)),
            ("short thumbprint", format!("{TOKEN}.{}", &THUMBPRINT[1..]), Err(short)),
            ("second dot", format!("{TOKEN}.{THUMBPRINT}."), Err(dotted)),
            ("final newline", format!("{TOKEN}.{THUMBPRINT}\n"), Err(dotted)),
        ];
        for (case, text, want) in cases {
            assert_eq!(text.parse::<KeyAuthorization>().map(|_| ()), want, "{case}");
        }
    }

    #[test]
    fn debug_keeps_the_answer_back() {
        let authorization =
            KeyAuthorization::new(&TOKEN.parse().unwrap(), &THUMBPRINT.parse().unwrap());
        let shown = format!("{authorization:?}");
        assert_eq!(shown, format!("KeyAuthorization {{ token: Token({TOKEN:?}), .. }}"));
    }

    proptest! {
        #[test]
        fn what_is_stored_comes_back(token in "[A-Za-z0-9_-]{22,128}", thumbprint in "[A-Za-z0-9_-]{43}") {
            let made = KeyAuthorization::new(&token.parse().unwrap(), &thumbprint.parse().unwrap());
            prop_assert_eq!(made.as_str(), format!("{token}.{thumbprint}"));
            let loaded: KeyAuthorization = made.as_str().parse().unwrap();
            prop_assert_eq!(&loaded, &made);
            prop_assert_eq!(loaded.token(), made.token());
            prop_assert_eq!(Bytes::from(made.clone()), made.as_str());
        }
    }
}
