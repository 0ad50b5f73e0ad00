//! Who may stay when places are scarce.
//!
//! Slow and silent peers cost an attacker next to nothing, so they must not cost anybody a place. While there are enough, everyone keeps
//! the own one for as long as the limits allow. When there are none, the newcomer gets the place of whoever has been waited for longest
//! since the last complete request, or since the begin. A validator asks at once, so it is among the last to go; an edge whose idle
//! connection is closed opens another.

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::task::{AbortHandle, Id};
use tokio::time::Instant;
use tracing::warn;

/// How often it is told at most that connections lost their place: whoever attacks shall not write our log.
const TELL: Duration = Duration::from_secs(60);

/// When a connection was last heard: its begin, or its last complete request.
#[derive(Debug)]
pub(super) struct Heard {
    since: Instant,
    /// Nanoseconds later. An atomic, since the connection writes it and the worker reads it, both on one thread: neither ever waits.
    later: AtomicU64,
}

impl Heard {
    pub(super) fn now() -> Self {
        Self { since: Instant::now(), later: AtomicU64::new(0) }
    }

    /// Notes a complete request.
    pub(super) fn again(&self) {
        // 584 years of nanoseconds fit.
        let later = u64::try_from(self.since.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.later.store(later, Ordering::Relaxed);
    }

    pub(super) fn begin(&self) -> Instant {
        self.since
    }

    pub(super) fn last(&self) -> Instant {
        self.since + Duration::from_nanos(self.later.load(Ordering::Relaxed))
    }
}

/// The places of one thread.
pub(super) struct Places {
    capacity: NonZeroUsize,
    /// By when each was last heard at the latest filing: never later than it really was, so the first that is up to date is the first.
    /// Requests need not be filed, then.
    waiting: BTreeMap<(Instant, Number), Place>,
    taken: HashMap<Id, (Instant, Number)>,
    next: Number,
    shed: Shed,
}

type Number = u64;

struct Place {
    connection: AbortHandle,
    heard: Arc<Heard>,
}

impl Places {
    pub(super) fn new(capacity: NonZeroUsize) -> Self {
        Self {
            capacity,
            waiting: BTreeMap::new(),
            taken: HashMap::new(),
            next: 0,
            shed: Shed::default(),
        }
    }

    /// Ends who has been waited for longest, if there is no place for another one.
    pub(super) fn make_room(&mut self) {
        if self.waiting.len() < self.capacity.get() {
            return;
        }
        if let Some(place) = self.longest_waited_for() {
            self.taken.remove(&place.connection.id());
            place.connection.abort();
            self.shed.note(Instant::now());
        }
    }

    /// Each place is filed anew at most once: none has been heard since.
    fn longest_waited_for(&mut self) -> Option<Place> {
        loop {
            let ((filed, number), place) = self.waiting.pop_first()?;
            let last = place.heard.last();
            if last <= filed {
                return Some(place);
            }
            self.taken.insert(place.connection.id(), (last, number));
            self.waiting.insert((last, number), place);
        }
    }

    pub(super) fn take(&mut self, connection: AbortHandle, heard: Arc<Heard>) {
        let key = (heard.begin(), self.next);
        self.next += 1;
        self.taken.insert(connection.id(), key);
        self.waiting.insert(key, Place { connection, heard });
    }

    /// Frees the place of a connection that has ended; one that lost it has none.
    pub(super) fn left(&mut self, connection: Id) {
        if let Some(key) = self.taken.remove(&connection) {
            self.waiting.remove(&key);
        }
    }
}

/// How many lost their place, and since when that was not told.
#[derive(Default)]
struct Shed {
    untold: u64,
    told: Option<Instant>,
}

impl Shed {
    fn note(&mut self, now: Instant) {
        self.untold += 1;
        if self.told.is_none_or(|told| TELL <= now - told) {
            warn!(
                connections = self.untold,
                "slow or idle challenge connections lost their place to others"
            );
            *self = Self { untold: 0, told: Some(now) };
        }
    }
}

#[cfg(test)]
mod tests;
