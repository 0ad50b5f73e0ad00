//! The names of an order, looked at before it takes anybody's place: nothing is ordered that a CA would refuse.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration as StdDuration;

use nws_expiry::FailureClass;
use time::OffsetDateTime;
use tokio::time::timeout;
use tracing::{Instrument as _, debug, info, info_span, warn};

use super::{Attempt, Ended, Ordering};
use crate::preflight::{Asked, Findings, Onlooker, Weight};
use crate::report::instant;
use crate::store::{NotReady, Step};

/// A look ends by itself within half a minute; one that does not says nothing.
const PATIENCE: StdDuration = StdDuration::from_secs(40);
/// Findings that are kept of one look; whoever has mended those is told of the rest.
const KEPT: usize = 8;

/// Who looks before an order, and what follows.
#[derive(Clone)]
pub(crate) struct Lookout {
    pub(crate) onlooker: Arc<dyn Onlooker>,
    pub(crate) rigour: Rigour,
}

/// What follows where a CA would refuse.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Rigour {
    /// Nothing is ordered.
    Enforce {
        /// But in the last twentieth of a certificate's lifetime it is after so many looks that failed.
        tries: NonZeroU32,
    },
    /// It is ordered after so many looks that failed.
    Warn {
        /// So many.
        tries: NonZeroU32,
    },
}

/// What a look came to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Looked {
    /// It is to be ordered.
    Clear,
    /// Nothing is ordered.
    Over(Ended),
}

/// What is done after a look.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Course {
    Order,
    OrderInSpite,
    Wait,
}

impl Rigour {
    /// What is done where a CA would refuse, after `failed` looks in a row that found so before this one.
    ///
    /// A certificate that is about to end is worth asking for whatever was seen: the CA looks from elsewhere, and its no costs less
    /// than a yes that was not asked for.
    fn course(self, is_refused: bool, failed: u32, is_emergency: bool) -> Course {
        let after = |tries: NonZeroU32| {
            if failed < tries.get() - 1 { Course::Wait } else { Course::OrderInSpite }
        };
        match self {
            _ if !is_refused => Course::Order,
            Self::Enforce { tries } if is_emergency => after(tries),
            Self::Enforce { .. } => Course::Wait,
            Self::Warn { tries } => after(tries),
        }
    }
}

impl Ordering {
    /// Whether an attempt is looked at before it is begun. An order that is open at the CA costs nothing new, and goes on.
    pub(crate) fn looks_first(&self, attempt: &Attempt) -> bool {
        attempt.is_new() && (self.lookout.is_some() || self.is_suspect(attempt))
    }

    /// Looks at the names of an attempt; what that comes to is in the store when this returns.
    pub(crate) async fn look(self: Arc<Self>, attempt: Attempt) -> Looked {
        let ca = attempt.authority.directory();
        let span = info_span!("pre-flight", names = %attempt.certificate.names, ca);
        async {
            match self.park(&attempt).await {
                Some(ended) => Looked::Over(ended),
                None => self.look_as_a_ca(&attempt).await,
            }
        }
        .instrument(span)
        .await
    }

    async fn look_as_a_ca(&self, attempt: &Attempt) -> Looked {
        let Some(lookout) = &self.lookout else { return Looked::Clear };
        let at = self.clock.now();
        let found =
            timeout(PATIENCE, lookout.onlooker.look(&asked(attempt))).await.unwrap_or_default();
        let (refused, advice) = (lines(&found, Weight::Refused), lines(&found, Weight::Advisory));
        let now = self.clock.now();
        let is_emergency = attempt.have.is_some_and(|have| have.longest_wait(now).is_some());
        let failed = attempt.outlook.looks_failed;
        match lookout.rigour.course(!refused.is_empty(), failed, is_emergency) {
            Course::Order => self.advise(attempt, advice).await,
            Course::OrderInSpite => self.advise(attempt, [refused, advice].concat()).await,
            Course::Wait => Looked::Over(
                self.wait(attempt, NotReady { since: at, at, why: refused }, now).await,
            ),
        }
    }

    async fn wait(&self, attempt: &Attempt, found: NotReady, now: OffsetDateTime) -> Ended {
        let looks = attempt.outlook.looks_failed.saturating_add(1);
        let left = attempt.left(now).filter(|left| left.is_positive());
        let until = now + self.backoff.retry_after(FailureClass::Free, looks, left);
        let before = attempt.outlook.not_ready.as_ref();
        let (why, look_at) = (found.why.join("; "), instant(until));
        // Once for as long as it stays the same.
        if before.is_some_and(|before| before.why == found.why) {
            debug!(why, look_at, "still nothing is ordered, as a CA would refuse");
        } else {
            warn!(why, look_at, "nothing is ordered, as a CA would refuse");
        }
        let certificate = attempt.certificate.clone();
        self.record(Step::NotReady { certificate, found, until }).await
    }

    /// It is ordered; what a CA may get by is told once.
    async fn advise(&self, attempt: &Attempt, advice: Vec<String>) -> Looked {
        if attempt.outlook.not_ready.is_some() && advice.is_empty() {
            info!("the names are ready for an order");
        }
        if attempt.outlook.advice == advice {
            return Looked::Clear;
        }
        if !advice.is_empty() {
            warn!(found = advice.join("; "), "it is ordered, and the CA may refuse");
        }
        let certificate = attempt.certificate.clone();
        match self.record(Step::Advised { certificate, advice }).await {
            Ended::Issued | Ended::Kept => Looked::Clear,
            Ended::NotKept => Looked::Over(Ended::NotKept),
        }
    }
}

/// What is looked at. What CAA records let which CA do is looked at by the order, which may go to another CA then.
fn asked(attempt: &Attempt) -> Asked {
    let thumbprint = attempt.authority.thumbprint();
    Asked { names: attempt.certificate.names.clone(), thumbprint, issuer: None }
}

/// What was found of one weight, in an order that does not depend on who answered first.
fn lines(found: &Findings, weight: Weight) -> Vec<String> {
    let of_weight = found.0.iter().filter(|one| one.weight == weight);
    let mut lines: Vec<_> = of_weight.map(ToString::to_string).collect();
    lines.sort_unstable();
    lines.dedup();
    let more = lines.len().saturating_sub(KEPT);
    if more > 0 {
        lines.truncate(KEPT);
        lines.push(format!("and {more} more"));
    }
    lines
}

#[cfg(test)]
mod tests;
