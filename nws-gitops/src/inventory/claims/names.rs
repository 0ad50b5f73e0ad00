//! Names that are wanted, and those that are only kept.

use std::collections::BTreeSet;

use nws_expiry::{DnsName, DnsNames};

use super::super::routes::{Around, Routes};
use super::super::{Delivered, held};
use super::{Claim, Claims, Standing, ours};
use crate::fault::Fault;

/// The names that one place wants.
#[derive(Default)]
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

/// Decides on what is wanted only as far as it is held, before anybody is given anything. What is left wants something.
///
/// Where hosts of routes are waited for, routes that nobody can read are told.
pub(in crate::inventory) fn settle(
    claims: &mut Claims,
    delivered: &[Delivered],
    routes: &Routes,
    around: Around<'_>,
    faults: &mut Vec<Fault>,
) {
    let mut by_file = claims.values().flatten();
    if by_file.any(|((standing, _), claim)| *standing == Standing::Certain && claim.is_open()) {
        faults.extend(routes.lost(around));
    }
    let lost = routes.lost_names(around);
    for (key, by_file) in claims {
        let held = ours(held::named(delivered, &key.secret)).map(|(_, names)| names);
        by_file.retain(|_, claim| claim.settle(held, &lost));
    }
}

impl Claim {
    fn is_open(&self) -> bool {
        self.0.iter().any(|asking| asking.names.is_open)
    }

    /// Whether anything is left.
    fn settle(&mut self, held: Option<&DnsNames>, lost: &BTreeSet<DnsName>) -> bool {
        self.0.iter_mut().for_each(|asking| asking.names.settle(held, lost));
        self.0.retain(|asking| !asking.names.certain.is_empty());
        !self.0.is_empty()
    }
}
