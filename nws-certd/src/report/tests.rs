use nws_expiry::budget::Exemption;
use nws_expiry::{DnsName, DnsNames, KeyType, Reason, Rule};
use time::Duration;
use time::macros::datetime;

use super::*;
use crate::store::Outlook;

const NOON: OffsetDateTime = datetime!(2026-03-01 12:00 UTC);

/// A certificate of which the branch has one that ends so many days from now, or none.
fn planned(host: &str, days: Option<i64>, next: Next, delivery: Delivery) -> Planned {
    let key = WantKey { target: Default::default(), secret: format!("x/{host}").parse().unwrap() };
    Planned {
        keeps_key: false,
        key: key_of(host),
        wants: vec![PlannedWant {
            key,
            source: String::new(),
            delivery,
            is_key_held: false,
            edited: None,
        }],
        have: None,
        pushed_until: days.map(|days| NOON + Duration::days(days)),
        issued_at: None,
        issued_by: None,
        suggested: None,
        explanation_url: None,
        goes_to: Some(0),
        holds: vec![],
        exemption: Exemption::None,
        is_open: false,
        in_spite: false,
        next,
        last_error: None,
        failures: 0,
        failing: None,
        outlook: Outlook::default(),
    }
}

fn key_of(host: &str) -> CertificateKey {
    let names = DnsNames::from(host.parse::<DnsName>().unwrap());
    CertificateKey { names, key_type: KeyType::EcdsaP256, profile: None }
}

fn report(plan: &Plan, order_at: OffsetDateTime, held: Option<&str>) -> Vec<CertificateReport> {
    let scene = Scene {
        now: NOON,
        plan,
        inventory: None,
        directory: &|_| Some("https://ca.test/directory"),
        under_way: &|key| *key == key_of("ordering.example"),
        commit_at: &|_| Some(NOON + Duration::minutes(5)),
        order_at,
        refused: &BTreeMap::new(),
        held: &|_| held,
        doubt: &|_| None,
        seen: &|_, _| None,
    };
    scene.certificates()
}

fn everything() -> Plan {
    let keep = || Next::Keep { until: NOON + Duration::days(5), rule: Rule::Lifetime };
    let order = || Next::Order(Reason::Absent);
    let wait = || Next::Wait {
        until: NOON + Duration::HOUR,
        reason: Reason::Absent,
        on: Obstruction::Failure,
    };
    let pushed = || Delivery::Pushed("certs/x/x.yaml".parse().unwrap());
    let certificates = vec![
        planned("fine-longer.example", Some(60), keep(), pushed()),
        planned("fine.example", Some(30), keep(), pushed()),
        planned("ordering.example", Some(20), order(), pushed()),
        planned("waiting.example", Some(2), wait(), pushed()),
        planned("stored.example", Some(1), keep(), Delivery::Outbox),
        planned("absent.example", None, order(), Delivery::Nothing),
        planned("absent-waiting.example", None, wait(), Delivery::Nothing),
    ];
    Plan { certificates }
}

#[test]
fn the_most_urgent_comes_first() {
    let shown: Vec<_> = report(&everything(), NOON, Some("frozen"))
        .into_iter()
        .map(|one| (one.names, one.stage))
        .collect();
    let want = [
        ("absent-waiting.example", Stage::Waiting),
        ("absent.example", Stage::Wanted),
        ("stored.example", Stage::Held),
        ("waiting.example", Stage::Waiting),
        ("ordering.example", Stage::Ordering),
        ("fine.example", Stage::Pushed),
        ("fine-longer.example", Stage::Pushed),
    ];
    let want: Vec<_> = want.map(|(host, stage)| (vec![host.to_owned()], stage)).into();
    assert_eq!(shown, want);
}

#[test]
fn what_comes_next_is_not_before_it_can_be() {
    let ca_is_away = NOON + Duration::minutes(2);
    let reports = report(&everything(), ca_is_away, Some("frozen"));
    let next = |host: &str| {
        let one = reports.iter().find(|one| one.names == [host]).unwrap();
        (one.next.what.clone(), one.next.at - NOON)
    };
    let cases = [
        ("absent.example", ("order", Duration::minutes(2))),
        ("absent-waiting.example", ("order", Duration::HOUR)),
        ("stored.example", ("push", Duration::minutes(5))),
        ("fine.example", ("renew", Duration::days(5))),
    ];
    for (host, (what, when)) in cases {
        assert_eq!(next(host), (what.to_owned(), when), "{host}");
    }
}

#[test]
fn the_servers_words_stand_with_what_they_hold_and_nothing_else() {
    let reports = report(&everything(), NOON, Some("frozen"));
    let held: Vec<_> = reports.iter().filter(|one| one.last_error.is_some()).collect();
    assert_eq!(held.len(), 1);
    assert_eq!(held[0].last_error.as_deref(), Some("frozen"));
}

#[test]
fn a_fault_is_found_by_the_name_in_any_case() {
    let hosts = vec!["Shop.Example".into(), "*.shop.example".into()];
    let fault = FaultReport { path: "apps/a.yaml".into(), text: String::new(), hosts };
    let cases = [
        ("shop.example", true),
        ("*.shop.example", true),
        ("hop.example", false),
        ("example", false),
    ];
    for (host, want) in cases {
        assert_eq!(fault.mentions(host), want, "{host}");
    }
}
