//! Between two turns: places that become free are filled from the last plan, so that many orders do not take as many turns.
//!
//! A turn reads everything and plans everything; of many orders at a time one ends every few milliseconds. A certificate that was
//! issued changes nothing for the others, so the next ones are begun as the last turn planned them, and a turn is taken once it
//! has been some time since the last, measured by what that took. Whatever else happens is for a turn to see at once.

use std::collections::HashSet;
use std::time::Duration;

use tokio::task;
use tokio::time::Instant;

use super::Daemon;
use crate::order::Ended;
use crate::plan::Plan;
use crate::store::{CertificateKey, Facts};

/// Turns take at most about the twentieth part of the time while orders end with certificates.
const PAUSE: u32 = 20;
/// But what is issued is seen by a turn no later than this.
const LONGEST: Duration = Duration::from_secs(5);

/// What comes after the end of an order.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Between {
    /// A turn.
    TurnNow,
    /// More orders, and a turn at this instant.
    TurnAt(Instant),
}

/// What the last turn left.
#[derive(Debug, Default)]
pub(super) struct LastTurn {
    plan: Plan,
    facts: Facts,
    /// What has been begun or has ended since; the plan says nothing of that any more.
    moved_on: HashSet<CertificateKey>,
    span: Option<(Instant, Instant)>,
}

impl LastTurn {
    pub(super) fn new(begun: Instant, plan: Plan, facts: Facts) -> Self {
        let span = Some((begun, Instant::now()));
        Self { plan, facts, moved_on: HashSet::new(), span }
    }

    /// When it was over; now if there was none.
    pub(super) fn over(&self) -> Instant {
        self.span.map_or_else(Instant::now, |(_, over)| over)
    }

    /// When the next is due for orders that ended with certificates.
    fn next(&self) -> Instant {
        let took = self.span.map_or(Duration::ZERO, |(begun, over)| over - begun);
        self.over() + (took * PAUSE).min(LONGEST)
    }

    pub(super) fn moved_on(&mut self, key: Option<CertificateKey>) {
        self.moved_on.extend(key);
    }

    pub(super) fn has_moved_on(&self, key: &CertificateKey) -> bool {
        self.moved_on.contains(key)
    }
}

impl Daemon {
    /// Takes in the end of an order, and fills its place.
    pub(super) fn ended(&mut self, ended: Result<(task::Id, Ended), task::JoinError>) -> Between {
        let is_issued = matches!(ended, Ok((_, Ended::Issued)));
        self.collect(ended);
        let next = self.last.next();
        if !is_issued || next <= Instant::now() {
            return Between::TurnNow;
        }
        self.fill();
        Between::TurnAt(next)
    }

    /// Begins what the last turn planned, as far as there is room.
    pub(super) fn fill(&mut self) {
        let now = self.parts.clock.now();
        let plan = std::mem::take(&mut self.last.plan);
        let mut facts = std::mem::take(&mut self.last.facts);
        self.start_due(now, &plan, &mut facts);
        (self.last.plan, self.last.facts) = (plan, facts);
    }
}
