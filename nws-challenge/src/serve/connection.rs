use std::convert::Infallible;
use std::future::ready;
use std::pin::pin;

use http_body_util::Full;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::answers::Answers;
use crate::limits::Limits;
use crate::respond::respond;

/// Answers one connection until it ends, for `lifetime` and `drain` at most.
pub(super) async fn converse(
    io: impl AsyncRead + AsyncWrite + Unpin,
    answers: Answers,
    limits: &Limits,
    stop: &CancellationToken,
) -> Result<(), EndedEarly> {
    let service = service_fn(move |request: Request<Incoming>| {
        let response = respond(request.method(), request.uri().path(), &answers);
        ready(Ok::<_, Infallible>(response.map(Full::new)))
    });
    let mut connection = pin!(http1(limits).serve_connection(TokioIo::new(io), service));
    tokio::select! {
        ended = connection.as_mut() => return ended.map_err(EndedEarly::Fault),
        () = stop.cancelled() => {}
        () = sleep(limits.lifetime) => {}
    }
    connection.as_mut().graceful_shutdown();
    match timeout(limits.drain, connection).await {
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

fn http1(limits: &Limits) -> http1::Builder {
    /// hyper panics below this.
    const LEAST_BUFFER: usize = 8 * 1024;

    let mut http1 = http1::Builder::new();
    http1
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_read)
        .max_header_size(limits.header_bytes)
        .max_buf_size(limits.header_bytes.max(LEAST_BUFFER));
    http1
}

#[cfg(test)]
mod tests;
