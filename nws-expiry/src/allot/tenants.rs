//! Whose turn it is.

use std::cmp::Ordering;
use std::collections::HashMap;

use time::OffsetDateTime;

use super::Work;
use crate::Urgency;

/// Who has orders under way, and whose turn was when: what turns are taken by.
#[derive(Clone, Debug, Default)]
pub struct Tenants {
    tenants: HashMap<Box<str>, Turn>,
    renewals: u32,
    new: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Turn {
    under_way: u32,
    last: Option<OffsetDateTime>,
}

/// What an order is, where new things and renewals take turns.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// Something is served that it replaces.
    Renewal,
    /// Nothing is served.
    New,
}

impl Tenants {
    /// While both wait, so many renewals go for each new thing.
    const RENEWALS: u64 = 3;

    /// An order of a tenant is begun.
    pub fn begun(&mut self, now: OffsetDateTime, tenant: &str, kind: Kind) {
        let turn = self.tenants.entry(tenant.into()).or_default();
        *turn = Turn { under_way: turn.under_way + 1, last: Some(now) };
        *self.of(kind) += 1;
    }

    /// An order that was begun has ended.
    pub fn ended(&mut self, tenant: &str, kind: Kind) {
        if let Some(turn) = self.tenants.get_mut(tenant) {
            turn.under_way = turn.under_way.saturating_sub(1);
        }
        let count = self.of(kind);
        *count = count.saturating_sub(1);
    }

    /// Forgets whose turn was before this.
    pub fn forget(&mut self, before: OffsetDateTime) {
        self.tenants
            .retain(|_, turn| turn.under_way > 0 || turn.last.is_some_and(|last| before <= last));
    }

    fn of(&mut self, kind: Kind) -> &mut u32 {
        match kind {
            Kind::Renewal => &mut self.renewals,
            Kind::New => &mut self.new,
        }
    }

    /// What presses, by its end; then the rest, by turns.
    pub(super) fn in_turn<'a, K: Copy + Ord>(
        &self,
        now: OffsetDateTime,
        mut due: Vec<Work<'a, K>>,
    ) -> Vec<Work<'a, K>> {
        // An agenda tells what is due in this order, which a stable sort sees at once.
        due.sort_by(by_urgency);
        let (mut pressing, rest): (Vec<_>, Vec<_>) =
            due.into_iter().partition(|work| work.presses(now));
        let (renewals, new) = rest.into_iter().partition(|work| kind(work) == Kind::Renewal);
        pressing.extend(self.alternating(self.by_turns(renewals), self.by_turns(new)));
        pressing
    }

    /// The first of each tenant, then the second of each: whoever has orders under way has had those turns, and among equals it is
    /// the turn of the one who has waited longest for it. Takes them, and leaves equals, by urgency.
    fn by_turns<'a, K>(&self, works: Vec<Work<'a, K>>) -> Vec<Work<'a, K>> {
        let mut of_tenants: HashMap<&str, Turn> = HashMap::new();
        let turns = works.into_iter().map(|work| {
            let known = || self.tenants.get(work.tenant).copied().unwrap_or_default();
            let turn = of_tenants.entry(work.tenant).or_insert_with(known);
            let (under_way, last) = (turn.under_way, turn.last);
            turn.under_way += 1;
            (under_way, last, work)
        });
        let mut turns: Vec<_> = turns.collect();
        turns.sort_by_key(|(under_way, last, _)| (*under_way, *last));
        turns.into_iter().map(|(_, _, work)| work).collect()
    }

    fn alternating<'a, K>(
        &self,
        renewals: Vec<Work<'a, K>>,
        new: Vec<Work<'a, K>>,
    ) -> impl Iterator<Item = Work<'a, K>> {
        let mut renewals = renewals.into_iter().zip(u64::from(self.renewals)..).peekable();
        let mut new = new.into_iter().zip(u64::from(self.new)..).peekable();
        std::iter::from_fn(move || match (renewals.peek(), new.peek()) {
            (Some((_, before)), Some((_, new_before)))
                if *before > new_before * Self::RENEWALS + (Self::RENEWALS - 1) =>
            {
                new.next()
            }
            (Some(_), _) => renewals.next(),
            (None, _) => new.next(),
        })
        .map(|(work, _)| work)
    }
}

fn kind<K>(work: &Work<'_, K>) -> Kind {
    match work.urgency {
        Urgency::Ends(_) | Urgency::Asked { .. } => Kind::Renewal,
        Urgency::Nothing => Kind::New,
    }
}

fn by_urgency<K: Ord>(a: &Work<'_, K>, b: &Work<'_, K>) -> Ordering {
    (a.urgency, a.since, &a.key).cmp(&(b.urgency, b.since, &b.key))
}
