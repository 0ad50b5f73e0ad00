//! The planner as the daemon has it, in virtual time: what is due, what of it goes, what waits and until when.

mod ahead;
mod pace;

use std::collections::VecDeque;

use nws_expiry::allot::{Allotment, Book, Later, Tenants, Wait, Work, allot};
use nws_expiry::budget::{Claim, Exemption, Ledger};
use nws_expiry::{Agenda, Change, DnsNames, Entry, Urgency};
use time::OffsetDateTime;

use self::ahead::Ahead;
use self::pace::Pace;
use super::ca::Ca;
use super::certificate::{Certificate, Had, Standing};
use super::settings::Settings;
use super::world::World;

/// What is to be done, and what was used of the CA's limits.
#[derive(Debug)]
pub(super) struct Planner {
    agenda: Agenda<u32, ()>,
    ahead: Ahead,
    pace: Pace,
    /// What is due and counts as a new order, until there is one for it.
    waiting: Vec<Due>,
    /// What may go, most urgent first.
    go: VecDeque<Due>,
    pub(super) ledger: Ledger,
    pub(super) tenants: Tenants,
}

/// A certificate that is due, with its names while it is.
#[derive(Debug)]
pub(super) struct Due {
    pub(super) key: u32,
    pub(super) names: DnsNames,
    since: OffsetDateTime,
}

/// What a planner looks at.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    pub(super) now: OffsetDateTime,
    pub(super) world: &'a World,
    pub(super) ca: &'a Ca,
}

impl Planner {
    pub(super) fn new(settings: &Settings, world: &World) -> Self {
        Self {
            agenda: Agenda::default(),
            ahead: Ahead::new(settings),
            pace: Pace::new(settings, world.epoch.0),
            waiting: Vec::new(),
            go: VecDeque::new(),
            ledger: Ledger::new(settings.limits),
            tenants: Tenants::default(),
        }
    }

    /// Something is to be done about a certificate then.
    pub(super) fn put(&mut self, at: OffsetDateTime, key: u32, one: &Certificate) {
        self.agenda.apply(Change::Set(key, Entry { at, urgency: Urgency::Nothing, action: () }));
        self.ahead.add(one);
    }

    /// The same, at once where it would be later, if it is not being done already.
    pub(super) fn hasten(&mut self, at: OffsetDateTime, key: u32) {
        if self.agenda.get(&key).is_some_and(|entry| entry.at > at) {
            let entry = Entry { at, urgency: Urgency::Nothing, action: () };
            self.agenda.apply(Change::Set(key, entry));
        }
    }

    /// A certificate ends at another time than it did.
    pub(super) fn ends_otherwise(&mut self, key: u32, old: &Certificate, new: &Certificate) {
        if self.agenda.get(&key).is_some() {
            self.ahead.remove(old);
            self.ahead.add(new);
        }
    }

    /// How many are due and not begun.
    pub(super) fn backlog(&self) -> usize {
        self.waiting.len() + self.go.len()
    }

    /// The next that may go.
    pub(super) fn next(&mut self) -> Option<Due> {
        self.go.pop_front()
    }

    /// When it is to be planned again.
    pub(super) fn wakes_at(&self) -> Option<OffsetDateTime> {
        let first = self.agenda.next_after(OffsetDateTime::UNIX_EPOCH);
        self.pace.next(first)
    }

    /// Plans what has become due, and from time to time everything that is; gives what has to wait for what.
    pub(super) fn plan(&mut self, scene: Scene<'_>) -> Vec<Wait> {
        let mut due = self.take_due(scene);
        let is_whole = self.pace.is_whole(scene.now);
        if is_whole {
            due.extend(self.go.drain(..));
            due.append(&mut self.waiting);
        } else {
            // What counts as new has to be weighed against all else that does.
            let (counted, free) = due.into_iter().partition(|one| self.counts(scene, one));
            self.waiting.extend::<Vec<_>>(counted);
            due = free;
        }
        let allotment = self.allot(scene, &due);
        let first = if is_whole { allotment.next() } else { None };
        let waits = self.sort_out(scene, due, allotment);
        let weight = self.backlog() + self.ahead.len() / 10;
        self.pace.planned(scene.now, is_whole, weight, first, !self.waiting.is_empty());
        waits
    }

    fn take_due(&mut self, scene: Scene<'_>) -> Vec<Due> {
        let keys: Vec<_> = self.agenda.due(scene.now).iter().map(|due| *due.key).collect();
        let mut taken = Vec::with_capacity(keys.len());
        for key in keys {
            self.agenda.apply(Change::Remove(key));
            if let (Some(one), Some(names)) = (scene.world.get(key), scene.world.names(key)) {
                self.ahead.remove(one);
                let since = scene.world.due(one, scene.ca.suggests(one)).min(scene.now);
                taken.push(Due { key, names, since });
            }
        }
        taken
    }

    fn allot(&self, scene: Scene<'_>, due: &[Due]) -> Allotment<(u32, usize)> {
        let works = due.iter().enumerate().filter_map(|(place, due)| scene.work(place, due));
        let works: Vec<_> = works.collect();
        let is_counted = |work: &Work<'_, _>| self.ahead.counts(work.claim.exemption);
        let ahead = if works.iter().any(is_counted) {
            self.ahead.ends(scene.world.epoch)
        } else {
            Vec::new()
        };
        let book = Book { ledger: &self.ledger, ahead: &ahead };
        allot(scene.now, works, &[book], &self.tenants)
    }

    /// What counts as new waits where all of it is planned together; anything else has an instant of its own.
    fn sort_out(
        &mut self,
        scene: Scene<'_>,
        due: Vec<Due>,
        allotment: Allotment<(u32, usize)>,
    ) -> Vec<Wait> {
        let mut due: Vec<_> = due.into_iter().map(Some).collect();
        let mut take = |place: usize| due.get_mut(place).and_then(Option::take);
        self.go.extend(allotment.go.into_iter().filter_map(|(_, place)| take(place)));
        let mut waits = Vec::new();
        for Later { key: (_, place), until, on } in allotment.later {
            waits.push(on);
            if let Some(one) = take(place) {
                self.wait(scene, one, until);
            }
        }
        waits
    }

    /// What may not go now after all.
    pub(super) fn wait(&mut self, scene: Scene<'_>, one: Due, until: OffsetDateTime) {
        if self.counts(scene, &one) {
            self.waiting.push(one);
        } else if let Some(certificate) = scene.world.get(one.key) {
            self.put(until, one.key, certificate);
        }
    }

    fn counts(&self, scene: Scene<'_>, due: &Due) -> bool {
        self.ahead.counts(scene.exemption(due.key))
    }
}

impl<'a> Scene<'a> {
    pub(super) fn exemption(&self, key: u32) -> Exemption {
        let one = self.world.get(key);
        one.map_or(Exemption::None, |one| {
            self.world.exemption(self.now, one, self.ca.suggests(one))
        })
    }

    fn work(&self, place: usize, due: &'a Due) -> Option<Work<'a, (u32, usize)>> {
        let one = self.world.get(due.key)?;
        Some(Work {
            key: (due.key, place),
            ca: 0,
            tenant: self.world.tenant(one),
            claim: Claim { names: &due.names, exemption: self.exemption(due.key) },
            urgency: self.urgency(one),
            since: due.since,
            have: None,
        })
    }

    /// What is called back by a CA that does not tell us is asked for by an operator, who has read of it.
    fn urgency(&self, one: &Certificate) -> Urgency {
        let ends = self.world.epoch.instant(one.ends);
        match (one.had, one.standing) {
            (Had::Nothing, _) => Urgency::Nothing,
            (_, Standing::CalledBack) if self.ca.suggests(one).is_none() => {
                Urgency::Asked { exposure: std::cmp::Reverse(1), ends }
            }
            (Had::Elsewhere | Had::Here, _) => Urgency::Ends(ends),
        }
    }
}
