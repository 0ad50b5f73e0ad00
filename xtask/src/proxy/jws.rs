//! Looking into signed requests (RFC 8555 section 6.2); nothing is verified.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::DeserializeOwned;

#[derive(Deserialize)]
struct Jws {
    payload: String,
}

/// The payload of a request; `None` if it is not there or something else.
pub(crate) fn payload<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    let jws: Jws = serde_json::from_slice(body).ok()?;
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(jws.payload).ok()?).ok()
}
