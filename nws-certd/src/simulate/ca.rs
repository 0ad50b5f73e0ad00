//! The CA's side: what it would have refused, counted on its own.
//!
//! It shares nothing with the planner but the limits. Buckets are of tokens here and not of instants (GCRA), names are numbers, and
//! what an order is exempt from is looked up in what the CA knows, so that an error of the planner shows as a refusal.

mod bucket;
mod window;

use std::collections::HashMap;

use nws_expiry::Window;
use nws_expiry::budget::{Limit, LimitKind, Limits, Renewals};
use time::{Duration, OffsetDateTime};

use self::bucket::Tokens;
use super::certificate::{Certificate, Epoch, Had};
use super::names::Names;
use super::settings::Ari;

/// A CA of Boulder's kind.
#[derive(Debug)]
pub(super) struct Ca {
    limits: Limits,
    ari: Ari,
    epoch: Epoch,
    recall: Option<OffsetDateTime>,
    account: Tokens,
    domains: HashMap<u32, Tokens>,
    sets: HashMap<u32, Tokens>,
    failed: HashMap<u32, Tokens>,
    pub(super) peaks: Peaks,
}

/// The most that was used of each limit at a time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Peaks {
    pub(super) new_orders: i64,
    pub(super) registered_domain: i64,
    pub(super) exact_set: i64,
    pub(super) failed_validations: i64,
}

/// An order that is not taken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refusal {
    pub(super) limit: LimitKind,
}

/// What an order is exempt from (Boulder, `wfe2/wfe.go` NewOrder).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Standing {
    New,
    SameSet,
    Suggested,
}

impl Ca {
    /// How long ago the same names may have had a certificate to be exempt (Boulder, FQDNSetTimestampsForWindow).
    const SAME_SET: Duration = Duration::days(120);

    pub(super) fn new(limits: Limits, ari: Ari, epoch: Epoch) -> Self {
        Self {
            limits,
            ari,
            epoch,
            recall: None,
            account: Tokens::default(),
            domains: HashMap::new(),
            sets: HashMap::new(),
            failed: HashMap::new(),
            peaks: Peaks::default(),
        }
    }

    /// From now on it calls certificates back.
    pub(super) fn recalls(&mut self, now: OffsetDateTime) {
        self.recall = Some(now);
    }

    /// When it suggests to renew what there is, to whoever asks.
    pub(super) fn suggests(&self, one: &Certificate) -> Option<Window> {
        match (self.ari, one.had) {
            (Ari::Offered, Had::Here) => window::of(one, self.epoch, self.recall),
            (Ari::Offered, Had::Nothing | Had::Elsewhere) | (Ari::Missing, _) => None,
        }
    }

    /// An order comes in.
    pub(super) fn order(
        &mut self,
        now: OffsetDateTime,
        key: u32,
        one: &Certificate,
        names: &Names,
    ) -> Result<(), Refusal> {
        let standing = self.standing(now, one);
        if standing != Standing::Suggested {
            self.check(now, key, names, standing)?;
        }
        if let Some(limit) = self.limits.new_orders.filter(|_| standing == Standing::New) {
            self.account.take(now, limit);
            self.peaks.new_orders = self.peaks.new_orders.max(self.account.used(now, limit));
        }
        Ok(())
    }

    fn standing(&self, now: OffsetDateTime, one: &Certificate) -> Standing {
        // CAs backdate by an hour.
        let issued = self.epoch.instant(one.begins) + Duration::HOUR;
        let is_within = |window: &Window| window.start() <= now && now < window.end();
        if self.limits.renewals == Renewals::Counted || one.had != Had::Here {
            Standing::New
        } else if self.suggests(one).as_ref().is_some_and(is_within) {
            Standing::Suggested
        } else if now < issued + Self::SAME_SET {
            Standing::SameSet
        } else {
            Standing::New
        }
    }

    fn check(
        &self,
        now: OffsetDateTime,
        key: u32,
        names: &Names,
        standing: Standing,
    ) -> Result<(), Refusal> {
        let lacks = |tokens: Option<&Tokens>, limit: Limit| {
            tokens.is_some_and(|tokens| !tokens.has_one(now, limit))
        };
        let Limits { new_orders, registered_domain, exact_set, failed_validations, .. } =
            self.limits;
        let is_new = standing == Standing::New;
        let short = if is_new && new_orders.is_some_and(|limit| lacks(Some(&self.account), limit)) {
            LimitKind::NewOrders
        } else if is_new
            && registered_domain.is_some_and(|limit| {
                names.domains(key).iter().any(|domain| lacks(self.domains.get(domain), limit))
            })
        {
            LimitKind::RegisteredDomain
        } else if exact_set.is_some_and(|limit| lacks(self.sets.get(&key), limit)) {
            LimitKind::ExactSet
        } else if failed_validations.is_some_and(|limit| {
            names.numbers(key).iter().any(|name| lacks(self.failed.get(name), limit))
        }) {
            LimitKind::FailedValidations
        } else {
            return Ok(());
        };
        Err(Refusal { limit: short })
    }

    /// An order brings its certificate: domains and exact sets are counted only now (Boulder, `ra/ra.go` countCertificateIssued).
    /// Domains are where it was new when it came in.
    pub(super) fn issue(
        &mut self,
        now: OffsetDateTime,
        ordered: OffsetDateTime,
        key: u32,
        one: &Certificate,
        names: &Names,
    ) {
        if let Some(limit) = self.limits.exact_set {
            let peak = &mut self.peaks.exact_set;
            take(&mut self.sets, key, now, limit, peak);
        }
        if let Some(limit) = self.limits.registered_domain
            && self.standing(ordered, one) == Standing::New
        {
            for domain in names.domains(key).iter() {
                take(&mut self.domains, *domain, now, limit, &mut self.peaks.registered_domain);
            }
        }
    }

    /// The first name of an order is not validated.
    pub(super) fn fail(&mut self, now: OffsetDateTime, key: u32, names: &Names) {
        if let (Some(limit), Some(name)) =
            (self.limits.failed_validations, names.numbers(key).first())
        {
            take(&mut self.failed, *name, now, limit, &mut self.peaks.failed_validations);
        }
    }

    /// How much of the new orders is used, between 0 and 1.
    pub(super) fn used(&self, now: OffsetDateTime) -> f64 {
        self.limits.new_orders.map_or(0.0, |limit| {
            let used = self.account.used(now, limit) as f64;
            used / f64::from(limit.burst())
        })
    }

    /// Forgets what is whole again.
    pub(super) fn forget_whole(&mut self, now: OffsetDateTime) {
        let limits = self.limits;
        for (buckets, limit) in [
            (&mut self.domains, limits.registered_domain),
            (&mut self.sets, limits.exact_set),
            (&mut self.failed, limits.failed_validations),
        ] {
            buckets.retain(|_, tokens| limit.is_some_and(|limit| tokens.used(now, limit) > 0));
        }
    }
}

fn take(
    buckets: &mut HashMap<u32, Tokens>,
    key: u32,
    now: OffsetDateTime,
    limit: Limit,
    peak: &mut i64,
) {
    let tokens = buckets.entry(key).or_default();
    tokens.take(now, limit);
    *peak = (*peak).max(tokens.used(now, limit));
}

#[cfg(test)]
mod tests;
