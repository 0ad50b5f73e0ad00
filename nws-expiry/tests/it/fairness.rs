//! Turns are taken among what has time, never before what has not.

use std::collections::HashMap;

use nws_expiry::allot::{Allotment, Book, Tenants, Work, allot};
use nws_expiry::budget::{Claim, Exemption, Ledger, Limits, Renewals};
use nws_expiry::{DnsNames, Urgency};
use proptest::prelude::*;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use crate::made::names;

const NOW: OffsetDateTime = datetime!(2026-03-01 12:00 UTC);
const TENANTS: [&str; 4] = ["a", "b", "c", "d"];

/// Something that is due, of one tenant.
#[derive(Clone, Copy, Debug)]
struct Case {
    tenant: usize,
    /// Due for so many hours, with so many left; something new where there are none.
    hours: Option<(i64, i64)>,
}

impl Case {
    fn presses(&self) -> bool {
        self.hours.is_some_and(|(for_hours, left)| left <= for_hours)
    }

    fn ends(&self) -> Option<i64> {
        self.hours.map(|(_, left)| left)
    }
}

fn cases() -> impl Strategy<Value = Vec<Case>> {
    let case = (0..TENANTS.len(), prop::option::weighted(0.8, (0i64..60, 1i64..60)))
        .prop_map(|(tenant, hours)| Case { tenant, hours });
    prop::collection::vec(case, 1..30)
}

fn allotted(cases: &[Case], burst: u32) -> Allotment<usize> {
    let names: Vec<DnsNames> = (0..cases.len()).map(|key| names(&format!("d{key}.com"))).collect();
    let new_orders = format!("{burst}/{burst}h").parse().ok();
    let limits = Limits { new_orders, renewals: Renewals::Counted, ..Limits::NONE };
    let works = cases.iter().zip(&names).enumerate().map(|(key, (case, names))| Work {
        key,
        ca: 0,
        tenant: TENANTS[case.tenant],
        claim: Claim { names, exemption: Exemption::None },
        urgency: case
            .ends()
            .map_or(Urgency::Nothing, |left| Urgency::Ends(NOW + Duration::hours(left))),
        since: case.hours.map_or(NOW, |(since, _)| NOW - Duration::hours(since)),
        have: None,
    });
    let ledger = Ledger::new(limits);
    allot(NOW, works.collect(), &[Book { ledger: &ledger, ahead: &[] }], &Tenants::default())
}

proptest! {
    /// Whatever presses goes before all that takes turns, by its end.
    #[test]
    fn what_presses_goes_before_any_turn(cases in cases(), burst in 1u32..40) {
        let go = allotted(&cases, burst).go;
        let pressing: Vec<_> = go.iter().take_while(|key| cases[**key].presses()).collect();
        prop_assert!(pressing.is_sorted_by_key(|key| cases[**key].ends()));
        prop_assert!(go[pressing.len()..].iter().all(|key| !cases[*key].presses()));
    }

    /// Nothing that has time goes while something that presses and ends sooner waits.
    #[test]
    fn nobodys_turn_makes_what_presses_wait(cases in cases(), burst in 1u32..40) {
        let allotment = allotted(&cases, burst);
        let waits = allotment.later.iter().map(|later| cases[later.key]).filter(Case::presses);
        let soonest = waits.filter_map(|case| case.ends()).min();
        for key in &allotment.go {
            let ends = cases[*key].ends().unwrap_or(i64::MAX);
            prop_assert!(soonest.is_none_or(|soonest| ends <= soonest), "{key} ends after {soonest:?}");
        }
    }

    /// Where there is enough for all, no tenant has had two turns while another waits for its first.
    #[test]
    fn tenants_take_turns_where_there_is_time(cases in cases()) {
        let cases: Vec<_> = cases.into_iter().filter(|case| case.hours.is_some() && !case.presses()).collect();
        let allotment = allotted(&cases, 1000);
        prop_assert_eq!(allotment.go.len(), cases.len());
        let mut turns: HashMap<usize, usize> = HashMap::new();
        let had: Vec<_> = allotment.go.iter().map(|key| {
            let turn = turns.entry(cases[*key].tenant).or_default();
            *turn += 1;
            *turn
        }).collect();
        prop_assert!(had.is_sorted(), "{:?}", had);
    }
}
