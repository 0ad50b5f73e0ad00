//! A time as somebody writes it.

use std::fmt;
use std::str::FromStr;

use time::Duration;

/// A time that passes, in whole seconds: `45d`, `160h`, `1y`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Span(Duration);

impl Span {
    /// Nothing longer is simulated, and virtual seconds are kept in 32 bits.
    const LONGEST: Duration = Duration::days(20 * 366);

    pub(super) const fn of(duration: Duration) -> Self {
        Self(duration)
    }

    pub(super) const fn duration(self) -> Duration {
        self.0
    }
}

impl FromStr for Span {
    type Err = InvalidSpan;

    fn from_str(text: &str) -> Result<Self, InvalidSpan> {
        let read = humantime::parse_duration(text).ok().map(|span| span.as_secs());
        let span = read.and_then(|seconds| i64::try_from(seconds).ok()).map(Duration::seconds);
        match span.filter(|span| *span <= Self::LONGEST) {
            Some(span) => Ok(Self(span)),
            None => Err(InvalidSpan { found: text.into() }),
        }
    }
}

impl fmt::Display for Span {
    /// The two largest units that there is something of.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut left = self.0.whole_seconds();
        let mut parts = Vec::new();
        for (unit, seconds) in [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)] {
            if left >= seconds {
                parts.push(format!("{}{unit}", left / seconds));
                left %= seconds;
            } else if !parts.is_empty() {
                break;
            }
        }
        parts.truncate(2);
        f.write_str(if parts.is_empty() { "0s" } else { "" })?;
        f.write_str(&parts.join(" "))
    }
}

/// A text that is no time.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "{found:?} is no span of time of at most 20 years; write for instance \"45d\", \"160h\" or \"1y\""
)]
pub struct InvalidSpan {
    /// As written.
    pub found: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_and_how_it_is_shown() {
        let cases = [
            ("90d", Some("90d")),
            ("160h", Some("6d 16h")),
            ("1h 30s", Some("1h")),
            ("61s", Some("1m 1s")),
            ("0s", Some("0s")),
            ("21y", None),
            ("", None),
            ("45", None),
            ("a week", None),
        ];
        for (text, shown) in cases {
            let read = text.parse::<Span>().ok().map(|span| span.to_string());
            assert_eq!(read.as_deref(), shown, "{text}");
        }
    }
}
