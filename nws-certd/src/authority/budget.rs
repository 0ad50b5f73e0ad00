//! What was used of a CA's limits, counted in one place for all orders.
//!
//! What is counted here is written with the step that it belongs to; after a crash at worst the CA refuses once what was not.

use std::collections::HashMap;
use std::sync::Arc;

use nws_expiry::DnsName;
use nws_expiry::budget::{Bucket, Claim, Exemption, Ledger, Level, Limits};
use time::OffsetDateTime;

use super::{Authority, lock};
use crate::store::{CertificateKey, Used};

/// A CA's ledger, and whose orders are under way in it.
#[derive(Debug)]
pub(super) struct Budget {
    ledger: Arc<Ledger>,
    /// A certificate has one order at a time, and so one of what the CA counts when it issues, by what that was exempt from then.
    held: HashMap<CertificateKey, Exemption>,
}

impl Budget {
    pub(super) fn new(limits: Limits) -> Self {
        Self { ledger: Arc::new(Ledger::new(limits)), held: HashMap::new() }
    }

    /// Views that are looked at meanwhile stay as they are.
    fn ledger(&mut self) -> &mut Ledger {
        Arc::make_mut(&mut self.ledger)
    }

    /// The order of a certificate that is over, if it was counted.
    fn release(&mut self, key: &CertificateKey, end: impl FnOnce(&mut Ledger, &Claim<'_>)) {
        if let Some(exemption) = self.held.remove(key) {
            end(self.ledger(), &Claim { names: &key.names, exemption });
        }
    }
}

impl Authority {
    /// What was used until now.
    pub(crate) fn ledger(&self) -> Arc<Ledger> {
        lock(&self.budget).ledger.clone()
    }

    /// Takes in what was kept.
    pub(crate) fn recall_used(&self, kept: &[Used]) {
        let mut budget = lock(&self.budget);
        for used in kept.iter().filter(|used| used.ca == self.directory()) {
            budget.ledger().restore(used.bucket.clone(), used.level);
        }
    }

    /// An order is made: gives what is to be kept of it.
    pub(crate) fn take(
        &self,
        now: OffsetDateTime,
        key: &CertificateKey,
        exemption: Exemption,
    ) -> Vec<Used> {
        let mut budget = lock(&self.budget);
        // What is asked for again was not made, or brought nothing.
        budget.release(key, Ledger::give_back);
        budget.held.insert(key.clone(), exemption);
        let claim = Claim { names: &key.names, exemption };
        self.used(budget.ledger().take(now, &claim))
    }

    /// An order brought its certificate. What is kept of it is what was when it was begun, which is a little less.
    pub(crate) fn issued(&self, now: OffsetDateTime, key: &CertificateKey, exemption: Exemption) {
        let mut budget = lock(&self.budget);
        let exemption = budget.held.remove(key).unwrap_or(exemption);
        budget.ledger().issued(now, &Claim { names: &key.names, exemption });
    }

    /// An order came to nothing. After a restart it counts as if it had not, until that is over.
    pub(crate) fn give_back(&self, key: &CertificateKey) {
        lock(&self.budget).release(key, Ledger::give_back);
    }

    /// The CA made no order. After a restart it counts as if it had, until that is over.
    pub(crate) fn unmade(&self, key: &CertificateKey) {
        lock(&self.budget).release(key, Ledger::refused);
    }

    /// Gives back what is held for certificates whose orders nobody goes on with.
    pub(crate) fn give_back_unless(&self, is_under_way: impl Fn(&CertificateKey) -> bool) {
        let mut budget = lock(&self.budget);
        let over: Vec<_> = budget.held.keys().filter(|key| !is_under_way(key)).cloned().collect();
        over.iter().for_each(|key| budget.release(key, Ledger::give_back));
    }

    /// Names were not validated: gives what is to be kept of it.
    pub(crate) fn failed<'a>(
        &self,
        now: OffsetDateTime,
        names: impl IntoIterator<Item = &'a DnsName>,
    ) -> Vec<Used> {
        let mut budget = lock(&self.budget);
        let failed = names.into_iter().filter_map(|name| budget.ledger().failed(now, name));
        self.used(failed.collect::<Vec<_>>())
    }

    /// The CA says until when there is none: gives what is to be kept of it.
    pub(crate) fn correct(&self, bucket: Bucket, until: OffsetDateTime) -> Vec<Used> {
        self.used(lock(&self.budget).ledger().correct(bucket, until))
    }

    /// Forgets what is whole again, and says whether there was anything.
    pub(crate) fn forget_whole(&self, now: OffsetDateTime) -> bool {
        lock(&self.budget).ledger().forget_whole(now)
    }

    fn used(&self, levels: impl IntoIterator<Item = (Bucket, Level)>) -> Vec<Used> {
        let used = |(bucket, level)| Used { ca: self.directory().into(), bucket, level };
        levels.into_iter().map(used).collect()
    }
}
