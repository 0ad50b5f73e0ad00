//! Leaving a thing alone for a while after it failed.

use nws_expiry::Doubling;
use time::{Duration, OffsetDateTime};

/// The pause after failures in a row of something that costs the CA nothing: a fetch, a push, a write.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pause {
    pace: Doubling,
    failures: u32,
    until: Option<OffsetDateTime>,
}

impl Pause {
    /// None yet; those to come double as `pace` says.
    pub(crate) fn paced(pace: Doubling) -> Self {
        Self { pace, ..Self::default() }
    }

    /// Until when nothing is tried, if that is after `now`.
    pub(crate) fn until(&self, now: OffsetDateTime) -> Option<OffsetDateTime> {
        self.until.filter(|until| now < *until)
    }

    /// One more failure; the pause doubles.
    pub(crate) fn failed(&mut self, now: OffsetDateTime) -> OffsetDateTime {
        self.failures = self.failures.saturating_add(1);
        self.rest(now, self.pace.after(self.failures))
    }

    /// No failure that counts, but a pause of just this length.
    pub(crate) fn rest(&mut self, now: OffsetDateTime, length: Duration) -> OffsetDateTime {
        let until = now + length;
        self.until = Some(until);
        until
    }

    /// It works again.
    pub(crate) fn over(&mut self) {
        *self = Self::paced(self.pace);
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOON: OffsetDateTime = datetime!(2026-03-01 12:00 UTC);

    #[test]
    fn a_pause_grows_and_ends_with_success() {
        let mut pause = Pause::default();
        assert_eq!(pause.until(NOON), None);
        assert_eq!(pause.failed(NOON), NOON + Duration::seconds(5));
        assert_eq!(pause.failed(NOON), NOON + Duration::seconds(10));
        assert_eq!(pause.until(NOON), Some(NOON + Duration::seconds(10)));
        assert_eq!(pause.until(NOON + Duration::seconds(10)), None);
        assert_eq!(pause.rest(NOON, Duration::HOUR), NOON + Duration::HOUR);
        assert_eq!(pause.failed(NOON), NOON + Duration::seconds(20), "a rest is no failure");
        pause.over();
        assert_eq!(pause.until(NOON), None);
    }

    #[test]
    fn a_pause_keeps_its_pace() {
        let (second, minute) = (Duration::SECOND, Duration::MINUTE);
        let mut pause = Pause::paced(Doubling::new(second, minute).unwrap());
        for _ in 0..2 {
            assert_eq!(pause.failed(NOON), NOON + second);
            assert_eq!(pause.failed(NOON), NOON + second * 2);
            pause.over();
        }
    }
}
