//! Which of the things that are due are done now: what a CA allows, shared out.

mod room;
mod slack;
mod tenants;

pub use tenants::{Kind, Tenants};

use std::fmt;

use time::OffsetDateTime;

use self::room::Room;
use crate::budget::{Claim, Ledger, Short};
use crate::{Urgency, Validity};

/// One order that is due.
#[derive(Clone, Copy, Debug)]
pub struct Work<'a, K> {
    /// Whose it is.
    pub key: K,
    /// The CA it goes to, by its place among the [`Book`]s.
    pub ca: usize,
    /// Who is to get no more than others while all have time: its namespace.
    pub tenant: &'a str,
    /// What it is to the CA's limits.
    pub claim: Claim<'a>,
    /// What it is for.
    pub urgency: Urgency,
    /// Since when it is due.
    pub since: OffsetDateTime,
    /// From when to when what it replaces is valid, if it replaces something.
    pub have: Option<Validity>,
}

/// What is known of the limits of one CA.
#[derive(Clone, Copy, Debug)]
pub struct Book<'a> {
    /// What was used of them.
    pub ledger: &'a Ledger,
    /// When certificates end that are not due yet, and whose renewals will count as new orders; in order.
    pub ahead: &'a [OffsetDateTime],
}

/// Who may go now, and who when.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Allotment<K> {
    /// Orders that the CAs take now, most urgent first.
    pub go: Vec<K>,
    /// Orders that a CA is asked for in spite of what was counted, as they cannot wait so long: in the last twentieth of the lifetime of
    /// what they replace, once in each eighth of what is left. That was counted wrongly is the last thing that can save it.
    pub in_spite: Vec<K>,
    /// Orders that wait, most urgent first.
    pub later: Vec<Later<K>>,
}

/// An order that waits.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Later<K> {
    /// Whose it is.
    pub key: K,
    /// When its turn comes, as far as that is known now.
    pub until: OffsetDateTime,
    /// For what.
    pub on: Wait,
}

/// What an order waits for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Wait {
    /// A limit is used up.
    Short(Short),
    /// What is left of the new orders is kept for renewals.
    Reserve,
    /// What is left of the new orders is kept for certificates that end sooner.
    Sooner,
}

impl<K> Allotment<K> {
    /// When the first of those that wait may go.
    pub fn next(&self) -> Option<OffsetDateTime> {
        self.later.iter().map(|later| later.until).min()
    }
}

/// Shares out what CAs allow among what is due.
///
/// What presses goes first, the earliest end before all: a certificate whose time between its renewal and its end is half over. The
/// rest has time, so tenants take turns, and of four orders at most one is for something new while renewals wait. An order that counts as new
/// gets nothing that a certificate with an earlier end needs, be that due or not; and the last fifth of what there is at once is for renewals.
///
/// So nothing ends for want of orders where a schedule exists that renews all in time with the interval between two orders to spare
/// (`tests/it/feasibility.rs`); without it, where everything becomes due and ends in time with the orders.
///
/// The same facts give the same allotment. What does not go now is told when it will.
pub fn allot<K: Copy + Ord>(
    now: OffsetDateTime,
    due: Vec<Work<'_, K>>,
    books: &[Book<'_>],
    tenants: &Tenants,
) -> Allotment<K> {
    let mut rooms: Vec<_> = books
        .iter()
        .enumerate()
        .map(|(ca, book)| Room::of(now, book, due.iter().filter(|work| work.ca == ca)))
        .collect();
    let mut allotment = Allotment { go: Vec::new(), in_spite: Vec::new(), later: Vec::new() };
    for work in tenants.in_turn(now, due) {
        match rooms.get_mut(work.ca).map(|room| room.admit(now, &work)) {
            Some(Ok(())) => allotment.go.push(work.key),
            Some(Err((until, _))) if !work.keeps_waiting(now, until) => {
                allotment.in_spite.push(work.key);
            }
            Some(Err((until, on))) => allotment.later.push(Later { key: work.key, until, on }),
            None => {}
        }
    }
    allotment
}

/// Whether a CA takes an order now, were it the only one.
///
/// # Errors
///
/// When it does, and what is waited for until then.
pub fn alone(
    now: OffsetDateTime,
    ledger: &Ledger,
    claim: Claim<'_>,
    urgency: Urgency,
) -> Result<(), (OffsetDateTime, Wait)> {
    let work = Work { key: (), ca: 0, tenant: "", claim, urgency, since: now, have: None };
    Room::of(now, &Book { ledger, ahead: &[] }, std::iter::once(&work)).admit(now, &work)
}

impl<K> Work<'_, K> {
    /// When what is served ends, if something is.
    fn ends(&self) -> Option<OffsetDateTime> {
        match self.urgency {
            Urgency::Ends(ends) | Urgency::Asked { ends, .. } => Some(ends),
            Urgency::Nothing => None,
        }
    }

    fn keeps_waiting(&self, now: OffsetDateTime, until: OffsetDateTime) -> bool {
        self.have.is_none_or(|have| have.keeps_waiting(now, until))
    }

    /// Whether there is no time for turns: half of that between its renewal and its end is over.
    fn presses(&self, now: OffsetDateTime) -> bool {
        match self.urgency {
            Urgency::Ends(ends) => ends - (ends - self.since.min(ends)) / 2 <= now,
            Urgency::Asked { .. } | Urgency::Nothing => false,
        }
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short(Short { bucket, limit, .. }) => {
                write!(f, "the limit of {limit} for {bucket} is used up")
            }
            Self::Reserve => f.write_str("the rest of the new orders is kept for renewals"),
            Self::Sooner => {
                f.write_str("the rest of the new orders is kept for certificates that end sooner")
            }
        }
    }
}

#[cfg(test)]
mod tests;
