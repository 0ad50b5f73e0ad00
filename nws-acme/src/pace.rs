//! How many requests one CA gets from us, whoever makes them.

use std::time::Duration;

use tokio::sync::{Mutex, Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep_until};

use crate::endpoint::Endpoint;
use crate::{Limits, Rate, Rates};

/// The requests to one CA take turns: first come, first served at each endpoint.
///
/// Nothing is held by whoever stops waiting.
#[derive(Debug)]
pub(crate) struct Pace {
    new_nonce: Mutex<Turns>,
    new_account: Mutex<Turns>,
    new_order: Mutex<Turns>,
    revoke_cert: Mutex<Turns>,
    renewal_info: Mutex<Turns>,
    directory: Mutex<Turns>,
    other: Mutex<Turns>,
    in_flight: Semaphore,
}

impl Pace {
    pub(crate) fn new(limits: &Limits) -> Self {
        let Rates { new_nonce, new_account, new_order, .. } = limits.rates;
        let Rates { revoke_cert, renewal_info, directory, other, .. } = limits.rates;
        let turns = |rate| Mutex::new(Turns::new(rate));
        Self {
            new_nonce: turns(new_nonce),
            new_account: turns(new_account),
            new_order: turns(new_order),
            revoke_cert: turns(revoke_cert),
            renewal_info: turns(renewal_info),
            directory: turns(directory),
            other: turns(other),
            in_flight: Semaphore::new(limits.in_flight.get().min(Semaphore::MAX_PERMITS)),
        }
    }

    /// Waits until a request may go out; it is under way until what is returned is dropped.
    ///
    /// The first at an endpoint waits for its turn, then for a place, and takes the turn as it goes: one that is taken before goes
    /// out together with later ones once there are places again. The others there wait behind it, and those elsewhere do not.
    pub(crate) async fn admit(&self, endpoint: Endpoint) -> Option<SemaphorePermit<'_>> {
        let mut turns = self.turns(endpoint).lock().await;
        if let Some(turn) = turns.next().filter(|turn| Instant::now() < *turn) {
            sleep_until(turn).await;
        }
        // an error would mean that it is closed, which it never is
        let place = self.in_flight.acquire().await.ok();
        turns.take(Instant::now());
        place
    }

    fn turns(&self, endpoint: Endpoint) -> &Mutex<Turns> {
        match endpoint {
            Endpoint::NewNonce => &self.new_nonce,
            Endpoint::NewAccount => &self.new_account,
            Endpoint::NewOrder => &self.new_order,
            Endpoint::RevokeCert => &self.revoke_cert,
            Endpoint::RenewalInfo => &self.renewal_info,
            Endpoint::Directory => &self.directory,
            Endpoint::Other => &self.other,
        }
    }
}

/// An even stream with a burst at its head: the generic cell rate algorithm, which a CA's token bucket is too.
#[derive(Debug)]
struct Turns {
    interval: Duration,
    /// How far the stream may be ahead of an even one.
    ahead: Duration,
    /// When the stream is as even as it can be again.
    even: Option<Instant>,
}

impl Turns {
    /// An interval is rounded up to the nanosecond: rather a request too few.
    fn new(rate: Rate) -> Self {
        let nanos = 1_000_000_000u64.div_ceil(rate.per_second.get().into());
        let interval = Duration::from_nanos(nanos);
        Self { interval, ahead: interval * (rate.burst.get() - 1), even: None }
    }

    /// When the next turn is; it need not be waited for if there is none.
    fn next(&self) -> Option<Instant> {
        self.even?.checked_sub(self.ahead)
    }

    fn take(&mut self, now: Instant) {
        self.even = Some(self.even.map_or(now, |even| even.max(now)) + self.interval);
    }
}

#[cfg(test)]
mod tests;
