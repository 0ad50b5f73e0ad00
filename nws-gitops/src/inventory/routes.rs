//! Which hosts the routes of a repository bring to the listeners that wait for some.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use nws_expiry::DnsName;

use super::File;
use super::kustomize::Kustomizations;
use super::local::is_chart_template;
use super::namespaces::Namespaces;
use crate::discover::Discover;
use crate::fault::{Fault, FaultReason};
use crate::reader::{AllowedNamespaces, Host, LocalFault, OpenListener, Parent, Route};
use crate::{Kind, RepoPath};

/// What files say of routes, each by itself.
///
/// What that comes to hangs on other files too, and is asked for with what those say.
#[derive(Clone, Debug, Default)]
pub(super) struct Routes {
    by_file: BTreeMap<RepoPath, Said>,
    /// The files with a route to something of that name, in whatever namespace.
    to: BTreeMap<(Kind, String), BTreeSet<RepoPath>>,
}

#[derive(Clone, Debug)]
struct Said {
    routes: Vec<Arc<Route>>,
    /// Routes of which nobody can tell where they attach.
    lost: Vec<LocalFault>,
}

/// What other files say that bears on routes.
#[derive(Clone, Copy)]
pub(super) struct Around<'a> {
    pub(super) namespaces: &'a Namespaces<'a>,
    pub(super) kustomizations: &'a Kustomizations<'a>,
    pub(super) discover: &'a Discover,
    /// All files of the repository.
    pub(super) paths: &'a BTreeSet<RepoPath>,
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

impl Routes {
    /// Takes in what a file says, if it is one that is looked at.
    pub(super) fn take(&mut self, file: &File, discover: &Discover) {
        let (routes, lost) = (&file.parsed.routes, &file.parsed.lost_routes);
        if (routes.is_empty() && lost.is_empty()) || !discover.covers(&file.path) {
            return;
        }
        for parent in routes.iter().flat_map(|route| &route.parents) {
            let to = self.to.entry((parent.kind, parent.name.clone())).or_default();
            to.insert(file.path.clone());
        }
        let said = Said { routes: routes.clone(), lost: lost.clone() };
        self.by_file.insert(file.path.clone(), said);
    }

    /// What the routes at this listener offer, in the order of their files.
    pub(super) fn offers(
        &self,
        gateway: (Kind, &str, &str),
        listener: &OpenListener,
        around: Around<'_>,
    ) -> Vec<Offer<'_>> {
        let (kind, _, name) = gateway;
        let files = self.to.get(&(kind, name.to_owned())).into_iter().flatten();
        let said = files.filter_map(|path| self.by_file.get_key_value(path));
        let said = said.filter(|(path, _)| !is_chart_template(path, around.paths));
        let routes =
            said.flat_map(|(path, said)| said.routes.iter().map(move |route| (path, route)));
        routes.filter_map(|(path, route)| route.offer(path, gateway, listener, around)).collect()
    }

    /// What is wrong with routes that nobody can tell where they attach.
    pub(super) fn lost(&self, around: Around<'_>) -> impl Iterator<Item = Fault> {
        let said = self.by_file.iter().filter(|(_, said)| !said.lost.is_empty());
        let said = said.filter(move |(path, _)| !is_chart_template(path, around.paths));
        said.flat_map(|(path, said)| said.lost.iter().map(|fault| fault.at(path)))
    }

    /// The hosts they may name, which may be those of any listener; wanted only as far as they are served already.
    pub(super) fn lost_names(&self, around: Around<'_>) -> BTreeSet<DnsName> {
        let names = |fault: Fault| fault.hosts.into_iter().filter_map(|host| host.parse().ok());
        let names = self.lost(around).flat_map(names);
        names.filter(|name| around.discover.allow.allow(name)).collect()
    }
}

impl Route {
    fn offer<'a>(
        &'a self,
        path: &'a RepoPath,
        gateway: (Kind, &str, &str),
        listener: &OpenListener,
        around: Around<'_>,
    ) -> Option<Offer<'a>> {
        let namespace = around.namespaces.resolve(path, self.namespace.as_deref());
        let own = namespace.as_deref().ok();
        let mut parents = self.parents.iter();
        if !parents.any(|parent| parent.is(gateway, own) && listener.is_meant(parent, self)) {
            return None;
        }
        let doubt = match listener.admits(own, gateway.1) {
            Admission::Denied => return None,
            Admission::Unknown => Some(Doubt::Selected),
            Admission::Granted => {
                let changed = around.kustomizations.objection(path, self.into(), around.discover);
                changed.or_else(|| namespace.as_ref().err().cloned()).map(Doubt::Changed)
            }
        };
        let hosts = self.hosts.iter().filter(|host| listener.takes(&host.name)).collect();
        Some(Offer { path, document: self.document, hosts, faults: &self.faults, doubt })
    }
}

impl Parent {
    fn is(&self, (kind, namespace, name): (Kind, &str, &str), own: Option<&str>) -> bool {
        let of = self.namespace.as_deref().or(own);
        self.kind == kind && self.name == name && of == Some(namespace)
    }
}

/// Whether a listener takes a route.
enum Admission {
    Granted,
    Denied,
    /// Only the cluster knows.
    Unknown,
}

impl OpenListener {
    fn is_meant(&self, parent: &Parent, route: &Route) -> bool {
        let Parent { section, port, .. } = parent;
        section.as_ref().is_none_or(|section| *section == self.name)
            && port.is_none_or(|port| self.port == Some(port))
            && self.routes.contains(&route.kind)
    }

    /// `own` is the route's namespace; where nobody can tell it, that is another fault.
    fn admits(&self, own: Option<&str>, namespace: &str) -> Admission {
        let granted = match (&self.namespaces, own) {
            (AllowedNamespaces::Unknown, Some(_)) => return Admission::Unknown,
            (AllowedNamespaces::All, _) | (_, None) => true,
            (AllowedNamespaces::Same, Some(own)) => own == namespace,
            (AllowedNamespaces::Only(namespaces), Some(own)) => namespaces.contains(own),
        };
        if granted { Admission::Granted } else { Admission::Denied }
    }

    /// A wildcard of the Gateway API takes in any number of labels.
    fn takes(&self, name: &DnsName) -> bool {
        let Some(wildcard) = &self.wildcard else {
            return true;
        };
        let suffix = wildcard.name.as_str().strip_prefix('*').unwrap_or_default();
        name.as_str().ends_with(suffix)
    }
}
