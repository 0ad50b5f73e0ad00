//! The operators' API on `control.sock` in the state directory.
//!
//! Who may open the socket may ask; its mode (0600) is the permission. `GET /v1/status` answers at once from the newest report,
//! `GET /v1/plan?at=TIME` between two turns,
//! `GET /v1/explain/{host}` from the same and what the host's edges serve, `POST /v1/preflight` when every edge has been asked, `POST /v1/sync` after a turn that has looked at the
//! branch, `POST /v1/renew`, `POST /v1/revoke` and `POST /v1/prune` after a turn that knows
//! of it; `POST /v1/import`, `POST /v1/reseal` and `GET /v1/revocable` between two turns. Under `/v1/accounts` are the accounts at the CAs.

mod accounts;
mod client;
mod identity;
mod import;
mod preflight;
mod removal;
mod revocation;
mod sealing;

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Json;
use axum::extract::{self, DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use tokio::net::UnixListener;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

pub use client::ControlError;
pub(crate) use client::{Control, Refusal};
pub(crate) use identity::{Identity, RenewBody};
pub(crate) use import::{CertificateBody, ImportBody, ImportedFrom};
pub(crate) use preflight::PreflightBody;
pub(crate) use removal::PruneBody;
pub(crate) use revocation::{RevocableReport, RevokeBody};
pub(crate) use sealing::ResealBody;

use crate::accounts::Accounts;
use crate::at::InvalidAt;
use crate::daemon::{Request, Synced};
use crate::explain::Narrator;
use crate::failure::Causes;
use crate::preflight::Examiner;
use crate::report::{Report, UnwantedReport};

/// For which instant is planned.
#[derive(Deserialize)]
struct PlanQuery {
    at: String,
}

/// What the API speaks with.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) reports: watch::Receiver<Option<Arc<Report>>>,
    pub(crate) requests: mpsc::Sender<Request>,
    pub(crate) narrator: Narrator,
    pub(crate) accounts: Accounts,
    pub(crate) examiner: Examiner,
    /// Nothing that takes long is waited for once this is cancelled.
    pub(crate) stop: CancellationToken,
}

/// Binds the socket; one that a killed daemon left is replaced, as the state directory's lock says it has no owner.
pub(crate) fn bind(path: &Path) -> io::Result<UnixListener> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Serves the API until told to stop, and removes the socket.
pub(crate) async fn serve(
    listener: UnixListener,
    path: PathBuf,
    desk: Desk,
    stop: CancellationToken,
) -> io::Result<()> {
    let router = axum::Router::new()
        .route("/v1/status", get(status))
        .route("/v1/explain/{host}", get(explain))
        .route("/v1/plan", get(plan))
        .route("/v1/sync", post(sync))
        .route("/v1/renew", post(renew).layer(DefaultBodyLimit::max(LONGEST_LIST)))
        .route("/v1/revocable", get(revocable))
        .route("/v1/revoke", post(revoke))
        .route("/v1/reseal", post(sealing::reseal))
        .route("/v1/prune", post(prune).layer(DefaultBodyLimit::max(LONGEST_LIST)))
        .route("/v1/preflight", post(preflight::preflight))
        .merge(accounts::routes())
        .merge(import::routes())
        .with_state(desk);
    let served = axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned()).await;
    std::fs::remove_file(path).and(served)
}

async fn status(State(desk): State<Desk>) -> Response {
    let report = desk.reports.borrow().clone();
    match report {
        Some(report) => Json(&*report).into_response(),
        None => refuse(STARTING),
    }
}

async fn plan(State(desk): State<Desk>, query: extract::Query<PlanQuery>) -> Response {
    match query.at.parse() {
        Ok(at) => desk.after_a_turn(|reply| Request::Plan(at, reply)).await,
        Err(error) => refuse(&InvalidAt::to_string(&error)),
    }
}

async fn explain(State(desk): State<Desk>, host: extract::Path<String>) -> Response {
    let report = desk.reports.borrow().clone();
    let Some(report) = report else {
        return refuse(STARTING);
    };
    match desk.narrator.tell(&host, &report).await {
        Ok(story) => Json(&story).into_response(),
        Err(error) => refuse(&Causes(&error).to_string()),
    }
}

async fn sync(State(desk): State<Desk>) -> Response {
    desk.after_a_turn(Request::Sync).await
}

async fn renew(State(desk): State<Desk>, Json(body): Json<RenewBody>) -> Response {
    match body.certificates.iter().map(Identity::key).collect() {
        Some(certificates) => desk.after_a_turn(|reply| Request::Renew(certificates, reply)).await,
        None => refuse(OTHER_VERSION),
    }
}

async fn revocable(State(desk): State<Desk>) -> Response {
    match desk.ask(Request::Revocable).await {
        Ok(all) => Json(&all).into_response(),
        Err(reason) => refuse(&reason),
    }
}

async fn revoke(State(desk): State<Desk>, Json(body): Json<RevokeBody>) -> Response {
    desk.after_a_turn(|reply| Request::Revoke(body, reply)).await
}

async fn prune(State(desk): State<Desk>, Json(body): Json<PruneBody>) -> Response {
    match body.secrets.iter().map(UnwantedReport::key).collect() {
        Some(secrets) => desk.after_a_turn(|reply| Request::Prune(secrets, reply)).await,
        None => refuse(OTHER_VERSION),
    }
}

impl Desk {
    /// Hands the daemon a request, and answers with the report of the turn after it.
    async fn after_a_turn(
        &self,
        request: impl FnOnce(oneshot::Sender<Synced>) -> Request,
    ) -> Response {
        match self.ask(request).await {
            Ok(report) => Json(&*report).into_response(),
            Err(reason) => refuse(&reason),
        }
    }

    async fn ask<T>(
        &self,
        request: impl FnOnce(oneshot::Sender<Result<T, String>>) -> Request,
    ) -> Result<T, String> {
        let (reply, answer) = oneshot::channel();
        if self.requests.send(request(reply)).await.is_err() {
            return Err("the daemon is stopping".into());
        }
        answer.await.unwrap_or_else(|_| Err("the daemon stopped before it had answered".into()))
    }
}

/// How long a list of certificates may be: a hundred names each for a hundred thousand of them.
const LONGEST_LIST: usize = 1 << 30;
const OTHER_VERSION: &str =
    "a certificate is not named as this daemon names them; are both of one version?";

const STARTING: &str =
    "the daemon is starting and has not looked at the branch yet; ask again in a moment";

fn refuse(reason: &str) -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, Json(Refusal { error: reason.into() })).into_response()
}
