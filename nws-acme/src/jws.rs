//! Signed requests of our own (RFC 8555 §6.2), for what instant-acme does not do: accounts with a key that we made, external
//! account bindings, key changes, revocation. They go over the same [`Exchange`](crate::exchange::Exchange).

mod jwk;
mod requests;

use aws_lc_rs::error::Unspecified;
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use serde_json::{Value, json};

pub(crate) use self::jwk::Jwk;
pub(crate) use self::requests::Requests;
use crate::AccountUrl;

/// A key that signs requests.
pub(crate) trait SigningKey: Send + Sync {
    /// The name of what it signs with (RFC 7518 §3.1).
    fn algorithm(&self) -> &'static str;

    /// Its public half.
    fn jwk(&self) -> &Jwk;

    /// The signature of a JWS signing input (RFC 7515 §5.1).
    fn sign(&self, input: &[u8]) -> Result<Vec<u8>, Unspecified>;
}

/// Who signs a request: a key that no CA knows yet, or an account by its URL.
#[derive(Clone, Copy)]
pub(crate) struct Signer<'a> {
    pub(crate) key: &'a dyn SigningKey,
    pub(crate) account: Option<&'a AccountUrl>,
}

impl<'a> Signer<'a> {
    pub(crate) fn key(key: &'a dyn SigningKey) -> Self {
        Self { key, account: None }
    }

    pub(crate) fn account(key: &'a dyn SigningKey, account: &'a AccountUrl) -> Self {
        Self { key, account: Some(account) }
    }

    /// A request to `url`. Only the inner part of a key change has no nonce (RFC 8555 §7.3.5).
    pub(crate) fn sign(
        self,
        url: &str,
        nonce: Option<&str>,
        payload: &str,
    ) -> Result<Value, Unspecified> {
        let mut header = json!({ "alg": self.key.algorithm(), "url": url });
        match self.account {
            Some(account) => header["kid"] = account.as_str().into(),
            None => header["jwk"] = self.key.jwk().to_json(),
        }
        if let Some(nonce) = nonce {
            header["nonce"] = nonce.into();
        }
        flattened(&header, payload, |input| self.key.sign(input))
    }
}

/// A JWS in the flattened form (RFC 7515 §7.2.2), the only one that ACME has.
pub(crate) fn flattened<E>(
    header: &Value,
    payload: &str,
    sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, E>,
) -> Result<Value, E> {
    let [protected, payload] =
        [&header.to_string(), payload].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part));
    let signature = sign(format!("{protected}.{payload}").as_bytes())?;
    let signature = BASE64_URL_SAFE_NO_PAD.encode(signature);
    Ok(json!({ "protected": protected, "payload": payload, "signature": signature }))
}

#[cfg(test)]
mod tests;
