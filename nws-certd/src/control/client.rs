//! The commands' side of the API.

use std::io;
use std::path::{Path, PathBuf};

use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::net::UnixStream;

use super::{
    Identity, ImportBody, PreflightBody, PruneBody, RenewBody, ResealBody, RevocableReport,
    RevokeBody,
};
use crate::accounts::AccountReport;
use crate::at::At;
use crate::explain::Story;
use crate::import::ImportReport;
use crate::preflight::PreflightReport;
use crate::report::{Report, UnwantedReport};
use crate::reseal::ResealReport;

/// The socket of a daemon that may or may not run.
#[derive(Clone, Debug)]
pub(crate) struct Control(PathBuf);

/// Why the daemon did not do it, as it travels.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Refusal {
    pub(crate) error: String,
}

impl Control {
    pub(crate) fn at(socket: PathBuf) -> Self {
        Self(socket)
    }

    /// How everything stands.
    pub(crate) async fn status(&self) -> Result<Report, ControlError> {
        self.ask(Method::GET, "/v1/status", Bytes::new()).await
    }

    /// What would be done at an instant.
    pub(crate) async fn plan(&self, at: At) -> Result<Report, ControlError> {
        let query = query("at", &at.to_string());
        self.ask(Method::GET, &format!("/v1/plan{query}"), Bytes::new()).await
    }

    /// Makes the daemon look at the branch, and says how everything stands after that.
    pub(crate) async fn sync(&self) -> Result<Report, ControlError> {
        self.ask(Method::POST, "/v1/sync", Bytes::new()).await
    }

    /// Has others ordered in place of these certificates, and says how everything stands after that.
    pub(crate) async fn renew(&self, certificates: Vec<Identity>) -> Result<Report, ControlError> {
        self.tell("/v1/renew", &RenewBody { certificates }).await
    }

    /// The story of a host name, whose characters are those of host names.
    pub(crate) async fn explain(&self, host: &str) -> Result<Story, ControlError> {
        self.ask(Method::GET, &format!("/v1/explain/{host}"), Bytes::new()).await
    }

    /// What a CA would see of names.
    pub(crate) async fn preflight(
        &self,
        body: PreflightBody,
    ) -> Result<PreflightReport, ControlError> {
        self.tell("/v1/preflight", &body).await
    }

    /// Everything that can be revoked.
    pub(crate) async fn revocable(&self) -> Result<Vec<RevocableReport>, ControlError> {
        self.ask(Method::GET, "/v1/revocable", Bytes::new()).await
    }

    /// Has a certificate revoked, and says how everything stands after that.
    pub(crate) async fn revoke(&self, body: RevokeBody) -> Result<Report, ControlError> {
        self.tell("/v1/revoke", &body).await
    }

    /// Has certificates of other clients taken over, and says what became of each.
    pub(crate) async fn import(&self, body: &ImportBody) -> Result<ImportReport, ControlError> {
        self.tell("/v1/import", body).await
    }

    /// Has sealed anew what is sealed to others than it would be now, and says what that is.
    pub(crate) async fn reseal(&self, body: ResealBody) -> Result<ResealReport, ControlError> {
        self.tell("/v1/reseal", &body).await
    }

    /// Says that these are to be removed, however many they are.
    pub(crate) async fn prune(&self, secrets: Vec<UnwantedReport>) -> Result<Report, ControlError> {
        self.tell("/v1/prune", &PruneBody { secrets }).await
    }

    async fn tell<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, ControlError> {
        let body = serde_json::to_vec(body).map_err(|_| ControlError::Unreadable)?;
        self.ask(Method::POST, path, body.into()).await
    }

    /// The accounts at all CAs.
    pub(crate) async fn accounts(&self) -> Result<Vec<AccountReport>, ControlError> {
        self.ask(Method::GET, "/v1/accounts", Bytes::new()).await
    }

    /// Tells every CA the contacts that the daemon has configured.
    pub(crate) async fn tell_contacts(&self) -> Result<Vec<AccountReport>, ControlError> {
        self.ask(Method::POST, "/v1/accounts/contact", Bytes::new()).await
    }

    /// Gives the accounts of all CAs, or those that share the key of one, a new key.
    pub(crate) async fn roll_over(
        &self,
        ca: Option<&str>,
    ) -> Result<Vec<AccountReport>, ControlError> {
        let query = ca.map_or_else(String::new, |ca| query("ca", ca));
        self.ask(Method::POST, &format!("/v1/accounts/rollover{query}"), Bytes::new()).await
    }

    /// Ends the account at a CA.
    pub(crate) async fn deactivate(&self, ca: &str) -> Result<Vec<AccountReport>, ControlError> {
        self.ask(Method::POST, &format!("/v1/accounts/deactivate{}", query("ca", ca)), Bytes::new())
            .await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<T, ControlError> {
        let stream =
            UnixStream::connect(&self.0).await.map_err(|source| self.not_connected(source))?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(ControlError::Broken)?;
        let driver = tokio::spawn(connection);
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(hyper::header::HOST, "localhost")
            .header(hyper::header::CONTENT_TYPE, "application/json")
            .body(Full::new(body))
            .map_err(|_| ControlError::Unreadable)?;
        let response = sender.send_request(request).await.map_err(ControlError::Broken)?;
        let refused = !response.status().is_success();
        let body = response.into_body().collect().await.map_err(ControlError::Broken)?.to_bytes();
        driver.abort();
        read(&body, refused)
    }

    fn not_connected(&self, source: io::Error) -> ControlError {
        match source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
                ControlError::NotRunning { socket: self.0.clone() }
            }
            _ => ControlError::Closed { socket: self.0.clone(), source },
        }
    }
}

/// A query of one value, with everything escaped that could mean something else.
fn query(name: &str, value: &str) -> String {
    let escaped = value.bytes().map(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'/' | b':' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    });
    format!("?{name}={}", escaped.collect::<String>())
}

fn read<T: DeserializeOwned>(body: &[u8], refused: bool) -> Result<T, ControlError> {
    if refused {
        let refusal: Refusal =
            serde_json::from_slice(body).map_err(|_| ControlError::Unreadable)?;
        return Err(ControlError::Refused { reason: refusal.error });
    }
    serde_json::from_slice(body).map_err(|_| ControlError::Unreadable)
}

/// Why the running daemon could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// Nobody is there.
    #[error("no daemon runs on {}; start one with: nws-certd run", display_dir(socket))]
    NotRunning {
        /// Its socket.
        socket: PathBuf,
    },
    /// The socket may not be opened.
    #[error("cannot open {}; run this as the daemon's user", socket.display())]
    Closed {
        /// Its socket.
        socket: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The connection broke.
    #[error("the daemon broke the connection off")]
    Broken(#[source] hyper::Error),
    /// What it said is not understood.
    #[error(
        "the daemon answered something else than this nws-certd understands; are both of one version?"
    )]
    Unreadable,
    /// It said no.
    #[error("{reason}")]
    Refused {
        /// Its words.
        reason: String,
    },
}

fn display_dir(socket: &Path) -> String {
    socket.parent().unwrap_or(socket).display().to_string()
}
