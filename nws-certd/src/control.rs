//! The operators' API on `control.sock` in the state directory.
//!
//! Who may open the socket may ask; its mode (0600) is the permission. `GET /v1/status` answers at once from the newest report,
//! `GET /v1/explain/{host}` from the same and what the host's edges serve, `POST /v1/sync` after a turn that has looked at the
//! branch.

mod client;

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Json;
use axum::extract::{self, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tokio::net::UnixListener;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

pub use client::ControlError;
pub(crate) use client::{Control, Refusal};

use crate::daemon::Request;
use crate::explain::Narrator;
use crate::failure::Causes;
use crate::report::Report;

/// What the API speaks with.
#[derive(Clone, Debug)]
pub(crate) struct Desk {
    pub(crate) reports: watch::Receiver<Option<Arc<Report>>>,
    pub(crate) requests: mpsc::Sender<Request>,
    pub(crate) narrator: Narrator,
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
        .route("/v1/sync", post(sync))
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
    let (reply, report) = oneshot::channel();
    if desk.requests.send(Request::Sync(reply)).await.is_err() {
        return refuse("the daemon is stopping");
    }
    match report.await {
        Ok(Ok(report)) => Json(&*report).into_response(),
        Ok(Err(reason)) => refuse(&reason),
        Err(_) => refuse("the daemon stopped before the turn was over"),
    }
}

const STARTING: &str =
    "the daemon is starting and has not looked at the branch yet; ask again in a moment";

fn refuse(reason: &str) -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, Json(Refusal { error: reason.into() })).into_response()
}
