//! Which of several CAs an order goes to.
//!
//! The operator's order says whom he wants. A later CA gets an order only for what an earlier one cannot do, or not in time: another
//! issuer is a change that somebody may notice, `replaces` is dropped across CAs, and most waiting ends by itself. The fault of a
//! name is no reason to go elsewhere; the next CA would only find the same.

use time::OffsetDateTime;

/// How one CA stands for one certificate.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Standing {
    /// It takes the order, as far as we know.
    Ready,
    /// It was away, and this order may find out whether it is back. While another finds out, it is [`Standing::Away`] for all others.
    Probe,
    /// It is left alone.
    Away {
        /// When to look again.
        until: OffsetDateTime,
    },
    /// A rate limit holds this certificate back there.
    Limited {
        /// When there is budget again.
        until: OffsetDateTime,
    },
    /// No waiting helps.
    Unfit(Unfit),
}

/// Why a CA is out of the question, until somebody changes something.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Unfit {
    /// CAA does not let it issue for one of the names.
    Forbidden,
    /// It does not have the profile.
    NoProfile,
    /// An operator has to act there first.
    Held,
    /// The certificate is to come from others.
    NotNamed,
}

/// Where the order goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Choice {
    /// To this CA, by its place.
    Use(usize),
    /// Nowhere yet.
    Wait {
        /// When to choose again; later than the `now` that was given.
        until: OffsetDateTime,
    },
    /// Nowhere: all are [`Unfit`], or there are none.
    Nobody,
}

/// The certificate that is there until the order succeeds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Incumbent {
    /// When its renewal became due.
    pub due: OffsetDateTime,
    /// When it is of no more use: its notAfter, or the hour at which it is to be revoked.
    pub ends: OffsetDateTime,
}

/// Chooses among CAs that stand in the operator's order.
///
/// The first that takes the order gets it, unless one before it will take it by `needed_by`; that one is waited for. Whoever is
/// away or limited beyond `needed_by` is not: waiting for him could only end in going elsewhere, later.
pub fn choose(now: OffsetDateTime, standings: &[Standing], needed_by: OffsetDateTime) -> Choice {
    let ready = standings.iter().position(|standing| standing.from(now) == Some(now));
    let before = &standings[..ready.unwrap_or(standings.len())];
    let soonest = |latest: Option<OffsetDateTime>| {
        let starts = before.iter().filter_map(|standing| standing.from(now));
        starts.filter(|start| latest.is_none_or(|latest| *start <= latest)).min()
    };
    match (ready, soonest(ready.map(|_| needed_by))) {
        (_, Some(until)) => Choice::Wait { until },
        (Some(place), None) => Choice::Use(place),
        (None, None) => Choice::Nobody,
    }
}

/// When a certificate must be under way, wherever it comes from: at once if there is none, else when half of the time between its
/// renewal and its end is over, so that the other half is left for the CA that is next.
pub fn needed_by(now: OffsetDateTime, have: Option<Incumbent>) -> OffsetDateTime {
    let Some(Incumbent { due, ends }) = have.filter(|have| now < have.ends) else { return now };
    ends - (ends - due.min(ends)) / 2
}

impl Standing {
    /// From when on it takes the order.
    fn from(self, now: OffsetDateTime) -> Option<OffsetDateTime> {
        match self {
            Self::Ready | Self::Probe => Some(now),
            Self::Away { until } | Self::Limited { until } => Some(until.max(now)),
            Self::Unfit(Unfit::Forbidden | Unfit::NoProfile | Unfit::Held | Unfit::NotNamed) => {
                None
            }
        }
    }
}

#[cfg(test)]
mod tests;
