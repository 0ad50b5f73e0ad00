//! The certificate that values are sealed with for a sealed-secrets controller.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::error::{KeyRejected, Unspecified};
use aws_lc_rs::rsa::{OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, PublicEncryptingKey};
use nws_expiry::{Fingerprint, InvalidCertificate, Leaf, Validity};
use rsa::pkcs1::{ALGORITHM_OID, RsaPublicKey};
use rsa::pkcs8::der::Decode;
use rsa::pkcs8::spki::SubjectPublicKeyInfoRef;
use time::{Duration, OffsetDateTime};

/// The public half of a key of a sealed-secrets controller, with its dates: what `kubeseal --fetch-cert` gives.
///
/// Nobody vouches for it, it is signed with its own key: whoever says where it is to be had does. A clone is the same certificate,
/// not a copy.
#[derive(Clone)]
pub struct SealingCertificate(Arc<Read>);

struct Read {
    key: OaepPublicEncryptingKey,
    key_id: String,
    validity: Validity,
}

/// Whether a [`SealingCertificate`] should be sealed with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Condition {
    /// Yes.
    Good,
    /// It still opens, but its controller has made a newer key by now, unless told not to: fetch that one's.
    Old,
    /// No; kubeseal refuses it, too.
    Expired,
    /// It comes from a controller whose clock is ahead of ours. What is sealed with it opens.
    NotYetValid,
}

impl SealingCertificate {
    /// The sizes of RSA keys that are sealed with, in bits.
    pub const BITS: std::ops::RangeInclusive<usize> = 2048..=4096;

    /// Controllers make another key every 30 days (`--key-renew-period`); half as much again passes until somebody has fetched it.
    pub const OLD_AFTER: Duration = Duration::days(45);

    /// Reads the first `CERTIFICATE` block of a PEM text, which is the one that kubeseal takes.
    ///
    /// # Errors
    ///
    /// [`InvalidSealingCertificate`] says what is wrong with it, and where to get a right one.
    pub fn from_pem(text: &[u8]) -> Result<Self, InvalidSealingCertificate> {
        let blocks = pem::parse_many(text).map_err(InvalidSealingCertificate::Pem)?;
        let first = blocks.into_iter().find(|block| block.tag() == "CERTIFICATE");
        let der = first.ok_or(InvalidSealingCertificate::NoCertificate)?.into_contents();
        let leaf = Leaf::from_der(&der).map_err(InvalidSealingCertificate::Unreadable)?;
        let bits = rsa_bits(leaf.public_key()).ok_or(InvalidSealingCertificate::NotRsa)?;
        if !Self::BITS.contains(&bits) {
            return Err(InvalidSealingCertificate::Size { bits });
        }
        Ok(Self(Arc::new(Read {
            key: encrypting_key(&leaf)?,
            key_id: Fingerprint::of(leaf.public_key()).to_string(),
            validity: leaf.validity(),
        })))
    }

    /// Which key it is for: SHA-256 of the DER SubjectPublicKeyInfo, in lower-case hexadecimal digits.
    pub fn key_id(&self) -> &str {
        &self.0.key_id
    }

    /// When its key was made.
    pub fn not_before(&self) -> OffsetDateTime {
        self.0.validity.not_before()
    }

    /// The last instant it is valid at.
    pub fn not_after(&self) -> OffsetDateTime {
        self.0.validity.not_after()
    }

    /// Whether to seal with it now. Nothing here does so by itself.
    pub fn condition(&self, now: OffsetDateTime) -> Condition {
        if now > self.not_after() {
            Condition::Expired
        } else if now < self.not_before() {
            Condition::NotYetValid
        } else if now - self.not_before() > Self::OLD_AFTER {
            Condition::Old
        } else {
            Condition::Good
        }
    }

    /// Encrypts a data key with RSA-OAEP over SHA-256 (RFC 8017 §7.1.1).
    pub(super) fn wrap(&self, data_key: &[u8], label: &str) -> Result<Vec<u8>, Unspecified> {
        // An empty label is the default one.
        let label = Some(label.as_bytes()).filter(|label| !label.is_empty());
        let mut wrapped = vec![0; self.0.key.ciphertext_size()];
        let len = self.0.key.encrypt(&OAEP_SHA256_MGF1SHA256, data_key, &mut wrapped, label)?.len();
        wrapped.truncate(len);
        Ok(wrapped)
    }
}

impl fmt::Debug for SealingCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealingCertificate")
            .field("key_id", &self.0.key_id)
            .field("validity", &self.0.validity)
            .finish()
    }
}

/// How long the modulus of an RSA key is.
fn rsa_bits(spki: &[u8]) -> Option<usize> {
    let spki = SubjectPublicKeyInfoRef::from_der(spki).ok()?;
    if spki.algorithm.oid != ALGORITHM_OID {
        return None;
    }
    let key = RsaPublicKey::from_der(spki.subject_public_key.as_bytes()?).ok()?;
    let modulus = key.modulus.as_bytes();
    let zeros = modulus.first()?.leading_zeros();
    (modulus.len() * 8).checked_sub(usize::try_from(zeros).ok()?)
}

fn encrypting_key(leaf: &Leaf) -> Result<OaepPublicEncryptingKey, InvalidSealingCertificate> {
    let key = PublicEncryptingKey::from_der(leaf.public_key())
        .map_err(|source| InvalidSealingCertificate::Key { source })?;
    OaepPublicEncryptingKey::new(key).map_err(|_| InvalidSealingCertificate::NotRsa)
}

/// Why a text is no [`SealingCertificate`].
#[derive(Debug, thiserror::Error)]
pub enum InvalidSealingCertificate {
    /// Broken PEM.
    #[error("the text is broken PEM; write down anew what kubeseal --fetch-cert prints")]
    Pem(#[source] pem::PemError),
    /// No such block.
    #[error(
        "the text holds no PEM block CERTIFICATE; write down what kubeseal --fetch-cert prints"
    )]
    NoCertificate,
    /// The block holds something else.
    #[error(
        "the first certificate cannot be read; write down anew what kubeseal --fetch-cert prints"
    )]
    Unreadable(#[source] InvalidCertificate),
    /// It is for another kind of key.
    #[error(
        "the first certificate is for no RSA key, which sealed-secrets needs; take that of the controller (kubeseal --fetch-cert), not that of a web server"
    )]
    NotRsa,
    /// Too short to be safe, or longer than is of use.
    #[error(
        "the sealing key has {bits} bits, and {} to {} are sealed with; have the controller make another (--key-size)",
        SealingCertificate::BITS.start(),
        SealingCertificate::BITS.end()
    )]
    Size {
        /// How many it has.
        bits: usize,
    },
    /// It is an RSA key that cannot be used.
    #[error("the sealing key is unfit; have the controller make another (kubeseal --fetch-cert)")]
    Key {
        /// What is wrong with it.
        source: KeyRejected,
    },
}

#[cfg(test)]
mod tests;
