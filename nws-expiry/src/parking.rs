//! Certificates whose names have left us: not ordered any more, and looked at once a day until they are back.

use time::{Duration, OffsetDateTime};

use crate::backoff::in_time;

/// Where DNS leads whoever asks for a name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Leads {
    /// To us.
    Here,
    /// To somebody else.
    Elsewhere,
    /// Nowhere: it does not exist, or has no address.
    Nowhere,
}

impl Leads {
    /// Where the names of a certificate lead, each `None` where the lookup failed: one that has left is enough, and they lead here
    /// only if every one is known to.
    pub fn of_all(each: impl IntoIterator<Item = Option<Self>>) -> Option<Self> {
        let mut all = Some(Self::Here);
        for one in each {
            match one {
                Some(Self::Here) => {}
                Some(Self::Elsewhere | Self::Nowhere) => return one,
                None => all = None,
            }
        }
        all
    }
}

/// A certificate whose orders failed as its names' fault, all of them since its last success.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Failing {
    /// When the first of them failed.
    pub since: OffsetDateTime,
    /// How many.
    pub failures: u32,
    /// Nothing was ordered when it was last due, as its names had left.
    pub is_parked: bool,
}

/// What becomes of a certificate that is due.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Parking {
    /// It is ordered.
    GoOn,
    /// Nothing is ordered.
    Park {
        /// When DNS is looked at again.
        until: OffsetDateTime,
    },
}

/// How soon DNS is looked at again for names that had left. It costs the CA nothing, and who has come back waits no longer.
const DAILY: Duration = Duration::DAY;
/// How soon, where it gave no answer.
const UNANSWERED: Duration = Duration::HOUR;

impl Failing {
    /// Whether DNS is looked at before anything is ordered: it is parked, or more than one order failed in at least `park_after`.
    pub fn is_suspect(self, now: OffsetDateTime, park_after: Duration) -> bool {
        self.is_parked || (self.failures > 1 && now - self.since >= park_after)
    }

    /// Decides after a look at DNS, whose lookup failed where `leads` is `None`: what is not known neither parks nor unparks.
    ///
    /// Where a certificate is still served, `remaining` is the time it has left, and looks are as near to each other as other
    /// [tries](crate::Backoff::retry_after).
    pub fn parking(
        self,
        now: OffsetDateTime,
        park_after: Duration,
        leads: Option<Leads>,
        remaining: Option<Duration>,
    ) -> Parking {
        let park = |wait| Parking::Park { until: now + in_time(wait, remaining) };
        match leads {
            _ if !self.is_suspect(now, park_after) => Parking::GoOn,
            Some(Leads::Here) => Parking::GoOn,
            Some(Leads::Elsewhere | Leads::Nowhere) => park(DAILY),
            None if self.is_parked => park(UNANSWERED),
            None => Parking::GoOn,
        }
    }
}

#[cfg(test)]
mod tests;
