use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use nws_expiry::{DnsName, DnsNames};
use serde::{Deserialize, Serialize};

use super::{Desk, refuse};

/// What is to be looked at.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct PreflightBody {
    /// Host names, which nobody needs to want.
    pub(crate) hosts: Vec<DnsName>,
}

pub(super) async fn preflight(
    State(desk): State<Desk>,
    Json(body): Json<PreflightBody>,
) -> Response {
    let names = match DnsNames::new(body.hosts) {
        Ok(names) => names,
        Err(error) => return refuse(&error.to_string()),
    };
    let planned = desk.reports.borrow().clone();
    tokio::select! {
        () = desk.stop.cancelled() => refuse("the daemon stops; look again when it runs"),
        looked = desk.examiner.examine(names, planned.as_deref()) => match looked {
            Ok(report) => Json(&report).into_response(),
            Err(reason) => refuse(&reason),
        },
    }
}
