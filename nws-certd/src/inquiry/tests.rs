use nws_acme::testing::{FakeCa, RuntimeClock, Unanswered};
use nws_acme::{Ca, Limits};
use nws_challenge::Token;
use nws_expiry::{DnsName, DnsNames, KeyType};
use time::macros::datetime;

use super::*;
use crate::authority::testing::authority;

const NOON: OffsetDateTime = datetime!(2026-03-01 12:00 UTC);

fn window(days: i64) -> Window {
    let start = NOON + Duration::days(days);
    Window::new(start, start + Duration::HOUR).unwrap()
}

fn told(window: Option<Window>) -> RenewalInfo {
    let explanation_url = Some("https://ca.example/why".into());
    RenewalInfo { window, explanation_url, retry_after: std::time::Duration::from_secs(1200) }
}

/// About a certificate of some age of which a window was told before, or nothing.
fn inquiry(age: Duration, before: Option<Option<Window>>) -> Inquiry {
    let nobody = |_: &DnsName, _: &Token| Err(Unanswered::connection("nobody"));
    let fake = FakeCa::new(Arc::new(RuntimeClock::starting_at(NOON)), nobody);
    let ca = Ca::new(fake.directory_url(), fake.transport(), Limits::default());
    let names = DnsNames::from("shop.example".parse::<DnsName>().unwrap());
    let (key_type, fingerprint) = (KeyType::EcdsaP256, Fingerprint::of(b"leaf"));
    let known = before.map(|window| RenewalFacts {
        fingerprint,
        window,
        explanation_url: Some("https://ca.example/before".into()),
        asked_at: NOON - Duration::HOUR,
        next_at: NOON,
        failures: 2,
        last_error: Some("it was away".into()),
    });
    let spread = Spread::of("here", &names);
    Inquiry {
        certificate: CertificateKey { names, key_type, profile: None },
        fingerprint,
        id: "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE".parse().unwrap(),
        spread,
        issued_at: NOON - age,
        authority: Arc::new(authority(ca)),
        known,
    }
}

#[tokio::test]
async fn what_is_known_after_an_answer() {
    let (day, old) = (Duration::DAY, Duration::days(30));
    let said = |days| Ok(Some(told(Some(window(days)))));
    let away = || AcmeError::Away { until: NOON, reason: "it was away".into() };
    let absent = || AcmeError::Absent { url: "https://ca.example/renewal-info/x".into() };
    let cases = [
        ("the first window", inquiry(day, None), said(50), Some(50), 20, 0),
        ("another one", inquiry(old, Some(Some(window(50)))), said(20), Some(20), 20, 0),
        ("one that is over", inquiry(old, Some(Some(window(50)))), said(-1), Some(-1), 20, 0),
        ("the first, and over", inquiry(old, None), said(-1), Some(-1), 20, 0),
        ("just issued, and over", inquiry(Duration::MINUTE, None), said(-1), None, 60, 0),
        ("and told after a failure", inquiry(Duration::MINUTE, Some(None)), said(-1), None, 60, 0),
        (
            "said again an hour later",
            inquiry(Duration::HOUR, Some(None)),
            said(-1),
            Some(-1),
            20,
            0,
        ),
        ("moved", inquiry(Duration::MINUTE, Some(Some(window(50)))), said(-1), Some(-1), 20, 0),
        ("no window", inquiry(old, Some(Some(window(50)))), Ok(Some(told(None))), Some(50), 20, 3),
        ("none ever", inquiry(old, None), Ok(Some(told(None))), None, 20, 1),
        ("not told there", inquiry(old, Some(Some(window(50)))), Ok(None), None, 24 * 60, 0),
        ("a failure", inquiry(old, Some(Some(window(50)))), Err(away()), Some(50), 4, 3),
        ("the first one", inquiry(old, None), Err(away()), None, 1, 1),
        ("no such thing", inquiry(old, None), Err(absent()), None, 360, 1),
    ];
    for (case, inquiry, answer, want, minutes, failures) in cases {
        let learned = inquiry.learned(answer, NOON);
        assert_eq!(learned.window, want.map(window), "{case}");
        assert_eq!(learned.next_at - NOON, Duration::minutes(minutes), "{case}");
        assert_eq!((learned.failures, learned.asked_at), (failures, NOON), "{case}");
    }
}

#[tokio::test]
async fn a_window_as_wide_as_the_lifetime_does_not_renew_what_was_just_issued() {
    let inquiry = inquiry(Duration::MINUTE, None);
    let since = |part: Duration| {
        let start = NOON - part - inquiry.spread.part_of(Duration::DAY * 2);
        Some(Window::new(start, start + Duration::DAY * 2).unwrap())
    };
    let cases = [("due by now", Duration::SECOND, true), ("due later", -Duration::SECOND, false)];
    for (case, part, is_hasty) in cases {
        let learned = inquiry.learned(Ok(Some(told(since(part)))), NOON);
        assert_eq!(learned.window, since(part).filter(|_| !is_hasty), "{case}");
    }
}

#[tokio::test]
async fn an_explanation_goes_with_its_window() {
    let learned = |answer| {
        inquiry(Duration::DAY, Some(Some(window(50)))).learned(answer, NOON).explanation_url
    };
    let cases = [
        (
            "a new window has its own",
            Ok(Some(told(Some(window(20))))),
            Some("https://ca.example/why"),
        ),
        ("a failure changes nothing", Err(AcmeError::Deadline), Some("https://ca.example/before")),
        ("a CA that tells nothing explains nothing", Ok(None), None),
    ];
    for (case, answer, want) in cases {
        assert_eq!(learned(answer).as_deref(), want, "{case}");
    }
}
