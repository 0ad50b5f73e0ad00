//! What is waited for where an order cannot go anywhere, and where it goes instead.

use nws_acme::RevocationReason;

use super::*;
use crate::store::{Obstacle, ObstacleKind, Revocation, RevocationFacts, Stand};

const SECOND: &str = "https://second.example/directory";
const SOON: OffsetDateTime = datetime!(2026-03-01 13:00 UTC);

fn met(ca: &str, kind: ObstacleKind, subject: &str, stand: Stand) -> Obstacle {
    let (ca, subject, detail) = (ca.into(), subject.into(), format!("{} says no", kind.as_str()));
    Obstacle { ca, kind, subject, stand, until: SOON, detail }
}

/// What comes next, and the CA that it goes to.
fn next(age: Option<i64>, obstacles: Vec<Obstacle>, cas: &[CaView]) -> (Next, Option<usize>) {
    let mut repository = Repository::new().wants("shop/tls", "shop.example");
    if let Some(days) = age {
        let from = Provenance { ca: Some(CA.into()), profile: None, ..Provenance::default() };
        repository = repository.holds_from("shop/tls", &issued("shop.example", days), &from);
    }
    let facts = Facts { obstacles, ..Facts::default() };
    let plan = plan_for(&repository, &facts, cas);
    (plan.certificates[0].next.clone(), plan.certificates[0].goes_to)
}

fn away() -> CaView {
    let availability = Availability::Away { since: NOON, until: SOON, reason: "away".into() };
    CaView { availability, ..view(CA) }
}

#[test]
fn what_is_waited_for() {
    use ObstacleKind::{Account, Ca, Caa, ExactSet, Identifier, RegisteredDomain};
    use Stand::{Held, Waits};
    let limit = |words: &str| Some(Obstruction::Limit(format!("{CA}: {words}")));
    let operator = |words: &str| Some(Obstruction::Operator(format!("{CA}: {words}")));
    let (shop, due) = ("shop.example", Some(70));
    let cases = [
        ("nothing", None, vec![], None),
        ("the account", None, vec![met(CA, Account, "", Waits)], limit("account says no")),
        ("not for a renewal", due, vec![met(CA, Account, "", Waits)], None),
        ("a person", due, vec![met(CA, Account, "", Held)], operator("account says no")),
        ("the whole CA", due, vec![met(CA, Ca, "", Waits)], limit("ca says no")),
        ("terms", None, vec![met(CA, Ca, "", Held)], operator("ca says no")),
        (
            "the domain",
            None,
            vec![met(CA, RegisteredDomain, "example", Waits)],
            limit("registered-domain says no"),
        ),
        ("these names", due, vec![met(CA, ExactSet, shop, Waits)], limit("exact-set says no")),
        ("a pause", None, vec![met(CA, ExactSet, shop, Held)], operator("exact-set says no")),
        ("the name", None, vec![met(CA, Identifier, shop, Waits)], limit("identifier says no")),
        ("its owner", None, vec![met(CA, Caa, shop, Waits)], operator("caa says no")),
        ("not another name", None, vec![met(CA, Caa, "blog.example", Waits)], None),
        ("not at another CA", None, vec![met(SECOND, Ca, "", Held)], None),
    ];
    for (case, age, obstacles, want) in cases {
        match (next(age, obstacles, &[view(CA)]), want) {
            ((Next::Order(_), Some(0)), None) => {}
            ((Next::Wait { until, on, .. }, None), Some(want)) => {
                assert_eq!((on, until), (want, SOON), "{case}");
            }
            (got, _) => panic!("{case}: {got:?}"),
        }
    }
}

#[test]
fn a_ca_that_is_away_is_waited_for_until_it_is_asked_again() {
    let (next, goes_to) = next(None, vec![], &[away()]);
    let want = Next::Wait { until: SOON, reason: Reason::Absent, on: Obstruction::Away };
    assert_eq!((next, goes_to), (want, None));
}

#[test]
fn where_an_order_goes_instead() {
    use ObstacleKind::{Account, Caa, ExactSet};
    use Stand::{Held, Waits};
    let (shop, both) = ("shop.example", [view(CA), view(SECOND)]);
    let limited = || met(CA, ExactSet, shop, Waits);
    let (due, late) = (Some(70), Some(88));
    let cases: [(_, _, _, &[CaView], _); 9] = [
        ("the first that can", None, vec![], &both, Some(0)),
        ("the second, if it is needed now", None, vec![limited()], &both, Some(1)),
        ("the first is waited for", due, vec![limited()], &both, None),
        ("whom no waiting helps is not", due, vec![met(CA, ExactSet, shop, Held)], &both, Some(1)),
        ("nor whom the owner forbids", due, vec![met(CA, Caa, shop, Waits)], &both, Some(1)),
        ("a renewal is not a new order", late, vec![met(CA, Account, "", Waits)], &both, Some(0)),
        ("the first is away", None, vec![], &[away(), view(SECOND)], Some(1)),
        ("it may come back in time", due, vec![], &[away(), view(SECOND)], None),
        (
            "the second is forbidden",
            None,
            vec![limited(), met(SECOND, Caa, shop, Waits)],
            &both,
            None,
        ),
    ];
    for (case, age, obstacles, cas, want) in cases {
        match (next(age, obstacles, cas), want) {
            ((Next::Order(_), goes_to), Some(_)) => assert_eq!(goes_to, want, "{case}"),
            ((Next::Wait { until, .. }, None), None) => assert_eq!(until, SOON, "{case}"),
            (got, _) => panic!("{case}: {got:?}"),
        }
    }
}

/// What comes next for a certificate that was issued so many days ago and revoked an hour ago.
fn next_for_revoked(
    issued: &Issued,
    obstacles: Vec<Obstacle>,
    cas: &[CaView],
) -> (Next, Option<usize>) {
    let at = NOON - Duration::HOUR;
    let wish = Revocation {
        leaf: issued.leaf().clone(),
        der: [].into(),
        ca: CA.into(),
        reason: RevocationReason::Superseded,
        replacing: false,
    };
    let revoked = RevocationFacts {
        wish,
        asked_at: at,
        revoked_at: Some(at),
        failures: 0,
        wait_until: None,
        last_error: None,
    };
    let from = Provenance { ca: Some(CA.into()), profile: None, ..Provenance::default() };
    let repository =
        Repository::new().wants("shop/tls", "shop.example").holds_from("shop/tls", issued, &from);
    let facts = Facts { obstacles, revocations: vec![revoked], ..Facts::default() };
    let plan = plan_for(&repository, &facts, cas);
    (plan.certificates[0].next.clone(), plan.certificates[0].goes_to)
}

#[test]
fn what_is_revoked_waits_for_no_ca() {
    let limited = met(CA, ObstacleKind::ExactSet, "shop.example", Stand::Waits);
    let cases = [
        ("the first can", vec![], view(CA), 0),
        ("the first is away", vec![], away(), 1),
        ("the first is limited", vec![limited], view(CA), 1),
    ];
    for (case, obstacles, first, want) in cases {
        let got = next_for_revoked(&issued("shop.example", 1), obstacles, &[first, view(SECOND)]);
        let reason = Reason::Revoked { at: NOON - Duration::HOUR };
        assert_eq!(got, (Next::Order(reason), Some(want)), "{case}");
    }
}

#[test]
fn what_is_revoked_waits_for_no_ca_whatever_else_is_wrong_with_it() {
    let other = issued_with("shop.example", 1, &rcgen::PKCS_ECDSA_P384_SHA384);
    let (next, goes_to) = next_for_revoked(&other, vec![], &[away(), view(SECOND)]);
    assert!(matches!(next, Next::Order(Reason::KeyTypeDiffers { .. })), "{next:?}");
    assert_eq!(goes_to, Some(1));
}

#[test]
fn where_none_can_each_says_why() {
    let (kind, shop) = (ObstacleKind::Caa, "shop.example");
    let obstacles = [CA, SECOND].map(|ca| met(ca, kind, shop, Stand::Waits)).into();
    let (next, _) = next(None, obstacles, &[view(CA), view(SECOND)]);
    let Next::Wait { on: Obstruction::Operator(words), .. } = next else { panic!("{next:?}") };
    assert_eq!(words, format!("{CA}: caa says no; {SECOND}: caa says no"));
}

#[test]
fn a_limit_is_told_in_the_words_of_what_limits() {
    use ObstacleKind::{Account, Caa, ExactSet, Profile};
    use Stand::{Held, Waits};
    let (shop, both) = ("shop.example", [view(CA), view(SECOND)]);
    let cases = [
        ("not of the owner", None, vec![met(SECOND, Caa, shop, Waits)]),
        ("not of a profile", None, vec![met(SECOND, Profile, "", Waits)]),
        ("not of what renewals are exempt from", Some(70), vec![met(CA, Account, "", Waits)]),
        (
            "not where a person has to act anyway",
            None,
            vec![
                Obstacle { until: SOON + Duration::HOUR, ..met(SECOND, Account, "", Waits) },
                met(SECOND, ExactSet, shop, Held),
            ],
        ),
    ];
    for (case, age, mut obstacles) in cases {
        obstacles.push(met(CA, ExactSet, shop, Waits));
        let (Next::Wait { on, .. }, _) = next(age, obstacles, &both) else { panic!("{case}") };
        assert_eq!(on, Obstruction::Limit(format!("{CA}: exact-set says no")), "{case}");
    }
}

#[test]
fn nobody_waits_as_long_as_a_clock_was_wrong_that_was_set_back() {
    let wait = |until| {
        let obstacle = Obstacle { until, ..met(CA, ObstacleKind::Ca, "", Stand::Waits) };
        let (held_back, _) = next(None, vec![obstacle], &[view(CA)]);
        let repository = Repository::new().wants("shop/tls", "shop.example");
        let failed = CertificateFacts { wait_until: Some(until), ..certificate("shop.example") };
        let plan = plan(&repository, &facts([failed]));
        [held_back, plan.certificates[0].next.clone()]
    };
    let longest = NOON + Duration::WEEK;
    for next in wait(longest) {
        assert!(matches!(next, Next::Wait { until, .. } if until == longest), "{next:?}");
    }
    for next in wait(longest + Duration::SECOND) {
        assert_eq!(next, Next::Order(Reason::Absent));
    }
}
