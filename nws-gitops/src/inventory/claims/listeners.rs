//! What a listener without a host of its own wants: the hosts of the routes that attach to it.

use std::collections::BTreeSet;

use nws_expiry::{DnsName, DnsNames};

use super::super::routes::{Doubt, Offer, Routes};
use super::super::{Delivered, held};
use super::{Asking, Claim, Claims, Collector, Place, Standing, ours};
use crate::Kind;
use crate::fault::{Fault, FaultReason};
use crate::reader::{Listener, OpenListener};

/// The names that one place wants.
#[derive(Default)]
pub(super) struct Names {
    pub(super) certain: BTreeSet<DnsName>,
    /// As far as the certificate already there carries them.
    pub(super) if_held: BTreeSet<DnsName>,
    /// Whether any host may be among them that a route names which nobody can read; as far, again.
    pub(super) is_open: bool,
}

impl Names {
    pub(super) fn are_none(&self) -> bool {
        self.certain.is_empty() && self.if_held.is_empty() && !self.is_open
    }

    /// What is certain once it is known which names are held.
    pub(super) fn settle(&mut self, held: Option<&DnsNames>, lost: &BTreeSet<DnsName>) {
        let held = held.into_iter().flat_map(DnsNames::iter);
        let kept = held
            .filter(|name| self.if_held.contains(name) || (self.is_open && lost.contains(name)));
        self.certain.extend(kept.cloned());
    }
}

/// Makes up its mind on names that are wanted only as far as they are held, before anybody is given anything.
///
/// Where hosts of routes are waited for, routes that nobody can read are told.
pub(in crate::inventory) fn settle(
    claims: &mut Claims,
    delivered: &[Delivered],
    routes: &Routes<'_>,
    faults: &mut Vec<Fault>,
) {
    let mut are_awaited = false;
    for (key, by_file) in claims {
        let names_held = ours(held::named(delivered, &key.secret)).map(|(_, names)| names);
        for ((standing, _), Claim(askings)) in by_file.iter_mut() {
            for Asking { names, .. } in askings.iter_mut() {
                are_awaited |= names.is_open && *standing == Standing::Certain;
                names.settle(names_held, routes.lost_names());
            }
            askings.retain(|asking| !asking.names.certain.is_empty());
        }
        by_file.retain(|_, Claim(askings)| !askings.is_empty());
    }
    if are_awaited {
        faults.extend_from_slice(routes.lost());
    }
}

impl Collector<'_> {
    /// Adds what routes bring to a listener that is open for it.
    pub(super) fn names_of_routes(
        &mut self,
        place: Place<'_>,
        gateway: (Kind, &str, &str),
        listener: &Listener,
        names: &mut Names,
    ) {
        let Some(open) = &listener.open else {
            return;
        };
        let offers = self.routes.offers(gateway, open);
        if offers.iter().all(Offer::is_empty) {
            self.without_routes(place, listener, open);
        }
        let mut unselected = BTreeSet::new();
        for offer in offers {
            unselected.extend(self.take(offer, names));
        }
        if !unselected.is_empty() {
            let field = format!("{}.allowedRoutes.namespaces.selector", listener.field);
            let hosts: Vec<_> = unselected.into_iter().collect();
            self.fault(place, Some(&field), FaultReason::NamespaceSelector, &hosts);
        }
        names.is_open = true;
        names.if_held.retain(|name| self.discover.allow.allow(name));
    }

    /// The hosts of which the listener does not say whether it takes them.
    fn take(&mut self, offer: Offer<'_>, names: &mut Names) -> Vec<String> {
        let Offer { path, document, hosts, faults, doubt } = offer;
        let route = Place { path, document };
        let Some(doubt) = doubt else {
            self.faults.extend(faults.iter().map(|fault| fault.at(path)));
            names.certain.extend(hosts.into_iter().filter_map(|host| self.name(route, host)));
            return Vec::new();
        };
        let texts: Vec<_> = hosts.iter().map(|host| host.name.to_string()).collect();
        names.if_held.extend(hosts.into_iter().map(|host| host.name.clone()));
        match doubt {
            Doubt::Selected => texts,
            Doubt::Changed(reason) => {
                self.fault(route, None, reason, &texts);
                Vec::new()
            }
        }
    }

    fn without_routes(&mut self, place: Place<'_>, listener: &Listener, open: &OpenListener) {
        match &open.wildcard {
            Some(wildcard) => drop(self.name(place, wildcard)),
            None => {
                let field = format!("{}.hostname", listener.field);
                self.fault(place, Some(&field), FaultReason::NoRoute, &[]);
            }
        }
    }
}
