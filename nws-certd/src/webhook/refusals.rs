//! Refused deliveries in the log: seldom, and counted.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The shortest time between two lines; the listener may be open to the world, and the log is not.
const PAUSE: Duration = Duration::from_secs(60);

/// How many deliveries were refused, and when that was last said.
#[derive(Debug, Default)]
pub(super) struct Refusals(Mutex<Tally>);

#[derive(Debug, Default)]
struct Tally {
    quiet_until: Option<Instant>,
    unsaid: u64,
}

impl Refusals {
    /// Counts one more, at `now`; gives the number to be said now, which is that of all since the last time.
    pub(super) fn count(&self, now: Instant) -> Option<u64> {
        let mut tally = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tally.unsaid += 1;
        if tally.quiet_until.is_some_and(|until| now < until) {
            return None;
        }
        tally.quiet_until = Some(now + PAUSE);
        Some(std::mem::take(&mut tally.unsaid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_flood_is_one_line_a_minute_that_counts_it() {
        let (refusals, start) = (Refusals::default(), Instant::now());
        let cases = [
            ("the first", 0, Some(1)),
            ("at once after it", 0, None),
            ("within the minute", 59, None),
            ("after it", 60, Some(3)),
            ("the next minute begins there", 119, None),
            ("and ends", 120, Some(2)),
            ("after a long time", 9999, Some(1)),
        ];
        for (case, second, want) in cases {
            let now = start + Duration::from_secs(second);
            assert_eq!(refusals.count(now), want, "{case}");
        }
    }
}
