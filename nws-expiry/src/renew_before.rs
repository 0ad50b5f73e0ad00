//! How long before its end a certificate is renewed, where somebody says so.

use std::fmt;
use std::str::FromStr;

use time::Duration;

/// A time before the end of a certificate, as operators and users write it: `30d`, or `33%` of the lifetime.
///
/// ```
/// use nws_expiry::RenewBefore;
/// use time::Duration;
///
/// let third: RenewBefore = "33%".parse()?;
/// assert_eq!(third.of(Duration::days(100)), Duration::days(33));
/// assert_eq!("720h".parse::<RenewBefore>()?.of(Duration::days(90)), Duration::days(30));
/// assert_eq!(
///     "30".parse::<RenewBefore>().unwrap_err().to_string(),
///     "\"30\" is no time before the end; write a duration, for instance \"30d\", or a part of the lifetime, for instance \"33%\"",
/// );
/// # Ok::<(), nws_expiry::InvalidRenewBefore>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct RenewBefore(Amount);

#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
enum Amount {
    Seconds(u32),
    Percent(u8),
}

impl RenewBefore {
    /// How much that is of a certificate with this lifetime. Never more than half of it, or the next one would be due as soon as it
    /// is issued.
    pub fn of(self, lifetime: Duration) -> Duration {
        let asked = match self.0 {
            Amount::Seconds(seconds) => Duration::seconds(seconds.into()),
            Amount::Percent(percent) => lifetime * i32::from(percent) / 100,
        };
        asked.min(lifetime / 2)
    }
}

impl FromStr for RenewBefore {
    type Err = InvalidRenewBefore;

    fn from_str(text: &str) -> Result<Self, InvalidRenewBefore> {
        let amount = match text.strip_suffix('%') {
            Some(percent) => percent
                .parse()
                .ok()
                .filter(|percent| (1..100).contains(percent))
                .map(Amount::Percent),
            None => seconds(text).filter(|seconds| *seconds > 0).map(Amount::Seconds),
        };
        amount.map(Self).ok_or_else(|| InvalidRenewBefore { found: text.into() })
    }
}

fn seconds(text: &str) -> Option<u32> {
    u32::try_from(humantime::parse_duration(text).ok()?.as_secs()).ok()
}

impl fmt::Display for RenewBefore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Amount::Seconds(seconds) => {
                humantime::format_duration(std::time::Duration::from_secs(seconds.into())).fmt(f)
            }
            Amount::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

/// A text that is no time before the end of a certificate.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "{found:?} is no time before the end; write a duration, for instance \"30d\", or a part of the lifetime, for instance \"33%\""
)]
pub struct InvalidRenewBefore {
    /// As written.
    pub found: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_and_what_it_is_of_90_days() {
        let cases = [
            ("30d", Some((Duration::days(30), "30days"))),
            ("12h 30m", Some((Duration::minutes(750), "12h 30m"))),
            ("33%", Some((Duration::hours(90 * 24 * 33 / 100) + Duration::minutes(48), "33%"))),
            ("99%", Some((Duration::days(45), "99%"))),
            ("1y", Some((Duration::days(45), "1year"))),
            ("0s", None),
            ("0%", None),
            ("100%", None),
            ("-3d", None),
            ("30", None),
            ("", None),
            ("a third", None),
        ];
        for (text, want) in cases {
            let got = text.parse::<RenewBefore>();
            match want {
                None => assert_eq!(got, Err(InvalidRenewBefore { found: text.into() })),
                Some((before, shown)) => {
                    let got = got.unwrap();
                    assert_eq!(
                        (got.of(Duration::days(90)), &*got.to_string()),
                        (before, shown),
                        "{text}"
                    );
                    assert_eq!(
                        shown.parse::<RenewBefore>().unwrap(),
                        got,
                        "{text}, as it is shown"
                    );
                }
            }
        }
    }
}
