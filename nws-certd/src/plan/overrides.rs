//! What the manifests of one certificate say of when it is ordered.

use nws_expiry::Policy;

use super::evidence::{Evidence, Had};

impl Evidence<'_> {
    /// When it is renewed.
    pub(super) fn policy(&self, had: Option<Had<'_>>) -> Policy {
        let lifetime = had.map(|had| had.leaf.lifetime());
        self.rules.policy.with(lifetime.and_then(|lifetime| self.overrides.earliest(lifetime)))
    }
}
