//! Our clock, beside those of the CAs.

use nws_acme::Ca;
use time::{Duration, OffsetDateTime};
use tracing::{info, warn};

use crate::authority::Authority;
use crate::daemon::Daemon;

impl Daemon {
    /// Says once that our clock and a CA's differ, and once that they agree again.
    pub(super) fn watch_clocks(&mut self, now: OffsetDateTime) {
        for (authority, watch) in self.parts.ordering.authorities.iter().zip(&mut self.watches) {
            let trouble = trouble_with_clock(now, authority);
            match (&trouble, watch.clock_differs) {
                (Some(text), false) => warn!(ca = authority.directory(), "{text}"),
                (None, true) => {
                    info!(ca = authority.directory(), "our clock and the CA's agree again")
                }
                (Some(_), true) | (None, false) => {}
            }
            watch.clock_differs = trouble.is_some();
        }
    }
}

/// What to tell of the difference to a CA's clock, if it is beyond what is usual.
pub(super) fn trouble_with_clock(now: OffsetDateTime, authority: &Authority) -> Option<String> {
    let ahead = authority.ca.clock_skew(now).filter(|skew| skew.abs() > Ca::CLOCK_SKEW)?;
    let what = if ahead.is_positive() { "behind" } else { "ahead of" };
    Some(format!(
        "our clock is {} {what} that of the CA {}; have the machine set it by the network (NTP), as renewals are due by it",
        long(ahead.abs()),
        authority.directory()
    ))
}

fn long(time: Duration) -> humantime::FormattedDuration {
    let seconds = time.whole_seconds().unsigned_abs();
    humantime::format_duration(std::time::Duration::from_secs(seconds))
}
