//! The same facts give the same plan, and what was done is not planned again.

use nws_expiry::allot::{Allotment, Book, Kind, Tenants, Work, allot};
use nws_expiry::budget::{Claim, Exemption, Ledger, Limits};
use nws_expiry::{Agenda, Change, DnsNames, Entry, Urgency};
use proptest::prelude::*;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use crate::made::names;

const NOW: OffsetDateTime = datetime!(2026-03-01 12:00 UTC);
const TENANTS: [&str; 3] = ["a", "b", "c"];

/// Something that is wanted, as far as a plan depends on it.
#[derive(Clone, Debug)]
struct Fact {
    key: usize,
    tenant: &'static str,
    names: DnsNames,
    exemption: Exemption,
    at: OffsetDateTime,
    urgency: Urgency,
    /// How many orders for it were made in the last hour.
    used: u32,
}

fn facts() -> impl Strategy<Value = Vec<Fact>> {
    let hours = -300i64..300;
    let fact = (0..TENANTS.len(), 0u8..4, 0u8..3, hours.clone(), prop::option::of(hours), 0u32..3);
    let fact = fact.prop_map(|(tenant, domain, exemption, at, ends, used)| Fact {
        key: 0,
        tenant: TENANTS[tenant],
        names: names(&format!("d{domain}.com")),
        exemption: [Exemption::None, Exemption::SameSet, Exemption::Suggested]
            [usize::from(exemption)],
        at: hour(at),
        urgency: ends.map_or(Urgency::Nothing, |ends| Urgency::Ends(hour(ends))),
        used,
    });
    prop::collection::vec(fact, 1..40).prop_map(|mut facts| {
        for (key, fact) in facts.iter_mut().enumerate() {
            (fact.key, fact.names) = (key, names(&format!("h{key}.{}", fact.names)));
        }
        facts
    })
}

fn hour(hour: i64) -> OffsetDateTime {
    NOW + Duration::hours(hour)
}

/// All that is known, in whatever order it became known.
struct Known {
    agenda: Agenda<usize, Fact>,
    ledger: Ledger,
    tenants: Tenants,
}

impl Known {
    fn from(facts: &[Fact]) -> Self {
        let limits = Limits {
            new_orders: "40/40h".parse().ok(),
            registered_domain: "3/3h".parse().ok(),
            exact_set: "2/2h".parse().ok(),
            ..Limits::LETS_ENCRYPT
        };
        let (mut ledger, mut tenants) = (Ledger::new(limits), Tenants::default());
        let mut agenda = Agenda::default();
        for fact in facts {
            let entry = Entry { at: fact.at, urgency: fact.urgency, action: fact.clone() };
            agenda.apply(Change::Set(fact.key, entry));
            for _ in 0..fact.used {
                ledger.take(NOW - Duration::HOUR, &fact.claim());
                tenants.begun(NOW - Duration::HOUR, fact.tenant, Kind::New);
                tenants.ended(fact.tenant, Kind::New);
            }
        }
        Self { agenda, ledger, tenants }
    }

    /// The plan for what is due, which is told in that order or the other way round.
    fn plan(&self, turned: impl FnOnce(&mut Vec<Work<'_, usize>>)) -> Allotment<usize> {
        let due = self.agenda.due(NOW).into_iter().map(|due| {
            let Fact { key, tenant, urgency, at: since, .. } = due.entry.action;
            Work { key, ca: 0, tenant, claim: due.entry.action.claim(), urgency, since, have: None }
        });
        let mut due = due.collect();
        turned(&mut due);
        let ahead = [hour(2); 25];
        allot(NOW, due, &[Book { ledger: &self.ledger, ahead: &ahead }], &self.tenants)
    }
}

impl Fact {
    fn claim(&self) -> Claim<'_> {
        Claim { names: &self.names, exemption: self.exemption }
    }
}

proptest! {
    /// In whatever order facts become known, are listed, or lie in a map: it is one plan.
    #[test]
    fn the_same_facts_give_the_same_plan((facts, shuffled) in facts().prop_flat_map(|facts| (Just(facts.clone()), Just(facts).prop_shuffle()))) {
        let plan = Known::from(&facts).plan(|_| {});
        prop_assert_eq!(&Known::from(&facts).plan(|due| due.reverse()), &plan);
        prop_assert_eq!(&Known::from(&shuffled).plan(|_| {}), &plan);
    }

    /// Once what goes is under way, nothing more goes at the same instant, and what waits waits as long.
    #[test]
    fn a_plan_that_was_applied_is_empty(facts in facts()) {
        let mut known = Known::from(&facts);
        let plan = known.plan(|_| {});
        for key in &plan.go {
            let fact = &facts[*key];
            known.ledger.take(NOW, &fact.claim());
            known.tenants.begun(NOW, fact.tenant, Kind::Renewal);
            known.agenda.apply(Change::Remove(*key));
        }
        let again = known.plan(|_| {});
        prop_assert_eq!(again.go, Vec::<usize>::new());
        prop_assert_eq!(again.later.len(), plan.later.len());
    }

    /// Whatever waits is told when: later than now.
    #[test]
    fn what_waits_is_told_a_later_time(facts in facts()) {
        let plan = Known::from(&facts).plan(|_| {});
        prop_assert!(plan.later.iter().all(|later| NOW < later.until));
        prop_assert_eq!(plan.next(), plan.later.iter().map(|later| later.until).min());
    }
}
