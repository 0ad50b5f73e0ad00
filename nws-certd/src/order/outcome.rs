//! What became of an attempt, and what follows from it.

use nws_acme::{AcmeError, KeyGenerationError, OrderError, Recovery};
use nws_expiry::{FailureClass, InvalidPrivateKey, Issued, retry_after};
use time::{Duration, OffsetDateTime};
use tracing::{error, info, warn};

use super::{Attempt, Ordering};
use crate::failure::Causes;
use crate::store::{Blame, OrderId, Step, StoreError};
use crate::vault::SealError;

/// How soon something is looked at again that only an operator can mend.
const OPERATOR: Duration = Duration::HOUR;

/// Whether the CA answers: all that an attempt's end says; the rest is in the store.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum CaState {
    /// It does.
    Answers,
    /// It does not, and may have said until when.
    Away(Option<OffsetDateTime>),
    /// Nothing can be kept, so nothing must be asked: a full disk, a damaged database.
    Stuck,
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
    #[error("the order failed")]
    Order {
        order: OrderId,
        #[source]
        error: OrderError,
    },
}

impl Ordering {
    /// Makes the end of an attempt durable.
    pub(super) async fn conclude(
        &self,
        attempt: &Attempt,
        result: Result<(OrderId, Issued), OrderFailure>,
    ) -> CaState {
        match result {
            Ok((order, issued)) => self.keep(order, &issued).await,
            Err(OrderFailure::Acme { order, error }) => {
                let text = Causes(&error).to_string();
                self.react(attempt, order, error.recovery(), text).await
            }
            Err(OrderFailure::Order { order, error }) => {
                let text = Causes(&error).to_string();
                self.react(attempt, order, error.recovery(), text).await
            }
            Err(failure @ (OrderFailure::Store(_) | OrderFailure::NewKey(_))) => {
                error!(error = %Causes(&failure), "the order was not begun");
                CaState::Stuck
            }
            Err(failure @ (OrderFailure::Seal(_) | OrderFailure::Key(_))) => {
                let text = Causes(&failure).to_string();
                self.give_up_key(attempt, text).await
            }
        }
    }

    /// An order whose key is lost can never be finished; ending it lets one with a fresh key begin.
    async fn give_up_key(&self, attempt: &Attempt, error: String) -> CaState {
        let Some(open) = &attempt.open else {
            return CaState::Stuck;
        };
        let now = self.clock.now();
        let until = now + retry_after(FailureClass::Free, 1, None);
        let step = Step::OrderEnded { order: open.id, error, blame: Blame::Nobody, at: now, until };
        say(&step, Recovery::Fresh);
        self.record(step, CaState::Answers).await
    }

    async fn keep(&self, order: OrderId, issued: &Issued) -> CaState {
        let step = Step::Issued { order, chain: issued.chain().clone(), at: self.clock.now() };
        let leaf = issued.leaf();
        match self.store.write(step).await {
            Ok(()) => {
                info!(
                    serial = %leaf.serial(),
                    not_after = %leaf.not_after(),
                    issuer = leaf.issuer(),
                    "certificate issued"
                );
                CaState::Answers
            }
            // The order is still open in the store, and valid at the CA: the next attempt downloads it again.
            Err(error) => {
                error!(error = %Causes(&error), "the certificate was issued but not stored");
                CaState::Stuck
            }
        }
    }

    async fn react(
        &self,
        attempt: &Attempt,
        order: OrderId,
        recovery: Recovery,
        error: String,
    ) -> CaState {
        let now = self.clock.now();
        let free = now + retry_after(FailureClass::Free, 1, None);
        let (step, ca) = match recovery {
            Recovery::Resume { retry_after } => (
                waits(order, error, retry_after.map_or(free, |after| after.until(now).max(free))),
                CaState::Answers,
            ),
            Recovery::CaAway { retry_after } => {
                (waits(order, error, now), CaState::Away(retry_after.map(|after| after.until(now))))
            }
            Recovery::Wait { retry_after } => {
                (waits(order, error, retry_after.until(now).max(free)), CaState::Answers)
            }
            Recovery::Account => {
                self.forget_account().await;
                (waits(order, error, free), CaState::Answers)
            }
            Recovery::Operator => (waits(order, error, now + OPERATOR), CaState::Answers),
            // A fresh order is charged too: a CA that loses every order must not be asked for one each minute.
            Recovery::Name | Recovery::Fresh => (
                ended(order, error, now, now + self.after(attempt, attempt.failures + 1, now)),
                CaState::Answers,
            ),
            Recovery::Permanent => (
                ended(order, error, now, now + self.after(attempt, u32::MAX, now)),
                CaState::Answers,
            ),
        };
        say(&step, recovery);
        self.record(step, ca).await
    }

    fn after(&self, attempt: &Attempt, failures: u32, now: OffsetDateTime) -> Duration {
        retry_after(FailureClass::Validation, failures, attempt.ends.map(|ends| ends - now))
    }

    async fn record(&self, step: Step, ca: CaState) -> CaState {
        match self.store.write(step).await {
            Ok(()) => ca,
            Err(error) => {
                error!(error = %Causes(&error), "the end of the attempt was not stored");
                CaState::Stuck
            }
        }
    }
}

fn say(step: &Step, recovery: Recovery) {
    if let Step::OrderWaits { error, until, .. } | Step::OrderEnded { error, until, .. } = step {
        match recovery {
            Recovery::Operator => {
                error!(error, not_before = %until, "the CA wants a person to act")
            }
            Recovery::Resume { .. }
            | Recovery::CaAway { .. }
            | Recovery::Wait { .. }
            | Recovery::Name
            | Recovery::Account
            | Recovery::Fresh
            | Recovery::Permanent => warn!(error, not_before = %until, "no certificate yet"),
        }
    }
}

fn waits(order: OrderId, error: String, until: OffsetDateTime) -> Step {
    Step::OrderWaits { order, error, blame: Blame::Nobody, until }
}

fn ended(order: OrderId, error: String, at: OffsetDateTime, until: OffsetDateTime) -> Step {
    Step::OrderEnded { order, error, blame: Blame::Name, at, until }
}
