//! Which hosts the routes of a repository bring to the listeners that wait for some.

use std::collections::{BTreeMap, BTreeSet};

use nws_expiry::DnsName;

use super::kustomize::Kustomizations;
use super::local::is_chart_template;
use super::namespaces::Namespaces;
use super::{File, Tree};
use crate::discover::Discover;
use crate::fault::{Fault, FaultReason};
use crate::reader::{AllowedNamespaces, Host, LocalFault, OpenListener, Parent, Route};
use crate::{Kind, RepoPath};

/// All routes of all files that are looked at, by what they attach to.
#[derive(Default)]
pub(super) struct Routes<'a> {
    attached: BTreeMap<(Kind, String, &'a str), Vec<Attached<'a>>>,
    /// What nobody can tell where it attaches.
    lost: Vec<Fault>,
    /// Whatever host one of those may name.
    lost_names: BTreeSet<DnsName>,
}

/// A route at one of its parents.
#[derive(Clone, Debug)]
struct Attached<'a> {
    path: &'a RepoPath,
    route: &'a Route,
    parent: &'a Parent,
    /// None if nobody can tell, which is a doubt.
    namespace: Option<String>,
    /// Why it is not what its file says.
    doubt: Option<FaultReason>,
}

/// What one route brings to one listener.
#[derive(Debug)]
pub(super) struct Offer<'a> {
    pub(super) path: &'a RepoPath,
    pub(super) document: usize,
    pub(super) hosts: Vec<&'a Host>,
    /// What is wrong with others of its hosts.
    pub(super) faults: &'a [LocalFault],
    /// Why it may be otherwise. The hosts are wanted only as far as they are served already.
    pub(super) doubt: Option<Doubt>,
}

#[derive(Debug)]
pub(super) enum Doubt {
    /// It is not what its file says.
    Changed(FaultReason),
    /// The listener takes routes by the labels of their namespaces.
    Selected,
}

impl Offer<'_> {
    pub(super) fn is_empty(&self) -> bool {
        self.hosts.is_empty() && self.faults.is_empty()
    }
}

impl<'a> Routes<'a> {
    pub(super) fn of(
        tree: &'a Tree,
        namespaces: &Namespaces<'_>,
        kustomizations: &Kustomizations<'_>,
        discover: &Discover,
    ) -> Self {
        let mut all = Self::default();
        for file in tree.files.iter().filter(|file| discover.covers(&file.path)) {
            if says_nothing(file) || is_chart_template(&file.path, &tree.paths) {
                continue;
            }
            for route in &file.parsed.routes {
                let changed = kustomizations.objection(&file.path, route.into(), discover);
                let namespace = namespaces.resolve(&file.path, route.namespace.as_deref());
                let doubt = changed.or_else(|| namespace.as_ref().err().cloned());
                all.attach(file, route, namespace.ok().as_deref(), doubt.as_ref());
            }
            file.parsed.lost_routes.iter().for_each(|fault| all.lose(&file.path, fault, discover));
        }
        all
    }

    fn attach(
        &mut self,
        file: &'a File,
        route: &'a Route,
        namespace: Option<&str>,
        doubt: Option<&FaultReason>,
    ) {
        for parent in &route.parents {
            let Some(of) = parent.namespace.as_deref().or(namespace) else {
                continue;
            };
            let key = (parent.kind, of.to_owned(), &*parent.name);
            self.attached.entry(key).or_default().push(Attached {
                path: &file.path,
                route,
                parent,
                namespace: namespace.map(str::to_owned),
                doubt: doubt.cloned(),
            });
        }
    }

    fn lose(&mut self, path: &RepoPath, fault: &LocalFault, discover: &Discover) {
        let names = fault.hosts.iter().filter_map(|host| host.parse().ok());
        self.lost_names.extend(names.filter(|name| discover.allow.allow(name)));
        self.lost.push(fault.at(path));
    }

    /// What the routes at this listener offer, in the order of their files.
    pub(super) fn offers(
        &self,
        (kind, namespace, name): (Kind, &str, &str),
        listener: &OpenListener,
    ) -> Vec<Offer<'a>> {
        let attached = self.attached.get(&(kind, namespace.to_owned(), name));
        let attached = attached.into_iter().flatten();
        attached.filter_map(|attached| attached.offer(namespace, listener)).collect()
    }

    /// Hosts that may be among those of any listener; wanted only as far as they are served already.
    pub(super) fn lost_names(&self) -> &BTreeSet<DnsName> {
        &self.lost_names
    }

    /// What is wrong with routes that nobody can tell where they attach.
    pub(super) fn lost(&self) -> &[Fault] {
        &self.lost
    }
}

fn says_nothing(file: &File) -> bool {
    file.parsed.routes.is_empty() && file.parsed.lost_routes.is_empty()
}

impl<'a> Attached<'a> {
    fn offer(&self, namespace: &str, listener: &OpenListener) -> Option<Offer<'a>> {
        let doubt = match self.is_admitted(namespace, listener) {
            Some(true) => self.doubt.clone().map(Doubt::Changed),
            Some(false) => return None,
            None => Some(Doubt::Selected),
        };
        let hosts = self.route.hosts.iter().filter(|host| listener.takes(&host.name)).collect();
        let (path, document) = (self.path, self.route.document);
        Some(Offer { path, document, hosts, faults: &self.route.faults, doubt })
    }

    /// None if only the cluster knows.
    fn is_admitted(&self, namespace: &str, listener: &OpenListener) -> Option<bool> {
        let Parent { section, port, .. } = self.parent;
        let is_meant = section.as_ref().is_none_or(|section| *section == listener.name)
            && port.is_none_or(|port| listener.port == Some(port))
            && listener.routes.contains(&self.route.kind);
        let Some(own) = self.namespace.as_ref().filter(|_| is_meant) else {
            return Some(is_meant);
        };
        match &listener.namespaces {
            AllowedNamespaces::Same => Some(own == namespace),
            AllowedNamespaces::All => Some(true),
            AllowedNamespaces::Only(namespaces) => Some(namespaces.contains(own)),
            AllowedNamespaces::Unknown => None,
        }
    }
}

impl OpenListener {
    /// A wildcard of the Gateway API takes in any number of labels.
    fn takes(&self, name: &DnsName) -> bool {
        let Some(wildcard) = &self.wildcard else {
            return true;
        };
        let suffix = wildcard.name.as_str().strip_prefix('*').unwrap_or_default();
        name.as_str().ends_with(suffix)
    }
}
