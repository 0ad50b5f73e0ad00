use std::fmt;

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use nws_challenge::Thumbprint;
use zeroize::Zeroizing;

use crate::jws::{Jwk, SigningKey};

/// The key of an account at a CA: ECDSA P-256, as PKCS#8.
///
/// Made by us before any request, so that its thumbprint can be answered, and the key be kept, before a CA has heard of it.
/// The bytes are wiped when the value goes; `Debug` shows none of them.
#[derive(Clone)]
pub struct AccountKey {
    pkcs8: Zeroizing<Vec<u8>>,
    jwk: Jwk,
    thumbprint: Thumbprint,
}

impl AccountKey {
    /// Makes a new key.
    ///
    /// # Errors
    ///
    /// [`InvalidAccountKey::Randomness`] if the machine has none to give.
    pub fn generate() -> Result<Self, InvalidAccountKey> {
        let document =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
                .map_err(|_| InvalidAccountKey::Randomness)?;
        Self::from_pkcs8_der(document.as_ref())
    }

    /// Reads a key that was kept.
    ///
    /// # Errors
    ///
    /// [`InvalidAccountKey::Unsupported`] if the bytes are no P-256 key in PKCS#8.
    pub fn from_pkcs8_der(der: &[u8]) -> Result<Self, InvalidAccountKey> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der)
            .map_err(|_| InvalidAccountKey::Unsupported)?;
        let jwk = Jwk::p256(pair.public_key().as_ref()).ok_or(InvalidAccountKey::Unsupported)?;
        Ok(Self { pkcs8: Zeroizing::new(der.to_vec()), thumbprint: jwk.thumbprint(), jwk })
    }

    /// The key as PKCS#8 DER.
    pub fn pkcs8_der(&self) -> &[u8] {
        &self.pkcs8
    }

    /// The SHA-256 thumbprint of its public half (RFC 7638), the second part of every key authorization.
    pub fn thumbprint(&self) -> &Thumbprint {
        &self.thumbprint
    }
}

impl SigningKey for AccountKey {
    fn algorithm(&self) -> &'static str {
        "ES256"
    }

    fn jwk(&self) -> &Jwk {
        &self.jwk
    }

    fn sign(&self, input: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &self.pkcs8)?;
        Ok(pair.sign(&SystemRandom::new(), input)?.as_ref().to_vec())
    }
}

impl fmt::Debug for AccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccountKey").field("thumbprint", &self.thumbprint).finish_non_exhaustive()
    }
}

/// Why there is no account key. Says nothing of the bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidAccountKey {
    /// Another kind of key, or none.
    #[error("the account key is no ECDSA P-256 key in PKCS#8")]
    Unsupported,
    /// A text without a private key that could be meant.
    #[error(
        "there is no account key: neither a PEM block PRIVATE KEY, EC PRIVATE KEY or RSA PRIVATE KEY, nor a JWK as in certbot's private_key.json"
    )]
    Absent,
    /// A key under a passphrase, for which nobody can be asked.
    #[error(
        "the account key is encrypted; decrypt it first: openssl pkey -in ENCRYPTED -out PLAIN"
    )]
    Encrypted,
    /// A key of a kind that we do not sign with.
    #[error("the account key is {found}; supported are ECDSA P-256, and RSA of 2048 to 8192 bits")]
    Kind {
        /// Which.
        found: &'static str,
    },
    /// A key of a kind that we sign with, were it whole.
    #[error("the account key is damaged: it cannot be read as {form}")]
    Damaged {
        /// As what it was read.
        form: &'static str,
    },
    /// No randomness for a new one.
    #[error("no account key could be made: the machine gave no randomness")]
    Randomness,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_the_thumbprint_and_no_byte_of_the_key() {
        let key = AccountKey::generate().unwrap();
        let want = format!("AccountKey {{ thumbprint: {:?}, .. }}", key.thumbprint());
        assert_eq!(format!("{key:?}"), want);
    }

    #[test]
    fn a_kept_key_is_the_same_key() {
        let key = AccountKey::generate().unwrap();
        let again = AccountKey::from_pkcs8_der(key.pkcs8_der()).unwrap();
        assert_eq!(again.thumbprint(), key.thumbprint());
        assert_ne!(AccountKey::generate().unwrap().thumbprint(), key.thumbprint());
    }

    #[test]
    fn other_keys_are_refused() {
        let rsa = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
        for der in [rsa.serialized_der(), b"none"] {
            assert_eq!(
                AccountKey::from_pkcs8_der(der).unwrap_err(),
                InvalidAccountKey::Unsupported
            );
        }
    }
}
