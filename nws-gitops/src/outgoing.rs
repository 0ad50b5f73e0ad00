//! What may not leave: private keys in clear, towards a repository in which they stand sealed.
//!
//! Once pushed, a key is in every clone, fork and Fleet bundle for good, so the last look is at the bytes themselves, however they
//! came to be.

use std::fmt;

use zeroize::Zeroizing;

use crate::clear_key::keys;
use crate::reader::{Unsealed, unsealed};
use crate::{KeyFormat, RepoPath, parallel};

mod base64;

/// So often a key may be wrapped in base64 and is still found: once in a Secret's `data`, twice in what holds such a Secret.
const MOST_WRAPPED: u8 = 2;

/// A file that would bring a private key in clear into a repository in which keys stand sealed. The key itself is not kept.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{path} would hold {what}; seal it, or leave it out")]
pub struct OutgoingKey {
    /// The file.
    pub path: RepoPath,
    /// What was found in it.
    pub what: Exposure,
}

/// What a file must not hold.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Exposure {
    /// A private key that no password keeps.
    Key {
        /// How it is written.
        format: KeyFormat,
        /// How often that is wrapped in base64.
        wrapped: u8,
    },
    /// A Secret of ours that holds something neither sealed nor public.
    Secret {
        /// Where, as in `data["tls.key"]`.
        field: String,
    },
}

impl fmt::Display for Exposure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key { format, wrapped } => {
                let format = match format {
                    KeyFormat::Pem => "PEM",
                    KeyFormat::Der => "DER",
                };
                let wrapped = " in base64".repeat(usize::from(*wrapped));
                write!(f, "a private key in clear ({format}{wrapped})")
            }
            Self::Secret { field } => {
                write!(f, "a secret of nws-certd's that is not sealed ({field})")
            }
        }
    }
}

/// Something that a file exposes, with the bytes that tell it from others; they are wiped on drop and never shown.
struct Exposed {
    what: Exposure,
    bytes: Zeroizing<Vec<u8>>,
}

/// A file as it is to be pushed, and as it is there already.
pub(crate) struct Outgoing<'a> {
    pub(crate) path: &'a RepoPath,
    pub(crate) bytes: &'a [u8],
}

/// The first of these files that exposes what it does not expose already; a key that the branch has in clear at that path is no
/// more exposed by staying there, as when only a label of its Secret changes. `before` is asked only for a file that is suspect.
pub(crate) fn check<E>(
    files: &[Outgoing<'_>],
    before: impl Fn(&RepoPath) -> Result<Option<Zeroizing<Vec<u8>>>, E>,
) -> Result<Option<OutgoingKey>, E> {
    let suspects = parallel::map(files.iter().collect(), |file| exposed(file.bytes));
    for (file, found) in files.iter().zip(suspects).filter(|(_, found)| !found.is_empty()) {
        let there = before(file.path)?.map(|bytes| exposed(&bytes)).unwrap_or_default();
        let is_new = |one: &Exposed| !there.iter().any(|other| other.bytes == one.bytes);
        if let Some(one) = found.into_iter().find(is_new) {
            return Ok(Some(OutgoingKey { path: file.path.clone(), what: one.what }));
        }
    }
    Ok(None)
}

/// Everything that anybody could read in a file who should not.
fn exposed(bytes: &[u8]) -> Vec<Exposed> {
    let mut found = Vec::new();
    find_keys(bytes, 0, &mut found);
    found.extend(unsealed(bytes).into_iter().map(|Unsealed { field, value }| Exposed {
        what: Exposure::Secret { field },
        bytes: value,
    }));
    found
}

fn find_keys(bytes: &[u8], wrapped: u8, found: &mut Vec<Exposed>) {
    let all = keys(bytes).map(|(format, key)| Exposed {
        what: Exposure::Key { format, wrapped },
        bytes: Zeroizing::new(key.to_vec()),
    });
    found.extend(all);
    if wrapped < MOST_WRAPPED {
        base64::each(bytes, |inner| find_keys(inner, wrapped + 1, found));
    }
}

#[cfg(test)]
mod tests;
