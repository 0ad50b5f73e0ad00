//! Which of several repositories is meant.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

use crate::secret_ref::is_label;

/// The name of one of several repositories, as the configuration gives it; the only one has none, which is the default.
#[derive(Clone, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct RepositoryName(Box<str>);

impl RepositoryName {
    /// How long a name is at most.
    pub const MAX_LEN: usize = 63;

    /// The name as text; empty for the only repository.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is that of the only repository.
    pub fn is_only(&self) -> bool {
        self.0.is_empty()
    }
}

impl Borrow<str> for RepositoryName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl FromStr for RepositoryName {
    type Err = InvalidRepositoryName;

    fn from_str(text: &str) -> Result<Self, InvalidRepositoryName> {
        if text.len() <= Self::MAX_LEN && is_label(text) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidRepositoryName { found: text.into() })
        }
    }
}

impl fmt::Display for RepositoryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that is no [`RepositoryName`].
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{found:?} is no name of a repository; one has up to 63 of a-z, 0-9 and inner '-'")]
pub struct InvalidRepositoryName {
    /// As written.
    pub found: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let longest = "a".repeat(RepositoryName::MAX_LEN);
        for (text, is_name) in [
            ("apps", true),
            ("apps-eu-2", true),
            (&longest, true),
            ("", false),
            ("Apps", false),
            ("-apps", false),
            ("a:b", false),
            ("a/b", false),
            (&format!("{longest}a"), false),
        ] {
            let read = text.parse::<RepositoryName>();
            assert_eq!(read.is_ok(), is_name, "{text:?}");
        }
    }
}
