//! What a listener without a host of its own wants: the hosts of the routes that attach to it.

use std::collections::BTreeSet;

use super::super::routes::{Doubt, Offer};
use super::names::Names;
use super::{Collector, Place, Standing};
use crate::Kind;
use crate::fault::FaultReason;
use crate::reader::{Listener, OpenListener};

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
        names.is_open = true;
        let offers = self.around.routes.offers(gateway, open, self.around);
        if offers.iter().all(Offer::is_empty) {
            self.without_routes(place, listener, open);
        }
        let mut unselected = BTreeSet::new();
        for offer in offers {
            unselected.extend(self.take(offer, names));
        }
        names.if_held.retain(|name| self.around.discover.allow.allow(name));
        if !unselected.is_empty() {
            let field = format!("{}.allowedRoutes.namespaces.selector", listener.field);
            let hosts: Vec<_> = unselected.into_iter().collect();
            self.fault(place, Some(&field), FaultReason::NamespaceSelector, &hosts);
        }
    }

    /// The hosts of which the listener does not say whether it takes them.
    fn take(&mut self, offer: Offer<'_>, names: &mut Names) -> Vec<String> {
        let Offer { path, document, hosts, faults, doubt } = offer;
        let route = Place { path, document };
        let Some(doubt) = doubt else {
            if self.standing == Standing::Certain {
                self.faults.extend(faults.iter().map(|fault| fault.at(path)));
            }
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
