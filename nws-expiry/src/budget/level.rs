//! How far one bucket is used.

use time::{Duration, OffsetDateTime};

use super::Limit;

/// The state of one bucket: its theoretical arrival time, the instant at which it is whole again.
///
/// A bucket that was never used has none. Every method is the arithmetic of GCRA as Boulder has it (`ratelimits/gcra.go`).
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Level(OffsetDateTime);

impl Level {
    /// A bucket that is whole at this instant.
    pub fn whole_at(instant: OffsetDateTime) -> Self {
        Self(instant)
    }

    /// A bucket from which the CA gives one more at `until`, as its Retry-After says, and then one each interval.
    pub fn told(limit: Limit, until: OffsetDateTime) -> Self {
        Self(until.saturating_add(limit.period() - limit.interval()))
    }

    /// When it is whole again.
    pub fn is_whole_at(self) -> OffsetDateTime {
        self.0
    }

    /// How many there are at `now`.
    pub fn left(this: Option<Self>, limit: Limit, now: OffsetDateTime) -> u32 {
        let Some(Self(whole_at)) = this.filter(|level| level.0 > now) else { return limit.burst() };
        let missing = whole_at - now;
        let free =
            (limit.period() - missing).whole_nanoseconds() / limit.interval().whole_nanoseconds();
        u32::try_from(free.max(0)).unwrap_or_else(|_| limit.burst())
    }

    /// When the `count`-th more is there, if each is used as soon as it is; not before `now`.
    pub fn when(
        this: Option<Self>,
        limit: Limit,
        count: u32,
        now: OffsetDateTime,
    ) -> OffsetDateTime {
        let whole_at = this.map_or(now, |level| level.0.max(now));
        let missing = i64::from(count) - i64::from(limit.burst());
        now.max(whole_at.saturating_add(times(limit.interval(), missing)))
    }

    /// How many more there are by `then`, if each is used as soon as it is.
    pub(crate) fn by(
        this: Option<Self>,
        limit: Limit,
        now: OffsetDateTime,
        then: OffsetDateTime,
    ) -> i64 {
        let whole_at = this.map_or(now, |level| level.0.max(now));
        let free = (limit.period() + (then - whole_at)).whole_nanoseconds();
        i64::try_from(free.div_euclid(limit.interval().whole_nanoseconds())).unwrap_or(i64::MAX)
    }

    /// After one was given back.
    #[must_use]
    pub fn given_back(self, limit: Limit) -> Self {
        Self(self.0.saturating_sub(limit.interval()))
    }

    /// After one more was used at `now`.
    #[must_use]
    pub fn used(this: Option<Self>, limit: Limit, now: OffsetDateTime) -> Self {
        let from = this.map_or(now, |level| level.0.max(now));
        Self(from.saturating_add(limit.interval()))
    }

    /// After so many more were used at `now`.
    pub(super) fn used_by(self, count: u32, limit: Limit, now: OffsetDateTime) -> Self {
        Self(self.0.max(now).saturating_add(times(limit.interval(), count.into())))
    }
}

fn times(interval: Duration, count: i64) -> Duration {
    let nanoseconds = interval.whole_nanoseconds().saturating_mul(count.into());
    Duration::nanoseconds_i128(
        nanoseconds.clamp(-FURTHEST.whole_nanoseconds(), FURTHEST.whole_nanoseconds()),
    )
}

/// No instant is further away than this: a thousand years.
const FURTHEST: Duration = Duration::days(365_000);

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOON: OffsetDateTime = datetime!(2026-03-01 12:00 UTC);

    fn limit(text: &str) -> Limit {
        text.parse().unwrap()
    }

    fn after(minutes: i64) -> OffsetDateTime {
        NOON + Duration::minutes(minutes)
    }

    fn used(times: u32, limit: Limit) -> Option<Level> {
        (0..times).fold(None, |level, _| Some(Level::used(level, limit, NOON)))
    }

    #[test]
    fn a_bucket_is_used_up_and_refilled_continuously() {
        let hourly = limit("5/1h");
        let cases = [
            ("never used", 0, NOON, 5, NOON),
            ("used once", 1, NOON, 4, NOON),
            ("four times", 4, NOON, 1, NOON),
            ("used up", 5, NOON, 0, after(12)),
            ("a second before the next", 5, after(12) - Duration::SECOND, 0, after(12)),
            ("the next", 5, after(12), 1, after(12)),
            ("whole again", 5, after(60), 5, after(60)),
            ("no more than whole", 5, after(600), 5, after(600)),
            ("used beyond its end", 7, after(24), 0, after(36)),
        ];
        for (case, times, now, left, when) in cases {
            let level = used(times, hourly);
            assert_eq!(Level::left(level, hourly, now), left, "{case}: left");
            assert_eq!(Level::when(level, hourly, 1, now), when, "{case}: when");
        }
        assert_eq!(Level::when(used(5, hourly), hourly, 3, NOON), after(36), "three of them");
        assert_eq!(
            Level::when(used(5, hourly), hourly, 9, NOON),
            after(108),
            "more than there are at once"
        );
        assert_eq!(
            Level::when(None, hourly, 7, NOON),
            after(24),
            "of a bucket that was never used"
        );
    }

    #[test]
    fn a_retry_after_is_one_more_then_and_one_each_interval() {
        let hourly = limit("5/1h");
        let told = Some(Level::told(hourly, after(30)));
        assert_eq!(Level::left(told, hourly, after(30) - Duration::SECOND), 0);
        assert_eq!(Level::left(told, hourly, after(30)), 1);
        assert_eq!(Level::when(told, hourly, 2, NOON), after(42));
    }
}
