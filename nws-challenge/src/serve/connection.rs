use std::convert::Infallible;
use std::future::ready;
use std::io::Cursor;
use std::pin::pin;

use http_body_util::Full;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::opening::{self, NotOpened, Opening};
use super::places::Heard;
use crate::answers::Answers;
use crate::limits::Limits;
use crate::respond::{Question, respond};

/// Answers one connection until it ends, for `lifetime` and `drain` at most.
pub(super) async fn converse(
    mut io: impl AsyncRead + AsyncWrite + Unpin,
    opening: Opening,
    answers: Answers,
    limits: &Limits,
    drain: &CancellationToken,
    heard: &Heard,
) -> Result<(), EndedEarly> {
    match opening {
        Opening::Http => answer(io, answers, limits, drain, heard).await,
        Opening::ProxyHeader => {
            let opened = tokio::select! {
                opened = opening::read(&mut io) => opened?,
                over = over(limits, heard) => return Err(over.without_a_request()),
                () = drain.cancelled() => return Ok(()),
            };
            debug!(source = ?opened.source, "challenge connection comes through a proxy");
            let (reader, writer) = tokio::io::split(io);
            let reader = Cursor::new(opened.rest).chain(reader);
            answer(tokio::io::join(reader, writer), answers, limits, drain, heard).await
        }
    }
}

async fn answer(
    io: impl AsyncRead + AsyncWrite + Unpin,
    answers: Answers,
    limits: &Limits,
    drain: &CancellationToken,
    heard: &Heard,
) -> Result<(), EndedEarly> {
    let service = service_fn(move |request: Request<Incoming>| {
        heard.again();
        let response = respond(Question::of(&request), &answers);
        ready(Ok::<_, Infallible>(response.map(Full::new)))
    });
    let mut connection = pin!(http1(limits).serve_connection(TokioIo::new(io), service));
    tokio::select! {
        biased;
        ended = connection.as_mut() => return ended.map_err(EndedEarly::Fault),
        () = drain.cancelled() => {}
        over = over(limits, heard) => match over {
            Over::Patience => return Err(EndedEarly::Slow),
            Over::Lifetime => {}
        },
    }
    connection.as_mut().graceful_shutdown();
    match timeout(limits.drain, connection).await {
        Ok(ended) => ended.map_err(EndedEarly::Fault),
        Err(_elapsed) => Err(EndedEarly::Cut),
    }
}

/// What a connection has used up.
enum Over {
    /// The time for a request head.
    Patience,
    Lifetime,
}

impl Over {
    fn without_a_request(self) -> EndedEarly {
        match self {
            Self::Patience => EndedEarly::Slow,
            Self::Lifetime => EndedEarly::Cut,
        }
    }
}

/// Ends when one of the two is over. One timer a connection, and none a request: it is set anew only when it has run out.
async fn over(limits: &Limits, heard: &Heard) -> Over {
    let end = heard.begin() + limits.lifetime;
    loop {
        let (now, patience) = (Instant::now(), heard.last() + limits.header_read);
        if patience <= now {
            return Over::Patience;
        }
        if end <= now {
            return Over::Lifetime;
        }
        sleep_until(end.min(patience)).await;
    }
}

/// Why the peer may not have got its last answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum EndedEarly {
    #[error(transparent)]
    Fault(hyper::Error),
    #[error(transparent)]
    NotOpened(#[from] NotOpened),
    #[error("no complete request within the time for one")]
    Slow,
    #[error("still busy after the time to drain")]
    Cut,
}

fn http1(limits: &Limits) -> http1::Builder {
    /// hyper panics below this.
    const LEAST_BUFFER: usize = 8 * 1024;

    let mut http1 = http1::Builder::new();
    http1
        // `over` does it, for less.
        .header_read_timeout(None)
        .max_header_size(limits.header_bytes)
        .max_buf_size(limits.header_bytes.max(LEAST_BUFFER))
        // Whoever says that nothing more will come still waits for the answer.
        .half_close(true)
        // An answer is smaller than what a second buffer costs the kernel.
        .writev(false);
    http1
}

#[cfg(test)]
mod tests;
