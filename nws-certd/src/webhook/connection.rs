//! One connection and its bounds.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::answer::Desk;

/// How long a request head may take, an idle connection included: git hosts give a whole delivery 5 s (Gitea) or 10 s (GitHub, GitLab).
const HEAD: Duration = Duration::from_secs(10);

/// The longest head, and what is read of a body at a time; a dozen headers of a git host are 2 KiB.
const HEAD_BYTES: usize = 16 * 1024;

/// How long a connection may live; a request that runs then is still answered.
const LIFETIME: Duration = Duration::from_secs(60);

/// How long a connection that has to end may go on with the request it is in.
const DRAIN: Duration = Duration::from_secs(5);

/// Answers one connection until it ends, for [`LIFETIME`] and [`DRAIN`] at most.
pub(super) async fn converse(
    io: impl AsyncRead + AsyncWrite + Unpin,
    peer: SocketAddr,
    desk: &Desk,
    stop: &CancellationToken,
) -> Result<(), EndedEarly> {
    let service = service_fn(async |request: Request<Incoming>| {
        Ok::<_, Infallible>(desk.answer(request, peer).await)
    });
    let mut connection = pin!(http1().serve_connection(TokioIo::new(io), service));
    tokio::select! {
        ended = connection.as_mut() => return ended.map_err(EndedEarly::Fault),
        () = stop.cancelled() => {}
        () = sleep(LIFETIME) => {}
    }
    connection.as_mut().graceful_shutdown();
    match timeout(DRAIN, connection).await {
        Ok(ended) => ended.map_err(EndedEarly::Fault),
        Err(_elapsed) => Err(EndedEarly::Cut),
    }
}

/// Why the peer may not have got its last answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum EndedEarly {
    #[error(transparent)]
    Fault(hyper::Error),
    #[error("still busy after the time to drain")]
    Cut,
}

fn http1() -> http1::Builder {
    let mut http1 = http1::Builder::new();
    http1
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_header_size(HEAD_BYTES)
        .max_buf_size(HEAD_BYTES);
    http1
}

#[cfg(test)]
mod tests;
