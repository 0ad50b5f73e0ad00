//! SOPS files for age: what Flux decrypts, and the operator of SopsSecrets.
//!
//! Written here rather than by `sops`, byte for byte as that program reads it: a data key encrypts each value, each recipient's
//! age file holds the data key, and a MAC over all values, in clear or not, keeps the document together.

use age::EncryptError;
use sha2::{Digest, Sha512};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use nws_expiry::Issued;

use super::{AgeRecipients, SealError};
use crate::{Manifest, Provenance, SecretForm, WantKey};

mod block;
mod ciphertext;
mod creation_rules;
mod data_key;
mod document;
mod node;
#[cfg(test)]
mod tests;
mod written;

use block::{Block, LastModified};
use data_key::DataKey;
use document::{Data, Facts, Plain};
use node::{Node, Scalar};

pub(crate) use creation_rules::SOPS_YAML;
pub use creation_rules::{CreationRules, InvalidCreationRules, UnfitReason, UnfitRule};
pub(crate) use written::is_as_written;

/// What a SOPS file is to the cluster that decrypts it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SopsKind {
    /// A `Secret` whose data is encrypted, for Flux.
    Secret,
    /// A `SopsSecret` (isindir/sops-secrets-operator), for clusters whose GitOps does not decrypt, as Fleet and Argo CD.
    SopsSecret,
}

impl SopsKind {
    /// By which field of the block SOPS tells what is encrypted, and its value.
    fn rule(self) -> (&'static str, &'static str) {
        match self {
            Self::Secret => ("encrypted_regex", "^(data|stringData)$"),
            Self::SopsSecret => ("encrypted_suffix", "Templates"),
        }
    }

    /// Whether what these names lead to is encrypted; one of them is enough.
    fn encrypts(self, path: &[&str]) -> bool {
        path.iter().any(|name| match self {
            Self::Secret => matches!(*name, "data" | "stringData"),
            Self::SopsSecret => name.ends_with("Templates"),
        })
    }
}

/// Renders a certificate as a SOPS file that each of the recipients can open, made at `at`.
///
/// What the plain [`manifest`](crate::manifest()) says in clear stands in clear here too, the public leaf with it, but what Helm and
/// the controller of Sealed Secrets go by. Each rendering has another data key, so none is like another.
///
/// # Errors
///
/// [`SealError::Sops`] if a label or annotation has a name that SOPS would encrypt, or the system gives no random bytes.
pub fn sops_manifest(
    key: &WantKey,
    issued: &Issued,
    provenance: &Provenance,
    form: &SecretForm,
    to: &AgeRecipients,
    kind: SopsKind,
    at: OffsetDateTime,
) -> Result<Manifest, SealError> {
    let (chain, names, template) = (issued.chain(), issued.names(), &form.template);
    let facts = Facts { key, chain, names, provenance, template };
    let document = facts.document(kind, Data::of(issued, form));
    let sealed = stays_in_clear(form, kind).and_then(|()| seal(&document, to, kind, at));
    sealed
        .map(Manifest::of)
        .map_err(|source| SealError::Sops { secret: key.secret.clone(), source })
}

/// A label or annotation that SOPS took for one of its own could be read by nobody but the cluster.
fn stays_in_clear(form: &SecretForm, kind: SopsKind) -> Result<(), SopsError> {
    let mut names = form.template.labels().chain(form.template.annotations()).map(|(name, _)| name);
    match names.find(|name| kind.encrypts(&[name])) {
        Some(name) => Err(SopsError::TakenForData { name: name.into(), rule: kind.rule() }),
        None => Ok(()),
    }
}

fn seal(
    document: &Plain,
    to: &AgeRecipients,
    kind: SopsKind,
    at: OffsetDateTime,
) -> Result<String, SopsError> {
    let (data_key, last_modified) = (DataKey::random()?, LastModified(at));
    let (document, mac) = encrypt(document, kind, &data_key)?;
    let age = to.recipients().map(|(text, recipient)| {
        let file =
            data_key.encrypt_to(recipient).map_err(|error| SopsError::Age(Box::new(error)))?;
        Ok((text.to_owned(), file))
    });
    let block = Block {
        age: age.collect::<Result<_, _>>()?,
        last_modified,
        mac: data_key.encrypt(&mac, &last_modified.to_string())?,
        kind,
        version: Block::VERSION.to_owned(),
    };
    Ok(format!("{document}{block}"))
}

/// The document with its data encrypted, and the MAC of all its texts.
fn encrypt(
    document: &Plain,
    kind: SopsKind,
    data_key: &DataKey,
) -> Result<(Node<Scalar>, Zeroizing<String>), SopsError> {
    let mut hash = Sha512::new();
    let sealed = document.try_map(|path, text| {
        hash.update(text.as_bytes());
        // SOPS leaves an empty text as it is.
        if !kind.encrypts(path) || text.is_empty() {
            return Ok(Scalar::Clear(text.to_string()));
        }
        data_key.encrypt(text, &place(path)).map(Scalar::Encrypted)
    })?;
    Ok((sealed, Zeroizing::new(format!("{:X}", hash.finalize()))))
}

/// What a value is bound to: nowhere else it opens.
fn place(path: &[&str]) -> String {
    path.iter().map(|name| format!("{name}:")).collect()
}

/// Why a document is not encrypted.
#[derive(Debug, thiserror::Error)]
pub enum SopsError {
    /// Its name is one by which SOPS tells what to encrypt.
    #[error(
        "the label or annotation {name} would be encrypted with the data, by {} {}; give it another name", rule.0, rule.1
    )]
    TakenForData {
        /// The name of the label or annotation.
        name: Box<str>,
        /// The field of SOPS, and its value.
        rule: (&'static str, &'static str),
    },
    /// There is no key without.
    #[error("the system gives no random bytes; see that /dev/urandom can be read")]
    Random(#[source] aes_gcm::aead::rand_core::Error),
    /// AES-GCM ends at 64 GiB.
    #[error("a value is too long to be encrypted; ask for fewer names")]
    TooLong,
    /// The data key.
    #[error("the data key cannot be encrypted with age; see that /dev/urandom can be read")]
    Age(#[source] Box<EncryptError>),
}
