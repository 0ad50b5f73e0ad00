//! Whether a CA may be asked: after failures that are its own it is left alone, and asked again carefully.
//!
//! The core counts without a clock, as requests do not have one; whoever has one dates what was counted by looking
//! ([`Breaker::look`]). Nothing is held by a request or an attempt under way, so one that is dropped leaves nothing behind.

use std::error::Error;
use std::iter;
use std::sync::{Mutex, MutexGuard, PoisonError};

use nws_expiry::Doubling;
use time::{Duration, OffsetDateTime};

use crate::printable::Printable;
use crate::{AcmeError, Recovery, RetryAfter};

/// Whether a CA may be asked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Availability {
    /// As far as we know, it answers.
    Up,
    /// It was away; one order may find out whether it is back.
    ///
    /// Who begins several lets several find out: none is held back, but the first failure of a request ends the probing for all.
    Probe,
    /// It is left alone: a request fails at once, without being made.
    Away {
        /// When it was first found away.
        since: OffsetDateTime,
        /// When it may be probed.
        until: OffsetDateTime,
        /// The last failure with its causes, in the CA's or the transport's words.
        reason: String,
    },
}

/// What one request met.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// A failure that is the CA's, or the way's to it.
    Failed(Failure),
    /// An answer, by whomever.
    Heard,
    /// The CA's own answer to a signed request.
    Answered,
}

/// How a whole attempt, an order or a registration, ended.
#[derive(Debug)]
pub(crate) enum End {
    /// The CA was away.
    Failed(Failure),
    /// The CA did its part, whatever came of it.
    Answered,
    /// It ended for reasons of our own, and says nothing about the CA.
    Untold,
}

/// A failure that is the CA's.
#[derive(Debug, Default)]
pub(crate) struct Failure {
    pub(crate) reason: String,
    pub(crate) retry_after: Option<RetryAfter>,
}

impl End {
    /// The end that this error is.
    pub(crate) fn of(error: &dyn Error, recovery: Recovery) -> Self {
        Failure::of(error, recovery).map_or(Self::Answered, Self::Failed)
    }
}

impl Failure {
    /// The error with its causes, if it is one for which the CA is to be waited for.
    pub(crate) fn of(error: &dyn Error, recovery: Recovery) -> Option<Self> {
        match recovery {
            Recovery::CaAway { retry_after } => {
                let causes = iter::successors(Some(error), |error| (*error).source());
                let words: Vec<_> = causes.map(ToString::to_string).collect();
                Some(Self { reason: Printable(&words.join(": ")).to_string(), retry_after })
            }
            Recovery::Resume { .. }
            | Recovery::Wait { .. }
            | Recovery::Hold { .. }
            | Recovery::Name
            | Recovery::Account
            | Recovery::Operator
            | Recovery::Fresh
            | Recovery::Permanent => None,
        }
    }
}

/// A request or attempt that was begun before the CA was next found away; what comes of it counts only until then.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Begun(u64);

/// The breaker of one CA, shared by all that ask it.
#[derive(Debug, Default)]
pub(crate) struct Breaker(Mutex<Core>);

impl Breaker {
    /// Where it stands at `now`; with that the time takes its effect.
    pub(crate) fn look(&self, now: OffsetDateTime) -> Availability {
        self.core().look(now)
    }

    /// Whether a request may be made, by what was last looked at.
    pub(crate) fn admit(&self) -> Result<Begun, AcmeError> {
        self.core().admit()
    }

    /// Takes in what an admitted request met.
    pub(crate) fn settle(&self, request: Begun, outcome: Outcome) {
        self.core().settle(request, outcome);
    }

    /// An attempt begins; its requests are admitted one by one.
    pub(crate) fn begin(&self) -> Begun {
        self.core().begun()
    }

    /// Takes in how an attempt ended.
    pub(crate) fn end(&self, attempt: Begun, now: OffsetDateTime, end: End) {
        self.core().end(attempt, now, end);
    }

    /// Ends a pause before its time.
    pub(crate) fn try_now(&self) {
        self.core().try_now();
    }

    fn core(&self) -> MutexGuard<'_, Core> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, Default)]
struct Core {
    state: State,
    /// Failures in a row in this state.
    failures: u32,
    last: Failure,
    /// How often it opened since an attempt last ended with an answer; a request that is answered does not end the doubling, or
    /// a CA whose newOrder alone fails would be asked every few seconds.
    openings: u32,
    /// Counts every opening, so that what was begun before one is told apart.
    epoch: u64,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum State {
    #[default]
    Closed,
    Open {
        since: OffsetDateTime,
        at: OffsetDateTime,
        until: OffsetDateTime,
    },
    HalfOpen {
        since: OffsetDateTime,
    },
}

impl State {
    /// How many failures in a row open it.
    fn patience(self) -> u32 {
        match self {
            Self::Closed => 3,
            Self::HalfOpen { .. } => 1,
            Self::Open { .. } => u32::MAX,
        }
    }
}

impl Core {
    /// Even the longest Retry-After holds no longer: a CA can be wrong about itself.
    const LONGEST: Duration = Duration::HOUR;

    fn look(&mut self, now: OffsetDateTime) -> Availability {
        match self.state {
            // before it opened: the clock was set back, and nobody knows how far the end is
            State::Open { since, at, until } if now < at || until <= now => {
                self.enter(State::HalfOpen { since });
            }
            State::Closed | State::HalfOpen { .. } if self.failures >= self.state.patience() => {
                self.open(now);
            }
            State::Closed | State::HalfOpen { .. } | State::Open { .. } => {}
        }
        self.availability()
    }

    fn availability(&self) -> Availability {
        match self.state {
            State::Closed => Availability::Up,
            State::HalfOpen { .. } => Availability::Probe,
            State::Open { since, until, .. } => {
                Availability::Away { since, until, reason: self.last.reason.clone() }
            }
        }
    }

    fn admit(&self) -> Result<Begun, AcmeError> {
        match self.availability() {
            Availability::Up | Availability::Probe => Ok(self.begun()),
            Availability::Away { until, reason, .. } => Err(AcmeError::Away { until, reason }),
        }
    }

    fn begun(&self) -> Begun {
        Begun(self.epoch)
    }

    fn settle(&mut self, request: Begun, outcome: Outcome) {
        if request != self.begun() {
            return;
        }
        match outcome {
            Outcome::Failed(failure) => self.fail(failure, 1),
            // a nonce between the tries says nothing about what failed: a CA whose signed requests alone hang is away too
            Outcome::Heard => {}
            Outcome::Answered => self.answered(),
        }
    }

    fn end(&mut self, attempt: Begun, now: OffsetDateTime, end: End) {
        match end {
            End::Failed(failure) if attempt == self.begun() => {
                self.fail(failure, self.state.patience());
                self.look(now);
            }
            End::Answered => {
                self.openings = 0;
                self.answered();
            }
            End::Failed(_) | End::Untold => {}
        }
    }

    fn fail(&mut self, failure: Failure, weight: u32) {
        self.failures = self.failures.saturating_add(weight);
        self.last = failure;
    }

    fn answered(&mut self) {
        self.failures = 0;
        if let State::HalfOpen { .. } = self.state {
            self.enter(State::Closed);
        }
    }

    fn try_now(&mut self) {
        if let State::Open { since, .. } = self.state {
            self.enter(State::HalfOpen { since });
        }
    }

    fn open(&mut self, now: OffsetDateTime) {
        self.openings = self.openings.saturating_add(1);
        self.epoch += 1;
        let own = Doubling::default().after(self.openings);
        let asked = self.last.retry_after.map_or(Duration::ZERO, |retry| {
            retry.delay(now).try_into().unwrap_or(Self::LONGEST).min(Self::LONGEST)
        });
        let since = match self.state {
            State::Closed => now,
            // the clock may have been set back since
            State::HalfOpen { since } | State::Open { since, .. } => since.min(now),
        };
        self.enter(State::Open { since, at: now, until: now + own.max(asked) });
    }

    fn enter(&mut self, state: State) {
        (self.state, self.failures) = (state, 0);
    }
}

#[cfg(test)]
mod tests;
