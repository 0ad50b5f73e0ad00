//! What holds for every certificate, whatever its dates, its CA and the configuration say.

use nws_expiry::{
    Decision, Held, KeyType, Leaf, Policy, Reason, RenewBefore, Rule, Spread, Subject, Timing,
    Validity, Window, decide,
};
use proptest::prelude::*;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use crate::made::{names, params, self_signed};

const FROM: OffsetDateTime = datetime!(2026-01-01 0:00 UTC);

/// A duration or a part of the lifetime, as it is written.
fn renew_before() -> impl Strategy<Value = RenewBefore> {
    let text = prop_oneof![
        (1i64..400 * 86_400).prop_map(|seconds| format!("{seconds}s")),
        (1u8..100).prop_map(|percent| format!("{percent}%")),
    ];
    text.prop_map(|text| text.parse().unwrap())
}

fn policy() -> impl Strategy<Value = Policy> {
    (prop::option::of(renew_before()), 0u8..24, 0u8..60).prop_map(|(renew_before, hour, minute)| {
        Policy { renew_before, sweep: format!("{hour}:{minute}").parse().unwrap() }
    })
}

/// Somewhere about the lifetime of a certificate, before it and after it too.
fn window(lifetime: Duration) -> impl Strategy<Value = Option<Window>> {
    let window = (-0.2f64..1.2, 0.0001f64..0.3).prop_map(move |(from, wide)| {
        let start = FROM + lifetime * from;
        Window::new(start, start + (lifetime * wide).max(Duration::SECOND))
    });
    prop_oneof![Just(None), window]
}

fn lifetime() -> impl Strategy<Value = Duration> {
    let hours = prop_oneof![1i64..240, 240i64..9600];
    prop_oneof![1 => (60i64..7200).prop_map(Duration::seconds), 3 => hours.prop_map(Duration::hours)]
}

fn facts() -> impl Strategy<Value = (Duration, Option<Window>)> {
    lifetime().prop_flat_map(|lifetime| (Just(lifetime), window(lifetime)))
}

fn spread(host: &str) -> Spread {
    Spread::of(host, &names("a.example"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    /// Whoever wakes up when it was promised finds the certificate due, by the rule that was told, and before that it was not.
    #[test]
    fn keep_is_honest(
        (lifetime, suggested) in facts(),
        policy in policy(),
        host in "[a-z]{1,8}",
        part in 0.0f64..1.2,
    ) {
        let a = names("a.example");
        let leaf = Leaf::from_der(&self_signed(&params(&a, FROM, FROM + lifetime))).unwrap();
        let subject = Subject { names: &a, key_type: KeyType::EcdsaP256, spread: spread(&host) };
        let decide = |now| decide(now, subject, Some(Held { suggested, ..Held::from(&leaf) }), &policy);
        let (now, ends) = (FROM + lifetime * part, leaf.not_after());
        match decide(now) {
            Decision::Keep { until, rule } => {
                prop_assert!(now < until && until < ends);
                let due = Reason::from_timing(Timing { at: until, rule }, ends);
                prop_assert_eq!(decide(until), Decision::Order(due));
                let still = Decision::Keep { until, rule };
                prop_assert_eq!(decide(until - Duration::NANOSECOND), still);
            }
            Decision::Order(reason) if now < ends => {
                prop_assert!(reason.since().is_some_and(|since| since <= now));
            }
            Decision::Order(reason) => prop_assert_eq!(reason, Reason::Expired { not_after: ends }),
        }
    }

    /// No configuration and no CA makes a certificate due later than a floor allows, and only a CA makes one due that was just issued.
    #[test]
    fn due_between_two_fifths_of_the_lifetime_and_its_last_twentieth(
        (lifetime, suggested) in facts(),
        policy in policy(),
        host in "[a-z]{1,8}",
    ) {
        let validity = Validity::new(FROM, FROM + lifetime).unwrap();
        let timing = policy.timing(validity, suggested, spread(&host));
        prop_assert!(timing.at <= validity.emergency());
        let floor = validity.not_after() - Policy::FLOOR.min(lifetime / 3) + Duration::DAY;
        prop_assert!(timing.at <= floor, "a sweep is at most a day after the floor");
        prop_assert!(timing.rule == Rule::Suggested || timing.at > FROM + lifetime * 2 / 5);
    }

    /// What the CA suggests is followed wherever it lies before the floors; otherwise what was said of this certificate, or of all.
    #[test]
    fn a_window_goes_before_our_own_plan((lifetime, suggested) in facts(), policy in policy(), host in "[a-z]{1,8}") {
        let validity = Validity::new(FROM, FROM + lifetime).unwrap();
        let timing = policy.timing(validity, suggested, spread(&host));
        match timing.rule {
            Rule::Suggested => prop_assert!(suggested.is_some_and(|window| window.start() <= timing.at && timing.at < window.end())),
            Rule::Lifetime => prop_assert!(suggested.is_none() && policy.renew_before.is_none()),
            Rule::RenewBefore => prop_assert!(suggested.is_none() && policy.renew_before.is_some()),
            Rule::Sweep => prop_assert_eq!(policy.sweep.at_or_after(timing.at), timing.at),
            Rule::Emergency => prop_assert_eq!(timing.at, validity.emergency()),
        }
    }
}

const CERTIFICATES: usize = 1000;
const LIFETIME: Duration = Duration::days(90);

/// When each of a thousand certificates is due that were all created in one second, after so many lifetimes.
fn due_after(renewals: u32, window: fn(Validity) -> Option<Window>) -> Vec<OffsetDateTime> {
    let policy = Policy { renew_before: None, sweep: "3:00".parse().unwrap() };
    let due = (0..CERTIFICATES).map(|number| {
        let spread = Spread::of("here", &names(&format!("h{number}.example")));
        (0..=renewals).fold(FROM, |issued, _| {
            let validity = Validity::new(issued, issued + LIFETIME).unwrap();
            policy.timing(validity, window(validity), spread).at
        })
    });
    due.collect()
}

/// The most that become due within a hundredth of this time.
fn most_at_once(mut due: Vec<OffsetDateTime>, whole: Duration) -> usize {
    due.sort_unstable();
    let together = |from: &OffsetDateTime| {
        due.partition_point(|at| *at < *from + whole / 100) - due.partition_point(|at| at < from)
    };
    due.iter().map(together).max().unwrap_or(0)
}

/// Of a thousand, ten are in each hundredth if they are spread evenly; chance makes some of these fuller, but none three times.
#[test]
fn what_was_created_together_is_not_renewed_together() {
    let twentieth = LIFETIME / 20;
    let own_plan = |_: Validity| None;
    let suggested = |validity: Validity| {
        let middle = validity.not_before() + LIFETIME * 2 / 3;
        Window::new(middle - LIFETIME / 100, middle + LIFETIME / 100)
    };
    let cases = [
        ("by lifetime, once", due_after(0, own_plan), twentieth, 27),
        ("by lifetime, ten times", due_after(10, own_plan), twentieth, 9),
        ("in the window of the CA, once", due_after(0, suggested), LIFETIME / 50, 27),
        ("in the window of the CA, ten times", due_after(10, suggested), LIFETIME / 50, 9),
    ];
    for (case, due, whole, most) in cases {
        let found = most_at_once(due, whole);
        assert!(found <= most, "{case}: {found} of {CERTIFICATES} in a hundredth of {whole}");
    }
}
