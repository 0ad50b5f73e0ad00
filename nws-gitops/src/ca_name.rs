//! What the operator calls a CA.

use std::fmt;
use std::str::FromStr;

/// The name of a configured CA, by which issuers and manifests mean it: up to 63 of a-z, 0-9 and inner `-`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct CaName(Box<str>);

impl CaName {
    const MAX: usize = 63;

    /// The name as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CaName {
    type Err = InvalidCaName;

    fn from_str(text: &str) -> Result<Self, InvalidCaName> {
        let is_inner = |b: u8| b == b'-' || b.is_ascii_lowercase() || b.is_ascii_digit();
        let is_name = (1..=Self::MAX).contains(&text.len())
            && text.bytes().all(is_inner)
            && !text.starts_with('-')
            && !text.ends_with('-');
        is_name.then(|| Self(text.into())).ok_or_else(|| InvalidCaName { found: text.into() })
    }
}

impl fmt::Display for CaName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that is no [`CaName`].
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "{found:?} is no name for a CA; write up to 63 of a-z, 0-9 and inner '-', for instance \"letsencrypt\""
)]
pub struct InvalidCaName {
    /// As written.
    pub found: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_ca_may_be_called() {
        let long = "a".repeat(63);
        for name in ["letsencrypt", "le-2", "7", &long] {
            assert_eq!(name.parse::<CaName>().unwrap().to_string(), name);
        }
        let longer = "a".repeat(64);
        for name in ["", "-le", "le-", "LE", "l.e", "l e", &longer] {
            assert_eq!(name.parse::<CaName>(), Err(InvalidCaName { found: name.into() }));
        }
    }
}
