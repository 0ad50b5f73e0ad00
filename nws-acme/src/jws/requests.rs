use bytes::Bytes;
use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderMap, HeaderValue, Method, Response};
use serde_json::Value;

use super::Signer;
use crate::directory::Directory;
use crate::exchange::{Exchange, is_bad_nonce, request};
use crate::retry::{Retry, retry};
use crate::{AccountUrl, AcmeError, DirectoryUrl};

/// Signed requests to one CA, one after the other.
pub(crate) struct Requests<'a> {
    pub(crate) retry: Retry<'a>,
    pub(crate) exchange: Exchange,
    pub(crate) ca: &'a DirectoryUrl,
    pub(crate) directory: Directory,
}

impl Requests<'_> {
    /// How often one try sends a request whose nonce is refused, as instant-acme does too; how many tries there are then bounds
    /// [`Tries`](crate::retry::Tries).
    const NONCES: u32 = 3;

    /// Where the directory has something (RFC 8555 §7.1.1).
    pub(crate) fn endpoint(&self, member: &'static str) -> Result<&str, AcmeError> {
        self.directory
            .url(member)
            .ok_or_else(|| AcmeError::NotOffered { url: self.ca.clone(), member })
    }

    /// A signed request, tried as often as it is worth.
    pub(crate) async fn post(
        &self,
        signer: Signer<'_>,
        url: &str,
        payload: &Value,
    ) -> Result<Response<Bytes>, AcmeError> {
        let payload = payload.to_string();
        retry!(self.retry, self.try_post(signer, url, &payload))
    }

    /// The account that an answer names (RFC 8555 §7.3).
    pub(crate) fn account_in(&self, answer: &Response<Bytes>) -> Result<AccountUrl, AcmeError> {
        let location = answer.headers().get(LOCATION).and_then(|location| location.to_str().ok());
        let Some(location) = location else {
            return Err(self.exchange.unexpected("no account URL".into()));
        };
        self.exchange.check(location)?;
        location.parse().map_err(|source| AcmeError::Url { source })
    }

    /// A refused nonce is answered with the fresh one that came with the refusal (RFC 8555 §6.5).
    async fn try_post(
        &self,
        signer: Signer<'_>,
        url: &str,
        payload: &str,
    ) -> Result<Response<Bytes>, AcmeError> {
        for _ in 1..Self::NONCES {
            let answer = self.send(signer, url, payload).await?;
            if !is_bad_nonce(&answer) {
                return self.successful(url, answer);
            }
        }
        self.successful(url, self.send(signer, url, payload).await?)
    }

    async fn send(
        &self,
        signer: Signer<'_>,
        url: &str,
        payload: &str,
    ) -> Result<Response<Bytes>, AcmeError> {
        let nonce = self.nonce().await?;
        let jws = signer
            .sign(url, Some(&nonce), payload)
            .map_err(|_| AcmeError::Unsigned { url: url.into() })?;
        let mut request = request(Method::POST, url, jws.to_string())?;
        let kind = HeaderValue::from_static("application/jose+json");
        request.headers_mut().insert(CONTENT_TYPE, kind);
        self.exchange.ask(request).await
    }

    /// The nonce of the last answer, which no request has used, or else one that is asked for.
    async fn nonce(&self) -> Result<String, AcmeError> {
        if let Some(nonce) = nonce_in(&self.exchange.headers()) {
            return Ok(nonce);
        }
        let request = request(Method::HEAD, self.endpoint("newNonce")?, Bytes::new())?;
        let answer = self.exchange.ask(request).await?;
        nonce_in(answer.headers()).ok_or_else(|| self.exchange.unexpected("no usable nonce".into()))
    }

    /// The exchange lets through what is no error: a redirect, which no CA sends, and a refused nonce.
    fn successful(&self, url: &str, answer: Response<Bytes>) -> Result<Response<Bytes>, AcmeError> {
        let status = answer.status();
        if status.is_success() {
            Ok(answer)
        } else if is_bad_nonce(&answer) {
            Err(AcmeError::from_status(url.into(), status, answer.body(), answer.headers()))
        } else {
            Err(self.exchange.unexpected(format!("status {}", status.as_u16()).into()))
        }
    }
}

/// One that is not base64url is none (RFC 8555 §6.5.1).
fn nonce_in(headers: &HeaderMap) -> Option<String> {
    let nonce = headers.get("replay-nonce")?.to_str().ok()?;
    let is_base64url =
        !nonce.is_empty() && nonce.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    is_base64url.then(|| nonce.to_owned())
}
