//! Names that are looked at before they are ordered for.
//!
//! A look takes as long as the slowest address that does not answer, so it has no order's place: what cannot be ordered must not
//! keep waiting what can.

use std::collections::{BTreeMap, HashMap};

use time::OffsetDateTime;
use tokio::task::{self, JoinSet};
use tracing::{debug, error};

use super::Daemon;
use super::between::Between;
use crate::order::{Attempt, Ended, Looked};
use crate::store::{CertificateKey, Facts};

/// Looks at a time, with what they found clear and no order has begun of: each is a few questions to DNS and one to each edge.
const MOST: usize = 32;
/// Of those, as many at most of what was not ready before, so that what is broken never keeps waiting what is new.
const MOST_AGAIN: usize = MOST / 2;
/// For how long what was seen is believed; an order that has no place by then is looked at again.
const FRESH: time::Duration = time::Duration::MINUTE;

/// What is looked at: a certificate, and the place of the CA it would come from.
type Subject = (CertificateKey, usize);

/// Looks under way, and what they came to.
#[derive(Default)]
pub(super) struct Looks {
    running: JoinSet<Looked>,
    under_way: HashMap<task::Id, (Subject, Repeated)>,
    /// What is to be ordered, by when that was seen.
    clear: BTreeMap<Subject, OffsetDateTime>,
    /// When an operator last said "now".
    asked_at: Option<OffsetDateTime>,
}

/// Whether the look before found that a CA would refuse.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Repeated {
    No,
    Yes,
}

impl Repeated {
    fn of(attempt: &Attempt) -> Self {
        if attempt.outlook.not_ready.is_some() { Self::Yes } else { Self::No }
    }
}

impl Looks {
    /// The next look that ends; waits for ever while there is none.
    pub(super) async fn next(&mut self) -> Result<(task::Id, Looked), task::JoinError> {
        match self.running.join_next_with_id().await {
            Some(ended) => ended,
            None => std::future::pending().await,
        }
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.running.is_empty()
    }

    pub(super) async fn shut_down(&mut self) {
        self.running.shutdown().await;
    }

    /// An operator says "now": what was seen before counts for nothing.
    pub(super) fn wait_no_longer(&mut self, now: OffsetDateTime) {
        self.asked_at = Some(now);
        self.clear.clear();
    }

    /// What was last looked at before an operator said "now" is looked at again.
    pub(super) fn not_waited_for(&self, facts: &mut Facts) {
        for known in facts.certificates.iter_mut().filter(|known| known.parked.is_none()) {
            let seen_at = known.outlook.not_ready.as_ref().map(|found| found.at);
            if seen_at.zip(self.asked_at).is_some_and(|(seen, asked)| seen < asked) {
                known.wait_until = None;
            }
        }
    }

    /// What was seen too long ago counts for nothing.
    pub(super) fn forget_stale(&mut self, now: OffsetDateTime) {
        self.clear.retain(|_, at| (*at..*at + FRESH).contains(&now));
    }

    fn is_under_way(&self, subject: &Subject) -> bool {
        self.under_way.values().any(|(of, _)| of == subject)
    }

    /// Whether there is room for another; `most` is for all.
    fn has_room(&self, repeated: Repeated, most: usize) -> bool {
        let again = self.under_way.values().filter(|(_, repeated)| *repeated == Repeated::Yes);
        let is_free = self.under_way.len() + self.clear.len() < most;
        is_free && (repeated == Repeated::No || again.count() < MOST_AGAIN)
    }
}

impl Daemon {
    /// Whether an attempt may begin now; one that has to be looked at first is, as soon as there is room for that.
    pub(super) fn is_ready(&mut self, ca: usize, attempt: &Attempt) -> bool {
        if !self.parts.ordering.looks_first(attempt) {
            return true;
        }
        let subject = (attempt.certificate.clone(), ca);
        if self.looks.clear.contains_key(&subject) {
            return true;
        }
        let most = MOST.max(self.parts.concurrency.get());
        let repeated = Repeated::of(attempt);
        if self.looks.has_room(repeated, most) && !self.looks.is_under_way(&subject) {
            debug!(names = %attempt.certificate.names, "names are looked at before they are ordered for");
            let look = self.parts.ordering.clone().look(attempt.clone());
            let task = self.looks.running.spawn(look);
            self.looks.under_way.insert(task.id(), (subject, repeated));
        }
        false
    }

    /// An attempt that was looked at begins.
    pub(super) fn takes_its_look(&mut self, ca: usize, certificate: &CertificateKey) {
        self.looks.clear.remove(&(certificate.clone(), ca));
    }

    /// Takes in what a look came to, and begins what it was waited for.
    pub(super) fn looked_before(
        &mut self,
        ended: Result<(task::Id, Looked), task::JoinError>,
    ) -> Between {
        let now = self.parts.clock.now();
        let (id, looked) = match ended {
            Ok(ended) => ended,
            Err(error) => {
                let looked = self.looks.under_way.remove(&error.id());
                let names = looked.map(|((certificate, _), _)| certificate.names.to_string());
                error!(%error, names, "a look before an order was broken off by a bug; it is taken again");
                return Between::TurnNow;
            }
        };
        let subject = self.looks.under_way.remove(&id).map(|(subject, _)| subject);
        match (looked, subject) {
            (Looked::Clear, Some(subject)) => drop(self.looks.clear.insert(subject, now)),
            (Looked::Over(ended), Some((certificate, _))) => {
                // What follows is for the next turn; in line it would be looked at again at once.
                self.last.waiting.retain(|(_, attempt)| attempt.certificate != certificate);
                self.note(ended);
                if ended == Ended::NotKept {
                    return Between::TurnNow;
                }
            }
            (_, None) => return Between::TurnNow,
        }
        self.start_waiting(now);
        self.soon()
    }
}
