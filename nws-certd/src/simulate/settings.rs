//! What is simulated, once it is known to make sense.

use std::ops::Range;

use nws_expiry::budget::Limits;
use time::Duration;

use super::mix::Mix;
use super::options::{Published, Simulate};
use super::span::Span;

/// What happens, and by which rules. Times are counted from the beginning.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) limits: Limits,
    pub(super) ari: Ari,
    /// The lifetime of what is issued; that of what it replaces where there is none.
    pub(super) lifetime: Option<Mix>,
    pub(super) new_per_day: u32,
    /// The part of the orders that fail.
    pub(super) failures: f64,
    /// While the CA answers nothing.
    pub(super) outage: Option<Range<Duration>>,
    pub(super) recall: Option<Recall>,
    pub(super) concurrency: usize,
    pub(super) issue_time: Duration,
    pub(super) length: Duration,
    pub(super) seed: u64,
}

/// Whether the CA suggests when to renew.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Ari {
    Offered,
    Missing,
}

/// Certificates that the CA calls back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Recall {
    pub(super) certificates: u32,
    pub(super) at: Duration,
    pub(super) notice: Duration,
}

/// Options that do not go together.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Contradiction {
    /// There is nothing to simulate.
    #[error("there are no certificates and no new names; say --certificates or --new-per-day")]
    Nothing,
    /// An order takes no time.
    #[error("an order takes some time; write for instance --issue-time 5s")]
    NoTime,
    /// Nothing lasts.
    #[error("no time passes; write for instance --for 1y")]
    NoLength,
    /// Something happens after the end.
    #[error("{option} {at} is not before the end of --for {length}; make one of them another")]
    TooLate {
        /// The option.
        option: &'static str,
        /// When it happens.
        at: Span,
        /// When the end is.
        length: Span,
    },
    /// More are called back than there are.
    #[error("--revoke {revoked} is more than there are certificates ({certificates})")]
    TooMany {
        /// As many as are called back.
        revoked: u32,
        /// As many as there are.
        certificates: usize,
    },
}

impl Settings {
    /// Of a world that begins with so many certificates.
    pub(super) fn of(asked: &Simulate, certificates: usize) -> Result<Self, Contradiction> {
        let length = asked.length.duration();
        if certificates == 0 && asked.new_per_day == 0 {
            return Err(Contradiction::Nothing);
        }
        if asked.issue_time.duration().is_zero() {
            return Err(Contradiction::NoTime);
        }
        if length.is_zero() {
            return Err(Contradiction::NoLength);
        }
        Ok(Self {
            limits: asked.limits(),
            ari: if asked.no_ari { Ari::Missing } else { Ari::Offered },
            lifetime: asked.lifetime.clone(),
            new_per_day: asked.new_per_day,
            failures: asked.failures.part(),
            outage: outage(asked)?,
            recall: recall(asked, certificates)?,
            concurrency: usize::try_from(asked.concurrency.get()).unwrap_or(usize::MAX),
            issue_time: asked.issue_time.duration(),
            length,
            seed: asked.seed,
        })
    }
}

fn outage(asked: &Simulate) -> Result<Option<Range<Duration>>, Contradiction> {
    let Some(outage) = asked.outage else { return Ok(None) };
    let from = before_the_end(asked, "--outage-at", asked.outage_at)?;
    Ok(Some(from..from + outage.duration()))
}

fn recall(asked: &Simulate, certificates: usize) -> Result<Option<Recall>, Contradiction> {
    let Some(revoked) = asked.revoke else { return Ok(None) };
    if usize::try_from(revoked).is_ok_and(|revoked| revoked > certificates) {
        return Err(Contradiction::TooMany { revoked, certificates });
    }
    let at = before_the_end(asked, "--revoke-at", asked.revoke_at)?;
    Ok(Some(Recall { certificates: revoked, at, notice: asked.notice.duration() }))
}

fn before_the_end(
    asked: &Simulate,
    option: &'static str,
    at: Span,
) -> Result<Duration, Contradiction> {
    let length = asked.length;
    if at.duration() < length.duration() {
        Ok(at.duration())
    } else {
        Err(Contradiction::TooLate { option, at, length })
    }
}

impl Published {
    /// As it is told to people.
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::Letsencrypt => "the limits of Let's Encrypt",
            Self::LetsencryptStaging => "the limits of Let's Encrypt's staging environment",
            Self::None => "no published limits",
        }
    }
}
