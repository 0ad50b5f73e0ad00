use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::{Desk, refuse};
use crate::daemon::Request;

/// What is to be sealed anew: all that is sealed to others than it would be now.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(crate) struct ResealBody {
    /// Only say what would be done.
    pub(crate) dry_run: bool,
    /// Order others in place of those whose key is not held, or known to somebody who is sealed to no more.
    pub(crate) reissue: bool,
}

pub(super) async fn reseal(State(desk): State<Desk>, Json(body): Json<ResealBody>) -> Response {
    match desk.ask(|reply| Request::Reseal(body, reply)).await {
        Ok(report) => Json(&report).into_response(),
        Err(reason) => refuse(&reason),
    }
}
