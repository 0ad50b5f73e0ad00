use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;

/// A cause whose type is nobody's business but its own.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A body that is read as it comes, so that its length can be bounded.
pub type ResponseBody = UnsyncBoxBody<Bytes, TransportError>;

/// How requests reach a CA: a [`Pool`](crate::Pool) in production, a small working CA in tests.
///
/// Time-outs, the bound on bodies and the User-Agent are not its concern; they are the same over every transport.
#[async_trait]
pub trait Transport: Send + Sync + 'static {
    /// Sends a request and returns the head of its answer, whatever the status.
    ///
    /// # Errors
    ///
    /// [`TransportError`] if no answer began.
    async fn send(&self, request: Request<Bytes>)
    -> Result<Response<ResponseBody>, TransportError>;
}

/// Why a request got no whole answer.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// No connection came about: DNS, TCP or TLS.
    #[error("cannot connect")]
    Connect(#[source] BoxError),
    /// The connection broke before the answer was whole.
    #[error("the connection broke")]
    Broken(#[source] BoxError),
    /// The time-out of one request.
    #[error("no whole answer within {} s", after.as_secs_f32())]
    TimedOut {
        /// How long it was waited for.
        after: Duration,
    },
    /// The bound on bodies.
    #[error("the answer is longer than {limit} bytes")]
    TooLong {
        /// The bound.
        limit: usize,
    },
}
