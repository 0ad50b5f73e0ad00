use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use serde_json::Value;
use zeroize::{Zeroize as _, Zeroizing};

use super::{ImportedKey, from_pair};
use crate::der::sequence;
use crate::{InvalidAccountKey, RsaAccountKey};

const DAMAGED: InvalidAccountKey = InvalidAccountKey::Damaged { form: "a JWK" };

/// Reads a private JWK.
pub(super) fn read(text: &str) -> Result<ImportedKey, InvalidAccountKey> {
    let jwk = Jwk(serde_json::from_str(text).map_err(|_| DAMAGED)?);
    match (jwk.text("kty"), jwk.text("crv")) {
        (Some("RSA"), _) => rsa(&jwk).map(ImportedKey::Rsa),
        (Some("EC"), Some("P-256")) => p256(&jwk),
        (Some("EC"), Some("P-384")) => Err(InvalidAccountKey::Kind { found: "ECDSA P-384" }),
        (Some("EC"), Some("P-521")) => Err(InvalidAccountKey::Kind { found: "ECDSA P-521" }),
        (Some("OKP"), _) => Err(InvalidAccountKey::Kind { found: "an Edwards curve's" }),
        (Some("oct"), _) => Err(InvalidAccountKey::Kind { found: "a shared secret" }),
        (Some(_), _) => Err(InvalidAccountKey::Kind { found: "a JWK of another kind" }),
        (None, _) => Err(InvalidAccountKey::Absent),
    }
}

/// The library makes sure that the point is the private number's.
fn p256(jwk: &Jwk) -> Result<ImportedKey, InvalidAccountKey> {
    let [d, x, y] = ["d", "x", "y"].map(|member| jwk.bytes(member));
    let (d, x, y) = (d?, x?, y?);
    let point = [&[4][..], &x, &y].concat();
    let pair =
        EcdsaKeyPair::from_private_key_and_public_key(&ECDSA_P256_SHA256_FIXED_SIGNING, &d, &point);
    from_pair(&pair.map_err(|_| DAMAGED)?)
}

/// In the order of PKCS#1, after the version of a key with two primes (RFC 8017 appendix A.1.2).
fn rsa(jwk: &Jwk) -> Result<RsaAccountKey, InvalidAccountKey> {
    let mut numbers = vec![Zeroizing::new(Vec::new())];
    for member in ["n", "e", "d", "p", "q", "dp", "dq", "qi"] {
        numbers.push(jwk.bytes(member)?);
    }
    let numbers: Vec<&[u8]> = numbers.iter().map(|number| without_zeros(number)).collect();
    RsaAccountKey::from_pkcs1_der(&sequence(&numbers)).map_err(|error| match error {
        InvalidAccountKey::Damaged { .. } => DAMAGED,
        other => other,
    })
}

fn without_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.split_at(zeros).1
}

/// A document with secrets in it, wiped when it goes.
struct Jwk(Value);

impl Jwk {
    fn text(&self, member: &str) -> Option<&str> {
        self.0.get(member)?.as_str()
    }

    fn bytes(&self, member: &str) -> Result<Zeroizing<Vec<u8>>, InvalidAccountKey> {
        let text = self.text(member).ok_or(DAMAGED)?;
        BASE64_URL_SAFE_NO_PAD.decode(text).map(Zeroizing::new).map_err(|_| DAMAGED)
    }
}

impl Drop for Jwk {
    fn drop(&mut self) {
        let members = self.0.as_object_mut().into_iter().flat_map(|members| members.values_mut());
        for member in members {
            if let Value::String(text) = member {
                text.zeroize();
            }
        }
    }
}
