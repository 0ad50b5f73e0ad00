use proptest::prelude::*;
use time::macros::datetime;

use super::Leads::{Elsewhere, Here, Nowhere};
use super::*;

const NOON: OffsetDateTime = datetime!(2026-03-01 12:00 UTC);
const WEEK: Duration = Duration::WEEK;

fn failing(days: i64, failures: u32) -> Failing {
    Failing { since: NOON - Duration::days(days), failures, is_parked: false }
}

fn parked() -> Failing {
    Failing { is_parked: true, ..failing(9, 9) }
}

fn park(after: Duration) -> Parking {
    Parking::Park { until: NOON + after }
}

#[test]
fn who_is_parked_and_until_when() {
    use Parking::GoOn;
    let (day, hour) = (park(Duration::DAY), park(Duration::HOUR));
    let cases = [
        ("it left, and failed for a week", failing(7, 9), Some(Elsewhere), None, day),
        ("it is gone", failing(7, 9), Some(Nowhere), None, day),
        ("not for a week yet", failing(6, 9), Some(Elsewhere), None, GoOn),
        ("once, and nobody tried since", failing(30, 1), Some(Elsewhere), None, GoOn),
        ("since a clock was set back", failing(-9, 9), Some(Elsewhere), None, GoOn),
        ("it is here, and fails", failing(7, 9), Some(Here), None, GoOn),
        ("nobody knows: it is not parked", failing(7, 9), None, None, GoOn),
        ("nobody knows: it stays parked", parked(), None, None, hour),
        ("it stays away", parked(), Some(Nowhere), None, day),
        ("it is back", parked(), Some(Here), None, GoOn),
        ("four days are left", parked(), Some(Nowhere), Some(96), park(Duration::hours(12))),
        ("four hours are", parked(), None, Some(4), park(Duration::minutes(30))),
    ];
    for (case, failing, leads, hours, want) in cases {
        let remaining = hours.map(Duration::hours);
        assert_eq!(failing.parking(NOON, WEEK, leads, remaining), want, "{case}");
    }
}

#[test]
fn of_several_names_one_that_left_is_enough() {
    let cases: [(&[Option<Leads>], Option<Leads>); 6] = [
        (&[Some(Here), Some(Here)], Some(Here)),
        (&[Some(Here), Some(Elsewhere)], Some(Elsewhere)),
        (&[None, Some(Nowhere)], Some(Nowhere)),
        (&[Some(Here), None], None),
        (&[None, Some(Here)], None),
        (&[Some(Elsewhere), None], Some(Elsewhere)),
    ];
    for (each, want) in cases {
        assert_eq!(Leads::of_all(each.iter().copied()), want, "{each:?}");
    }
}

/// What DNS says at a look before the name is back.
fn away() -> impl Strategy<Value = Option<Leads>> {
    prop::sample::select(vec![Some(Elsewhere), Some(Nowhere), None])
}

proptest! {
    /// However long a name was away, and whatever DNS said or did not say meanwhile: looked at when it was promised, it is ordered
    /// for within a day of its DNS returning.
    #[test]
    fn a_parked_name_returns_within_a_day_of_its_dns_returning(
        said in prop::collection::vec(away(), 1..40),
        returns in 0i64..40 * 86_400,
        left in prop::option::of(1i64..90 * 86_400),
    ) {
        let (returns, ends) = (NOON + Duration::seconds(returns), left.map(|left| NOON + Duration::seconds(left)));
        let (mut now, mut said) = (NOON, said.into_iter().cycle());
        loop {
            let leads = if now < returns { said.next().flatten() } else { Some(Here) };
            match parked().parking(now, WEEK, leads, ends.map(|ends| ends - now)) {
                Parking::GoOn => break,
                Parking::Park { until } => {
                    prop_assert!(now < until);
                    now = until;
                }
            }
        }
        prop_assert!(returns <= now && now <= returns + Duration::DAY);
    }

    /// What DNS does not say neither parks what is not parked, nor unparks what is.
    #[test]
    fn unknown_dns_changes_nothing(days in 0i64..40, failures in 0u32..40, is_parked: bool, left in prop::option::of(-9i64..999)) {
        let failing = Failing { is_parked, ..failing(days, failures) };
        let parking = failing.parking(NOON, WEEK, None, left.map(Duration::hours));
        prop_assert_eq!(parking != Parking::GoOn, is_parked);
    }

    /// A certificate that is served is looked at several times more before it ends.
    #[test]
    fn looks_are_left_before_the_end(left in 9i64..10_000_000, leads in away()) {
        let left = Duration::seconds(left);
        let parking = parked().parking(NOON, WEEK, leads, Some(left));
        let Parking::Park { until } = parking else { return Err(TestCaseError::fail("it is back")) };
        prop_assert!((until - NOON) * 8 <= left.max(Duration::seconds(8)));
    }
}
