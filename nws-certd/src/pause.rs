//! Leaving a thing alone for a while after it failed.

use nws_expiry::{FailureClass, retry_after};
use time::OffsetDateTime;

/// The pause after failures in a row of something that costs the CA nothing: a fetch, a push, a CA that is away.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pause {
    failures: u32,
    until: Option<OffsetDateTime>,
}

impl Pause {
    /// Until when nothing is tried, if that is after `now`.
    pub(crate) fn until(&self, now: OffsetDateTime) -> Option<OffsetDateTime> {
        self.until.filter(|until| now < *until)
    }

    /// One more failure; the pause doubles, and is never shorter than what the other side asked for.
    pub(crate) fn failed(
        &mut self,
        now: OffsetDateTime,
        asked_for: Option<OffsetDateTime>,
    ) -> OffsetDateTime {
        self.failures = self.failures.saturating_add(1);
        let until = now + retry_after(FailureClass::Free, self.failures, None);
        let until = asked_for.map_or(until, |asked| asked.max(until));
        self.until = Some(until);
        until
    }

    /// It works again.
    pub(crate) fn over(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use time::Duration;
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_pause_grows_and_ends_with_success() {
        const NOON: OffsetDateTime = datetime!(2026-03-01 12:00 UTC);
        let mut pause = Pause::default();
        assert_eq!(pause.until(NOON), None);
        assert_eq!(pause.failed(NOON, None), NOON + Duration::seconds(5));
        assert_eq!(pause.failed(NOON, None), NOON + Duration::seconds(10));
        assert_eq!(pause.until(NOON), Some(NOON + Duration::seconds(10)));
        assert_eq!(pause.until(NOON + Duration::seconds(10)), None);
        let asked = NOON + Duration::HOUR;
        assert_eq!(pause.failed(NOON, Some(asked)), asked);
        pause.over();
        assert_eq!(pause.until(NOON), None);
    }
}
