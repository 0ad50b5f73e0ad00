//! What others fell into, each with where it is known from.

use nws_expiry::budget::{Claim, Exemption, Ledger, Limits};
use nws_expiry::{Leaf, Policy, Rule, Spread, Timing, Validity, Window};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use crate::made::{names, params, self_signed};

const FROM: OffsetDateTime = datetime!(2026-01-01 0:00 UTC);

fn policy() -> Policy {
    Policy { renew_before: None, sweep: "3:00".parse().unwrap() }
}

fn validity(lifetime: Duration) -> Validity {
    Validity::new(FROM, FROM + lifetime).unwrap()
}

fn timing(lifetime: Duration, suggested: Option<Window>) -> Timing {
    policy().timing(validity(lifetime), suggested, Spread::NONE)
}

#[test]
fn windows_that_are_none_or_out_of_place() {
    let ninety = Duration::days(90);
    let day = |day| FROM + Duration::days(day);
    let window = |from, to| Window::new(day(from), day(to));
    let by = |at, rule| Timing { at, rule };
    let cases = [
        (
            "no window is not a window that begins now (CertMagic certificates.go:142, an unset time)",
            timing(ninety, None),
            by(day(60), Rule::Lifetime),
        ),
        (
            "one that ends before it starts is none (RFC 9773 §4.2)",
            timing(ninety, window(31, 30)),
            by(day(60), Rule::Lifetime),
        ),
        (
            "one that ends as it starts is none (RFC 9773 §4.2)",
            timing(ninety, window(30, 30)),
            by(day(60), Rule::Lifetime),
        ),
        (
            "one that is over is at once, as before a revocation (Boulder core/objects.go RenewalInfoImmediate)",
            timing(ninety, window(10, 11)),
            by(day(10), Rule::Suggested),
        ),
        (
            "one after the end: the sweep goes before it (CertMagic certificates.go NeedsRenewal)",
            timing(ninety, window(95, 96)),
            by(day(83) + Duration::hours(3), Rule::Sweep),
        ),
        (
            "one after the end of what no sweep comes in time for: the last twentieth does (the same)",
            timing(Duration::hours(20), window(95, 96)),
            by(FROM + Duration::hours(19), Rule::Emergency),
        ),
    ];
    for (case, got, want) in cases {
        assert_eq!(got, want, "{case}");
    }
}

/// Boulder `wfe2/wfe.go` validateReplacementOrder and `core/objects.go` IsWithin: exempt is who comes within the window, not who comes late.
#[test]
fn a_window_in_the_past_exempts_from_nothing() {
    let window = Window::new(FROM + Duration::days(59), FROM + Duration::days(60));
    let at = |day| {
        Exemption::of_renewal(FROM + Duration::days(day), validity(Duration::days(90)), window)
    };
    assert_eq!(at(59), Exemption::Suggested);
    assert_eq!(at(60), Exemption::SameSet);
    assert_eq!(at(83), Exemption::SameSet, "in the last week");
}

/// facts/field.md section 0.1: "inside the last seven days" is always true of 160 hours, and ordering it each day uses up the five of exactly
/// these names on day 15.
#[test]
fn a_160_hour_certificate_is_not_due_every_day() {
    let names = names("a.example");
    let spread = Spread::of("here", &names);
    let mut ledger = Ledger::new(Limits::LETS_ENCRYPT);
    let (mut now, year) = (FROM, FROM + Duration::days(365));
    let mut renewals = 0;
    while now < year {
        let have = Validity::new(now, now + Duration::hours(160)).unwrap();
        now = policy().timing(have, None, spread).at;
        let claim = Claim { names: &names, exemption: Exemption::of_renewal(now, have, None) };
        assert_eq!(ledger.check(now, &claim), Ok(()), "renewal {renewals}");
        ledger.take(now, &claim);
        ledger.issued(now, &claim);
        renewals += 1;
    }
    assert!((109..=123).contains(&renewals), "{renewals} in a year, every 72 to 80 hours");
}

/// What a CA takes from the beginning (Let's Encrypt an hour, step-ca a minute) makes nothing due that was just issued.
#[test]
fn a_backdated_certificate_is_due_little_earlier() {
    let (hour, minute) = (Duration::HOUR, Duration::MINUTE);
    let cases = [
        ("Let's Encrypt, 90 days", Duration::days(90), hour, Duration::minutes(40)),
        ("Let's Encrypt, 45 days", Duration::days(45), hour, Duration::minutes(40)),
        ("Let's Encrypt, 160 hours", Duration::hours(160), hour, Duration::minutes(30)),
        ("step-ca, a day", Duration::DAY, minute, Duration::seconds(30)),
        ("step-ca, two minutes", minute * 2, minute, Duration::seconds(30)),
    ];
    for (case, to_come, backdated, earlier) in cases {
        let have = Validity::new(FROM - backdated, FROM + to_come).unwrap();
        let due = policy().timing(have, None, Spread::NONE).at;
        let plain = timing(to_come, None).at;
        assert!(FROM < due && due <= plain, "{case}: due at {due}");
        assert!(plain - due <= earlier, "{case}: {} earlier", plain - due);
    }
}

/// Dates are instants: neither a leap day nor 32 bits nor the other form that X.509 writes them in after 2049 (RFC 5280 §4.1.2.5) counts.
#[test]
fn dates_that_calendars_and_counters_stumble_over() {
    let cases = [
        (
            "over a 29 February",
            (datetime!(2028-02-01 0:00 UTC), datetime!(2028-05-01 0:00 UTC)),
            datetime!(2028-04-01 0:00 UTC),
        ),
        (
            "no 29 February in 2100",
            (datetime!(2100-02-01 0:00 UTC), datetime!(2100-05-02 0:00 UTC)),
            datetime!(2100-04-02 0:00 UTC),
        ),
        (
            "due on a 29 February",
            (datetime!(2027-12-31 0:00 UTC), datetime!(2028-03-30 0:00 UTC)),
            datetime!(2028-02-29 0:00 UTC),
        ),
        (
            "over the end of 32 bits",
            (datetime!(2038-01-01 0:00 UTC), datetime!(2038-04-01 0:00 UTC)),
            datetime!(2038-03-02 0:00 UTC),
        ),
        (
            "over the end of UTCTime",
            (datetime!(2049-12-01 0:00 UTC), datetime!(2050-03-01 0:00 UTC)),
            datetime!(2050-01-30 0:00 UTC),
        ),
        (
            "ten years",
            (datetime!(2026-01-01 0:00 UTC), datetime!(2036-01-01 0:00 UTC)),
            datetime!(2032-08-31 16:00 UTC),
        ),
        (
            "no end that is known (RFC 5280 §4.1.2.5)",
            (datetime!(2026-01-01 0:00 UTC), datetime!(9999-12-31 23:59:59 UTC)),
            datetime!(7341-12-31 15:59:59 UTC),
        ),
    ];
    let a = names("a.example");
    for (case, (from, to), want) in cases {
        let leaf = Leaf::from_der(&self_signed(&params(&a, from, to))).unwrap();
        assert_eq!((leaf.not_before(), leaf.not_after()), (from, to), "{case}");
        let due = policy().timing(leaf.validity(), None, Spread::NONE).at;
        assert!((due - want).abs() < Duration::SECOND, "{case}: {due}, not {want}");
    }
}
