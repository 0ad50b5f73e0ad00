//! When a CA of Boulder's kind suggests to renew.

use nws_expiry::Window;
use time::{Duration, OffsetDateTime};

use crate::simulate::certificate::{Certificate, Epoch, Standing};

/// Lifetimes under this are renewed at half and not at two thirds.
const SHORT_LIVED: Duration = Duration::days(10);

/// The hundredth of the lifetime to either side of two thirds of it, or of half of a short one; half an hour that is over of what it
/// calls back (Boulder, `core/objects.go` RenewalInfoSimple, RenewalInfoImmediate).
pub(super) fn of(
    one: &Certificate,
    epoch: Epoch,
    recall: Option<OffsetDateTime>,
) -> Option<Window> {
    match (one.standing, recall) {
        (Standing::CalledBack | Standing::Revoked, Some(at)) => {
            Window::new(at - Duration::HOUR, at - Duration::minutes(30))
        }
        (Standing::CalledBack | Standing::Revoked, None) | (Standing::Good, _) => {
            let (from, to) = (epoch.instant(one.begins), epoch.instant(one.ends));
            let lifetime = to - from;
            let centre = to - lifetime / if lifetime < SHORT_LIVED { 2 } else { 3 };
            Window::new(centre - lifetime / 100, centre + lifetime / 100)
        }
    }
}

#[cfg(test)]
mod tests {
    use nws_expiry::Spread;
    use time::macros::datetime;

    use super::*;
    use crate::simulate::certificate::Had;

    /// facts: 90 days from day 59.1 to 60.9, 160 hours around hour 80.
    #[test]
    fn windows_as_boulder_gives_them() {
        let epoch = Epoch(datetime!(2027-01-01 0:00 UTC));
        let cases = [
            ("90 days", 2_160, Standing::Good, (1_418, 1_462)),
            ("160 hours", 160, Standing::Good, (78, 82)),
            ("called back", 2_160, Standing::CalledBack, (999, 1_000)),
        ];
        for (case, hours, standing, (from, to)) in cases {
            let one = Certificate {
                spread: Spread::NONE,
                tenant: 0,
                begins: 0,
                ends: hours * 3_600,
                lifetime: 0,
                failures: 0,
                had: Had::Here,
                standing,
            };
            let recall = Some(epoch.instant(1_000 * 3_600));
            let window = of(&one, epoch, recall).unwrap();
            let hours = |instant: OffsetDateTime| (instant - epoch.0).whole_minutes() as f64 / 60.0;
            assert_eq!(
                (hours(window.start()).floor(), hours(window.end()).ceil()),
                (f64::from(from), f64::from(to)),
                "{case}"
            );
        }
    }
}
