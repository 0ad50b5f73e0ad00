//! What is counted while time passes.

mod series;

use nws_expiry::allot::Wait;
use nws_expiry::budget::{Exemption, LimitKind};
use time::{Duration, OffsetDateTime};

pub(super) use self::series::{Bin, Series};
use super::ca::Refusal;
use super::certificate::{Certificate, Epoch, Had, Standing};
use super::world::World;

/// Everything that a summary and a plot are made of.
#[derive(Debug)]
pub(super) struct Tally {
    pub(super) series: Series,
    pub(super) suggested: u64,
    pub(super) same_names: u64,
    pub(super) new: u64,
    pub(super) failed: u64,
    pub(super) refused: Refused,
    pub(super) expired: u64,
    pub(super) revoked: u64,
    /// How long certificates together were missing, be it that they had ended or were revoked.
    pub(super) without: Duration,
    /// The least that was left when a certificate was replaced, and the least part of its lifetime.
    pub(super) least_left: Option<Duration>,
    pub(super) least_part: Option<f64>,
    pub(super) largest_backlog: usize,
    pub(super) largest_backlog_at: OffsetDateTime,
    /// The longest time from when a name was asked for to its first certificate, or to the end.
    pub(super) longest_wait: Option<Duration>,
    pub(super) unserved: u64,
    /// Which limit made an order wait first, and when.
    pub(super) binds: Option<(OffsetDateTime, LimitKind)>,
}

/// Orders that the CA would have refused, by the limit.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Refused {
    pub(super) new_orders: u64,
    pub(super) registered_domain: u64,
    pub(super) exact_set: u64,
    pub(super) failed_validations: u64,
}

impl Refused {
    pub(super) fn all(self) -> u64 {
        self.new_orders + self.registered_domain + self.exact_set + self.failed_validations
    }
}

impl Tally {
    pub(super) fn new(begins: OffsetDateTime, length: Duration) -> Self {
        Self {
            series: Series::new(begins, length),
            suggested: 0,
            same_names: 0,
            new: 0,
            failed: 0,
            refused: Refused::default(),
            expired: 0,
            revoked: 0,
            without: Duration::ZERO,
            least_left: None,
            least_part: None,
            largest_backlog: 0,
            largest_backlog_at: begins,
            longest_wait: None,
            unserved: 0,
            binds: None,
        }
    }

    pub(super) fn ordered(&mut self, now: OffsetDateTime, exemption: Exemption, used: f64) {
        *match exemption {
            Exemption::Suggested => &mut self.suggested,
            Exemption::SameSet => &mut self.same_names,
            Exemption::None => &mut self.new,
        } += 1;
        let bin = self.series.at(now);
        bin.orders += 1;
        bin.used = bin.used.max(used);
    }

    pub(super) fn orders(&self) -> u64 {
        self.suggested + self.same_names + self.new
    }

    pub(super) fn failed(&mut self) {
        self.failed += 1;
    }

    pub(super) fn refused(&mut self, refusal: Refusal) {
        *match refusal.limit {
            LimitKind::NewOrders => &mut self.refused.new_orders,
            LimitKind::RegisteredDomain => &mut self.refused.registered_domain,
            LimitKind::ExactSet => &mut self.refused.exact_set,
            LimitKind::FailedValidations => &mut self.refused.failed_validations,
        } += 1;
    }

    /// A certificate takes the place of what there was.
    pub(super) fn issued(&mut self, now: OffsetDateTime, old: &Certificate, epoch: Epoch) {
        let (begins, ends) = (epoch.instant(old.begins), epoch.instant(old.ends));
        if old.had == Had::Nothing {
            self.longest_wait = self.longest_wait.max(Some(now - begins));
            return;
        }
        self.missed(now, ends, old.standing);
        let left = (ends - now).max(Duration::ZERO);
        let part = left / (ends - begins).max(Duration::SECOND);
        self.least_left = Some(self.least_left.map_or(left, |least| least.min(left)));
        self.least_part = Some(self.least_part.map_or(part, |least| least.min(part)));
        let bin = self.series.at(now);
        bin.least_part = Some(bin.least_part.map_or(part, |least| least.min(part)));
    }

    fn missed(&mut self, now: OffsetDateTime, ends: OffsetDateTime, standing: Standing) {
        if now <= ends {
            return;
        }
        *match standing {
            Standing::Revoked => &mut self.revoked,
            Standing::Good | Standing::CalledBack => &mut self.expired,
        } += 1;
        self.without += now - ends;
    }

    pub(super) fn backlog(&mut self, now: OffsetDateTime, backlog: usize) {
        if backlog > self.largest_backlog {
            (self.largest_backlog, self.largest_backlog_at) = (backlog, now);
        }
    }

    /// Orders have to wait.
    pub(super) fn waits(&mut self, now: OffsetDateTime, waits: &[Wait]) {
        let kind = waits.first().map(|wait| match wait {
            Wait::Short(short) => short.bucket.kind(),
            Wait::Reserve | Wait::Sooner => LimitKind::NewOrders,
        });
        self.binds = self.binds.or_else(|| kind.map(|kind| (now, kind)));
    }

    /// Time is over: what has ended by then, or still waits for its first certificate.
    pub(super) fn close(&mut self, now: OffsetDateTime, world: &World) {
        for one in &world.certificates {
            if one.had == Had::Nothing {
                let waited = now - world.epoch.instant(one.begins);
                self.longest_wait = self.longest_wait.max(Some(waited));
                self.unserved += 1;
            } else {
                self.missed(now, world.epoch.instant(one.ends), one.standing);
            }
        }
    }
}
