//! What is due, in which order, and when to wake up next.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use time::OffsetDateTime;

/// When one thing is to be acted on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Entry<A> {
    /// The instant from which it is due.
    pub at: OffsetDateTime,
    /// Its place among what is due, too.
    pub urgency: Urgency,
    /// What to do.
    pub action: A,
}

/// What goes before what, where not everything can be done at once.
///
/// What runs out goes first, so that however much a person asks for, nothing that is served ends meanwhile; what is new goes
/// last, so that a wave of it cannot starve what is served.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Urgency {
    /// What is served runs out: the earliest end first.
    Ends(OffsetDateTime),
    /// A person asks for another in place of one that is good for long: the most exposed first.
    Asked {
        /// In how many places it is served.
        exposure: Reverse<usize>,
        /// When what is served now ends.
        ends: OffsetDateTime,
    },
    /// Nothing is served.
    Nothing,
}

/// A change of the agenda.
#[derive(Clone, Debug)]
pub enum Change<K, A> {
    /// This is to be done, in place of whatever stood there under the same key.
    Set(K, Entry<A>),
    /// There is nothing left to do about it.
    Remove(K),
}

/// A due entry.
#[derive(Debug, Eq, PartialEq)]
pub struct Due<'a, K, A> {
    /// Whose it is.
    pub key: &'a K,
    /// What to do, and since when.
    pub entry: &'a Entry<A>,
}

/// Everything that is to be done at a known instant.
///
/// It takes changes, not the world each time: one change costs the logarithm of what it holds. What it says depends on what it
/// holds, never on how that came about.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Agenda<K, A> {
    entries: BTreeMap<K, Entry<A>>,
    by_time: BTreeSet<(OffsetDateTime, K)>,
}

impl<K, A> Default for Agenda<K, A> {
    fn default() -> Self {
        Self { entries: BTreeMap::new(), by_time: BTreeSet::new() }
    }
}

/// All at once, in the time it takes to sort them; of several entries for one key the last one counts.
impl<K: Clone + Ord, A> FromIterator<(K, Entry<A>)> for Agenda<K, A> {
    fn from_iter<I: IntoIterator<Item = (K, Entry<A>)>>(entries: I) -> Self {
        let entries: BTreeMap<_, _> = entries.into_iter().collect();
        let by_time = entries.iter().map(|(key, entry)| (entry.at, key.clone())).collect();
        Self { entries, by_time }
    }
}

impl<K: Clone + Ord, A> Agenda<K, A> {
    /// Takes one change.
    pub fn apply(&mut self, change: Change<K, A>) {
        match change {
            Change::Set(key, entry) => self.set(key, entry),
            Change::Remove(key) => self.remove(&key),
        }
    }

    fn set(&mut self, key: K, entry: Entry<A>) {
        self.by_time.insert((entry.at, key.clone()));
        if let Some(old) = self.entries.insert(key.clone(), entry)
            && self.entries.get(&key).is_some_and(|new| new.at != old.at)
        {
            self.by_time.remove(&(old.at, key));
        }
    }

    fn remove(&mut self, key: &K) {
        if let Some(old) = self.entries.remove(key) {
            self.by_time.remove(&(old.at, key.clone()));
        }
    }

    /// What is due at `now`, most urgent first, and what is as urgent by the instant it became due.
    pub fn due(&self, now: OffsetDateTime) -> Vec<Due<'_, K, A>> {
        let mut due: Vec<_> = self.until(now).filter_map(|key| self.look_up(key)).collect();
        due.sort_by_key(|due| (due.entry.urgency, due.entry.at, due.key));
        due
    }

    fn until(&self, now: OffsetDateTime) -> impl Iterator<Item = &K> {
        self.by_time.iter().take_while(move |(at, _)| *at <= now).map(|(_, key)| key)
    }

    fn look_up<'a>(&'a self, key: &'a K) -> Option<Due<'a, K, A>> {
        self.entries.get(key).map(|entry| Due { key, entry })
    }

    /// The instant of the earliest entry that is not yet due at `now`.
    pub fn next_after(&self, now: OffsetDateTime) -> Option<OffsetDateTime> {
        self.by_time.iter().map(|(at, _)| *at).find(|at| *at > now)
    }

    /// The entry of one key.
    pub fn get(&self, key: &K) -> Option<&Entry<A>> {
        self.entries.get(key)
    }

    /// Every entry, by key.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &Entry<A>)> {
        self.entries.iter()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::Duration;
    use time::macros::datetime;

    use super::*;

    const NOON: OffsetDateTime = datetime!(2026-03-01 12:00 UTC);

    fn entry(at: i64, ends: Option<i64>) -> Entry<()> {
        Entry { at: after(at), urgency: ends.map_or(Urgency::Nothing, ends_at), action: () }
    }

    fn asked(exposure: usize, ends: i64) -> Entry<()> {
        let urgency = Urgency::Asked { exposure: Reverse(exposure), ends: after(ends) };
        Entry { at: NOON, urgency, action: () }
    }

    fn after(seconds: i64) -> OffsetDateTime {
        NOON + Duration::seconds(seconds)
    }

    fn ends_at(seconds: i64) -> Urgency {
        Urgency::Ends(after(seconds))
    }

    fn agenda(changes: impl IntoIterator<Item = Change<u8, ()>>) -> Agenda<u8, ()> {
        let mut agenda = Agenda::default();
        changes.into_iter().for_each(|change| agenda.apply(change));
        agenda
    }

    fn due_keys(agenda: &Agenda<u8, ()>, now: OffsetDateTime) -> Vec<u8> {
        agenda.due(now).into_iter().map(|due| *due.key).collect()
    }

    #[test]
    fn most_urgent_first() {
        let agenda = agenda([
            Change::Set(1, entry(-5, None)),
            Change::Set(2, entry(-1, Some(900))),
            Change::Set(3, entry(-2, Some(100))),
            Change::Set(4, entry(1, Some(50))),
            Change::Set(5, entry(-9, None)),
            Change::Set(6, entry(0, Some(900))),
        ]);
        assert_eq!(due_keys(&agenda, NOON), [3, 2, 6, 5, 1]);
        assert_eq!(agenda.next_after(NOON), Some(NOON + Duration::SECOND));
        assert_eq!(agenda.next_after(NOON + Duration::SECOND), None);
    }

    #[test]
    fn what_is_asked_for_goes_by_exposure_after_what_runs_out_and_before_what_is_new() {
        let agenda = agenda([
            Change::Set(1, entry(-900, None)),
            Change::Set(2, asked(1, 100)),
            Change::Set(3, asked(40, 900)),
            Change::Set(4, asked(40, 300)),
            Change::Set(5, entry(0, Some(100_000))),
            Change::Set(6, entry(-9, Some(50))),
        ]);
        assert_eq!(due_keys(&agenda, NOON), [6, 5, 4, 3, 2, 1]);
    }

    fn changes() -> impl Strategy<Value = Vec<Change<u8, ()>>> {
        let change =
            (0u8..6, prop::option::weighted(0.8, (-20i64..20, prop::option::of(-20i64..20))))
                .prop_map(|(key, entry_of)| match entry_of {
                    Some((at, ends)) => Change::Set(key, entry(at, ends)),
                    None => Change::Remove(key),
                });
        prop::collection::vec(change, 0..40)
    }

    proptest! {
        /// However an agenda came about, it equals one made anew from what it holds.
        #[test]
        fn incremental_equals_cold(changes in changes(), at in -25i64..25) {
            let grown = agenda(changes);
            let cold: Agenda<_, _> = grown.iter().map(|(key, entry)| (*key, entry.clone())).collect();
            let now = NOON + Duration::seconds(at);
            prop_assert_eq!(due_keys(&grown, now), due_keys(&cold, now));
            prop_assert_eq!(grown.next_after(now), cold.next_after(now));
            prop_assert_eq!(grown, cold);
        }

        /// Nothing is due before its instant, and nothing is forgotten after it.
        #[test]
        fn due_is_all_that_is_due(changes in changes(), at in -25i64..25) {
            let agenda = agenda(changes);
            let now = NOON + Duration::seconds(at);
            let mut said = due_keys(&agenda, now);
            said.sort_unstable();
            let held: Vec<u8> = agenda.iter().filter(|(_, entry)| entry.at <= now).map(|(key, _)| *key).collect();
            prop_assert_eq!(said, held);
        }
    }
}
