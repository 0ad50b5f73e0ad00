//! Signed requests, read as strictly as a CA does (RFC 8555 §6.2).

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use serde_json::{Map, Value};

use super::reply::Refusal;
use crate::ProblemKind;

/// A signed request whose form is right; whether the signature is, depends on the signer's key.
pub(super) struct Signed {
    pub(super) signer: Signer,
    pub(super) nonce: String,
    payload: Vec<u8>,
    input: String,
    signature: Vec<u8>,
}

/// Who claims to have signed: a new key, or a known account.
pub(super) enum Signer {
    /// An uncompressed point of P-256.
    Key(Vec<u8>),
    /// An account's URL.
    Account(String),
}

impl Signed {
    /// Reads a flattened JWS that was sent to `url`.
    pub(super) fn parse(body: &[u8], url: &str) -> Result<Self, Refusal> {
        let jws: Map<String, Value> =
            serde_json::from_slice(body).map_err(|_| malformed("the body is no JWS"))?;
        if jws.len() != 3 {
            return Err(malformed("a JWS has protected, payload and signature alone"));
        }
        let (protected, payload) = (member(&jws, "protected")?, member(&jws, "payload")?);
        let header: Map<String, Value> = serde_json::from_slice(&decode(protected)?)
            .map_err(|_| malformed("the header is no JSON object"))?;
        if member(&header, "url")? != url {
            return Err(Refusal::new(
                401,
                ProblemKind::Unauthorized,
                "the header's url is not the request's",
            ));
        }
        if member(&header, "alg")? != "ES256" {
            return Err(Refusal::new(
                400,
                ProblemKind::BadSignatureAlgorithm,
                "only ES256 is supported",
            ));
        }
        Ok(Self {
            signer: Signer::of(&header)?,
            nonce: member(&header, "nonce")?.into(),
            payload: decode(payload)?,
            input: format!("{protected}.{payload}"),
            signature: decode(member(&jws, "signature")?)?,
        })
    }

    pub(super) fn verify(&self, point: &[u8]) -> Result<(), Refusal> {
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
            .verify(self.input.as_bytes(), &self.signature)
            .map_err(|_| malformed("the signature is wrong"))
    }

    /// The payload of a request that sends something.
    pub(super) fn object(&self) -> Result<Value, Refusal> {
        match serde_json::from_slice(&self.payload) {
            Ok(value @ Value::Object(_)) => Ok(value),
            Ok(_) | Err(_) => Err(malformed("the payload is no JSON object")),
        }
    }

    /// That the request asks for something: POST-as-GET (RFC 8555 §6.3).
    pub(super) fn empty(&self) -> Result<(), Refusal> {
        if self.payload.is_empty() {
            Ok(())
        } else {
            Err(malformed("a POST-as-GET has an empty payload"))
        }
    }
}

impl Signer {
    fn of(header: &Map<String, Value>) -> Result<Self, Refusal> {
        match (header.get("jwk"), header.get("kid")) {
            (Some(Value::Object(jwk)), None) => Ok(Self::Key(point(jwk)?)),
            (None, Some(Value::String(kid))) => Ok(Self::Account(kid.clone())),
            _ => Err(malformed("a header has either jwk or kid")),
        }
    }
}

fn point(jwk: &Map<String, Value>) -> Result<Vec<u8>, Refusal> {
    let (x, y) = (decode(member(jwk, "x")?)?, decode(member(jwk, "y")?)?);
    if (member(jwk, "kty")?, member(jwk, "crv")?, x.len(), y.len()) != ("EC", "P-256", 32, 32) {
        return Err(Refusal::new(400, ProblemKind::BadPublicKey, "only P-256 keys are supported"));
    }
    Ok([&[4][..], &x, &y].concat())
}

pub(super) fn member<'a>(object: &'a Map<String, Value>, name: &str) -> Result<&'a str, Refusal> {
    object.get(name).and_then(Value::as_str).ok_or_else(|| malformed(&format!("no {name}")))
}

pub(super) fn decode(text: &str) -> Result<Vec<u8>, Refusal> {
    BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| malformed("not base64url without padding"))
}

pub(super) fn malformed(detail: &str) -> Refusal {
    Refusal::new(400, ProblemKind::Malformed, detail)
}
