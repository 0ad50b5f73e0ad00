//! Names that are wanted, and those that are only kept.

use std::collections::BTreeSet;

use nws_expiry::{DnsName, DnsNames};

use super::Claim;

/// The names that one place wants.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    pub(super) certain: BTreeSet<DnsName>,
    /// As far as the certificate already there carries them.
    pub(super) if_held: BTreeSet<DnsName>,
    /// Whether any host that a route names which nobody can read may be among those.
    pub(super) is_open: bool,
}

impl Names {
    pub(super) fn are_none(&self) -> bool {
        self.certain.is_empty() && self.if_held.is_empty() && !self.is_open
    }

    /// What is certain once it is known which names are held.
    fn settle(&mut self, held: Option<&DnsNames>, lost: &BTreeSet<DnsName>) {
        let may_be_meant =
            |name: &&DnsName| self.if_held.contains(name) || (self.is_open && lost.contains(name));
        let kept = held.into_iter().flat_map(DnsNames::iter).filter(may_be_meant);
        self.certain.extend(kept.cloned());
    }
}

impl Claim {
    /// Whether hosts of routes are waited for.
    pub(in crate::inventory) fn is_open(&self) -> bool {
        self.0.iter().any(|asking| asking.names.is_open)
    }

    /// Decides on what is wanted only as far as it is held, before anybody is given anything. Whether anything is left.
    pub(super) fn settle(&mut self, held: Option<&DnsNames>, lost: &BTreeSet<DnsName>) -> bool {
        self.0.iter_mut().for_each(|asking| asking.names.settle(held, lost));
        self.0.retain(|asking| !asking.names.certain.is_empty());
        !self.0.is_empty()
    }
}
