//! How many new orders the CA takes: tokens in a bucket, one more every so often.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use serde_json::json;
use tokio::time::Instant;

/// A bucket of tokens; with none in it the CA refuses.
#[derive(Default)]
pub(crate) struct Allowance(Mutex<Option<Bucket>>);

struct Bucket {
    most: f64,
    every: Duration,
    tokens: f64,
    at: Instant,
    refused: u32,
}

impl Allowance {
    /// From now on there are `most` tokens, and one more after each `every`.
    pub(crate) fn set(&self, most: u32, every: Duration) {
        let (most, at) = (f64::from(most), Instant::now());
        *self.lock() = Some(Bucket { most, every, tokens: most, at, refused: 0 });
    }

    /// How often there was no token.
    pub(crate) fn refused(&self) -> u32 {
        self.lock().as_ref().map_or(0, |bucket| bucket.refused)
    }

    /// Takes a token, or gives what the CA says without one.
    pub(super) fn refusal(&self) -> Option<Response<Bytes>> {
        let mut bucket = self.lock();
        let bucket = bucket.as_mut()?;
        (!bucket.take(Instant::now())).then(|| refusal(bucket.every))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Bucket>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bucket {
    fn take(&mut self, now: Instant) -> bool {
        let more = (now - self.at).as_secs_f64() / self.every.as_secs_f64();
        (self.tokens, self.at) = ((self.tokens + more).min(self.most), now);
        if self.tokens < 1.0 {
            self.refused += 1;
            return false;
        }
        self.tokens -= 1.0;
        true
    }
}

fn refusal(every: Duration) -> Response<Bytes> {
    let problem = json!({
        "type": "urn:ietf:params:acme:error:rateLimited",
        "detail": "too many new orders recently",
        "status": StatusCode::TOO_MANY_REQUESTS.as_u16(),
    });
    let mut response = Response::new(Bytes::from(problem.to_string()));
    *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(RETRY_AFTER, HeaderValue::from(every.as_secs().max(1)));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_there_again_after_each_interval() {
        let at = Instant::now();
        let mut bucket =
            Bucket { most: 2.0, every: Duration::from_secs(10), tokens: 2.0, at, refused: 0 };
        let at = [0, 0, 0, 9, 10, 10, 110, 110, 110].map(|after| at + Duration::from_secs(after));
        let takes = at.map(|at| bucket.take(at));
        assert_eq!(takes, [true, true, false, false, true, false, true, true, false]);
        assert_eq!(bucket.refused, 4);
    }
}
