//! Sealing: a private key goes into a repository only so that the clusters it is for can open it.
//!
//! What is sealed is decided elsewhere; here it becomes text. Ciphertext is random, so the same certificate never gives the same
//! bytes twice: whether a file is to be written anew is told by its leaf and by whom it is [sealed to](SealedTo).

use std::collections::BTreeSet;

use crate::SecretRef;

mod age_recipients;
mod not_sealable;
mod scope;
pub(crate) mod sealed_secrets;
mod sealing_certificate;
pub(crate) mod sops;

pub use age_recipients::{AgeRecipients, InvalidAgeRecipients};
pub use not_sealable::NotSealable;
pub use scope::{Scope, UnknownScope};
pub use sealed_secrets::manifest as sealed_secret;
pub use sealing_certificate::{Condition, InvalidSealingCertificate, SealingCertificate};
pub(crate) use sops::SOPS_YAML;
pub use sops::{
    CreationRules, InvalidCreationRules, SopsError, SopsKind, UnfitReason, UnfitRule, sops_manifest,
};

/// For whom a file of ours says it is sealed. It is a claim: only who holds the key can tell.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SealedTo {
    /// For a controller of sealed-secrets.
    SealedSecrets {
        /// Which key ([`SealingCertificate::key_id`]).
        key_id: String,
        /// How far its values can be carried.
        scope: Scope,
    },
    /// With SOPS, for whoever has one of these age identities.
    Age {
        /// Their public halves, as written; none where somebody has left none.
        recipients: BTreeSet<String>,
    },
}

/// Why a Secret was not sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The cryptographic library did not do it.
    #[error(
        "secret {secret} cannot be sealed to key {key_id}: the cryptographic library refused; try again, and if it stays so, fetch the sealing certificate anew"
    )]
    Encryption {
        /// Which Secret.
        secret: SecretRef,
        /// To which key.
        key_id: String,
    },
    /// As a SOPS file.
    #[error("secret {secret} cannot be sealed with SOPS")]
    Sops {
        /// Which Secret.
        secret: SecretRef,
        /// Why.
        source: SopsError,
    },
}
