use std::fmt;
use std::str::FromStr;

/// What the key of an account is called, and its file `NAME.age`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct AccountName(Box<str>);

impl AccountName {
    const LONGEST: usize = 32;

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for AccountName {
    fn default() -> Self {
        Self("account".into())
    }
}

impl FromStr for AccountName {
    type Err = InvalidAccountName;

    fn from_str(text: &str) -> Result<Self, InvalidAccountName> {
        let is_of_a_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let fits = (1..=Self::LONGEST).contains(&text.len()) && text.chars().all(is_of_a_name);
        // key.age is the key file's own name
        if fits && text != "key" {
            Ok(Self(text.into()))
        } else {
            Err(InvalidAccountName { found: text.into() })
        }
    }
}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that is no [`AccountName`].
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "{found:?} is no name for an account key; write 1 to 32 of a-z, 0-9 and -, and not \"key\", which is the key file's"
)]
pub struct InvalidAccountName {
    /// As written.
    pub found: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_makes_a_plain_file_name() {
        let cases = [
            ("account", true),
            ("le-2", true),
            (&"a".repeat(32), true),
            (&"a".repeat(33), false),
            ("", false),
            ("key", false),
            ("account.next", false),
            ("../account", false),
            ("Account", false),
            ("a_b", false),
        ];
        for (text, right) in cases {
            assert_eq!(text.parse::<AccountName>().is_ok(), right, "{text}");
        }
    }
}
