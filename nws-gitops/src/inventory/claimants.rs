//! Which namespaces want a certificate for a host.
//!
//! A namespace is a tenant's, whatever clusters it is in. Unless the operator lets several have certificates for one host, those
//! that have one keep it, and who comes later goes without; where nobody has one yet, nobody gets one, as who comes first in a
//! repository says nothing of whose a host is.

use std::collections::{BTreeMap, BTreeSet};

use nws_expiry::{DnsName, DnsNames};

use super::{Delivered, Wanted};
use crate::{SecretRef, Targets};

/// By host, the Secrets that would carry it.
#[derive(Clone, Debug, Default)]
pub(super) struct Claimants {
    /// Sorted, so that those of one namespace stand together.
    by_host: BTreeMap<DnsName, Vec<SecretRef>>,
    /// What Secrets go without.
    refused: BTreeMap<SecretRef, BTreeSet<DnsName>>,
}

impl Claimants {
    pub(super) fn are_none(&self) -> bool {
        self.by_host.is_empty()
    }

    /// Takes back what a Secret would carry, `given` being what it got. Adds the hosts to `touched`.
    pub(super) fn remove(
        &mut self,
        secret: &SecretRef,
        given: &DnsNames,
        touched: &mut BTreeSet<DnsName>,
    ) {
        touched.extend(given.iter().cloned());
        given.iter().for_each(|host| self.forget(host, secret));
    }

    /// Takes back what a Secret went without. Adds the hosts to `touched`.
    pub(super) fn remove_refused(&mut self, secret: &SecretRef, touched: &mut BTreeSet<DnsName>) {
        for host in self.refused.remove(secret).into_iter().flatten() {
            self.forget(&host, secret);
            touched.insert(host);
        }
    }

    fn forget(&mut self, host: &DnsName, secret: &SecretRef) {
        if let Some(secrets) = self.by_host.get_mut(host) {
            secrets.retain(|one| one != secret);
            if secrets.is_empty() {
                self.by_host.remove(host);
            }
        }
    }

    /// Takes in what a Secret would carry.
    pub(super) fn add(&mut self, secret: &SecretRef, names: &DnsNames) {
        for host in names.iter() {
            let secrets = self.by_host.entry(host.clone()).or_default();
            if let Err(at) = secrets.binary_search(secret) {
                secrets.insert(at, secret.clone());
            }
        }
    }

    /// Whoever would carry one of these hosts.
    pub(super) fn of<'a>(
        &'a self,
        hosts: &'a BTreeSet<DnsName>,
    ) -> impl Iterator<Item = &'a SecretRef> {
        hosts.iter().filter_map(|host| self.by_host.get(host)).flatten()
    }

    /// The Secrets that would carry it, if they are of several namespaces.
    fn contending(&self, host: &DnsName) -> Option<&[SecretRef]> {
        let secrets = self.by_host.get(host)?;
        let several = secrets.first()?.namespace() != secrets.last()?.namespace();
        several.then_some(secrets)
    }

    /// The hosts that this Secret has to go without, and whose they are; they are noted.
    pub(super) fn refuse(
        &mut self,
        secret: &SecretRef,
        wanted: &[Wanted],
        holders: &Holders<'_>,
    ) -> BTreeMap<DnsName, Rival> {
        let hosts = wanted.iter().flat_map(|wanted| wanted.names.iter());
        let refused: BTreeMap<_, _> = hosts
            .filter_map(|host| {
                Some((host.clone(), holders.rival(secret, host, self.contending(host)?)?))
            })
            .collect();
        if !refused.is_empty() {
            self.refused.insert(secret.clone(), refused.keys().cloned().collect());
        }
        refused
    }

    /// The namespaces of whoever wants one of these hosts where several do.
    fn contested<'a>(&self, hosts: impl Iterator<Item = &'a DnsName>) -> BTreeSet<String> {
        let secrets = hosts.filter_map(|host| self.contending(host)).flatten();
        secrets.map(|secret| secret.namespace().to_owned()).collect()
    }
}

/// Another Secret that keeps a host from one.
#[derive(Clone, Debug)]
pub(super) struct Rival {
    pub(super) secret: SecretRef,
    /// Whether there is a certificate of its namespace for the host.
    pub(super) holds: bool,
}

/// Which namespaces have certificates for hosts that several want.
pub(super) struct Holders<'a> {
    hosts: BTreeMap<&'a str, BTreeSet<&'a DnsName>>,
    /// Those of them in a directory of our own, where no tenant writes.
    certain: BTreeMap<&'a str, BTreeSet<&'a DnsName>>,
}

impl<'a> Holders<'a> {
    pub(super) fn of(
        claimants: &Claimants,
        hosts: impl Iterator<Item = &'a DnsName>,
        delivered: &'a [Delivered],
        targets: &Targets,
    ) -> Self {
        let mut holders = Self { hosts: BTreeMap::new(), certain: BTreeMap::new() };
        for namespace in claimants.contested(hosts) {
            for held in in_namespace(delivered, &namespace).iter().filter(|held| held.ours) {
                holders.take(held, targets);
            }
        }
        holders
    }

    fn take(&mut self, held: &'a Delivered, targets: &Targets) {
        let names = held.chain.as_ref().and_then(|chain| chain.leaf().names());
        let names: Vec<_> = names.into_iter().flat_map(DnsNames::iter).collect();
        let namespace = held.secret.namespace();
        if targets.collects(&held.target, &held.path) {
            self.certain.entry(namespace).or_default().extend(names.iter().copied());
        }
        self.hosts.entry(namespace).or_default().extend(names);
    }

    /// Who keeps the host from this Secret, if somebody does.
    fn rival(&self, secret: &SecretRef, host: &DnsName, contending: &[SecretRef]) -> Option<Rival> {
        let others = || contending.iter().filter(|one| one.namespace() != secret.namespace());
        for holders in [&self.certain, &self.hosts] {
            let holds = |one: &SecretRef| {
                holders.get(one.namespace()).is_some_and(|hosts| hosts.contains(host))
            };
            if holds(secret) {
                return None;
            }
            if let Some(rival) = others().find(|one| holds(one)) {
                return Some(Rival { secret: rival.clone(), holds: true });
            }
        }
        others().next().map(|rival| Rival { secret: rival.clone(), holds: false })
    }
}

/// Those of a namespace, in a list that is sorted by Secret.
fn in_namespace<'a>(held: &'a [Delivered], namespace: &str) -> &'a [Delivered] {
    let from = held.partition_point(|held| held.secret.namespace() < namespace);
    let count = held[from..].partition_point(|held| held.secret.namespace() == namespace);
    &held[from..from + count]
}
