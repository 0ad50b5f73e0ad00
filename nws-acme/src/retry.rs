use std::future::Future;
use std::time::Duration;

use time::OffsetDateTime;
use tracing::debug;

use crate::breaker::Breaker;
use crate::recovery::Repeat;
use crate::{AcmeError, Availability, Clock, Limits};

/// How long and how often to ask.
#[derive(Clone, Copy)]
pub(crate) struct Retry<'a> {
    pub(crate) limits: &'a Limits,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) breaker: &'a Breaker,
    pub(crate) deadline: OffsetDateTime,
}

/// Asks until there is an answer, the failure is worth no repetition, the tries are used up, the deadline is near, or the CA is found away.
///
/// The second argument is an expression for the future of one try, made anew for each: a repeated request is signed again with
/// a fresh nonce. A macro, because an async closure that borrows an order cannot be shown to be `Send`.
macro_rules! retry {
    ($retry:expr, $try:expr) => {{
        let mut tries = $retry.tries();
        loop {
            let outcome = tries.bounded($try).await;
            if let Some(outcome) = tries.settle(outcome).await {
                break outcome;
            }
        }
    }};
}
pub(crate) use retry;

impl<'a> Retry<'a> {
    pub(crate) fn tries(self) -> Tries<'a> {
        Tries { retry: self, failed: 0, refused_nonces: 0 }
    }

    pub(crate) fn is_away(self) -> bool {
        matches!(self.breaker.look(self.clock.now()), Availability::Away { .. })
    }

    pub(crate) fn left(self) -> Duration {
        (self.deadline - self.clock.now()).try_into().unwrap_or(Duration::ZERO)
    }
}

/// The tries of one request.
pub(crate) struct Tries<'a> {
    retry: Retry<'a>,
    /// Those that [`Limits::tries`] bounds.
    failed: u32,
    /// Those that ended with a refused nonce, which is no failure of anybody and has a bound of its own.
    refused_nonces: u32,
}

impl Tries<'_> {
    /// Each try makes three attempts itself, by us or by instant-acme. So a CA that refuses every second
    /// nonce fails one request in 10⁹; one that accepts none is asked thirty times, at the pace of its own answers.
    const REFUSED_NONCES: u32 = 10;

    pub(crate) async fn bounded<T>(
        &self,
        call: impl Future<Output = Result<T, AcmeError>>,
    ) -> Result<T, AcmeError> {
        self.retry.breaker.look(self.retry.clock.now());
        tokio::time::timeout(self.retry.left(), call).await.unwrap_or(Err(AcmeError::Deadline))
    }

    /// The outcome if it stands, as it also does once the CA is known to be away; otherwise waits until it is time for the next
    /// try.
    pub(crate) async fn settle<T>(
        &mut self,
        outcome: Result<T, AcmeError>,
    ) -> Option<Result<T, AcmeError>> {
        let Err(failure) = &outcome else { return Some(outcome) };
        if self.retry.is_away() {
            return Some(outcome);
        }
        let Some(pause) = self.pause(failure) else { return Some(outcome) };
        debug!(failed = self.failed, refused_nonces = self.refused_nonces, pause_ms = pause.as_millis(), %failure, "asking again");
        tokio::time::sleep(pause).await;
        self.retry.is_away().then_some(outcome)
    }

    /// Counts a failure; how long to wait before the next try, if there is to be one.
    fn pause(&mut self, failure: &AcmeError) -> Option<Duration> {
        let Retry { limits, clock, .. } = self.retry;
        let repeat = failure.repeat();
        let left = match repeat {
            Repeat::Never => false,
            Repeat::AtOnce => {
                self.refused_nonces += 1;
                self.refused_nonces < Self::REFUSED_NONCES
            }
            Repeat::AfterPause(_) => {
                self.failed += 1;
                self.failed < limits.tries
            }
        };
        let pause = match repeat {
            Repeat::Never | Repeat::AtOnce => Duration::ZERO,
            Repeat::AfterPause(None) => {
                doubled(limits.first_pause, self.failed - 1, limits.longest_pause)
            }
            Repeat::AfterPause(Some(retry_after)) => retry_after.delay(clock.now()),
        };
        let worthwhile = left && pause <= limits.longest_pause && pause < self.retry.left();
        worthwhile.then_some(pause)
    }
}

/// `first`, doubled `times` times, `longest` at most.
pub(crate) fn doubled(first: Duration, times: u32, longest: Duration) -> Duration {
    2u32.checked_pow(times)
        .and_then(|factor| first.checked_mul(factor))
        .unwrap_or(longest)
        .min(longest)
}
