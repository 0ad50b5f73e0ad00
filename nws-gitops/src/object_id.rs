//! The names of git objects.

use std::fmt;
use std::str::FromStr;

/// The name of a git object: a SHA-1, written as 40 lower-case hex digits.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ObjectId(gix::ObjectId);

impl ObjectId {
    pub(crate) fn from_gix(id: gix::ObjectId) -> Self {
        Self(id)
    }

    /// What git calls a file with these bytes; none if they are made to collide with others, which git does not take.
    pub(crate) fn of_blob(bytes: &[u8]) -> Option<Self> {
        let (hash, kind) = (gix::hash::Kind::Sha1, gix::objs::Kind::Blob);
        gix::objs::compute_hash(hash, kind, bytes).ok().map(Self)
    }

    pub(crate) fn to_gix(self) -> gix::ObjectId {
        self.0
    }
}

impl FromStr for ObjectId {
    type Err = InvalidObjectId;

    fn from_str(text: &str) -> Result<Self, InvalidObjectId> {
        match gix::ObjectId::from_hex(text.as_bytes()) {
            Ok(id) => Ok(Self(id)),
            Err(_) => Err(InvalidObjectId { len: text.len() }),
        }
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObjectId({})", self.0)
    }
}

/// A text that names no SHA-1 object.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "an object name has 40 hex digits, not these {len} characters (SHA-256 repositories are not supported)"
)]
pub struct InvalidObjectId {
    /// The text's length.
    pub len: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_its_text() {
        let text = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
        assert_eq!(text.parse::<ObjectId>().unwrap().to_string(), text);
    }

    #[test]
    fn texts_that_are_no_id() {
        for text in
            ["", "main", "4b825dc6", "zb825dc642cb6eb9a060e54bf8d69288fbee4904", &"0".repeat(64)]
        {
            assert_eq!(
                text.parse::<ObjectId>(),
                Err(InvalidObjectId { len: text.len() }),
                "{text}"
            );
        }
    }
}
