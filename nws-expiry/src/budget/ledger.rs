//! What was used of a CA's limits.

use std::collections::HashMap;

use time::OffsetDateTime;

use super::{Bucket, Claim, Level, Limit, LimitKind, Limits};
use crate::DnsName;

/// What was used of one CA's limits, as plain values: a [`Level`] a bucket that is not whole.
///
/// It errs on the side of using too little: an order is counted when it is made, though some CAs count it only once it brought a
/// certificate, so that orders that are under way together never use more than there is.
///
/// ```
/// use nws_expiry::DnsNames;
/// use nws_expiry::budget::{Claim, Exemption, Ledger, Limits};
/// use time::Duration;
/// use time::macros::datetime;
///
/// let now = datetime!(2026-03-01 12:00 UTC);
/// let names = DnsNames::new(["shop.example".parse()?])?;
/// let renewal = Claim { names: &names, exemption: Exemption::SameSet };
///
/// let mut ledger = Ledger::new(Limits::LETS_ENCRYPT);
/// for _ in 0..5 {
///     ledger.check(now, &renewal)?;
///     ledger.take(now, &renewal);
/// }
/// let short = ledger.check(now, &renewal).unwrap_err();
/// assert_eq!(short.until, now + Duration::minutes(2016));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Ledger {
    limits: Limits,
    levels: HashMap<Bucket, Level>,
}

/// What an order has to wait for.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the limit of {limit} for {bucket} is used up until {until}")]
pub struct Short {
    /// What is used up; what takes longest where several are.
    pub bucket: Bucket,
    /// The limit.
    pub limit: Limit,
    /// Until when.
    pub until: OffsetDateTime,
}

impl Ledger {
    /// One in which nothing was used yet.
    pub fn new(limits: Limits) -> Self {
        Self { limits, levels: HashMap::new() }
    }

    /// What it is about.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Takes in what was kept of one bucket; what says that more is used counts.
    pub fn restore(&mut self, bucket: Bucket, level: Level) {
        let known = self.levels.entry(bucket).or_insert(level);
        *known = level.max(*known);
    }

    /// Every bucket of which something was used.
    pub fn levels(&self) -> impl Iterator<Item = (&Bucket, Level)> {
        self.levels.iter().map(|(bucket, level)| (bucket, *level))
    }

    /// How many are left of one bucket at `now`; `None` where there is no limit.
    pub fn left(&self, now: OffsetDateTime, bucket: &Bucket) -> Option<u32> {
        let limit = self.limits.get(bucket.kind())?;
        Some(Level::left(self.levels.get(bucket).copied(), limit, now))
    }

    /// Whether the CA takes an order now.
    ///
    /// # Errors
    ///
    /// [`Short`] says what is used up, and until when.
    pub fn check(&self, now: OffsetDateTime, claim: &Claim<'_>) -> Result<(), Short> {
        check(&self.limits, claim, now, |bucket| self.levels.get(bucket).copied())
    }

    /// An order is made: gives what is to be kept of it.
    pub fn take(&mut self, now: OffsetDateTime, claim: &Claim<'_>) -> Vec<(Bucket, Level)> {
        let buckets: Vec<_> = claim.taken(&self.limits).collect();
        buckets.into_iter().filter_map(|bucket| self.take_one(now, bucket)).collect()
    }

    /// The order brought no certificate, and the CA counts only those: what it took of registered domains and exact sets is there again.
    pub fn give_back(&mut self, claim: &Claim<'_>) {
        for bucket in claim.taken(&self.limits) {
            match bucket.kind() {
                LimitKind::NewOrders => {}
                kind @ (LimitKind::RegisteredDomain
                | LimitKind::ExactSet
                | LimitKind::FailedValidations) => {
                    let limit = self.limits.get(kind);
                    if let (Some(limit), Some(level)) = (limit, self.levels.get_mut(&bucket)) {
                        *level = level.given_back(limit);
                    }
                }
            }
        }
    }

    /// A name was not validated: gives what is to be kept of it.
    pub fn failed(&mut self, now: OffsetDateTime, name: &DnsName) -> Option<(Bucket, Level)> {
        self.take_one(now, Bucket::FailedValidations(name.clone()))
    }

    /// The CA says that there is none before `until`, whatever we thought (Retry-After): gives what is to be kept of it.
    pub fn correct(&mut self, bucket: Bucket, until: OffsetDateTime) -> Option<(Bucket, Level)> {
        let limit = self.limits.get(bucket.kind())?;
        self.restore(bucket.clone(), Level::told(limit, until));
        let level = self.levels.get(&bucket).copied()?;
        Some((bucket, level))
    }

    /// Forgets the buckets that are whole at `now`.
    pub fn forget_whole(&mut self, now: OffsetDateTime) {
        self.levels.retain(|_, level| now < level.is_whole_at());
    }

    fn take_one(&mut self, now: OffsetDateTime, bucket: Bucket) -> Option<(Bucket, Level)> {
        let limit = self.limits.get(bucket.kind())?;
        let level = Level::used(self.levels.get(&bucket).copied(), limit, now);
        self.levels.insert(bucket.clone(), level);
        Some((bucket, level))
    }
}

/// A ledger in which orders are counted that are only planned.
#[derive(Clone, Debug)]
pub struct Draft<'a> {
    of: &'a Ledger,
    planned: HashMap<Bucket, Level>,
}

impl<'a> Draft<'a> {
    /// One in which nothing is planned yet.
    pub fn of(ledger: &'a Ledger) -> Self {
        Self { of: ledger, planned: HashMap::new() }
    }

    /// What is planned on.
    pub fn ledger(&self) -> &'a Ledger {
        self.of
    }

    /// How far a bucket is used with what is planned.
    pub fn level(&self, bucket: &Bucket) -> Option<Level> {
        self.planned.get(bucket).or_else(|| self.of.levels.get(bucket)).copied()
    }

    /// Whether the CA takes one more order at `now`.
    ///
    /// # Errors
    ///
    /// [`Short`] says what is used up, and until when.
    pub fn check(&self, now: OffsetDateTime, claim: &Claim<'_>) -> Result<(), Short> {
        check(&self.of.limits, claim, now, |bucket| self.level(bucket))
    }

    /// One more is planned.
    pub fn take(&mut self, now: OffsetDateTime, claim: &Claim<'_>) {
        for bucket in claim.taken(&self.of.limits) {
            if let Some(limit) = self.of.limits.get(bucket.kind()) {
                let level = Level::used(self.level(&bucket), limit, now);
                self.planned.insert(bucket, level);
            }
        }
    }
}

fn check(
    limits: &Limits,
    claim: &Claim<'_>,
    now: OffsetDateTime,
    level: impl Fn(&Bucket) -> Option<Level>,
) -> Result<(), Short> {
    let short = claim.checked(limits).filter_map(|bucket| {
        let limit = limits.get(bucket.kind())?;
        let until = Level::when(level(&bucket), limit, 1, now);
        (until > now).then_some(Short { bucket, limit, until })
    });
    short.max_by_key(|short| short.until).map_or(Ok(()), Err)
}
