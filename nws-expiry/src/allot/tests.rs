use std::cmp::Reverse;

use time::Duration;
use time::macros::datetime;

use super::*;
use crate::DnsNames;
use crate::budget::{Exemption, Limits, Renewals};

const NOON: OffsetDateTime = datetime!(2026-03-01 12:00 UTC);

/// Something that is due, told in a few words: `key tenant exemption urgency`.
struct Case {
    key: u32,
    tenant: &'static str,
    names: DnsNames,
    exemption: Exemption,
    urgency: Urgency,
    since: OffsetDateTime,
}

fn day(day: i64) -> OffsetDateTime {
    NOON + Duration::days(day)
}

/// A renewal that became due now and ends on some day.
fn renewal(key: u32, tenant: &'static str, ends: i64) -> Case {
    let exemption = Exemption::SameSet;
    Case { exemption, urgency: Urgency::Ends(day(ends)), ..new(key, tenant) }
}

fn new(key: u32, tenant: &'static str) -> Case {
    let names = DnsNames::new([format!("h{key}.d{key}.com").parse().unwrap()]).unwrap();
    let exemption = Exemption::None;
    Case { key, tenant, names, exemption, urgency: Urgency::Nothing, since: NOON }
}

fn limits(new_orders: &str) -> Limits {
    Limits { new_orders: Some(new_orders.parse().unwrap()), ..Limits::LETS_ENCRYPT }
}

fn counted(new_orders: &str) -> Limits {
    Limits { renewals: Renewals::Counted, ..limits(new_orders) }
}

fn allotted(
    ledger: &Ledger,
    ahead: &[OffsetDateTime],
    tenants: &Tenants,
    due: &[Case],
) -> Allotment<u32> {
    let works = due.iter().map(|case| Work {
        key: case.key,
        ca: 0,
        tenant: case.tenant,
        claim: Claim { names: &case.names, exemption: case.exemption },
        urgency: case.urgency,
        since: case.since,
        have: None,
    });
    allot(NOON, works.collect(), &[Book { ledger, ahead }], tenants)
}

/// What goes, where nothing else is known.
fn goes(limits: Limits, due: &[Case]) -> Vec<u32> {
    allotted(&Ledger::new(limits), &[], &Tenants::default(), due).go
}

/// What goes, and who waits until when for what.
fn lines(limits: Limits, due: &[Case]) -> String {
    let allotment = allotted(&Ledger::new(limits), &[], &Tenants::default(), due);
    let later =
        |later: &Later<u32>| format!("{} in {}: {}\n", later.key, (later.until - NOON), later.on);
    format!("go {:?}\n{}", allotment.go, allotment.later.iter().map(later).collect::<String>())
}

#[test]
fn what_presses_goes_first_by_its_end() {
    let urgent = |key, ends| Case { since: day(-30), ..renewal(key, "b", ends) };
    let due = [renewal(1, "a", 30), urgent(2, 12), new(3, "a"), urgent(4, 11), renewal(5, "a", 29)];
    assert_eq!(goes(Limits::LETS_ENCRYPT, &due), [4, 2, 5, 1, 3]);
}

#[test]
fn tenants_take_turns_while_all_have_time() {
    let due = [
        renewal(1, "big", 25),
        renewal(2, "big", 26),
        renewal(3, "big", 27),
        renewal(4, "small", 28),
        renewal(5, "tiny", 29),
    ];
    assert_eq!(goes(Limits::NONE, &due), [1, 4, 5, 2, 3]);
}

#[test]
fn whoever_has_orders_under_way_has_had_those_turns() {
    let mut tenants = Tenants::default();
    tenants.begun(day(-2), "a", Kind::Renewal);
    let due = [renewal(1, "a", 25), renewal(2, "b", 26), renewal(3, "c", 27)];
    let ledger = Ledger::new(Limits::NONE);
    let go = |tenants: &Tenants| allotted(&ledger, &[], tenants, &due).go;
    assert_eq!(go(&tenants), [2, 3, 1], "one is under way");
    tenants.ended("a", Kind::Renewal);
    assert_eq!(go(&tenants), [2, 3, 1], "none is, but a had the last turn");
    for tenant in ["b", "c"] {
        tenants.begun(day(-1), tenant, Kind::Renewal);
        tenants.ended(tenant, Kind::Renewal);
    }
    assert_eq!(go(&tenants), [1, 2, 3], "since then the others had theirs");
    tenants.forget(day(0));
    assert_eq!(go(&tenants), [1, 2, 3], "as if nobody ever had one: by urgency");
}

#[test]
fn of_four_orders_at_most_one_is_new_while_renewals_wait() {
    let due: Vec<_> =
        (0..5).map(|key| renewal(key, "a", 30)).chain((10..13).map(|key| new(key, "a"))).collect();
    assert_eq!(goes(Limits::NONE, &due), [0, 1, 2, 10, 3, 4, 11, 12]);
    let mut tenants = Tenants::default();
    tenants.begun(NOON, "b", Kind::New);
    let ledger = Ledger::new(Limits::NONE);
    let go = allotted(&ledger, &[], &tenants, &due).go;
    assert_eq!(go, [0, 1, 2, 3, 4, 10, 11, 12], "one that is under way counts");
}

#[test]
fn what_others_are_planned_to_use_is_not_there_twice() {
    let same = |key, count| {
        let names = DnsNames::new([format!("h{key}.shop.com").parse().unwrap()]).unwrap();
        let limits = Limits {
            registered_domain: format!("{count}/{count}h").parse().ok(),
            ..limits("300/3h")
        };
        (Case { names, ..new(key, "a") }, limits)
    };
    let due: Vec<_> = (1..=4).map(|key| same(key, 2).0).collect();
    expect_test::expect![[r#"
        go [1, 2]
        3 in 1h: the limit of 2/2h for new certificates of the registered domain (shop.com) is used up
        4 in 2h: the limit of 2/2h for new certificates of the registered domain (shop.com) is used up
    "#]]
    .assert_eq(&lines(same(0, 2).1, &due));
}

#[test]
fn the_last_fifth_of_the_new_orders_is_for_renewals() {
    let mut due: Vec<_> = (1..=6).map(|key| new(key, "a")).collect();
    due.push(Case { exemption: Exemption::None, ..renewal(9, "a", 30) });
    expect_test::expect![[r#"
        go [9, 1, 2, 3]
        4 in 1h: the rest of the new orders is kept for renewals
        5 in 2h: the rest of the new orders is kept for renewals
        6 in 3h: the rest of the new orders is kept for renewals
    "#]]
    .assert_eq(&lines(limits("5/5h"), &due));
}

/// Three at once, one each hour: of what is due, one ends so soon that the other two are needed for what is not due yet.
#[test]
fn what_will_end_sooner_keeps_what_it_needs() {
    let ahead = [NOON + Duration::HOUR, NOON + Duration::HOUR];
    let due = [renewal(1, "a", 20), renewal(2, "a", 30), new(3, "a")];
    let due = due.map(|case| Case { exemption: Exemption::None, ..case });
    let allotment = allotted(&Ledger::new(counted("3/3h")), &ahead, &Tenants::default(), &due);
    assert_eq!(allotment.go, [1]);
    let later: Vec<_> = allotment.later.iter().map(|later| (later.key, &later.on)).collect();
    assert_eq!(later, [(2, &Wait::Sooner), (3, &Wait::Sooner)]);
}

#[test]
fn what_is_free_waits_for_nobody() {
    let used = |orders| {
        let mut ledger = Ledger::new(limits("5/5h"));
        for key in 0..orders {
            let other = new(100 + key, "a");
            ledger.take(NOON, &Claim { names: &other.names, exemption: Exemption::None });
        }
        ledger
    };
    let due = [renewal(1, "a", 30), new(2, "a")];
    let allotment = allotted(&used(5), &[], &Tenants::default(), &due);
    assert_eq!(allotment.go, [1]);
    assert_eq!(allotment.next(), Some(NOON + Duration::hours(2)), "a fifth is kept");
}

#[test]
fn a_mass_revocation_goes_by_how_exposed_they_are() {
    let asked = |key, exposure| {
        let urgency = Urgency::Asked { exposure: Reverse(exposure), ends: day(60) };
        Case { urgency, ..renewal(key, "a", 60) }
    };
    assert_eq!(goes(Limits::NONE, &[asked(1, 1), asked(2, 9), renewal(3, "a", 30)]), [3, 2, 1]);
}

/// Of 20 days one is left, or two; nothing is left of the names' budget for a day and a half.
#[test]
fn what_is_about_to_end_is_asked_for_in_spite_of_what_was_counted() {
    let exact_set = "1/36h".parse().ok();
    let mut ledger = Ledger::new(Limits { exact_set, ..Limits::LETS_ENCRYPT });
    let case = renewal(1, "a", 1);
    let claim = Claim { names: &case.names, exemption: case.exemption };
    ledger.take(NOON, &claim);
    for (left, in_spite) in [(1, vec![1]), (2, vec![])] {
        let have = Validity::new(day(left - 20), day(left));
        let (tenant, urgency) = ("a", Urgency::Ends(day(left)));
        let work = Work { key: 1, ca: 0, tenant, claim, urgency, since: day(-5), have };
        let books = [Book { ledger: &ledger, ahead: &[] }];
        let allotment = allot(NOON, vec![work], &books, &Tenants::default());
        assert_eq!((allotment.go, allotment.in_spite), (vec![], in_spite), "{left} days");
    }
}
