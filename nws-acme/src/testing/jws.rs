//! Signed requests, read as strictly as a CA does (RFC 8555 §6.2).

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use serde_json::{Map, Value};

use super::public_key::PublicKey;
use super::reply::Refusal;
use crate::ProblemKind;

/// A flattened JWS whose form is right, as a request or inside one.
pub(super) struct Jws {
    header: Map<String, Value>,
    payload: Vec<u8>,
    input: String,
    signature: Vec<u8>,
}

/// A signed request whose form is right; whether the signature is, depends on the signer's key.
pub(super) struct Signed {
    jws: Jws,
    pub(super) signer: Signer,
    pub(super) nonce: String,
}

/// Who claims to have signed: a new key, or a known account.
pub(super) enum Signer {
    /// A key that came with the request.
    Key(PublicKey),
    /// An account's URL.
    Account(String),
}

impl Jws {
    /// Reads one that is for `url`.
    pub(super) fn parse(jws: &Value, url: &str) -> Result<Self, Refusal> {
        let jws = jws.as_object().filter(|jws| jws.len() == 3);
        let jws =
            jws.ok_or_else(|| malformed("a JWS has protected, payload and signature alone"))?;
        let (protected, payload) = (member(jws, "protected")?, member(jws, "payload")?);
        let header: Map<String, Value> = serde_json::from_slice(&decode(protected)?)
            .map_err(|_| malformed("the header is no JSON object"))?;
        if member(&header, "url")? != url {
            return Err(Refusal::new(
                401,
                ProblemKind::Unauthorized,
                "the header's url is not the request's",
            ));
        }
        Ok(Self {
            payload: decode(payload)?,
            input: format!("{protected}.{payload}"),
            signature: decode(member(jws, "signature")?)?,
            header,
        })
    }

    /// What it is signed with.
    pub(super) fn algorithm(&self) -> Result<&str, Refusal> {
        member(&self.header, "alg")
    }

    pub(super) fn kid(&self) -> Result<&str, Refusal> {
        member(&self.header, "kid")
    }

    /// One inside a request is no request, and has no nonce (RFC 8555 §7.3.4 and §7.3.5).
    pub(super) fn without_nonce(self) -> Result<Self, Refusal> {
        if self.header.contains_key("nonce") {
            return Err(malformed("an inner JWS has no nonce"));
        }
        Ok(self)
    }

    pub(super) fn signer(&self) -> Result<Signer, Refusal> {
        match (self.header.get("jwk"), self.header.get("kid")) {
            (Some(Value::Object(jwk)), None) => PublicKey::parse(jwk).map(Signer::Key),
            (None, Some(Value::String(kid))) => Ok(Signer::Account(kid.clone())),
            _ => Err(malformed("a header has either jwk or kid")),
        }
    }

    pub(super) fn verify(&self, key: &PublicKey) -> Result<(), Refusal> {
        if self.algorithm()? != key.algorithm() {
            return Err(bad_algorithm("the algorithm is not the key's"));
        }
        key.verify(self.input.as_bytes(), &self.signature)
    }

    /// What a secret that is shared would have to sign, and what it did.
    pub(super) fn signed(&self) -> (&[u8], &[u8]) {
        (self.input.as_bytes(), &self.signature)
    }

    /// The payload of one that sends something.
    pub(super) fn object(&self) -> Result<Value, Refusal> {
        match serde_json::from_slice(&self.payload) {
            Ok(value @ Value::Object(_)) => Ok(value),
            Ok(_) | Err(_) => Err(malformed("the payload is no JSON object")),
        }
    }
}

impl Signed {
    /// Reads a flattened JWS that was sent to `url`.
    pub(super) fn parse(body: &[u8], url: &str) -> Result<Self, Refusal> {
        let jws: Value =
            serde_json::from_slice(body).map_err(|_| malformed("the body is no JWS"))?;
        let jws = Jws::parse(&jws, url)?;
        if !matches!(jws.algorithm()?, "ES256" | "RS256") {
            return Err(bad_algorithm("only ES256 and RS256 are supported"));
        }
        let (signer, nonce) = (jws.signer()?, member(&jws.header, "nonce")?.into());
        Ok(Self { jws, signer, nonce })
    }

    pub(super) fn verify(&self, key: &PublicKey) -> Result<(), Refusal> {
        self.jws.verify(key)
    }

    /// The payload of a request that sends something.
    pub(super) fn object(&self) -> Result<Value, Refusal> {
        self.jws.object()
    }

    /// Whether the request asks for something: POST-as-GET (RFC 8555 §6.3).
    pub(super) fn is_empty(&self) -> bool {
        self.jws.payload.is_empty()
    }

    /// That it is a POST-as-GET.
    pub(super) fn empty(&self) -> Result<(), Refusal> {
        if self.is_empty() { Ok(()) } else { Err(malformed("a POST-as-GET has an empty payload")) }
    }
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

fn bad_algorithm(detail: &str) -> Refusal {
    Refusal::new(400, ProblemKind::BadSignatureAlgorithm, detail)
}
