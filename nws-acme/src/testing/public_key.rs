use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use nws_challenge::Thumbprint;
use serde_json::{Map, Value};

use super::jws::{decode, malformed, member};
use super::reply::Refusal;
use crate::ProblemKind;
use crate::der::sequence;
use crate::jws::Jwk;

/// A key that signs requests.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum PublicKey {
    /// An uncompressed point of P-256.
    P256(Vec<u8>),
    /// Big-endian numbers without leading zeros.
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
}

impl PublicKey {
    pub(super) fn parse(jwk: &Map<String, Value>) -> Result<Self, Refusal> {
        let number = |name| decode(member(jwk, name)?);
        let bad = |detail| Refusal::new(400, ProblemKind::BadPublicKey, detail);
        match member(jwk, "kty")? {
            "EC" if member(jwk, "crv")? == "P-256" => {
                let (x, y) = (number("x")?, number("y")?);
                if (x.len(), y.len()) != (32, 32) {
                    return Err(bad("the point is none of P-256"));
                }
                Ok(Self::P256([&[4][..], &x, &y].concat()))
            }
            "RSA" => {
                let (modulus, exponent) = (number("n")?, number("e")?);
                if modulus.len() < 256 || [&modulus, &exponent].iter().any(|n| n.starts_with(&[0]))
                {
                    return Err(bad("an RSA key has 2048 bits or more, and no leading zeros"));
                }
                Ok(Self::Rsa { modulus, exponent })
            }
            _ => Err(bad("only P-256 and RSA keys are supported")),
        }
    }

    /// What it signs with.
    pub(super) fn algorithm(&self) -> &'static str {
        match self {
            Self::P256(_) => "ES256",
            Self::Rsa { .. } => "RS256",
        }
    }

    pub(super) fn verify(&self, input: &[u8], signature: &[u8]) -> Result<(), Refusal> {
        let verified = match self {
            Self::P256(point) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(input, signature)
            }
            Self::Rsa { modulus: n, exponent: e } => RsaPublicKeyComponents { n, e }.verify(
                &RSA_PKCS1_2048_8192_SHA256,
                input,
                signature,
            ),
        };
        verified.map_err(|_| malformed("the signature is wrong"))
    }

    pub(super) fn thumbprint(&self) -> Option<Thumbprint> {
        let jwk = match self {
            Self::P256(point) => Jwk::p256(point)?,
            Self::Rsa { modulus, exponent } => Jwk::rsa(modulus, exponent),
        };
        Some(jwk.thumbprint())
    }

    /// As the end of a SubjectPublicKeyInfo has it: the point, or PKCS#1.
    pub(super) fn bits(&self) -> Vec<u8> {
        match self {
            Self::P256(point) => point.clone(),
            Self::Rsa { modulus, exponent } => sequence(&[modulus, exponent]).to_vec(),
        }
    }
}
