//! When a certificate is ordered: the table of the rules.

use nws_expiry::{
    Decision, Held, KeyType, Leaf, Policy, Reason, Rule, Spread, Subject, Window, decide,
};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use crate::made::{names, params, self_signed};

const FROM: OffsetDateTime = datetime!(2026-01-01 0:00 UTC);

fn leaf(hosts: &str, lifetime: Duration) -> Leaf {
    Leaf::from_der(&self_signed(&params(&names(hosts), FROM, FROM + lifetime))).unwrap()
}

fn policy(renew_before: Option<&str>) -> Policy {
    let renew_before = renew_before.map(|before| before.parse().unwrap());
    Policy { renew_before, sweep: "03:00".parse().unwrap() }
}

fn keep(until: OffsetDateTime, rule: Rule) -> Decision {
    Decision::Keep { until, rule }
}

#[test]
fn the_rules_one_by_one() {
    let a = names("a.example");
    let ninety = leaf("a.example", Duration::days(90));
    let (due, ends) = (datetime!(2026-03-02 0:00 UTC), datetime!(2026-04-01 0:00 UTC));
    let since =
        |since| Decision::Order(Reason::Due { since, rule: Rule::Lifetime, not_after: ends });
    let late = policy(Some("3d"));
    let greedy = policy(Some("1y"));
    let other = leaf("a.example b.example", Duration::days(90));
    let cases = [
        ("no certificate yet", FROM, None, policy(None), Decision::Order(Reason::Absent)),
        (
            "a name was dropped",
            FROM,
            Some(&other),
            policy(None),
            Decision::Order(Reason::NamesDiffer { have: other.names().cloned() }),
        ),
        (
            "a nanosecond early",
            due - Duration::NANOSECOND,
            Some(&ninety),
            policy(None),
            keep(due, Rule::Lifetime),
        ),
        ("a third is left", due, Some(&ninety), policy(None), since(due)),
        ("the last instant", ends - Duration::NANOSECOND, Some(&ninety), policy(None), since(due)),
        (
            "over",
            ends,
            Some(&ninety),
            policy(None),
            Decision::Order(Reason::Expired { not_after: ends }),
        ),
        (
            "renew_before below the floor: the sweep seven days before",
            FROM,
            Some(&ninety),
            late,
            keep(datetime!(2026-03-25 3:00 UTC), Rule::Sweep),
        ),
        (
            "renew_before above half: half",
            FROM,
            Some(&ninety),
            greedy,
            keep(datetime!(2026-02-15 0:00 UTC), Rule::RenewBefore),
        ),
    ];
    for (case, now, have, policy, want) in cases {
        let subject = Subject { names: &a, key_type: KeyType::EcdsaP256, spread: Spread::NONE };
        assert_eq!(decide(now, subject, have.map(Held::from), &policy), want, "{case}");
    }
}

#[test]
fn another_kind_of_key_is_ordered_at_once() {
    let a = names("a.example");
    let subject = Subject { names: &a, key_type: KeyType::Rsa2048, spread: Spread::NONE };
    let have = leaf("a.example", Duration::days(90));
    let want = Decision::Order(Reason::KeyTypeDiffers { have: Some(KeyType::EcdsaP256) });
    assert_eq!(decide(FROM, subject, Some((&have).into()), &policy(None)), want);
}

/// What the CA suggests (RFC 9773) goes before our own plan, earlier or later; the sweep is the floor under both.
#[test]
fn the_window_of_the_ca_decides_down_to_the_sweep() {
    let a = names("a.example");
    let ninety = leaf("a.example", Duration::days(90));
    let (ends, day) = (ninety.not_after(), |day| FROM + Duration::days(day));
    let window = |from, to| Window::new(day(from), day(to));
    let suggested =
        |since| Decision::Order(Reason::Suggested { since: day(since), not_after: ends });
    let floor = datetime!(2026-03-25 3:00 UTC);
    let cases = [
        ("before the window", day(29), window(30, 31), keep(day(30), Rule::Suggested)),
        ("at its start, as r is 0", day(30), window(30, 31), suggested(30)),
        ("after it: still at once", day(40), window(30, 31), suggested(30)),
        ("a window before the certificate began", day(1), window(-3, -2), suggested(-3)),
        (
            "later than our own plan would be",
            day(65),
            window(70, 71),
            keep(day(70), Rule::Suggested),
        ),
        ("never later than the sweep", day(65), window(88, 89), keep(floor, Rule::Sweep)),
        ("no answer: our own plan", day(59), None, keep(day(60), Rule::Lifetime)),
    ];
    for (case, now, suggested, want) in cases {
        let subject = Subject { names: &a, key_type: KeyType::EcdsaP256, spread: Spread::NONE };
        let held = Held { suggested, ..Held::from(&ninety) };
        assert_eq!(decide(now, subject, Some(held), &policy(None)), want, "{case}");
    }
}

#[test]
fn what_is_to_be_replaced_is_whatever_its_dates_say_unless_it_has_ended() {
    let a = names("a.example");
    let ninety = leaf("a.example", Duration::days(90));
    let subject = Subject { names: &a, key_type: KeyType::EcdsaP256, spread: Spread::NONE };
    let held = || Held { replace: Some(Reason::Asked { at: FROM }), ..Held::from(&ninety) };
    let ends = ninety.not_after();
    let asked = Decision::Order(Reason::Asked { at: FROM });
    assert_eq!(decide(FROM, subject, Some(held()), &policy(None)), asked);
    let over = Decision::Order(Reason::Expired { not_after: ends });
    assert_eq!(decide(ends, subject, Some(held()), &policy(None)), over);
}

#[test]
fn lifetimes_of_every_size_go_through_the_same_code() {
    let a = names("a.example");
    let cases = [
        ("90 days: a third", Duration::days(90), Duration::days(60)),
        ("45 days: a third", Duration::days(45), Duration::days(30)),
        ("160 hours: half", Duration::hours(160), Duration::hours(80)),
        ("two minutes: half", Duration::minutes(2), Duration::minutes(1)),
    ];
    for (case, lifetime, after) in cases {
        let subject = Subject { names: &a, key_type: KeyType::EcdsaP256, spread: Spread::NONE };
        assert_eq!(
            decide(FROM, subject, Some((&leaf("a.example", lifetime)).into()), &policy(None)),
            keep(FROM + after, Rule::Lifetime),
            "{case}"
        );
    }
}
