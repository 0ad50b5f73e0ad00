use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use nws_challenge::Thumbprint;
use zeroize::Zeroizing;

/// The key of an account at a CA: ECDSA P-256, as PKCS#8.
///
/// Made by us before any request, so that its thumbprint can be answered, and the key be kept, before a CA has heard of it.
/// The bytes are wiped when the value goes; `Debug` shows none of them.
#[derive(Clone)]
pub struct AccountKey {
    pkcs8: Zeroizing<Vec<u8>>,
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
        let thumbprint =
            thumbprint(pair.public_key().as_ref()).ok_or(InvalidAccountKey::Unsupported)?;
        Ok(Self { pkcs8: Zeroizing::new(der.to_vec()), thumbprint })
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

/// The thumbprint of an uncompressed point of P-256 (65 bytes).
pub(crate) fn thumbprint(point: &[u8]) -> Option<Thumbprint> {
    let (x, y) = point.strip_prefix(&[4])?.split_at_checked(32)?;
    let [x, y] = [x, y].map(|half| BASE64_URL_SAFE_NO_PAD.encode(half));
    // RFC 7638 §3.2 and §3.3: the required members alone, in this order, without white space
    let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
    BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, canonical.as_bytes())).parse().ok()
}

impl fmt::Debug for AccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccountKey").field("thumbprint", &self.thumbprint).finish_non_exhaustive()
    }
}

/// Why there is no [`AccountKey`]. Says nothing of the bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidAccountKey {
    /// Another kind of key, or none.
    #[error("the account key is no ECDSA P-256 key in PKCS#8")]
    Unsupported,
    /// No randomness for a new one.
    #[error("no account key could be made: the machine gave no randomness")]
    Randomness,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The P-256 point of RFC 7517 appendix A.1.
    #[test]
    fn the_thumbprint_is_that_of_rfc_7638() {
        let half = |text| BASE64_URL_SAFE_NO_PAD.decode(text).unwrap();
        let x = half("MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4");
        let y = half("4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM");
        let point = [&[4][..], &x, &y].concat();
        assert_eq!(
            thumbprint(&point).unwrap().as_str(),
            "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s"
        );
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
