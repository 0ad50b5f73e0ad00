//! Which hosts the routes of a repository bring to the listeners that wait for some.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use nws_expiry::DnsName;

use super::file::File;
use super::local::is_chart_template;
use super::surroundings::Surroundings;
use crate::discover::Discover;
use crate::fault::{Fault, FaultReason};
use crate::reader::{AllowedNamespaces, Host, LocalFault, OpenListener, Parent, Route};
use crate::{Kind, RepoPath};

/// What files say of routes, each by itself, and who waits for some.
///
/// What that comes to hangs on other files too, and is asked for with what those say.
#[derive(Clone, Debug, Default)]
pub(super) struct Routes {
    by_file: BTreeMap<RepoPath, Said>,
    /// The files with a route to something of that name, in whatever namespace.
    to: BTreeMap<Named, BTreeSet<RepoPath>>,
    /// The files with a listener of such a thing that takes the hosts of routes.
    waiting: BTreeMap<Named, BTreeSet<RepoPath>>,
    /// The same by file.
    waits_of: BTreeMap<RepoPath, BTreeSet<Named>>,
}

/// A Gateway or the like.
type Named = (Kind, String);

/// The listeners for which something may be different.
#[derive(Default)]
pub(super) struct Moved {
    parents: BTreeSet<Named>,
    /// Routes of which nobody can tell where they attach may be those of any listener.
    all: bool,
}

#[derive(Clone, Debug)]
struct Said {
    routes: Vec<Arc<Route>>,
    /// Routes of which nobody can tell where they attach.
    lost: Vec<LocalFault>,
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
    /// Takes in what a file says now, if it is one that is looked at.
    pub(super) fn take(&mut self, file: &File, discover: &Discover) {
        self.forget(&file.path);
        if !discover.covers(&file.path) {
            return;
        }
        let (routes, lost) = (&file.parsed.routes, &file.parsed.lost_routes);
        if !routes.is_empty() || !lost.is_empty() {
            let said = Said { routes: routes.clone(), lost: lost.clone() };
            said.parents().for_each(|parent| enter(&mut self.to, parent, &file.path));
            self.by_file.insert(file.path.clone(), said);
        }
        let waiting = file.parsed.applicants.iter().filter(|one| one.waits_for_routes());
        for named in waiting.map(|applicant| (applicant.kind, applicant.name.clone())) {
            self.waits_of.entry(file.path.clone()).or_default().insert(named.clone());
            enter(&mut self.waiting, named, &file.path);
        }
    }

    /// Forgets what a file said.
    pub(super) fn forget(&mut self, path: &RepoPath) {
        for parent in self.by_file.remove(path).iter().flat_map(Said::parents) {
            leave(&mut self.to, &parent, path);
        }
        for named in self.waits_of.remove(path).unwrap_or_default() {
            leave(&mut self.waiting, &named, path);
        }
    }

    /// Adds the listeners that hang on what a file says.
    pub(super) fn note(&self, path: &RepoPath, moved: &mut Moved) {
        if let Some(said) = self.by_file.get(path) {
            moved.parents.extend(said.parents());
            moved.all |= !said.lost.is_empty();
        }
    }

    /// The files with those listeners.
    pub(super) fn waiting(&self, moved: &Moved) -> impl Iterator<Item = &RepoPath> {
        let meant = |named: &Named| moved.all || moved.parents.contains(named);
        self.waiting.iter().filter(move |(named, _)| meant(named)).flat_map(|(_, files)| files)
    }

    /// All files that wait for routes.
    pub(super) fn all_waiting(&self) -> impl Iterator<Item = &RepoPath> {
        self.waiting.values().flatten()
    }

    /// What the routes at this listener offer, in the order of their files.
    pub(super) fn offers(
        &self,
        gateway: (Kind, &str, &str),
        listener: &OpenListener,
        around: &Surroundings,
    ) -> Vec<Offer<'_>> {
        let (kind, _, name) = gateway;
        let files = self.to.get(&(kind, name.to_owned())).into_iter().flatten();
        let said = files.filter_map(|path| self.by_file.get_key_value(path));
        let said = said.filter(|(path, _)| !is_chart_template(path, &around.ground.files));
        let routes =
            said.flat_map(|(path, said)| said.routes.iter().map(move |route| (path, route)));
        routes.filter_map(|(path, route)| route.offer(path, gateway, listener, around)).collect()
    }

    /// What is wrong with routes that nobody can tell where they attach.
    pub(super) fn lost<'a>(&'a self, around: &'a Surroundings) -> impl Iterator<Item = Fault> + 'a {
        let said = self.by_file.iter().filter(|(_, said)| !said.lost.is_empty());
        let said = said.filter(move |(path, _)| !is_chart_template(path, &around.ground.files));
        said.flat_map(|(path, said)| said.lost.iter().map(|fault| fault.at(path)))
    }

    /// The hosts they may name, which may be those of any listener; wanted only as far as they are served already.
    pub(super) fn lost_names(&self, around: &Surroundings) -> BTreeSet<DnsName> {
        if self.waiting.is_empty() {
            return BTreeSet::new();
        }
        let names = |fault: Fault| fault.hosts.into_iter().filter_map(|host| host.parse().ok());
        let names = self.lost(around).flat_map(names);
        names.filter(|name| around.discover.allow.allow(name)).collect()
    }
}

impl Said {
    /// What its routes attach to, in whatever namespace.
    fn parents(&self) -> impl Iterator<Item = Named> {
        let parents = self.routes.iter().flat_map(|route| &route.parents);
        parents.map(|parent| (parent.kind, parent.name.clone()))
    }
}

fn enter(files: &mut BTreeMap<Named, BTreeSet<RepoPath>>, named: Named, path: &RepoPath) {
    files.entry(named).or_default().insert(path.clone());
}

fn leave(files: &mut BTreeMap<Named, BTreeSet<RepoPath>>, named: &Named, path: &RepoPath) {
    if let Some(of_named) = files.get_mut(named) {
        of_named.remove(path);
        if of_named.is_empty() {
            files.remove(named);
        }
    }
}

impl Route {
    fn offer<'a>(
        &'a self,
        path: &'a RepoPath,
        gateway: (Kind, &str, &str),
        listener: &OpenListener,
        around: &Surroundings,
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
                let changed = around.kustomizations.objection(path, self.into(), &around.discover);
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
