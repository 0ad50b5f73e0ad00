//! Where names lead, as DNS says.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use nws_expiry::DnsName;
use time::Duration;

use super::World;
use crate::edges::{AddressZone, Addresses, LookupError};
use crate::order::Whereabouts;

/// What it is for a certificate to fail for long.
pub(in crate::daemon::tests) const PARK_AFTER: Duration = Duration::days(7);

/// The addresses of names; those that no test gave any have the edge's.
#[derive(Debug, Default)]
pub(super) struct Names {
    addresses: Mutex<BTreeMap<String, Vec<IpAddr>>>,
    /// The edges that daemons have configured that start from now on.
    edges: Mutex<Vec<IpAddr>>,
    is_down: AtomicBool,
    asked: AtomicUsize,
}

#[async_trait]
impl AddressZone for Names {
    async fn addresses(&self, name: &DnsName) -> Result<Addresses, LookupError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.is_down.load(Ordering::SeqCst) {
            return Err(LookupError::TimedOut { name: name.clone() });
        }
        match self.addresses.lock().unwrap().get(name.as_str()) {
            None => Ok(whole(vec![World::EDGE.parse().unwrap()])),
            Some(none) if none.is_empty() => Err(LookupError::NoSuchName { name: name.clone() }),
            Some(all) => Ok(whole(all.clone())),
        }
    }
}

fn whole(all: Vec<IpAddr>) -> Addresses {
    Addresses { all, is_whole: true, aliases: Vec::new() }
}

impl World {
    /// The address of the only edge.
    pub(in crate::daemon::tests) const EDGE: &str = "203.0.113.1";

    pub(super) fn whereabouts(&self) -> Whereabouts {
        let edges = self.names.edges.lock().unwrap().clone();
        Whereabouts { zone: self.names.clone(), edges, park_after: PARK_AFTER }
    }

    /// Daemons that start from now on know where their edges are.
    pub(in crate::daemon::tests) fn edges_are_known(&self) {
        *self.names.edges.lock().unwrap() = vec![Self::EDGE.parse().unwrap()];
    }

    /// From now on the name leads there; nowhere, if there is no address.
    pub(in crate::daemon::tests) fn point(&self, name: &str, addresses: &[&str]) {
        let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
        self.names.addresses.lock().unwrap().insert(name.into(), addresses);
    }

    pub(in crate::daemon::tests) fn dns_is_down(&self, is_down: bool) {
        self.names.is_down.store(is_down, Ordering::SeqCst);
    }

    /// How often anybody was asked where a name leads.
    pub(in crate::daemon::tests) fn looks(&self) -> usize {
        self.names.asked.load(Ordering::SeqCst)
    }
}
