//! The daily sweep: the floor under every other rule.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{SHA256, digest};
use time::{Duration, OffsetDateTime, Time};

/// The time of day (UTC) at which an installation looks at everything once more.
///
/// Arbitrary but stable: CAs ask clients not to come all at midnight (Let's Encrypt's integration guide).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SweepTime(Time);

impl SweepTime {
    /// The time of the installation with this id, to the second.
    pub fn of(installation: &str) -> Self {
        let hash = digest(&SHA256, installation.as_bytes());
        let mut first = [0; 4];
        first.copy_from_slice(&hash.as_ref()[..4]);
        Self(Time::MIDNIGHT + Duration::seconds(i64::from(u32::from_be_bytes(first) % 86_400)))
    }

    /// The first sweep at `instant` or after it; where there is none any more, as the year 9999 ends, `instant`.
    pub fn at_or_after(self, instant: OffsetDateTime) -> OffsetDateTime {
        let instant = instant.to_offset(time::UtcOffset::UTC);
        let today = instant.replace_time(self.0);
        if instant <= today { today } else { today.checked_add(Duration::DAY).unwrap_or(instant) }
    }

    /// The first sweep after `instant`.
    pub fn after(self, instant: OffsetDateTime) -> OffsetDateTime {
        self.at_or_after(instant.saturating_add(Duration::NANOSECOND))
    }
}

impl fmt::Display for SweepTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}:{:02} UTC", self.0.hour(), self.0.minute(), self.0.second())
    }
}

impl FromStr for SweepTime {
    type Err = InvalidSweepTime;

    /// Reads `HH:MM`.
    fn from_str(text: &str) -> Result<Self, InvalidSweepTime> {
        let invalid = || InvalidSweepTime { found: text.into() };
        let (hour, minute) = text.split_once(':').ok_or_else(invalid)?;
        let (hour, minute) =
            (hour.parse().map_err(|_| invalid())?, minute.parse().map_err(|_| invalid())?);
        Time::from_hms(hour, minute, 0).map(Self).map_err(|_| invalid())
    }
}

/// A text that is no time of day.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{found:?} is no time of day; write HH:MM (UTC)")]
pub struct InvalidSweepTime {
    /// As written.
    pub found: String,
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_sweep_is_at_its_time_of_day() {
        let sweep: SweepTime = "03:30".parse().unwrap();
        let cases = [
            ("before it", datetime!(2026-03-01 03:29:59 UTC), datetime!(2026-03-01 03:30 UTC)),
            ("on it", datetime!(2026-03-01 03:30 UTC), datetime!(2026-03-01 03:30 UTC)),
            ("after it", datetime!(2026-03-01 03:30:01 UTC), datetime!(2026-03-02 03:30 UTC)),
            (
                "the last there is",
                datetime!(9999-12-31 03:30:01 UTC),
                datetime!(9999-12-31 03:30:01 UTC),
            ),
            ("in another offset", datetime!(2026-03-01 05:00 +2), datetime!(2026-03-01 03:30 UTC)),
        ];
        for (case, now, next) in cases {
            assert_eq!(sweep.at_or_after(now), next, "{case}");
        }
        assert_eq!(sweep.after(datetime!(2026-03-01 03:30 UTC)), datetime!(2026-03-02 03:30 UTC));
    }

    #[test]
    fn the_time_is_the_installations_own() {
        assert_eq!(SweepTime::of("here"), SweepTime::of("here"));
        assert_ne!(SweepTime::of("here"), SweepTime::of("there"));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in ["", "24:00", "3", "03:60", "noon", "-1:00"] {
            assert_eq!(text.parse::<SweepTime>(), Err(InvalidSweepTime { found: text.into() }));
        }
    }
}
