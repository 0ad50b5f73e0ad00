//! The older forms of a private key, for who asks for them.

use std::fmt;

use aws_lc_rs::encoding::{AsDer, EcPrivateKeyRfc5915Der};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm,
};
use x509_cert::der::asn1::{AnyRef, OctetStringRef};
use x509_cert::der::pem::{LineEnding, encode_string};
use x509_cert::der::{Decode, Reader, SliceReader};
use zeroize::Zeroizing;

use super::{KeyType, PrivateKey};

/// How a private key is written down; it is the same key in both.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum KeyEncoding {
    /// PKCS#8 (RFC 5958), one for all kinds of keys: `PRIVATE KEY`.
    #[default]
    Pkcs8,
    /// The older forms, by kind: PKCS#1 (RFC 8017) as `RSA PRIVATE KEY`, SEC 1 (RFC 5915) as `EC PRIVATE KEY`. The name is
    /// cert-manager's.
    Pkcs1,
}

impl fmt::Display for KeyEncoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pkcs8 => "PKCS8",
            Self::Pkcs1 => "PKCS1",
        })
    }
}

impl PrivateKey {
    /// The key as one PEM block in this encoding, with a final newline.
    pub fn to_pem_as(&self, encoding: KeyEncoding) -> Zeroizing<String> {
        match encoding {
            KeyEncoding::Pkcs8 => self.to_pem(),
            // Whatever could be read can be written so; if not, the same key in its usual form serves as well.
            KeyEncoding::Pkcs1 => self.to_older_pem().unwrap_or_else(|| self.to_pem()),
        }
    }

    fn to_older_pem(&self) -> Option<Zeroizing<String>> {
        let der = self.pkcs8_der();
        let text = match self.key_type() {
            KeyType::EcdsaP256 => of_ecdsa(&ECDSA_P256_SHA256_ASN1_SIGNING, der),
            KeyType::EcdsaP384 => of_ecdsa(&ECDSA_P384_SHA384_ASN1_SIGNING, der),
            KeyType::Rsa2048 | KeyType::Rsa3072 | KeyType::Rsa4096 => {
                encode_string("RSA PRIVATE KEY", LineEnding::LF, pkcs1_in(der)?).ok()
            }
        };
        text.map(Zeroizing::new)
    }
}

fn of_ecdsa(algorithm: &'static EcdsaSigningAlgorithm, der: &[u8]) -> Option<String> {
    let pair = EcdsaKeyPair::from_pkcs8(algorithm, der).ok()?;
    let sec1: EcPrivateKeyRfc5915Der<'_> = pair.private_key().as_der().ok()?;
    encode_string("EC PRIVATE KEY", LineEnding::LF, sec1.as_ref()).ok()
}

/// PKCS#8 holds it as it is, behind the version and the algorithm (RFC 5958 §2).
fn pkcs1_in(pkcs8: &[u8]) -> Option<&[u8]> {
    let whole = AnyRef::from_der(pkcs8).ok()?;
    let mut fields = SliceReader::new(whole.value()).ok()?;
    let (_version, _algorithm): (AnyRef<'_>, AnyRef<'_>) =
        (fields.decode().ok()?, fields.decode().ok()?);
    let key: &OctetStringRef = fields.decode().ok()?;
    Some(key.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Vec<PrivateKey> {
        let rsa = aws_lc_rs::rsa::KeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
        let rsa: aws_lc_rs::encoding::Pkcs8V1Der<'_> = rsa.as_der().unwrap();
        let ecdsa = |algorithm| rcgen::KeyPair::generate_for(algorithm).unwrap();
        let all = [
            ecdsa(&rcgen::PKCS_ECDSA_P256_SHA256).serialized_der().to_vec(),
            ecdsa(&rcgen::PKCS_ECDSA_P384_SHA384).serialized_der().to_vec(),
            rsa.as_ref().to_vec(),
        ];
        all.iter().map(|der| PrivateKey::from_pkcs8_der(der).unwrap()).collect()
    }

    #[test]
    fn it_is_the_same_key_in_either() {
        for key in keys() {
            let label = match key.key_type() {
                KeyType::EcdsaP256 | KeyType::EcdsaP384 => "EC PRIVATE KEY",
                KeyType::Rsa2048 | KeyType::Rsa3072 | KeyType::Rsa4096 => "RSA PRIVATE KEY",
            };
            let older = key.to_pem_as(KeyEncoding::Pkcs1);
            assert!(older.starts_with(&format!("-----BEGIN {label}-----\n")), "{label}");
            assert!(older.ends_with(&format!("-----END {label}-----\n")), "{label}");
            let again = PrivateKey::from_pem(older.as_bytes()).unwrap();
            assert_eq!(again.public_key(), key.public_key(), "{label}");
            assert_eq!(*key.to_pem_as(KeyEncoding::Pkcs8), *key.to_pem(), "{label}");
        }
    }

    /// SEC 1 lets the curve be left out, and then most programs cannot read it.
    #[test]
    fn the_curve_is_named() {
        const P256: &[u8] = &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
        const P384: &[u8] = &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22];
        for (key, curve) in keys().iter().zip([P256, P384]) {
            let text = key.to_pem_as(KeyEncoding::Pkcs1);
            let (_, der) = x509_cert::der::pem::decode_vec(text.as_bytes()).unwrap();
            assert!(der.windows(curve.len()).any(|part| part == curve), "{}", key.key_type());
        }
    }
}
