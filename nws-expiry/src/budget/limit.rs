//! One limit, as CAs publish them.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use time::Duration;

/// So many in a period, refilled continuously: `300/3h` is 300 at once, then one more every 36 seconds.
///
/// ```
/// use nws_expiry::budget::Limit;
/// use time::Duration;
///
/// let new_orders: Limit = "300/3h".parse()?;
/// assert_eq!((new_orders.burst(), new_orders.interval()), (300, Duration::seconds(36)));
/// assert_eq!(
///     "300".parse::<Limit>().unwrap_err().to_string(),
///     "\"300\" is no limit; write how many in which period, for instance \"300/3h\"",
/// );
/// # Ok::<(), nws_expiry::budget::InvalidLimit>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limit {
    burst: NonZeroU32,
    interval: Duration,
}

impl Limit {
    /// No limit is counted over a longer time: ten years.
    const LONGEST: Duration = Duration::days(3_660);

    /// `burst` in a `period`; `None` if there is not a nanosecond of it for each, or it is over ten years.
    pub const fn new(burst: NonZeroU32, period: Duration) -> Option<Self> {
        let nanoseconds = period.whole_nanoseconds() / burst.get() as i128;
        if nanoseconds <= 0 || period.whole_days() > Self::LONGEST.whole_days() {
            return None;
        }
        let (seconds, rest) = (nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000);
        Some(Self { burst, interval: Duration::new(seconds as i64, rest as i32) })
    }

    /// How many at once, after a pause that was long enough.
    pub fn burst(self) -> u32 {
        self.burst.get()
    }

    /// How long until there is one more.
    pub fn interval(self) -> Duration {
        self.interval
    }

    /// How long until it is whole again after all was used.
    pub fn period(self) -> Duration {
        self.interval * self.burst.get()
    }
}

impl FromStr for Limit {
    type Err = InvalidLimit;

    fn from_str(text: &str) -> Result<Self, InvalidLimit> {
        read(text).ok_or_else(|| InvalidLimit { found: text.into() })
    }
}

fn read(text: &str) -> Option<Limit> {
    let (burst, period) = text.split_once('/')?;
    let period = humantime::parse_duration(period.trim()).ok()?.try_into().ok()?;
    Limit::new(burst.trim().parse().ok()?, period)
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let period = std::time::Duration::try_from(self.period()).unwrap_or_default();
        // An interval that does not divide the period is a few nanoseconds short of it.
        let rounded = std::time::Duration::from_millis(
            u64::try_from((period.as_nanos() + 500_000) / 1_000_000).unwrap_or(u64::MAX),
        );
        write!(
            f,
            "{}/{}",
            self.burst,
            humantime::format_duration(rounded).to_string().replace(' ', "")
        )
    }
}

/// A text that is no limit.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{found:?} is no limit; write how many in which period, for instance \"300/3h\"")]
pub struct InvalidLimit {
    /// As written.
    pub found: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_as_cas_publish_them() {
        let cases = [
            ("300/3h", 300, 36_000_000_000, "300/3h"),
            ("50/7d", 50, 12_096_000_000_000, "50/7days"),
            ("5 / 7d", 5, 120_960_000_000_000, "5/7days"),
            ("5/1h", 5, 720_000_000_000, "5/1h"),
            ("3/10s", 3, 3_333_333_333, "3/10s"),
            ("1/1ms", 1, 1_000_000, "1/1ms"),
        ];
        for (text, burst, nanoseconds, shown) in cases {
            let limit: Limit = text.parse().unwrap();
            assert_eq!(limit.burst(), burst, "{text}");
            assert_eq!(limit.interval(), Duration::nanoseconds(nanoseconds), "{text}");
            assert_eq!(limit.to_string(), shown, "{text}");
        }
    }

    #[test]
    fn what_is_no_limit_is_refused() {
        for text in [
            "",
            "300",
            "0/3h",
            "-1/3h",
            "300/",
            "300/0s",
            "300/three hours",
            "/3h",
            "4294967296/1d",
            "2/1ns",
            "1/11y",
            "1/292471208677y",
        ] {
            assert_eq!(text.parse::<Limit>(), Err(InvalidLimit { found: text.into() }));
        }
    }
}
