use nws_acme::LimitScope;
use std::sync::Arc;

use nws_acme::testing::{FakeCa, RuntimeClock, Unanswered};
use nws_acme::{Ca, Limits};
use nws_challenge::Token;
use nws_expiry::budget::Exemption;
use nws_expiry::{DnsName, DnsNames, Doubling, KeyType, Reason, Steps, Validity};
use time::macros::datetime;

use super::*;
use crate::authority::{Authority, testing};
use crate::store::{CertificateKey, OpenOrder, Outlook};
use crate::vault::Sealed;

const NOON: OffsetDateTime = datetime!(2026-03-01 12:00 UTC);
const NEVER: OffsetDateTime = datetime!(2126-03-01 12:00 UTC);

/// A CA that nobody asks.
fn authority() -> Authority {
    let nobody = |_: &DnsName, _: &Token| Err(Unanswered::connection("nobody"));
    let fake = FakeCa::new(Arc::new(RuntimeClock::starting_at(NOON)), nobody);
    let ca = Ca::new(fake.directory_url(), fake.transport(), Limits::default());
    testing::authority(ca)
}

/// An attempt with an order of some age, for a certificate that still has one until `ends`.
fn attempt(age: Duration, ends: OffsetDateTime) -> Attempt {
    let names = DnsNames::from("shop.example".parse::<DnsName>().unwrap());
    let certificate = CertificateKey { names, key_type: KeyType::EcdsaP256, profile: None };
    let open = OpenOrder {
        id: OrderId(nws_expiry::Fingerprint::of(b"key")),
        certificate: certificate.clone(),
        sealed_key: Sealed(Vec::new()),
        started_at: NOON - age,
        url: None,
        ca: None,
        profile: None,
    };
    Attempt {
        keeps_key: false,
        certificate,
        reason: Reason::Absent,
        authority: Arc::new(authority()),
        open: Some(open),
        predecessor: None,
        failures: 0,
        failing: None,
        outlook: Outlook::default(),
        have: Validity::new(NOON - Duration::DAY, ends),
        tenant: "shop".into(),
        exemption: Exemption::None,
        in_spite: true,
        uses: Vec::new(),
        began: NOON,
    }
}

#[tokio::test]
async fn when_an_order_is_tried_again() {
    let says = |hours: u64| RetryAfter::Delay(std::time::Duration::from_secs(hours * 3600));
    let resume = || Recovery::Resume { retry_after: None };
    let wait = |hours| Recovery::Wait { retry_after: says(hours), scope: LimitScope::ExactSet };
    let (fresh, day) = (Duration::ZERO, NOON + Duration::DAY);
    let cases = [
        ("a fresh order that hangs", fresh, NEVER, resume(), Duration::seconds(5)),
        (
            "one that has for ten minutes",
            Duration::minutes(10),
            NEVER,
            resume(),
            Duration::seconds(75),
        ),
        ("one that has for days", Duration::days(3), NEVER, resume(), Duration::minutes(5)),
        ("a limit is waited for", fresh, NEVER, wait(34), Duration::hours(34)),
        ("but not past the certificate's use", fresh, day, wait(34), Duration::hours(12)),
        (
            "a CA that is away has a breaker",
            fresh,
            day,
            Recovery::CaAway { retry_after: Some(says(1)) },
            Duration::ZERO,
        ),
        ("the account is made again soon", fresh, day, Recovery::Account, Duration::seconds(5)),
        ("a person is waited for", fresh, day, Recovery::Operator, Duration::HOUR),
        ("and who is to end a pause", fresh, day, Recovery::Hold { url: None }, Duration::HOUR),
        ("a name's first failure", fresh, NEVER, Recovery::Name, Duration::MINUTE),
        ("an order that was lost", fresh, NEVER, Recovery::Fresh, Duration::seconds(5)),
        ("what will always fail", fresh, NEVER, Recovery::Permanent, Duration::DAY),
        ("is tried before the end", fresh, day, Recovery::Permanent, Duration::hours(3)),
    ];
    for (case, age, ends, recovery, want) in cases {
        assert_eq!(
            until(&Backoff::default(), &attempt(age, ends), &recovery, NOON) - NOON,
            want,
            "{case}"
        );
    }
}

/// Whatever may be to be done about a failure.
fn recoveries() -> Vec<Recovery> {
    let says = |days: u64| RetryAfter::Delay(std::time::Duration::from_secs(days * 86_400));
    let wait = |days| Recovery::Wait { retry_after: says(days), scope: LimitScope::Unknown };
    let resume = |days| Recovery::Resume { retry_after: Some(says(days)) };
    vec![
        wait(0),
        wait(6),
        resume(0),
        resume(6),
        Recovery::Resume { retry_after: None },
        Recovery::CaAway { retry_after: None },
        Recovery::Hold { url: None },
        Recovery::Account,
        Recovery::Operator,
        Recovery::Name,
        Recovery::Fresh,
        Recovery::Permanent,
    ]
}

/// However a certificate failed, and however often before, it is tried again before it ends, even where failures are hardly ever to
/// be tried again; unless it has only a second left, which is no use to anybody.
#[tokio::test]
async fn whatever_went_wrong_the_next_try_is_before_the_end() {
    let week = Duration::WEEK;
    let (validation, free) = (Steps::new(vec![week]), Doubling::new(week, week));
    let patient = Backoff { validation: validation.unwrap(), free: free.unwrap() };
    let mut attempt = attempt(Duration::ZERO, NEVER);
    for (backoff, left, failures) in [Backoff::default(), patient]
        .iter()
        .flat_map(|backoff| [2, 5, 9, 60, 3_600, 86_400, 7_000_000].map(|left| (backoff, left)))
        .flat_map(|(backoff, left)| [0, 1, 3, 99].map(|failures| (backoff, left, failures)))
    {
        let ends = NOON + Duration::seconds(left);
        (attempt.failures, attempt.have) = (failures, Validity::new(NOON - Duration::DAY, ends));
        for age in [Duration::ZERO, Duration::days(3)] {
            attempt.open =
                attempt.open.take().map(|open| OpenOrder { started_at: NOON - age, ..open });
            for recovery in recoveries() {
                let wait = until(backoff, &attempt, &recovery, NOON) - NOON;
                assert!(wait < Duration::seconds(left), "{wait} of {left} s after {recovery:?}");
                // What was not kept would be over at once, and the CA asked without end; its breaker says when it is away.
                let kept = attempt.have.is_some_and(|have| have.keeps_waiting(NOON, NOON + wait));
                let is_breakers = matches!(recovery, Recovery::CaAway { .. });
                assert!(kept || is_breakers, "{wait} of {left} s after {recovery:?}");
            }
        }
    }
}

/// The attempt's certificate has lived for a day.
#[tokio::test]
async fn what_keeps_from_one_ca_is_waited_for_by_the_certificate_only_in_an_emergency() {
    let cases = [
        ("a day is left of two", Duration::DAY, Duration::ZERO),
        ("the last twentieth", Duration::hours(1), Duration::seconds(450)),
        ("the last seconds", Duration::seconds(4), Duration::SECOND),
    ];
    for (case, left, want) in cases {
        let attempt = attempt(Duration::ZERO, NOON + left);
        assert_eq!(after_obstacle(&attempt, NOON) - NOON, want, "{case}");
    }
}
