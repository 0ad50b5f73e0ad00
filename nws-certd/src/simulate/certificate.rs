//! One certificate, as small as can be: ten million of them are to be held.

use nws_expiry::{Spread, Validity};
use time::{Duration, OffsetDateTime};

/// When the world begins: virtual seconds are counted from here.
#[derive(Clone, Copy, Debug)]
pub(super) struct Epoch(pub(super) OffsetDateTime);

impl Epoch {
    pub(super) fn instant(self, second: i32) -> OffsetDateTime {
        self.0 + Duration::seconds(second.into())
    }

    /// The second that an instant is in; the furthest one for what is 68 years away.
    pub(super) fn second(self, instant: OffsetDateTime) -> i32 {
        let seconds = (instant - self.0).whole_seconds();
        i32::try_from(seconds).unwrap_or(if seconds < 0 { i32::MIN } else { i32::MAX })
    }
}

/// What is kept of a certificate. Its names and its key are made when something needs them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Certificate {
    pub(super) spread: Spread,
    /// Whose it is, by its place among the tenants.
    pub(super) tenant: u32,
    /// When what there is begins; when it was asked for, where there is nothing.
    pub(super) begins: i32,
    /// When what there is ends.
    pub(super) ends: i32,
    /// How many seconds the next one lives.
    pub(super) lifetime: i32,
    /// Validations that failed since the last success.
    pub(super) failures: u16,
    pub(super) had: Had,
    pub(super) standing: Standing,
}

/// What there is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Had {
    Nothing,
    /// One that another CA has issued.
    Elsewhere,
    /// One from the CA that is simulated.
    Here,
}

/// What the CA holds of what there is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Standing {
    Good,
    /// It will be revoked.
    CalledBack,
    /// It was revoked, and so serves nobody any more.
    Revoked,
}

impl Certificate {
    /// From when to when what there is is valid.
    pub(super) fn validity(&self, epoch: Epoch) -> Option<Validity> {
        if self.had == Had::Nothing {
            return None;
        }
        Validity::new(epoch.instant(self.begins), epoch.instant(self.ends))
    }
}
