//! Which certificates are looked at next, and what was seen of each. Pure: instants and sights in, what follows out.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::SocketAddr;

use nws_expiry::{Agenda, Change, DnsName, Entry, Fingerprint, Spread, Urgency};
use time::{Duration, OffsetDateTime};

use super::{Expected, Sight, Watch};
use crate::store::CertificateKey;

/// How soon after a push one is looked at again at first.
const SOONEST: Duration = Duration::SECOND;
/// How soon one is looked at again that is wrong although clusters have had their time.
const STALE: Duration = Duration::minutes(5);

/// Every certificate that edges are to serve.
#[derive(Debug)]
pub(super) struct Watching {
    watch: Watch,
    installation: String,
    each: BTreeMap<CertificateKey, Known>,
    agenda: Agenda<CertificateKey, ()>,
}

/// What is known of one.
#[derive(Debug)]
struct Known {
    expected: Expected,
    /// Since when it is to be served.
    since: OffsetDateTime,
    /// For how long, at the last look.
    waited: Duration,
    /// The addresses that were seen to serve it.
    serving: BTreeSet<SocketAddr>,
    seen: Seen,
}

/// What was seen of a certificate at the edges.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Seen {
    /// When it was last looked at.
    pub(crate) looked_at: Option<OffsetDateTime>,
    /// When every address first served it.
    pub(crate) served_at: Option<OffsetDateTime>,
    /// What is wrong.
    pub(crate) wrong: Vec<Wrong>,
    /// Whether clusters have had their time.
    pub(crate) is_late: bool,
}

/// An address that does not serve what it should.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Wrong {
    pub(crate) name: DnsName,
    /// None where no address of the name is known.
    pub(crate) address: Option<SocketAddr>,
    pub(crate) sight: Sight,
}

/// Name, address, what is wrong and what helps.
impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.address {
            Some(address) => write!(f, "{} at {address} {}", self.name, self.sight),
            None => write!(f, "{}: {}", self.name, self.sight),
        }
    }
}

/// What a look has brought.
#[derive(Debug, Default, Eq, PartialEq)]
pub(super) struct News {
    /// Addresses that were not seen to serve it before.
    pub(super) serving: Vec<SocketAddr>,
    /// Whether every address serves it now, for the first time.
    pub(super) is_served: bool,
    /// Whether a report would be another than before.
    pub(super) is_noteworthy: bool,
}

/// What was seen of one certificate: each name, its address, what that shows.
pub(super) type Sights = Vec<(DnsName, Option<SocketAddr>, Sight)>;

impl Watching {
    pub(super) fn new(watch: Watch, installation: String) -> Self {
        Self { watch, installation, each: BTreeMap::new(), agenda: Agenda::default() }
    }

    /// From now on these are to be served, and nothing else is looked at.
    pub(super) fn expect(&mut self, now: OffsetDateTime, all: Vec<Expected>) {
        let mut before = std::mem::take(&mut self.each);
        for expected in all {
            let known = before.remove(&expected.key);
            let known = known.filter(|known| known.expected.leaf == expected.leaf);
            let known = known.unwrap_or_else(|| {
                self.set(&expected.key, self.first_look(now, &expected));
                Known::new(now, expected)
            });
            self.each.insert(known.expected.key.clone(), known);
        }
        for key in before.into_keys() {
            self.agenda.apply(Change::Remove(key));
        }
    }

    /// What is served already waits for its turn; all else is looked at at once.
    fn first_look(&self, now: OffsetDateTime, expected: &Expected) -> OffsetDateTime {
        let turn = Spread::of(&self.installation, &expected.key.names).part_of(self.watch.every);
        if expected.served_at.is_some() { now + turn } else { now }
    }

    fn set(&mut self, key: &CertificateKey, at: OffsetDateTime) {
        let entry = Entry { at, urgency: Urgency::Nothing, action: () };
        self.agenda.apply(Change::Set(key.clone(), entry));
    }

    /// Up to so many that are to be looked at now; what a look brings is for [`Self::looked`].
    pub(super) fn due(&mut self, now: OffsetDateTime, most: usize) -> Vec<Expected> {
        let due = self.agenda.due(now).into_iter().take(most).map(|due| due.key.clone());
        let due: Vec<_> = due.collect();
        let mut taken = Vec::new();
        for key in due {
            taken.extend(self.each.get(&key).map(|known| known.expected.clone()));
            // A look that is broken off is made again one day.
            self.set(&key, now + self.watch.every);
        }
        taken
    }

    /// An operator says "now": all that is not served is looked at.
    pub(super) fn wait_no_longer(&mut self, now: OffsetDateTime) {
        let is_open = |(_, known): &(&CertificateKey, &Known)| {
            known.seen.served_at.is_none() || !known.seen.wrong.is_empty()
        };
        let open: Vec<_> = self.each.iter().filter(is_open).map(|(key, _)| key.clone()).collect();
        open.iter().for_each(|key| self.set(key, now));
    }

    /// When the next is to be looked at, after those that are due.
    pub(super) fn next_after(&self, now: OffsetDateTime) -> Option<OffsetDateTime> {
        self.agenda.next_after(now)
    }

    /// Takes in a look at a certificate. One at a certificate that is not expected any more brings nothing.
    pub(super) fn looked(
        &mut self,
        now: OffsetDateTime,
        (key, leaf): (&CertificateKey, Fingerprint),
        sights: Sights,
    ) -> News {
        let watch = &self.watch;
        let Some(known) = self.each.get_mut(key).filter(|known| known.expected.leaf == leaf) else {
            return News::default();
        };
        let news = known.take(now, watch, sights);
        let next = now + known.pause(watch);
        self.set(key, next);
        news
    }

    /// What was seen of a certificate, if that is the one that is expected.
    pub(super) fn seen(&self, key: &CertificateKey, leaf: Fingerprint) -> Option<Seen> {
        let known = self.each.get(key).filter(|known| known.expected.leaf == leaf)?;
        Some(known.seen.clone())
    }
}

impl Known {
    fn new(now: OffsetDateTime, expected: Expected) -> Self {
        let seen = Seen { served_at: expected.served_at, ..Seen::default() };
        Self { expected, since: now, waited: Duration::ZERO, serving: BTreeSet::new(), seen }
    }

    fn take(&mut self, now: OffsetDateTime, watch: &Watch, sights: Sights) -> News {
        self.waited = now - self.since;
        let is_late = self.seen.served_at.is_some() || now - self.since >= watch.within;
        let current = sights.iter().filter(|(_, _, sight)| *sight == Sight::Current);
        let serving: Vec<_> = current.filter_map(|(_, address, _)| *address).collect();
        let serving = serving.into_iter().filter(|one| self.serving.insert(*one)).collect();
        let wrong = sights.into_iter().filter(|(_, _, sight)| sight.is_wrong());
        let wrong: Vec<_> =
            wrong.map(|(name, address, sight)| Wrong { name, address, sight }).collect();
        let is_served =
            wrong.is_empty() && !self.serving.is_empty() && self.seen.served_at.is_none();
        let served_at = self.seen.served_at.or_else(|| is_served.then_some(now));
        let before = (is_late, &wrong) != (self.seen.is_late, &self.seen.wrong);
        let is_noteworthy = is_served || before;
        self.seen = Seen { looked_at: Some(now), served_at, wrong, is_late };
        News { serving, is_served, is_noteworthy }
    }

    /// Until the next look.
    fn pause(&self, watch: &Watch) -> Duration {
        match (self.seen.served_at, self.seen.is_late) {
            (Some(_), _) if self.seen.wrong.is_empty() => watch.every,
            (_, true) => STALE.min(watch.every),
            // Half as long again as it has waited, within bounds: the lag is known about as exactly.
            (_, false) => {
                let half: Duration = self.waited / 2;
                half.clamp(SOONEST, STALE).min(watch.every)
            }
        }
    }
}

#[cfg(test)]
mod tests;
