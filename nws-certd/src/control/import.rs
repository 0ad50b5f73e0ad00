use axum::Json;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use nws_expiry::Chain;
use serde::{Deserialize, Serialize};

use super::{Desk, LONGEST_LIST, refuse};
use crate::daemon::Request;
use crate::vault::Sealed;

pub(super) fn routes() -> axum::Router<Desk> {
    axum::Router::new().route("/v1/import", post(import).layer(DefaultBodyLimit::max(LONGEST_LIST)))
}

async fn import(State(desk): State<Desk>, Json(body): Json<ImportBody>) -> Response {
    match desk.ask(|reply| Request::Import(body, reply)).await {
        Ok(report) => Json(&report).into_response(),
        Err(reason) => refuse(&reason),
    }
}

/// What is to be taken over.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct ImportBody {
    pub(crate) from: ImportedFrom,
    /// Whether it is only to be said what would be done.
    pub(crate) dry_run: bool,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ImportedFrom {
    /// What whoever asks has read elsewhere.
    Elsewhere(Vec<CertificateBody>),
    /// These Secrets of the branch, each as NAMESPACE/NAME; all that can be where there is none.
    Branch(Vec<String>),
}

/// A certificate with its key, which is sealed to the daemon's key file: whoever asks can read that file, too.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct CertificateBody {
    pub(crate) source: String,
    chain: String,
    sealed_key: String,
    /// The directory of the CA that issued it, where it is a configured one.
    pub(crate) ca: Option<String>,
}

impl CertificateBody {
    pub(crate) fn new(source: String, chain: &Chain, key: &Sealed, ca: Option<String>) -> Self {
        let sealed_key = BASE64_STANDARD.encode(&key.0);
        Self { source, chain: chain.to_pem(), sealed_key, ca }
    }

    /// The certificate; `None` for what another version writes and this one cannot read.
    pub(crate) fn read(&self) -> Option<(Chain, Sealed)> {
        let key = BASE64_STANDARD.decode(&self.sealed_key).ok()?;
        Some((Chain::from_pem(self.chain.as_bytes()).ok()?, Sealed(key)))
    }
}
