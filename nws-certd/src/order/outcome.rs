//! What became of an attempt, and what follows from it.

use nws_acme::{AcmeError, KeyGenerationError, OrderError, Recovery, RetryAfter};
use nws_expiry::{Backoff, FailureClass, InvalidPrivateKey, Issued};
use time::{Duration, OffsetDateTime};
use tracing::{debug, error, info, warn};

use super::caa::Forbidden;
use super::counted::{counted, give_back};
use super::obstacles::obstacle;
use super::{Attempt, Ordering};
use crate::failure::Causes;
use crate::report::instant;
use crate::store::{Blame, OrderId, Span, Step, StoreError};
use crate::vault::SealError;

/// How soon something is looked at again that only an operator can mend.
pub(super) const OPERATOR: Duration = Duration::HOUR;

/// Whether an attempt's end could be kept: all that it says; the rest is in the store, and what it tells of the CA in its
/// breaker.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Ended {
    /// It is in the store, and so is the certificate.
    Issued,
    /// It is in the store.
    Kept,
    /// Nothing can be kept, so nothing must be asked: a full disk, a damaged database.
    NotKept,
}

/// Why an attempt gave no certificate.
#[derive(Debug, thiserror::Error)]
pub(super) enum OrderFailure {
    #[error(transparent)]
    Store(StoreError),
    #[error(transparent)]
    Seal(SealError),
    #[error(transparent)]
    Key(InvalidPrivateKey),
    #[error(transparent)]
    NewKey(KeyGenerationError),
    #[error("no account")]
    Acme {
        order: OrderId,
        #[source]
        error: AcmeError,
    },
    #[error("the CA was not asked, as it would refuse")]
    Forbidden {
        order: OrderId,
        #[source]
        error: Forbidden,
    },
    #[error("the order failed")]
    Order {
        order: OrderId,
        #[source]
        error: OrderError,
    },
}

impl OrderFailure {
    /// Whether it is the breaker that let nothing through, which is no attempt that anybody needs to be told of.
    fn is_ours(&self) -> bool {
        let away = match self {
            Self::Acme { error, .. }
            | Self::Order { error: OrderError::Request { source: error, .. }, .. } => error,
            Self::Order { .. }
            | Self::Forbidden { .. }
            | Self::Store(_)
            | Self::Seal(_)
            | Self::Key(_)
            | Self::NewKey(_) => return false,
        };
        matches!(away, AcmeError::Away { .. })
    }

    /// What to do about a failure of the CA, and its words.
    fn told(&self) -> (Recovery, String) {
        match self {
            Self::Acme { error, .. } => told(error, error.recovery()),
            Self::Order { error, .. } => told(error, error.recovery()),
            Self::Forbidden { error, .. } => told(error, Recovery::Permanent),
            Self::Store(_) | Self::Seal(_) | Self::Key(_) | Self::NewKey(_) => {
                (Recovery::Resume { retry_after: None }, Causes(self).to_string())
            }
        }
    }
}

impl Ordering {
    /// Makes the end of an attempt durable.
    pub(super) async fn conclude(
        &self,
        attempt: &Attempt,
        result: Result<(OrderId, Issued), OrderFailure>,
    ) -> Ended {
        if let Err(failure) = &result {
            give_back(attempt, failure);
        }
        match result {
            Ok((order, issued)) => self.keep(attempt, order, &issued).await,
            Err(failure) if failure.is_ours() => {
                debug!(error = %Causes(&failure), "the order goes on when the CA is back");
                Ended::Kept
            }
            Err(failure @ OrderFailure::Acme { order, .. }) => {
                self.react(attempt, order, failure).await
            }
            Err(
                failure @ (OrderFailure::Order { order, .. }
                | OrderFailure::Forbidden { order, .. }),
            ) => self.react(attempt, order, failure).await,
            Err(failure @ (OrderFailure::Store(_) | OrderFailure::NewKey(_))) => {
                error!(error = %Causes(&failure), "the order was not begun");
                Ended::NotKept
            }
            Err(failure @ (OrderFailure::Seal(_) | OrderFailure::Key(_))) => {
                let text = Causes(&failure).to_string();
                self.give_up_key(attempt, text).await
            }
        }
    }

    fn span(&self, attempt: &Attempt) -> Span {
        Span { began: attempt.began, ended: self.clock.now() }
    }

    /// An order whose key is lost can never be finished; ending it lets one with a fresh key begin.
    async fn give_up_key(&self, attempt: &Attempt, error: String) -> Ended {
        let Some(open) = &attempt.open else {
            return Ended::NotKept;
        };
        let span = self.span(attempt);
        let until = span.ended + self.backoff.free.after(1);
        let (order, blame) = (open.id, Blame::Nobody);
        let step = Step::OrderEnded { order, error, blame, attempt: span, until };
        attempt.authority.give_back(&attempt.certificate);
        say(&step, &Recovery::Fresh);
        self.record(step).await
    }

    async fn keep(&self, attempt: &Attempt, order: OrderId, issued: &Issued) -> Ended {
        let chain = issued.chain().clone();
        let step = Step::Issued { order, chain, attempt: self.span(attempt) };
        let leaf = issued.leaf();
        attempt.authority.issued(self.clock.now(), &attempt.certificate, attempt.exemption);
        match self.store.write(step).await {
            Ok(()) => {
                info!(
                    serial = %leaf.serial(),
                    not_after = instant(leaf.not_after()),
                    issuer = leaf.issuer(),
                    "certificate issued"
                );
                Ended::Issued
            }
            // The order is still open in the store, and valid at the CA: the next attempt downloads it again.
            Err(error) => {
                error!(error = %Causes(&error), "the certificate was issued but not stored");
                Ended::NotKept
            }
        }
    }

    async fn react(&self, attempt: &Attempt, order: OrderId, failure: OrderFailure) -> Ended {
        let (recovery, error) = failure.told();
        if recovery == Recovery::Account {
            attempt.authority.forget_account(&*self.store).await;
        }
        let span = self.span(attempt);
        let met = obstacle(&self.backoff, attempt, &failure, &recovery, &error, span.ended);
        let until = match met {
            Some(_) => after_obstacle(attempt, span.ended),
            None => until(&self.backoff, attempt, &recovery, span.ended),
        };
        let blame = if met.is_some() { Blame::Nobody } else { blame(&recovery) };
        let step = match recovery {
            Recovery::Resume { .. }
            | Recovery::CaAway { .. }
            | Recovery::Wait { .. }
            | Recovery::Hold { .. }
            | Recovery::Account
            | Recovery::Operator => Step::OrderWaits { order, error, blame, attempt: span, until },
            Recovery::Name | Recovery::Fresh | Recovery::Permanent => {
                Step::OrderEnded { order, error, blame, attempt: span, until }
            }
        };
        say(&step, &recovery);
        if matches!(step, Step::OrderEnded { .. }) {
            attempt.authority.give_back(&attempt.certificate);
        }
        let uses = counted(attempt, &failure, &recovery, met.as_ref(), span.ended);
        if !uses.is_empty() && self.record(Step::Used(uses)).await == Ended::NotKept {
            return Ended::NotKept;
        }
        // First what keeps from the CA: a crash between the two costs one more request, not a certificate without a reason.
        if let Some(met) = met
            && self.record(Step::Met(met)).await == Ended::NotKept
        {
            return Ended::NotKept;
        }
        self.record(step).await
    }

    pub(super) async fn record(&self, step: Step) -> Ended {
        match self.store.write(step).await {
            Ok(()) => Ended::Kept,
            Err(error) => {
                error!(error = %Causes(&error), "the end of the attempt was not stored");
                Ended::NotKept
            }
        }
    }
}

/// The words of a failure, with the URL where a pause is ended, which may be longer than words are kept.
fn told(error: &dyn std::error::Error, recovery: Recovery) -> (Recovery, String) {
    let mut text = Causes(error).to_string();
    if let Recovery::Hold { url: Some(url) } = &recovery
        && !text.contains(url.as_str())
    {
        text = format!("{text}; end the pause at {url}");
    }
    (recovery, text)
}

/// What keeps from one CA alone is no reason to wait for the others; but who is asked in spite of it would be asked without end.
fn after_obstacle(attempt: &Attempt, now: OffsetDateTime) -> OffsetDateTime {
    let longest = attempt.have.and_then(|have| have.longest_wait(now));
    now + longest.filter(|_| attempt.in_spite).unwrap_or(Duration::ZERO)
}

/// When the certificate is tried again.
fn until(
    backoff: &Backoff,
    attempt: &Attempt,
    recovery: &Recovery,
    now: OffsetDateTime,
) -> OffsetDateTime {
    let left = attempt.left(now).filter(|left| left.is_positive());
    let free = backoff.retry_after(FailureClass::Free, 1, left);
    // What others ask for is waited for, but not beyond the point where the certificate is still of use.
    let soon = |wait: Duration| wait.min(left.map_or(wait, |left| left / 2));
    let asked = |after: RetryAfter| soon(after.until(now) - now);
    let charged = |failures| backoff.retry_after(FailureClass::Validation, failures, left);
    let wait = match *recovery {
        // The CA's breaker says when.
        Recovery::CaAway { .. } => Duration::ZERO,
        Recovery::Resume { retry_after: Some(after) }
        | Recovery::Wait { retry_after: after, .. } => asked(after).max(free),
        Recovery::Resume { retry_after: None } => soon(patience(attempt, now)).max(free),
        // Growing, too: a CA may register an account and forget it at once.
        Recovery::Account => soon(patience(attempt, now)).max(free),
        Recovery::Operator | Recovery::Hold { .. } => soon(OPERATOR).max(free),
        Recovery::Name => charged(attempt.failures + 1),
        // A CA that lost its orders is asked for others at once; one that loses every order, ever more rarely.
        Recovery::Fresh if attempt.failures == 0 => free,
        Recovery::Fresh => charged(attempt.failures),
        Recovery::Permanent => charged(u32::MAX),
    };
    // A longer one would not be kept.
    now + attempt.have.and_then(|have| have.longest_wait(now)).map_or(wait, |most| wait.min(most))
}

/// An order that does not get on is looked at ever more rarely, by its age.
fn patience(attempt: &Attempt, now: OffsetDateTime) -> Duration {
    const MOST: Duration = Duration::minutes(5);
    let begun = attempt.open.as_ref().map_or(attempt.began, |open| open.started_at);
    MOST.min((now - begun) / 8)
}

/// A fresh order is charged too: a CA that loses every order must not be asked for one each minute.
fn blame(recovery: &Recovery) -> Blame {
    match recovery {
        Recovery::Name | Recovery::Fresh | Recovery::Permanent => Blame::Name,
        Recovery::Resume { .. }
        | Recovery::CaAway { .. }
        | Recovery::Wait { .. }
        | Recovery::Hold { .. }
        | Recovery::Account
        | Recovery::Operator => Blame::Nobody,
    }
}

fn say(step: &Step, recovery: &Recovery) {
    if let Step::OrderWaits { error, until, .. } | Step::OrderEnded { error, until, .. } = step {
        match recovery {
            Recovery::Operator | Recovery::Hold { .. } => {
                error!(error, not_before = instant(*until), "the CA wants a person to act")
            }
            Recovery::Resume { .. }
            | Recovery::CaAway { .. }
            | Recovery::Wait { .. }
            | Recovery::Name
            | Recovery::Account
            | Recovery::Fresh
            | Recovery::Permanent => {
                warn!(error, not_before = instant(*until), "no certificate yet")
            }
        }
    }
}

#[cfg(test)]
mod tests;
