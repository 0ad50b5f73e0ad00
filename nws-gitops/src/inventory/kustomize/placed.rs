//! Which namespaces kustomizations put the objects of files into.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Dir, Kustomizations, Unit, resolve};
use crate::RepoPath;
use crate::inventory::file::Files;
use crate::reader::Kustomization;

/// One way in which a file is built.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(in crate::inventory) struct Way {
    /// The kustomization that builds it and that no other takes in.
    pub(in crate::inventory) root: RepoPath,
    /// The outermost on the way to the file that states a namespace, which is the last to have its say.
    pub(in crate::inventory) by: Option<Giver>,
}

/// A kustomization that states a namespace.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(in crate::inventory) struct Giver {
    pub(in crate::inventory) kustomization: RepoPath,
    pub(in crate::inventory) namespace: String,
}

impl Giver {
    fn of(unit: Unit<'_>) -> Option<Self> {
        let namespace = unit.says.namespace()?.to_owned();
        Some(Self { kustomization: unit.path.clone(), namespace })
    }
}

/// All of it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Placed {
    /// Every way of each file that is put into a namespace in one.
    pub(super) ways: BTreeMap<RepoPath, BTreeSet<Arc<Way>>>,
    /// The files with such a way, by its root.
    pub(super) by_root: BTreeMap<RepoPath, BTreeSet<RepoPath>>,
}

/// Going all ways from each root.
pub(super) struct Placing<'a> {
    all: &'a Kustomizations,
    files: &'a Files,
    /// What each kustomization takes in.
    taken_in: &'a BTreeMap<&'a RepoPath, Vec<Dir>>,
    /// The kustomizations that some way goes through.
    reached: BTreeSet<&'a RepoPath>,
    placed: Placed,
    /// Every file that is looked for on a way into a namespace.
    named: BTreeSet<RepoPath>,
}

impl<'a> Placing<'a> {
    /// Where files go, and which places were looked at for them.
    pub(super) fn of(all: &'a Kustomizations, files: &'a Files) -> (Placed, BTreeSet<RepoPath>) {
        let units = || all.units().filter(|unit| matches!(unit.says, Kustomization::Read { .. }));
        // Most repositories state all namespaces in manifests.
        if units().all(|unit| unit.says.namespace().is_none()) {
            return Default::default();
        }
        let taken_in = units().map(|unit| (unit.path, unit.taken_in())).collect();
        let (placed, named, reached) = Default::default();
        let mut placing = Placing { all, files, taken_in: &taken_in, reached, placed, named };
        let not_roots: BTreeSet<_> = taken_in.values().flatten().collect();
        let is_root = |unit: &Unit<'_>| !not_roots.contains(&unit.path.parent());
        units().filter(is_root).for_each(|root| placing.go_from(root));
        // Those of a circle take in each other, which kustomize refuses; any of them stands for the rest.
        for unit in units() {
            if !placing.reached.contains(unit.path) {
                placing.go_from(unit);
            }
        }
        placing.drop_what_stays();
        (placing.placed, placing.named)
    }

    fn go_from(&mut self, root: Unit<'a>) {
        let from = (root, Arc::new(Way { root: root.path.clone(), by: Giver::of(root) }));
        let (mut to_do, mut seen) = (vec![from], BTreeSet::new());
        while let Some((unit, way)) = to_do.pop() {
            if !seen.insert((unit.path, Arc::clone(&way))) {
                continue;
            }
            self.reached.insert(unit.path);
            for place in self.taken_in.get(unit.path).into_iter().flatten() {
                match (self.all.by_dir.get(place), place) {
                    (Some(units), _) => {
                        let units = units.iter().map(|(path, says)| Unit { path, says });
                        to_do.extend(units.map(|unit| (unit, further(&way, unit))));
                    }
                    (None, Some(path)) => self.arrive(path, &way),
                    (None, None) => {}
                }
            }
        }
    }

    fn arrive(&mut self, path: &RepoPath, way: &Arc<Way>) {
        if self.files.is_read(path) {
            self.placed.ways.entry(path.clone()).or_default().insert(Arc::clone(way));
        }
        if way.by.is_some() {
            self.named.insert(path.clone());
        }
    }

    /// What no way puts into a namespace is where its manifest says.
    fn drop_what_stays(&mut self) {
        let Placed { ways, by_root } = &mut self.placed;
        ways.retain(|_, ways| ways.iter().any(|way| way.by.is_some()));
        for (path, way) in
            ways.iter().flat_map(|(path, ways)| ways.iter().map(move |way| (path, way)))
        {
            by_root.entry(way.root.clone()).or_default().insert(path.clone());
        }
    }
}

/// The way on into another kustomization.
fn further(way: &Arc<Way>, unit: Unit<'_>) -> Arc<Way> {
    match (&way.by, Giver::of(unit)) {
        (None, Some(giver)) => Arc::new(Way { root: way.root.clone(), by: Some(giver) }),
        (Some(_), _) | (None, None) => Arc::clone(way),
    }
}

impl Unit<'_> {
    /// The places it takes in, as far as they are in the repository.
    fn taken_in(self) -> Vec<Dir> {
        let Kustomization::Read { resources, components, .. } = self.says else {
            return Vec::new();
        };
        let dir = self.path.parent();
        resources.iter().chain(components).filter_map(|written| resolve(&dir, written)).collect()
    }
}
