//! Private keys, and which kind a certificate is asked for.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::KeyPair as RsaKeyPair;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, KeyPair,
};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use x509_cert::der::pem::{LineEnding, encode_string};
use zeroize::Zeroizing;

mod encoding;

pub use encoding::KeyEncoding;

/// The kind of key a certificate is made for.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum KeyType {
    /// ECDSA on P-256, the default everywhere in the field.
    #[default]
    EcdsaP256,
    /// ECDSA on P-384.
    EcdsaP384,
    /// RSA, 2048 bits.
    Rsa2048,
    /// RSA, 3072 bits.
    Rsa3072,
    /// RSA, 4096 bits.
    Rsa4096,
}

impl KeyType {
    /// Every kind, in the order of their cost.
    pub const ALL: [Self; 5] =
        [Self::EcdsaP256, Self::EcdsaP384, Self::Rsa2048, Self::Rsa3072, Self::Rsa4096];

    /// The name used in configuration and tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EcdsaP256 => "ecdsa-p256",
            Self::EcdsaP384 => "ecdsa-p384",
            Self::Rsa2048 => "rsa-2048",
            Self::Rsa3072 => "rsa-3072",
            Self::Rsa4096 => "rsa-4096",
        }
    }
}

impl fmt::Display for KeyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for KeyType {
    type Err = UnknownKeyType;

    fn from_str(text: &str) -> Result<Self, UnknownKeyType> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| UnknownKeyType { found: text.into() })
    }
}

impl Serialize for KeyType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for KeyType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// A text that names no [`KeyType`].
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "unknown key type {found:?}; write one of ecdsa-p256, ecdsa-p384, rsa-2048, rsa-3072, rsa-4096"
)]
pub struct UnknownKeyType {
    /// As written.
    pub found: String,
}

/// The private key of a certificate, as PKCS#8 (RFC 5958).
///
/// The bytes are wiped when the value goes; `Debug` shows none of them.
#[derive(Clone)]
pub struct PrivateKey {
    pkcs8: Zeroizing<Vec<u8>>,
    public: Box<[u8]>,
    kind: KeyType,
}

impl PrivateKey {
    /// Reads an ECDSA (P-256, P-384) or RSA (2048, 3072, 4096) key.
    ///
    /// # Errors
    ///
    /// [`InvalidPrivateKey`] if the bytes are no PKCS#8 key of one of these kinds.
    pub fn from_pkcs8_der(der: &[u8]) -> Result<Self, InvalidPrivateKey> {
        let (kind, public) = ecdsa_public(der, &ECDSA_P256_SHA256_ASN1_SIGNING, KeyType::EcdsaP256)
            .or_else(|| ecdsa_public(der, &ECDSA_P384_SHA384_ASN1_SIGNING, KeyType::EcdsaP384))
            .or_else(|| rsa_public(der))
            .ok_or(InvalidPrivateKey::Unsupported)?;
        Ok(Self { pkcs8: Zeroizing::new(der.to_vec()), public, kind })
    }

    /// Reads the first block of a private key in a PEM text: PKCS#8, or the older `EC PRIVATE KEY` (SEC 1, RFC 5915) and
    /// `RSA PRIVATE KEY` (PKCS#1), which become the same key as PKCS#8.
    ///
    /// # Errors
    ///
    /// [`InvalidPrivateKey`] if there is none, if it needs a password, or as [`Self::from_pkcs8_der`].
    pub fn from_pem(text: &[u8]) -> Result<Self, InvalidPrivateKey> {
        // A block of its own kind, or a header inside the block of the older forms.
        if text.windows(ENCRYPTED.len()).any(|part| part == ENCRYPTED) {
            return Err(InvalidPrivateKey::Encrypted);
        }
        let read = PrivateKeyDer::from_pem_slice(text).map(Zeroizing::new);
        match read.as_deref() {
            Ok(PrivateKeyDer::Pkcs8(der)) => Self::from_pkcs8_der(der.secret_pkcs8_der()),
            Ok(PrivateKeyDer::Sec1(der)) => ecdsa_as_pkcs8(der.secret_sec1_der()),
            Ok(PrivateKeyDer::Pkcs1(der)) => rsa_as_pkcs8(der.secret_pkcs1_der()),
            Ok(_) | Err(_) => Err(InvalidPrivateKey::NoPemBlock),
        }
    }

    /// The key as PKCS#8 DER.
    pub fn pkcs8_der(&self) -> &[u8] {
        &self.pkcs8
    }

    /// The key as one PEM block, `PRIVATE KEY`, with a final newline.
    pub fn to_pem(&self) -> Zeroizing<String> {
        match encode_string("PRIVATE KEY", LineEnding::LF, &self.pkcs8) {
            Ok(text) => Zeroizing::new(text),
            Err(_) => unreachable!("a key of a few kilobytes fits a text"),
        }
    }

    /// The public half, as DER SubjectPublicKeyInfo (RFC 5280 §4.1.2.7).
    pub fn public_key(&self) -> &[u8] {
        &self.public
    }

    /// Which kind it is.
    pub fn key_type(&self) -> KeyType {
        self.kind
    }
}

const ENCRYPTED: &[u8] = b"ENCRYPTED";

/// Takes an ECDSA key of SEC 1, whose document may leave out what PKCS#8 says.
fn ecdsa_as_pkcs8(der: &[u8]) -> Result<PrivateKey, InvalidPrivateKey> {
    let of = |algorithm| EcdsaKeyPair::from_private_key_der(algorithm, der);
    let pair = of(&ECDSA_P256_SHA256_ASN1_SIGNING)
        .or_else(|_| of(&ECDSA_P384_SHA384_ASN1_SIGNING))
        .map_err(|_| InvalidPrivateKey::Unsupported)?;
    let pkcs8 = pair.to_pkcs8v1().map_err(|_| InvalidPrivateKey::Unsupported)?;
    PrivateKey::from_pkcs8_der(pkcs8.as_ref())
}

fn rsa_as_pkcs8(der: &[u8]) -> Result<PrivateKey, InvalidPrivateKey> {
    let pair = RsaKeyPair::from_der(der).map_err(|_| InvalidPrivateKey::Unsupported)?;
    let pkcs8: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| InvalidPrivateKey::Unsupported)?;
    PrivateKey::from_pkcs8_der(pkcs8.as_ref())
}

fn ecdsa_public(
    der: &[u8],
    algorithm: &'static EcdsaSigningAlgorithm,
    kind: KeyType,
) -> Option<(KeyType, Box<[u8]>)> {
    let pair = EcdsaKeyPair::from_pkcs8(algorithm, der).ok()?;
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().ok()?;
    Some((kind, public.as_ref().into()))
}

fn rsa_public(der: &[u8]) -> Option<(KeyType, Box<[u8]>)> {
    let pair = RsaKeyPair::from_pkcs8(der).ok()?;
    let kind = match pair.public_modulus_len() {
        256 => KeyType::Rsa2048,
        384 => KeyType::Rsa3072,
        512 => KeyType::Rsa4096,
        _ => return None,
    };
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().ok()?;
    Some((kind, public.as_ref().into()))
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateKey").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// Why bytes are no [`PrivateKey`]. Says nothing of the bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidPrivateKey {
    /// No key, or of a kind that is not supported.
    #[error("the private key is none of type ECDSA P-256, P-384 or RSA 2048, 3072, 4096")]
    Unsupported,
    /// The PEM text has no block of a private key.
    #[error("there is no PEM block \"PRIVATE KEY\", \"EC PRIVATE KEY\" or \"RSA PRIVATE KEY\"")]
    NoPemBlock,
    /// It cannot be read without a password.
    #[error("the private key is encrypted; write it without a password, as with: openssl pkey")]
    Encrypted,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_pem_and_knows_its_kind() {
        let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
        let key = PrivateKey::from_pkcs8_der(pair.serialized_der()).unwrap();
        assert_eq!(key.key_type(), KeyType::EcdsaP384);
        let again = PrivateKey::from_pem(key.to_pem().as_bytes()).unwrap();
        assert_eq!(again.pkcs8_der(), pair.serialized_der());
        assert_eq!(again.public_key(), key.public_key());
    }

    #[test]
    fn debug_shows_no_byte_of_it() {
        let pair = rcgen::KeyPair::generate().unwrap();
        let key = PrivateKey::from_pkcs8_der(pair.serialized_der()).unwrap();
        assert_eq!(format!("{key:?}"), "PrivateKey { kind: EcdsaP256, .. }");
    }

    #[test]
    fn what_is_no_key_is_refused() {
        assert_eq!(
            PrivateKey::from_pkcs8_der(b"not a key").unwrap_err(),
            InvalidPrivateKey::Unsupported
        );
        let cases = [
            ("no key", InvalidPrivateKey::NoPemBlock),
            ("-----BEGIN ENCRYPTED PRIVATE KEY-----\n", InvalidPrivateKey::Encrypted),
            (
                "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n",
                InvalidPrivateKey::Encrypted,
            ),
            (
                "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n",
                InvalidPrivateKey::Unsupported,
            ),
        ];
        for (text, want) in cases {
            assert_eq!(PrivateKey::from_pem(text.as_bytes()).unwrap_err(), want, "{text}");
        }
    }

    /// As lego writes its keys, and cert-manager unless told otherwise.
    #[test]
    fn the_older_forms_are_the_same_key() {
        let ecdsa = rcgen::KeyPair::generate().unwrap();
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, ecdsa.serialized_der());
        let sec1: aws_lc_rs::encoding::EcPrivateKeyRfc5915Der<'_> =
            pair.unwrap().private_key().as_der().unwrap();
        let rsa = RsaKeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
        let pkcs8: Pkcs8V1Der<'_> = rsa.as_der().unwrap();
        // After the version and the algorithm PKCS#8 holds PKCS#1 as it is (RFC 5208 section 5), from byte 26 on for this size.
        let pkcs1 = &pkcs8.as_ref()[26..];
        let cases = [
            ("EC PRIVATE KEY", sec1.as_ref(), ecdsa.serialized_der(), KeyType::EcdsaP256),
            ("RSA PRIVATE KEY", pkcs1, pkcs8.as_ref(), KeyType::Rsa2048),
        ];
        for (label, older, pkcs8, kind) in cases {
            let text = encode_string(label, LineEnding::LF, older).unwrap();
            let key = PrivateKey::from_pem(text.as_bytes()).unwrap();
            let want = PrivateKey::from_pkcs8_der(pkcs8).unwrap();
            assert_eq!((key.key_type(), key.public_key()), (kind, want.public_key()), "{label}");
            assert!(PrivateKey::from_pkcs8_der(key.pkcs8_der()).is_ok(), "{label}");
        }
    }

    #[test]
    fn key_types_are_their_names() {
        for kind in KeyType::ALL {
            assert_eq!(kind.to_string().parse(), Ok(kind));
        }
        assert!(
            "rsa"
                .parse::<KeyType>()
                .unwrap_err()
                .to_string()
                .starts_with("unknown key type \"rsa\"")
        );
    }
}
