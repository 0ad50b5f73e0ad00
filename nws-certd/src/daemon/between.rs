//! Between two turns: places that become free are filled from what the last turn lined up, so that many orders do not take as many turns.
//!
//! A turn reads everything and plans everything; of many orders at a time one ends every few milliseconds. A certificate that was
//! issued changes nothing for the others, so the next in line are begun, and a turn is taken once it has been some time since the
//! last, measured by what that took. Whatever else happens is for a turn to see at once.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::task::{self, JoinSet};
use tokio::time::Instant;

use super::Daemon;
use super::looks::Looks;
use crate::order::{Attempt, Ended, Looked};
use crate::served::Watcher;

/// Turns take about the twentieth part of the time while orders end with certificates,
const PAUSE: u32 = 20;
/// but what is issued is seen by a turn, and so by operators, within this,
const LONGEST: Duration = Duration::from_secs(1);
/// unless turns would take more than a quarter of the time for it.
const SHORTEST: u32 = 3;

/// What comes after the end of an order.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Between {
    /// A turn.
    TurnNow,
    /// More orders, and a turn at this instant.
    TurnAt(Instant),
}

/// What the last turn left.
#[derive(Default)]
pub(super) struct LastTurn {
    /// What was due and had no room, most urgent first, with the place of the CA that it goes to.
    pub(super) waiting: VecDeque<(usize, Attempt)>,
    span: Option<(Instant, Instant)>,
}

impl LastTurn {
    /// The turn is over.
    pub(super) fn ends(&mut self, begun: Instant) {
        self.span = Some((begun, Instant::now()));
    }

    /// When it was over; now if there was none.
    pub(super) fn over(&self) -> Instant {
        self.span.map_or_else(Instant::now, |(_, over)| over)
    }

    /// When the next is due for orders that ended with certificates.
    fn next(&self) -> Instant {
        let took = self.span.map_or(Duration::ZERO, |(begun, over)| over - begun);
        self.over() + (took * PAUSE).min(LONGEST.max(took * SHORTEST))
    }
}

impl Daemon {
    /// Takes in what is over.
    pub(super) fn take_end(&mut self, over: Over) -> Between {
        match over {
            Over::Order(ended) => self.ended(ended),
            Over::Look(looked) => self.looked_before(looked),
        }
    }

    /// Takes in the end of an order, and fills its place.
    pub(super) fn ended(&mut self, ended: Result<(task::Id, Ended), task::JoinError>) -> Between {
        let is_issued = matches!(ended, Ok((_, Ended::Issued)));
        self.collect(ended);
        if !is_issued {
            return Between::TurnNow;
        }
        match self.soon() {
            Between::TurnNow => Between::TurnNow,
            later @ Between::TurnAt(_) => {
                self.start_waiting(self.parts.clock.now());
                later
            }
        }
    }

    /// A turn, as soon as turns may follow one another.
    pub(super) fn soon(&self) -> Between {
        let next = self.last.next();
        if next <= Instant::now() { Between::TurnNow } else { Between::TurnAt(next) }
    }
}

/// What is over of what runs beside turns.
pub(super) enum Over {
    /// An order or a revocation.
    Order(Result<(task::Id, Ended), task::JoinError>),
    /// A look before an order.
    Look(Result<(task::Id, Looked), task::JoinError>),
}

/// Whatever is over next.
pub(super) async fn next_end(running: &mut JoinSet<Ended>, looks: &mut Looks) -> Over {
    tokio::select! {
        biased;
        Some(ended) = running.join_next_with_id() => Over::Order(ended),
        looked = looks.next() => Over::Look(looked),
    }
}

/// Until something else is seen at the edges.
pub(super) async fn news(watcher: Option<&Watcher>) {
    match watcher {
        Some(watcher) => watcher.news().await,
        None => std::future::pending().await,
    }
}
