//! A sealed-secrets controller, as far as it is asked for its sealing certificate.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use http::{StatusCode, Uri};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Bytes;
use hyper_rustls::{ConfigBuilderExt as _, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use rustls::ClientConfig;
use rustls::crypto::aws_lc_rs;

/// How long it may take to answer: it is beside the clusters. No turn waits for it, but whoever says `reseal` does.
const PATIENCE: Duration = Duration::from_secs(5);
/// Longer than any certificate that it gives.
const LONGEST: usize = 64 << 10;

/// Where a controller answers, as `http://sealed-secrets.example:8080`; its certificate is at `/v1/cert.pem` there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ControllerUrl(Uri);

impl FromStr for ControllerUrl {
    type Err = InvalidControllerUrl;

    fn from_str(text: &str) -> Result<Self, InvalidControllerUrl> {
        let uri: Uri = text.parse().map_err(|_| InvalidControllerUrl)?;
        let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
        let has_credentials = uri.authority().is_some_and(|all| all.as_str().contains('@'));
        let is_bare = uri.path() == "/" && uri.query().is_none();
        if is_http && !has_credentials && is_bare {
            Ok(Self(uri))
        } else {
            Err(InvalidControllerUrl)
        }
    }
}

impl ControllerUrl {
    /// What it gives to seal with now, in PEM.
    ///
    /// # Errors
    ///
    /// [`ControllerError`] if it cannot be reached, or answers something else.
    pub(crate) async fn certificate(&self) -> Result<Vec<u8>, ControllerError> {
        let asked = tokio::time::timeout(PATIENCE, self.ask());
        asked.await.map_err(|_| ControllerError::Silent)?
    }

    async fn ask(&self) -> Result<Vec<u8>, ControllerError> {
        let uri: Uri =
            format!("{self}/v1/cert.pem").parse().map_err(|_| ControllerError::Silent)?;
        let provider = Arc::new(aws_lc_rs::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.try_with_platform_verifier())
            .map_err(ControllerError::Tls)?
            .with_no_client_auth();
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .build();
        let client = Client::builder(TokioExecutor::new()).build::<_, Empty<Bytes>>(connector);
        let response = client.get(uri).await.map_err(ControllerError::Unreachable)?;
        if response.status() != StatusCode::OK {
            return Err(ControllerError::Status(response.status()));
        }
        let body = Limited::new(response.into_body(), LONGEST).collect().await;
        Ok(body.map_err(ControllerError::Broken)?.to_bytes().to_vec())
    }
}

impl fmt::Display for ControllerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.to_string().trim_end_matches('/'))
    }
}

/// Why a controller gave no certificate.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ControllerError {
    /// No answer in time.
    #[error("it does not answer within {} s", PATIENCE.as_secs())]
    Silent,
    /// The machine's own roots.
    #[error("TLS cannot be set up; install ca-certificates")]
    Tls(#[source] rustls::Error),
    /// No connection.
    #[error("it cannot be reached")]
    Unreachable(#[source] hyper_util::client::legacy::Error),
    /// It is perhaps another program.
    #[error("it answers {0} to /v1/cert.pem; see that this is a sealed-secrets controller")]
    Status(StatusCode),
    /// Half an answer, or far too much.
    #[error("its answer broke off, or is no certificate")]
    Broken(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A text that is no [`ControllerUrl`]. It is not repeated, as it may hold a password.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "is no address of a controller; write scheme, host and port alone, for instance \"http://sealed-secrets.example:8080\""
)]
pub struct InvalidControllerUrl;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_controllers() {
        for (text, is_one) in [
            ("http://sealed-secrets.example:8080", true),
            ("https://sealed-secrets.example/", true),
            ("http://sealed-secrets.example:8080/v1/cert.pem", false),
            ("http://user:secret@sealed-secrets.example", false),
            ("sealed-secrets.example:8080", false),
            ("ftp://sealed-secrets.example", false),
        ] {
            let read = text.parse::<ControllerUrl>();
            assert_eq!(read.is_ok(), is_one, "{text}");
            let said = read.map_or_else(|error| error.to_string(), |url| url.to_string());
            assert!(!said.contains("secret@"), "{said}");
        }
    }
}
