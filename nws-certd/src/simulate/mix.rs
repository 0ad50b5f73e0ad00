//! How long certificates live.

use std::fmt;
use std::str::FromStr;

use rand::RngExt as _;
use time::Duration;

use super::span::Span;

/// One lifetime, or several with the part of all certificates that has each: `90d`, `90d=80%,160h=20%`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mix(Vec<(Span, u8)>);

impl Mix {
    /// No CA issues for less, and all backdate by an hour.
    const SHORTEST: Duration = Duration::DAY;

    /// All have this one.
    pub(super) fn of_one(lifetime: Span) -> Self {
        Self(vec![(lifetime, 100)])
    }

    /// The lifetime of one certificate, in seconds.
    pub(super) fn draw(&self, dice: &mut impl rand::Rng) -> i32 {
        let mut rest = dice.random_range(0..100u8);
        let mut drawn = Duration::ZERO;
        for (span, percent) in &self.0 {
            drawn = span.duration();
            if rest < *percent {
                break;
            }
            rest -= percent;
        }
        i32::try_from(drawn.whole_seconds()).unwrap_or(i32::MAX)
    }
}

impl FromStr for Mix {
    type Err = InvalidMix;

    fn from_str(text: &str) -> Result<Self, InvalidMix> {
        let parts: Option<Vec<_>> = text.split(',').map(part).collect();
        let parts = parts.ok_or_else(|| InvalidMix::Part { found: text.into() })?;
        let all = parts.iter().map(|(_, percent)| u32::from(*percent)).sum();
        if all == 100 { Ok(Self(parts)) } else { Err(InvalidMix::Sum { all }) }
    }
}

fn part(text: &str) -> Option<(Span, u8)> {
    let (span, percent) = text.split_once('=').unwrap_or((text, "100%"));
    let span: Span = span.trim().parse().ok()?;
    let percent = percent.trim().strip_suffix('%')?.parse().ok()?;
    (span.duration() >= Mix::SHORTEST).then_some((span, percent))
}

impl fmt::Display for Mix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [(span, _)] => span.fmt(f),
            several => {
                let each = several.iter().map(|(span, percent)| format!("{percent} % {span}"));
                f.write_str(&each.collect::<Vec<_>>().join(", "))
            }
        }
    }
}

/// A text that is no mix of lifetimes.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidMix {
    /// One of them is none.
    #[error(
        "{found:?} is no lifetime of a day or more; write for instance \"90d\", or \"90d=80%,160h=20%\""
    )]
    Part {
        /// As written.
        found: String,
    },
    /// They are not all certificates.
    #[error("the lifetimes are of {all} % of the certificates; make it 100 %")]
    Sum {
        /// So many are.
        all: u32,
    },
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand::rngs::Xoshiro256PlusPlus;

    use super::*;

    #[test]
    fn what_is_read_and_what_is_refused() {
        let cases = [
            ("90d", Ok("90d")),
            ("90d=80%,160h=20%", Ok("80 % 90d, 20 % 6d 16h")),
            ("90d=80%", Err("the lifetimes are of 80 % of the certificates; make it 100 %")),
            (
                "90",
                Err(
                    "\"90\" is no lifetime of a day or more; write for instance \"90d\", or \"90d=80%,160h=20%\"",
                ),
            ),
            (
                "23h",
                Err(
                    "\"23h\" is no lifetime of a day or more; write for instance \"90d\", or \"90d=80%,160h=20%\"",
                ),
            ),
        ];
        for (text, want) in cases {
            let read = text.parse::<Mix>().map(|mix| mix.to_string());
            let want = want.map(str::to_owned).map_err(str::to_owned);
            assert_eq!(read.map_err(|error| error.to_string()), want, "{text}");
        }
    }

    #[test]
    fn each_lifetime_has_its_part() {
        let mix: Mix = "90d=80%,160h=20%".parse().unwrap();
        let mut dice = Xoshiro256PlusPlus::seed_from_u64(1);
        let short = (0..10_000).filter(|_| mix.draw(&mut dice) == 160 * 3_600).count();
        assert!((1_900..2_100).contains(&short), "{short}");
    }
}
