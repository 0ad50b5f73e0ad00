//! What was used of a CA's limits, counted in one place for all orders.
//!
//! What is counted here is written with the step that it belongs to; after a crash at worst the CA refuses once what was not.

use nws_expiry::DnsName;
use nws_expiry::budget::{Bucket, Claim, Ledger, Level};
use time::OffsetDateTime;

use super::{Authority, lock};
use crate::store::Used;

impl Authority {
    /// What was used until now.
    pub(crate) fn ledger(&self) -> Ledger {
        lock(&self.budget).clone()
    }

    /// Takes in what was kept.
    pub(crate) fn recall_used(&self, kept: &[Used]) {
        let mut ledger = lock(&self.budget);
        for used in kept.iter().filter(|used| used.ca == self.directory()) {
            ledger.restore(used.bucket.clone(), used.level);
        }
    }

    /// An order is made: gives what is to be kept of it.
    pub(crate) fn take(&self, now: OffsetDateTime, claim: &Claim<'_>) -> Vec<Used> {
        self.used(lock(&self.budget).take(now, claim))
    }

    /// An order brought its certificate. What is kept of it is what was when it was begun, which is a little less.
    pub(crate) fn issued(&self, now: OffsetDateTime, claim: &Claim<'_>) {
        lock(&self.budget).issued(now, claim);
    }

    /// An order came to nothing. After a restart it counts as if it had not, until that is over.
    pub(crate) fn give_back(&self, claim: &Claim<'_>) {
        lock(&self.budget).give_back(claim);
    }

    /// The CA made no order. After a restart it counts as if it had, until that is over.
    pub(crate) fn unmade(&self, claim: &Claim<'_>) {
        lock(&self.budget).refused(claim);
    }

    /// Names were not validated: gives what is to be kept of it.
    pub(crate) fn failed<'a>(
        &self,
        now: OffsetDateTime,
        names: impl IntoIterator<Item = &'a DnsName>,
    ) -> Vec<Used> {
        let mut ledger = lock(&self.budget);
        self.used(names.into_iter().filter_map(|name| ledger.failed(now, name)).collect::<Vec<_>>())
    }

    /// The CA says until when there is none: gives what is to be kept of it.
    pub(crate) fn correct(&self, bucket: Bucket, until: OffsetDateTime) -> Vec<Used> {
        self.used(lock(&self.budget).correct(bucket, until))
    }

    /// Forgets what is whole again, and says whether there was anything.
    pub(crate) fn forget_whole(&self, now: OffsetDateTime) -> bool {
        let mut ledger = lock(&self.budget);
        let before = ledger.levels().count();
        ledger.forget_whole(now);
        ledger.levels().count() < before
    }

    fn used(&self, levels: impl IntoIterator<Item = (Bucket, Level)>) -> Vec<Used> {
        let used = |(bucket, level)| Used { ca: self.directory().into(), bucket, level };
        levels.into_iter().map(used).collect()
    }
}
