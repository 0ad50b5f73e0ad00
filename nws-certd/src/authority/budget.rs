//! What was used of a CA's limits, counted in one place for all orders.
//!
//! What is counted here is written with the step that it belongs to; after a crash at worst the CA refuses once what was not.

use std::sync::Arc;

use nws_expiry::DnsName;
use nws_expiry::budget::{Bucket, Claim, Ledger, Level};
use time::OffsetDateTime;

use super::{Authority, lock};
use crate::store::Used;

impl Authority {
    /// What was used until now.
    pub(crate) fn ledger(&self) -> Arc<Ledger> {
        lock(&self.budget).clone()
    }

    /// Takes in what was kept.
    pub(crate) fn recall_used(&self, kept: &[Used]) {
        let ours = kept.iter().filter(|used| used.ca == self.directory());
        self.count(|ledger| {
            ours.for_each(|used| ledger.restore(used.bucket.clone(), used.level));
        });
    }

    /// An order is made: gives what is to be kept of it.
    pub(crate) fn take(&self, now: OffsetDateTime, claim: &Claim<'_>) -> Vec<Used> {
        self.used(self.count(|ledger| ledger.take(now, claim)))
    }

    /// An order brought its certificate. What is kept of it is what was when it was begun, which is a little less.
    pub(crate) fn issued(&self, now: OffsetDateTime, claim: &Claim<'_>) {
        self.count(|ledger| ledger.issued(now, claim));
    }

    /// An order came to nothing. After a restart it counts as if it had not, until that is over.
    pub(crate) fn give_back(&self, claim: &Claim<'_>) {
        self.count(|ledger| ledger.give_back(claim));
    }

    /// The CA made no order. After a restart it counts as if it had, until that is over.
    pub(crate) fn unmade(&self, claim: &Claim<'_>) {
        self.count(|ledger| ledger.refused(claim));
    }

    /// Names were not validated: gives what is to be kept of it.
    pub(crate) fn failed<'a>(
        &self,
        now: OffsetDateTime,
        names: impl IntoIterator<Item = &'a DnsName>,
    ) -> Vec<Used> {
        let failed = |ledger: &mut Ledger| -> Vec<_> {
            names.into_iter().filter_map(|name| ledger.failed(now, name)).collect()
        };
        self.used(self.count(failed))
    }

    /// The CA says until when there is none: gives what is to be kept of it.
    pub(crate) fn correct(&self, bucket: Bucket, until: OffsetDateTime) -> Vec<Used> {
        self.used(self.count(|ledger| ledger.correct(bucket, until)))
    }

    /// Forgets what is whole again, and says whether there was anything.
    pub(crate) fn forget_whole(&self, now: OffsetDateTime) -> bool {
        if self.ledger().levels().all(|(_, level)| now < level.is_whole_at()) {
            return false;
        }
        self.count(|ledger| ledger.forget_whole(now));
        true
    }

    /// Views that are looked at meanwhile stay as they are.
    fn count<T>(&self, change: impl FnOnce(&mut Ledger) -> T) -> T {
        change(Arc::make_mut(&mut *lock(&self.budget)))
    }

    fn used(&self, levels: impl IntoIterator<Item = (Bucket, Level)>) -> Vec<Used> {
        let used = |(bucket, level)| Used { ca: self.directory().into(), bucket, level };
        levels.into_iter().map(used).collect()
    }
}
