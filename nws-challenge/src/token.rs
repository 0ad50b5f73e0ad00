use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use crate::base64url;

/// The token of an HTTP-01 challenge (RFC 8555 §8.3).
///
/// Always base64url text, so it can stand in a URL path, a log line or a database column as it is.
///
/// ```
/// use nws_challenge::{InvalidToken, Token};
///
/// let token: Token = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA".parse()?;
/// assert_eq!(token.as_str(), "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA");
/// assert_eq!("../../etc/passwd-or-so".parse::<Token>(), Err(InvalidToken::Character { at: 0 }));
/// # Ok::<(), InvalidToken>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Token(Box<str>);

impl Token {
    /// The RFC demands 128 bits of entropy, which is 22 characters, and sets no upper bound. Let's Encrypt sends 43; what is
    /// far beyond that is no token but an attempt to fill memory.
    const LENGTH: RangeInclusive<usize> = 22..=128;

    /// The token as the CA sent it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Token {
    type Err = InvalidToken;

    fn from_str(text: &str) -> Result<Self, InvalidToken> {
        if !Self::LENGTH.contains(&text.len()) {
            return Err(InvalidToken::Length { found: text.len() });
        }
        match base64url::stray(text) {
            Some(at) => Err(InvalidToken::Character { at }),
            None => Ok(Self(text.into())),
        }
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text is not a [`Token`].
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidToken {
    /// Too short to be unguessable, or longer than any CA's.
    #[error("token of {found} bytes, expected {} to {}", Token::LENGTH.start(), Token::LENGTH.end())]
    Length {
        /// The length of the text in bytes.
        found: usize,
    },
    /// A byte outside `A-Z a-z 0-9 - _`.
    #[error("token with a byte at {at} that is not base64url")]
    Character {
        /// The offset of the first such byte.
        at: usize,
    },
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tokens_are_base64url_of_bounded_length() {
        let cases = [
            (
                "Let's Encrypt's form",
                "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0".to_owned(),
                Ok(()),
            ),
            ("every kind of character", "abcXYZ0189-_abcXYZ0189".to_owned(), Ok(())),
            ("shortest", "a".repeat(22), Ok(())),
            ("too short", "a".repeat(21), Err(InvalidToken::Length { found: 21 })),
            ("longest", "a".repeat(128), Ok(())),
            ("too long", "a".repeat(129), Err(InvalidToken::Length { found: 129 })),
            ("empty", String::new(), Err(InvalidToken::Length { found: 0 })),
            ("padding", format!("{}=", "a".repeat(42)), Err(InvalidToken::Character { at: 42 })),
            (
                "plain base64",
                format!("a+{}", "a".repeat(41)),
                Err(InvalidToken::Character { at: 1 }),
            ),
            ("path", format!("../{}", "a".repeat(40)), Err(InvalidToken::Character { at: 0 })),
            (
                "markup",
                format!("{}<script>", "a".repeat(30)),
                Err(InvalidToken::Character { at: 30 }),
            ),
            (
                "line break",
                format!("{}\n", "a".repeat(30)),
                Err(InvalidToken::Character { at: 30 }),
            ),
            ("letters beyond ASCII", "ä".repeat(15), Err(InvalidToken::Character { at: 0 })),
        ];
        for (case, text, want) in cases {
            assert_eq!(text.parse::<Token>().map(|_| ()), want, "{case}");
        }
    }

    #[test]
    fn errors_name_the_fault_but_not_the_text() {
        let cases = [
            (InvalidToken::Length { found: 7 }, "token of 7 bytes, expected 22 to 128"),
            (InvalidToken::Character { at: 3 }, "token with a byte at 3 that is not base64url"),
        ];
        for (error, want) in cases {
            assert_eq!(error.to_string(), want);
        }
    }

    proptest! {
        #[test]
        fn a_token_is_its_text(text in "[A-Za-z0-9_-]{22,128}") {
            let token: Token = text.parse().unwrap();
            prop_assert_eq!(token.as_str(), &text);
            prop_assert_eq!(token.to_string(), text);
        }
    }
}
