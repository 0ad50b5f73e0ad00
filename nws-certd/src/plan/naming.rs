//! Which CAs a certificate may come from, where its manifests name some.

use super::CaView;
use super::evidence::Evidence;

impl Evidence<'_> {
    /// Whether it may come from this CA. From those that are named, and from no other, however long they take: who names one means
    /// its issuer, as another may not be trusted where the certificate is used, or may tell the world of names that are nobody's
    /// business. A certificate that is there already stays until it is due, whoever issued it.
    pub(super) fn may_come_from(&self, view: &CaView) -> bool {
        let named = &self.overrides.cas;
        named.is_empty() || view.name.as_ref().is_some_and(|name| named.contains(name))
    }
}
