//! A part of all, as somebody writes it.

use std::fmt;
use std::str::FromStr;

/// From nothing to everything: `2`, `0.5%`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Percent(f64);

impl Percent {
    /// Between 0 and 1.
    pub(super) fn part(self) -> f64 {
        self.0 / 100.0
    }
}

impl FromStr for Percent {
    type Err = InvalidPercent;

    fn from_str(text: &str) -> Result<Self, InvalidPercent> {
        let number = text.strip_suffix('%').unwrap_or(text).trim().parse();
        let percent = number.ok().filter(|percent| (0.0..=100.0).contains(percent));
        percent.map(Self).ok_or_else(|| InvalidPercent { found: text.into() })
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", self.0)
    }
}

/// A text that is no part of all.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{found:?} is no part of all; write a number from 0 to 100, for instance \"2%\"")]
pub struct InvalidPercent {
    /// As written.
    pub found: String,
}
