//! `/v1/accounts`: `GET` shows them; `POST` to `contact`, `rollover` and `deactivate` changes them, the last two with `?ca=` a
//! directory, and answers when it is done.

use axum::extract::{Query, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

use super::{Desk, refuse};
use crate::accounts::{AccountReport, AccountsError};
use crate::daemon::Request;
use crate::failure::Causes;

/// Which CA.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Which {
    pub(super) ca: Option<String>,
}

pub(super) fn routes() -> Router<Desk> {
    Router::new()
        .route("/v1/accounts", get(show))
        .route("/v1/accounts/contact", post(contact))
        .route("/v1/accounts/rollover", post(rollover))
        .route("/v1/accounts/deactivate", post(deactivate))
}

async fn show(State(desk): State<Desk>) -> Response {
    Json(desk.accounts.show()).into_response()
}

async fn contact(State(desk): State<Desk>) -> Response {
    let accounts = desk.accounts.clone();
    to_the_end(desk, async move { Ok(accounts.tell_contacts().await) }).await
}

async fn rollover(State(desk): State<Desk>, Query(which): Query<Which>) -> Response {
    let accounts = desk.accounts.clone();
    to_the_end(desk, async move { accounts.roll_over(which.ca.as_deref()).await }).await
}

async fn deactivate(State(desk): State<Desk>, Query(which): Query<Which>) -> Response {
    let Some(ca) = which.ca else { return refuse("name the CA whose account is to be ended") };
    let accounts = desk.accounts.clone();
    to_the_end(desk, async move { accounts.deactivate(&ca).await }).await
}

/// What was begun is done even if whoever asked is gone; but a daemon that is stopping waits for no CA, and no crash does harm. Whoever
/// asks for the status after the answer finds what was done in it.
async fn to_the_end(
    desk: Desk,
    asked: impl Future<Output = Result<Vec<AccountReport>, AccountsError>> + Send + 'static,
) -> Response {
    let done = tokio::select! {
        done = tokio::spawn(asked) => done,
        () = desk.stop.cancelled() => return refuse(STOPPING),
    };
    // What a turn comes to is told elsewhere: the account has changed all the same.
    let turn = desk.ask(Request::Turn).await;
    if turn.is_err() && desk.stop.is_cancelled() {
        return refuse(STOPPING);
    }
    match done {
        Ok(Ok(reports)) => Json(reports).into_response(),
        Ok(Err(error)) => refuse(&Causes(&error).to_string()),
        Err(_) => refuse(STOPPING),
    }
}

const STOPPING: &str = "the daemon is stopping, perhaps before it was done; a key change goes on at its next start, else ask again then";
