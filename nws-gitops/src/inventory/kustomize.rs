//! Which files are not deployed as they are written, since a kustomization changes them.

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use super::file::{File, Files};
use crate::RepoPath;
use crate::discover::{CertManager, Discover};
use crate::fault::FaultReason;
use crate::reader::{Applicant, Effect, Kustomization, Named, Patch, Route};

mod placed;
mod work;

use placed::{Placed, Way};
use work::Working;

/// What all kustomizations of a repository do to its files.
#[derive(Clone, Debug, Default)]
pub(super) struct Kustomizations {
    /// But those that the operator leaves out: they change nothing as far as we are concerned.
    by_dir: BTreeMap<Dir, BTreeMap<RepoPath, Arc<Kustomization>>>,
    /// What the files name that name anything of interest: any of them may be a patch.
    parts: BTreeMap<RepoPath, Parts>,
    effects: Effects,
    /// Patches that changed, came or went since that was worked out.
    changed: BTreeSet<RepoPath>,
}

/// What follows from these.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
struct Effects {
    /// What is done to each file that some kustomization builds.
    causes: BTreeMap<RepoPath, Vec<Arc<Cause>>>,
    placed: Placed,
    /// Files that are patches, and which kustomization applies them.
    patches: BTreeMap<RepoPath, RepoPath>,
    /// Files that a kustomization names which cannot be read.
    unknown: BTreeMap<RepoPath, RepoPath>,
    /// Every place that is looked for, whether or not something is there.
    named: BTreeSet<RepoPath>,
}

/// One that is at work.
#[derive(Clone, Copy)]
struct Unit<'a> {
    path: &'a RepoPath,
    says: &'a Kustomization,
}

/// What a file would change as a patch.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Parts {
    named: Vec<Named>,
    /// Whether that is all it holds, as far as we can tell.
    whole: bool,
}

/// What a kustomization may change.
#[derive(Clone, Copy)]
pub(super) struct Object<'a> {
    kind: &'a str,
    pub(super) namespace: Option<&'a str>,
    name: &'a str,
}

impl<'a> From<&'a Applicant> for Object<'a> {
    fn from(applicant: &'a Applicant) -> Self {
        let Applicant { kind, namespace, name, .. } = applicant;
        Self { kind: kind.as_str(), namespace: namespace.as_deref(), name }
    }
}

impl<'a> From<&'a Route> for Object<'a> {
    fn from(route: &'a Route) -> Self {
        let Route { kind, namespace, name, .. } = route;
        Self { kind: kind.as_str(), namespace: namespace.as_deref(), name }
    }
}

/// A directory; none is the top.
type Dir = Option<RepoPath>;

/// One field of one kustomization.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Cause {
    kustomization: RepoPath,
    field: String,
    effect: Effect,
}

impl Kustomizations {
    /// Takes in what a file says now.
    ///
    /// Whether what follows from all of them has to be worked out anew.
    pub(super) fn take(&mut self, file: &File, discover: &Discover) -> bool {
        let says = file.parsed.kustomization.as_ref().filter(|_| !discover.excludes(&file.path));
        let parsed = &file.parsed;
        let parts = Parts { named: parsed.named.clone(), whole: parsed.is_whole() };
        let parts = (!parts.named.is_empty() || !parts.whole).then_some(parts);
        let patch = self.set_parts(&file.path, parts);
        self.set_unit(&file.path, says) || patch
    }

    /// The same for a file that is gone or no longer read.
    pub(super) fn forget(&mut self, path: &RepoPath) -> bool {
        let patch = self.set_parts(path, None);
        self.set_unit(path, None) || patch
    }

    /// The same where a file came or went.
    pub(super) fn came_or_went(&mut self, path: &RepoPath) -> bool {
        let looked_for = self.effects.named.contains(path);
        if looked_for {
            self.changed.insert(path.clone());
        }
        looked_for
    }

    /// Works out what follows, and says for which files something else may follow than before.
    pub(super) fn settle(&mut self, files: &Files) -> BTreeSet<RepoPath> {
        let now = Working::new(self, files).work();
        let before = std::mem::replace(&mut self.effects, now);
        let mut affected = differing(&before.causes, &self.effects.causes);
        affected.extend(differing(&before.placed.ways, &self.effects.placed.ways));
        affected.extend(differing(&before.patches, &self.effects.patches));
        affected.extend(differing(&before.unknown, &self.effects.unknown));
        let changed = std::mem::take(&mut self.changed);
        let patched = self.effects.causes.iter();
        let patched = patched.filter(|(_, causes)| causes.iter().any(|c| c.is_patch_of(&changed)));
        affected.extend(patched.map(|(path, _)| path.clone()));
        affected
    }

    fn set_unit(&mut self, path: &RepoPath, says: Option<&Arc<Kustomization>>) -> bool {
        let of_dir = self.by_dir.entry(path.parent()).or_default();
        let before = match says {
            Some(says) => of_dir.insert(path.clone(), Arc::clone(says)),
            None => of_dir.remove(path),
        };
        if of_dir.is_empty() {
            self.by_dir.remove(&path.parent());
        }
        before.as_ref() != says
    }

    /// Sets what a file would change as a patch. Whether it is one and changes something else now.
    fn set_parts(&mut self, path: &RepoPath, parts: Option<Parts>) -> bool {
        let before = match parts.clone() {
            Some(parts) => self.parts.insert(path.clone(), parts),
            None => self.parts.remove(path),
        };
        let patch = before != parts && self.is_patch(path);
        if patch {
            self.changed.insert(path.clone());
        }
        patch
    }

    /// Whether this file is a part of an object and none by itself.
    pub(super) fn is_patch(&self, path: &RepoPath) -> bool {
        self.effects.patches.contains_key(path)
    }

    /// Every way in which a file is built, if it is put into a namespace in one.
    pub(super) fn ways(&self, path: &RepoPath) -> Option<&BTreeSet<Arc<Way>>> {
        self.effects.placed.ways.get(path)
    }

    /// The files that are put into a namespace by what lies below a directory.
    pub(super) fn placed_from(&self, dir: Option<&RepoPath>) -> impl Iterator<Item = &RepoPath> {
        below(&self.effects.placed.by_root, dir).flat_map(|(_, files)| files)
    }

    fn units(&self) -> impl Iterator<Item = Unit<'_>> {
        let all = self.by_dir.values().flatten();
        all.map(|(path, says)| Unit { path, says })
    }

    /// Why an object is not what its file says, but for its namespace where all agree; of several reasons one.
    pub(super) fn objection(
        &self,
        path: &RepoPath,
        object: Object<'_>,
        discover: &Discover,
    ) -> Option<FaultReason> {
        if let Some(kustomization) = self.effects.patches.get(path) {
            return Some(FaultReason::KustomizePatch { kustomization: kustomization.clone() });
        }
        if let Some(kustomization) = self.effects.unknown.get(path) {
            let kustomization = kustomization.clone();
            return Some(FaultReason::KustomizationUnreadable { kustomization });
        }
        let mut causes = self.effects.causes.get(path)?.iter();
        causes.find(|cause| self.concerns(cause, object, discover)).map(|cause| cause.reason())
    }

    fn concerns(&self, cause: &Cause, object: Object<'_>, discover: &Discover) -> bool {
        let may_be_meant = |named: &Named| !named.is_not(object.kind, object.name);
        match &cause.effect {
            Effect::Namespace(namespace) => object.namespace != Some(namespace),
            Effect::CertManager => discover.cert_manager == CertManager::Skip,
            Effect::Patch { target: Some(target), .. } => may_be_meant(target),
            Effect::Patch { target: None, patch: Patch::Inline(named) } => {
                named.iter().any(may_be_meant)
            }
            Effect::Patch { target: None, patch: Patch::File(file) } => {
                match self.patch(&cause.kustomization, file) {
                    PatchFile::Names(named) => named.iter().any(may_be_meant),
                    PatchFile::Nothing => false,
                    PatchFile::Unknown => true,
                }
            }
            Effect::Patch { target: None, patch: Patch::Unknown } | Effect::Any => true,
        }
    }

    fn patch(&self, kustomization: &RepoPath, written: &str) -> PatchFile<'_> {
        let Some(path) = resolve(&kustomization.parent(), written).flatten() else {
            return PatchFile::Unknown;
        };
        match self.parts.get(&path) {
            Some(Parts { named, whole: true }) => PatchFile::Names(named),
            Some(Parts { whole: false, .. }) => PatchFile::Unknown,
            None if self.is_patch(&path) => PatchFile::Nothing,
            None => PatchFile::Unknown,
        }
    }
}

/// What a patch in a file of its own is about.
enum PatchFile<'a> {
    Names(&'a [Named]),
    /// Nothing of interest.
    Nothing,
    Unknown,
}

fn differing<T: PartialEq>(
    before: &BTreeMap<RepoPath, T>,
    now: &BTreeMap<RepoPath, T>,
) -> BTreeSet<RepoPath> {
    let keys = before.keys().chain(now.keys());
    keys.filter(|path| before.get(*path) != now.get(*path)).cloned().collect()
}

impl Cause {
    fn is_patch_of(&self, files: &BTreeSet<RepoPath>) -> bool {
        let Effect::Patch { patch: Patch::File(written), .. } = &self.effect else {
            return false;
        };
        let path = resolve(&self.kustomization.parent(), written).flatten();
        path.is_some_and(|path| files.contains(&path))
    }

    fn reason(&self) -> FaultReason {
        let kustomization = self.kustomization.clone();
        match &self.effect {
            Effect::Namespace(namespace) => {
                FaultReason::KustomizedNamespace { kustomization, namespace: namespace.clone() }
            }
            Effect::CertManager | Effect::Patch { .. } | Effect::Any => {
                FaultReason::Kustomized { kustomization, field: self.field.clone() }
            }
        }
    }
}

/// What stands below a directory; none is the top.
fn below<'a, T>(
    all: &'a BTreeMap<RepoPath, T>,
    dir: Option<&RepoPath>,
) -> impl Iterator<Item = (&'a RepoPath, &'a T)> {
    let prefix = RepoPath::prefix(dir);
    let from = all.range::<str, _>((Bound::Included(&*prefix), Bound::Unbounded));
    let is_below = move |path: &RepoPath| -> bool {
        let text: &str = path.borrow();
        text.starts_with(&prefix)
    };
    from.take_while(move |(path, _)| is_below(path))
}

/// Where a relative path leads from a directory; nowhere if it leaves the repository.
fn resolve(from: &Dir, written: &str) -> Option<Dir> {
    let within = from.as_ref().map_or("", RepoPath::as_str);
    let mut parts: Vec<_> = within.split('/').filter(|part| !part.is_empty()).collect();
    for part in written.split('/').filter(|part| !matches!(*part, "" | ".")) {
        if part == ".." {
            parts.pop()?;
        } else {
            parts.push(part);
        }
    }
    let top = from.as_ref().and_then(RepoPath::top);
    match parts.is_empty() {
        true => Some(top),
        false => RepoPath::join(top.as_ref(), &parts.join("/")).ok().map(Some),
    }
}
