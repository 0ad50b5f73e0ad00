//! An instant, as people name it to a command.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

/// An instant (RFC 3339), or a time from now on: `2026-12-24T18:00:00Z`, `+36h`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct At(Named);

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Named {
    Instant(OffsetDateTime),
    After(Duration),
}

impl At {
    /// Now.
    pub const NOW: Self = Self(Named::After(Duration::ZERO));
    /// Nothing is planned for beyond a century from now,
    const LONGEST: Duration = Duration::days(36_525);
    /// or for other years.
    const YEARS: RangeInclusive<i32> = 1970..=2200;

    /// It, seen from `now`.
    pub fn instant(self, now: OffsetDateTime) -> OffsetDateTime {
        match self.0 {
            Named::Instant(instant) => instant,
            Named::After(time) => now + time,
        }
    }
}

impl FromStr for At {
    type Err = InvalidAt;

    fn from_str(text: &str) -> Result<Self, InvalidAt> {
        let named = match text.strip_prefix('+') {
            Some(time) => after(time).map(Named::After),
            None => instant(text).map(Named::Instant),
        };
        named.map(Self).ok_or_else(|| InvalidAt { found: text.into() })
    }
}

fn instant(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text, &Rfc3339).ok().filter(|at| At::YEARS.contains(&at.year()))
}

fn after(time: &str) -> Option<Duration> {
    let time = Duration::try_from(humantime::parse_duration(time).ok()?).ok()?;
    (time <= At::LONGEST).then_some(time)
}

impl fmt::Display for At {
    /// As it is read again.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Named::Instant(instant) => {
                f.write_str(&instant.format(&Rfc3339).map_err(|_| fmt::Error)?)
            }
            Named::After(time) => write!(f, "+{}s", time.whole_seconds()),
        }
    }
}

/// A text that names no instant.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "{found:?} is no instant; write one as 2026-12-24T18:00:00Z, or a time from now on as +36h"
)]
pub struct InvalidAt {
    /// As written.
    pub found: String,
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOON: OffsetDateTime = datetime!(2026-03-01 12:00 UTC);

    #[test]
    fn instants_as_they_are_named() {
        let cases = [
            ("2026-12-24T18:00:00Z", Some(datetime!(2026-12-24 18:00 UTC))),
            ("2026-12-24T19:00:00+01:00", Some(datetime!(2026-12-24 18:00 UTC))),
            ("+36h", Some(NOON + Duration::hours(36))),
            ("+1d 12h", Some(NOON + Duration::hours(36))),
            ("36h", None),
            ("tomorrow", None),
            ("2026-12-24", None),
            ("+9999999y", None),
            ("9999-12-31T23:59:59Z", None),
            ("0001-01-01T00:00:00Z", None),
            ("", None),
        ];
        for (text, want) in cases {
            let got = text.parse::<At>();
            assert_eq!(got.clone().ok().map(|at| at.instant(NOON)), want, "{text}");
            if let Ok(at) = got {
                assert_eq!(at.to_string().parse::<At>().unwrap().instant(NOON), at.instant(NOON));
            }
        }
    }
}
