//! How long to leave a thing alone after it failed.

use time::Duration;

/// What a failure cost, and so how soon the same may be tried again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FailureClass {
    /// The CA looked at the name and refused it: 1, 10, 100 minutes, then daily (Let's Encrypt's integration guide). At one try
    /// a day its pause limit of 1152 failures in a row is never reached.
    Validation,
    /// It cost the CA nothing, as a fetch, a push or a pre-flight: 5 s, doubling to 5 min.
    Free,
}

/// How long to wait after the `failures`-th failure in a row, the first being 1.
///
/// Where a certificate is still served, `remaining` is the time it has left: an eighth of that is never exceeded, so that several
/// tries are left before the end, whatever its lifetime. Never under one second.
pub fn retry_after(class: FailureClass, failures: u32, remaining: Option<Duration>) -> Duration {
    let wait = match (class, failures) {
        (FailureClass::Validation, 0 | 1) => Duration::MINUTE,
        (FailureClass::Validation, 2) => Duration::minutes(10),
        (FailureClass::Validation, 3) => Duration::minutes(100),
        (FailureClass::Validation, _) => Duration::DAY,
        (FailureClass::Free, failures) => doubled(failures.saturating_sub(1)),
    };
    let most = remaining.filter(|left| left.is_positive()).map_or(wait, |left| left / 8);
    wait.min(most).max(Duration::SECOND)
}

fn doubled(times: u32) -> Duration {
    const FIRST: Duration = Duration::seconds(5);
    const MOST: Duration = Duration::minutes(5);
    1i32.checked_shl(times.min(30)).map_or(MOST, |factor| FIRST.saturating_mul(factor).min(MOST))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_waits_of_each_class() {
        let cases = [
            (FailureClass::Validation, 1, 60),
            (FailureClass::Validation, 2, 600),
            (FailureClass::Validation, 3, 6_000),
            (FailureClass::Validation, 4, 86_400),
            (FailureClass::Validation, u32::MAX, 86_400),
            (FailureClass::Free, 1, 5),
            (FailureClass::Free, 2, 10),
            (FailureClass::Free, 6, 160),
            (FailureClass::Free, 7, 300),
            (FailureClass::Free, u32::MAX, 300),
        ];
        for (class, failures, seconds) in cases {
            assert_eq!(
                retry_after(class, failures, None),
                Duration::seconds(seconds),
                "{class:?} {failures}"
            );
        }
    }

    proptest! {
        /// A certificate that lives is tried again several times before it ends, and nothing spins.
        #[test]
        fn tries_are_left_before_the_end(free: bool, failures in 1u32.., left in 9i64..10_000_000) {
            let class = if free { FailureClass::Free } else { FailureClass::Validation };
            let wait = retry_after(class, failures, Some(Duration::seconds(left)));
            prop_assert!(Duration::SECOND <= wait && wait * 8 <= Duration::seconds(left).max(Duration::seconds(8)));
        }

        /// One failure more never shortens the wait.
        #[test]
        fn waits_grow(free: bool, failures in 1u32..1000, left in prop::option::of(1i64..10_000_000)) {
            let class = if free { FailureClass::Free } else { FailureClass::Validation };
            let left = left.map(Duration::seconds);
            prop_assert!(retry_after(class, failures, left) <= retry_after(class, failures + 1, left));
        }
    }
}
