//! Groups of clusters that share a sealing key.

use std::fmt;
use std::str::FromStr;

use crate::FleetClusters;
use crate::secret_ref::is_label;

/// Clusters that open what is sealed to the same recipients, and nobody else does.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SealGroup {
    /// What they are called.
    pub name: GroupName,
    /// What is said to Fleet of them, where several groups are told apart.
    pub clusters: FleetClusters,
}

/// The name of a [`SealGroup`]; the only one need not have any, which is the default.
#[derive(Clone, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct GroupName(Box<str>);

impl GroupName {
    /// How long a name is at most.
    pub const MAX_LEN: usize = 63;

    /// The name as text; empty for the only group.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is that of the only group.
    pub fn is_only(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromStr for GroupName {
    type Err = InvalidGroupName;

    fn from_str(text: &str) -> Result<Self, InvalidGroupName> {
        if text.len() <= Self::MAX_LEN && is_label(text) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidGroupName { found: text.into() })
        }
    }
}

impl fmt::Display for GroupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that is no [`GroupName`].
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{found:?} is no name of recipients; one has up to 63 of a-z, 0-9 and inner '-'")]
pub struct InvalidGroupName {
    /// As written.
    pub found: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let longest = "a".repeat(GroupName::MAX_LEN);
        for (text, is_name) in [
            ("eu", true),
            ("eu-2", true),
            (&longest, true),
            ("", false),
            ("EU", false),
            ("eu/west", false),
            (&format!("{longest}a"), false),
        ] {
            assert_eq!(text.parse::<GroupName>().is_ok(), is_name, "{text:?}");
        }
    }
}
