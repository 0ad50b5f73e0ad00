//! How far a simulation is, for whoever watches it.

use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressStyle};
use time::Duration;

/// A bar on a terminal, and nothing elsewhere.
pub(super) struct Shown {
    bar: Option<ProgressBar>,
    days: i64,
}

impl Shown {
    pub(super) fn new(length: Duration) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self { bar: None, days: 0 };
        }
        let bar = ProgressBar::new(length.whole_days().unsigned_abs());
        let style = ProgressStyle::with_template("{wide_bar} day {pos} of {len}, {eta} left");
        let bar = style.map_or_else(|_| bar.clone(), |style| bar.clone().with_style(style));
        Self { bar: Some(bar), days: 0 }
    }

    /// So much virtual time has passed.
    pub(super) fn passed(&mut self, passed: Duration) {
        let days = passed.whole_days();
        if let Some(bar) = self.bar.as_ref().filter(|_| days > self.days) {
            bar.set_position(days.unsigned_abs());
            self.days = days;
        }
    }

    pub(super) fn end(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}
