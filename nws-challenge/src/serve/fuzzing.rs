//! One connection, whoever carries it.

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;

use super::Opening;
use super::places::Heard;
use crate::{Answers, Limits};

/// Answers a connection to its end. How it ends does not matter here: what has been said does.
pub(crate) async fn converse(
    io: impl AsyncRead + AsyncWrite + Unpin,
    opening: Opening,
    answers: Answers,
    drain: &CancellationToken,
) {
    let (limits, heard) = (Limits::default(), Heard::now());
    drop(super::connection::converse(io, opening, answers, &limits, drain, &heard).await);
}
