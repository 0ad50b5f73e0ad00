//! Sealing: a Secret written so that only the clusters it is for can open it.
//!
//! What is sealed is decided elsewhere; here it becomes text. Ciphertext is random, so the same certificate never gives the same
//! bytes twice: whether a file is to be written anew is told by its leaf and by whom it is [sealed to](SealedTo).

use std::collections::BTreeSet;

use crate::SecretRef;

mod age_recipients;
pub(crate) mod sops;

pub use age_recipients::{AgeRecipients, InvalidAgeRecipients};
pub use sops::{
    CreationRules, InvalidCreationRules, SopsError, SopsKind, UnfitReason, UnfitRule, sops_manifest,
};

/// For whom a file of ours says it is sealed. It is a claim: only who holds the key can tell.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SealedTo {
    /// With SOPS, for whoever has one of these age identities.
    Age {
        /// Their public halves, as written; none where somebody has left none.
        recipients: BTreeSet<String>,
    },
}

/// Why a Secret was not sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// As a SOPS file.
    #[error("secret {secret} cannot be sealed with SOPS")]
    Sops {
        /// Which Secret.
        secret: SecretRef,
        /// Why.
        source: SopsError,
    },
}
