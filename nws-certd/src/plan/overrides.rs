//! What the manifests of one certificate say of when it is ordered.

use std::collections::HashSet;

use nws_expiry::{Leaf, Policy};
use nws_gitops::{Hold, Inventory};
use time::OffsetDateTime;

use super::evidence::{Evidence, Had};
use super::{Next, Obstruction, Rules, certificate_key};
use crate::store::CertificateKey;

/// One of these certificates that is held, and by what.
pub(crate) fn held_among<'a>(
    inventory: &'a Inventory,
    rules: &Rules,
    certificates: &[CertificateKey],
) -> Option<(CertificateKey, &'a Hold)> {
    let asked: HashSet<_> = certificates.iter().collect();
    inventory.wanted.iter().find_map(|want| {
        let hold = want.overrides.holds.first()?;
        let key = certificate_key(want, rules);
        asked.contains(&key).then_some((key, hold))
    })
}

impl Evidence<'_> {
    /// When it is renewed.
    pub(super) fn policy(&self, had: Option<Had<'_>>) -> Policy {
        let lifetime = had.map(|had| had.leaf.lifetime());
        self.rules.policy.with(lifetime.and_then(|lifetime| self.overrides.earliest(lifetime)))
    }

    /// What comes next, and which CA an order goes to now: while it is held, none, whatever it is to be ordered for.
    pub(super) fn unless_held(
        &self,
        had: Option<Had<'_>>,
        (next, goes_to): (Next, Option<usize>),
    ) -> (Next, Option<usize>) {
        if self.overrides.holds.is_empty() {
            return (next, goes_to);
        }
        let next = match next {
            Next::Keep { .. } => next,
            Next::Order(reason) | Next::Wait { reason, .. } => {
                let until = self.look_at_hold(had.map(|had| had.leaf));
                Next::Wait { until, reason, on: Obstruction::Hold }
            }
        };
        (next, None)
    }

    /// Only another commit ends a hold, and that is looked at when it comes. What is said of it changes when the certificate ends; then
    /// it is looked at with everything else, in the sweep.
    fn look_at_hold(&self, have: Option<&Leaf>) -> OffsetDateTime {
        let ends = have.map(Leaf::not_after).filter(|ends| self.now < *ends);
        ends.unwrap_or_else(|| self.rules.policy.sweep.after(self.now))
    }
}
