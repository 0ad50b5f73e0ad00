//! From when to when a certificate is valid.

use time::{Duration, OffsetDateTime};

use crate::backoff::in_time;

/// The validity of a certificate (RFC 5280 §4.1.2.5): the only dates that decisions are made from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Validity {
    not_before: OffsetDateTime,
    not_after: OffsetDateTime,
}

impl Validity {
    /// From `not_before` to `not_after`; `None` if it would end before it begins.
    pub fn new(not_before: OffsetDateTime, not_after: OffsetDateTime) -> Option<Self> {
        (not_before < not_after).then_some(Self { not_before, not_after })
    }

    /// The first instant it is valid at.
    pub fn not_before(self) -> OffsetDateTime {
        self.not_before
    }

    /// The last instant it is valid at (RFC 5280 §4.1.2.5: inclusive).
    pub fn not_after(self) -> OffsetDateTime {
        self.not_after
    }

    /// From the first instant to the last.
    pub fn lifetime(self) -> Duration {
        self.not_after - self.not_before
    }

    /// What is left of it at `now`; nothing once it is over.
    pub fn left(self, now: OffsetDateTime) -> Duration {
        (self.not_after - now).max(Duration::ZERO)
    }

    /// When its last twentieth begins: what waits for anything then is tried all the same, as CertMagic does
    /// (`certificates.go`, `NeedsRenewal`).
    pub fn emergency(self) -> OffsetDateTime {
        self.not_after - self.lifetime() / 20
    }

    /// The longest wait that is kept at `now`: an eighth of what is left, and a second at least, in the
    /// [emergency](Self::emergency); `None` where any is. A certificate that has ended is past all emergencies.
    pub fn longest_wait(self, now: OffsetDateTime) -> Option<Duration> {
        let is_emergency = self.emergency() <= now && now < self.not_after;
        is_emergency.then(|| in_time(Duration::MAX, Some(self.left(now))))
    }

    /// Whether a wait until `until` is kept at `now`, whoever asked for it.
    pub fn keeps_waiting(self, now: OffsetDateTime, until: OffsetDateTime) -> bool {
        now < until && self.longest_wait(now).is_none_or(|longest| until - now <= longest)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::datetime;

    use super::*;

    const FROM: OffsetDateTime = datetime!(2026-01-01 0:00 UTC);

    #[test]
    fn a_validity_ends_after_it_begins() {
        for (case, seconds, is_one) in
            [("a second", 1, true), ("nothing", 0, false), ("turned around", -1, false)]
        {
            assert_eq!(
                Validity::new(FROM, FROM + Duration::seconds(seconds)).is_some(),
                is_one,
                "{case}"
            );
        }
    }

    /// 20 days: the emergency is the last one, and an eighth of it three hours.
    #[test]
    fn in_an_emergency_no_long_wait_is_kept() {
        let validity = Validity::new(FROM, FROM + Duration::days(20)).unwrap();
        let (ends, emergency) = (validity.not_after(), FROM + Duration::days(19));
        assert_eq!(validity.emergency(), emergency);
        let cases = [
            ("long before", FROM, ends, true),
            ("a second before", emergency - Duration::SECOND, ends, true),
            ("a long one", emergency, emergency + Duration::hours(3) + Duration::SECOND, false),
            ("one of an eighth", emergency, emergency + Duration::hours(3), true),
            ("one that is over", emergency, emergency, false),
            (
                "a second, though it is more",
                ends - Duration::seconds(2),
                ends - Duration::SECOND,
                true,
            ),
            ("of one that has ended", ends, ends + Duration::DAY, true),
        ];
        for (case, now, until, is_kept) in cases {
            assert_eq!(validity.keeps_waiting(now, until), is_kept, "{case}");
        }
    }

    proptest! {
        /// A wait of an eighth of what is left, as a failure in the emergency is given, is kept to its end: nothing spins.
        #[test]
        fn a_wait_that_was_short_enough_stays_so(lifetime in 60i64..10_000_000, part in 0.95f64..1.0, through in 0.0f64..1.0) {
            let validity = Validity::new(FROM, FROM + Duration::seconds(lifetime)).unwrap();
            let begun = FROM + validity.lifetime() * part;
            let until = begun + validity.longest_wait(begun).unwrap_or(Duration::ZERO);
            let now = begun + (until - begun) * through;
            prop_assert!(now >= until || validity.keeps_waiting(now, until));
        }
    }
}
