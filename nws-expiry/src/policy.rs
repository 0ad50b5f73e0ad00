//! When a certificate becomes due, from its own dates and what its CA suggests.

use std::fmt;

use time::{Duration, OffsetDateTime};

use crate::{RenewBefore, Spread, SweepTime, Validity, Window};

/// When certificates are renewed. All thresholds are taken from the certificate's own dates.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// How long before the end to renew; `None` for a third of the lifetime, half of one under ten days (Let's Encrypt's
    /// integration guide).
    pub renew_before: Option<RenewBefore>,
    /// When the daily sweep is, which renews whatever ends within [`Policy::FLOOR`].
    pub sweep: SweepTime,
}

/// When a certificate becomes due, and by which rule.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Timing {
    /// When.
    pub at: OffsetDateTime,
    /// By which.
    pub rule: Rule,
}

/// The rule by which a certificate becomes due.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Rule {
    /// The CA's suggested window (RFC 9773).
    Suggested,
    /// A third of the lifetime is left, or half of a short one.
    Lifetime,
    /// Somebody has said how long before the end.
    RenewBefore,
    /// The daily sweep, which is the floor under the rules above.
    Sweep,
    /// The last twentieth of the lifetime, which is the floor under all.
    Emergency,
}

impl Policy {
    /// The sweep renews what ends within this, or within a third of the lifetime where that is shorter.
    pub const FLOOR: Duration = Duration::days(7);
    /// Lifetimes under this are renewed at half instead of at two thirds.
    const SHORT_LIVED: Duration = Duration::days(10);

    /// The same, with what is said of one certificate before what is said of all.
    #[must_use]
    pub fn with(self, renew_before: Option<RenewBefore>) -> Self {
        Self { renew_before: renew_before.or(self.renew_before), ..self }
    }

    /// When a certificate becomes due: at the instant in its CA's window that is its own, else when our own plan says so; with the
    /// sweep as the floor under both, and the emergency under that, as a sweep may come too late for what lives for hours.
    ///
    /// ```
    /// use nws_expiry::{Policy, Rule, Spread, SweepTime, Timing, Validity};
    /// use time::macros::datetime;
    ///
    /// let policy = Policy { renew_before: None, sweep: SweepTime::of("my platform") };
    /// let (from, to) = (datetime!(2026-01-01 0:00 UTC), datetime!(2026-04-01 0:00 UTC));
    /// let validity = Validity::new(from, to).expect("it ends after it begins");
    ///
    /// let timing = policy.timing(validity, None, Spread::NONE);
    /// assert_eq!(timing, Timing { at: datetime!(2026-03-02 0:00 UTC), rule: Rule::Lifetime });
    /// ```
    pub fn timing(&self, validity: Validity, suggested: Option<Window>, spread: Spread) -> Timing {
        let first = match suggested {
            Some(window) => Timing { at: window.at(spread), rule: Rule::Suggested },
            None => self.planned(validity, spread),
        };
        let floors = [
            Timing { at: self.swept(validity), rule: Rule::Sweep },
            Timing { at: validity.emergency(), rule: Rule::Emergency },
        ];
        floors.into_iter().fold(first, |due, floor| if floor.at < due.at { floor } else { due })
    }

    /// How long before its end what lives so long is renewed, where nobody says anything else.
    pub fn usually_before(lifetime: Duration) -> Duration {
        lifetime / if lifetime < Self::SHORT_LIVED { 2 } else { 3 }
    }

    /// What was issued together is spread over the twentieth of the lifetime before this point.
    fn planned(&self, validity: Validity, spread: Spread) -> Timing {
        let lifetime = validity.lifetime();
        let (before, rule) = match self.renew_before {
            Some(before) => (before.of(lifetime), Rule::RenewBefore),
            None => (Self::usually_before(lifetime), Rule::Lifetime),
        };
        Timing { at: validity.not_after() - before - spread.part_of(lifetime / 20), rule }
    }

    fn swept(&self, validity: Validity) -> OffsetDateTime {
        self.sweep.at_or_after(validity.not_after() - Self::FLOOR.min(validity.lifetime() / 3))
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Suggested => "as the CA suggests",
            Self::Lifetime => "by its lifetime",
            Self::RenewBefore => "by renew_before",
            Self::Sweep => "by the daily sweep",
            Self::Emergency => "as it is about to end",
        })
    }
}
