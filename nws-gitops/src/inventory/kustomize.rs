//! Which files are not deployed as they are written, since a kustomization changes them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::file::{File, Files};
use crate::RepoPath;
use crate::discover::{CertManager, Discover};
use crate::fault::FaultReason;
use crate::reader::{Applicant, Change, Effect, Kustomization, Named, Patch, Route};

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
    /// Files that are patches, and which kustomization applies them.
    patches: BTreeMap<RepoPath, RepoPath>,
    /// Files that a kustomization names which cannot be read.
    unknown: BTreeMap<RepoPath, RepoPath>,
    /// Every place that is looked for, whether or not something is there.
    named: BTreeSet<RepoPath>,
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
    namespace: Option<&'a str>,
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

#[derive(Clone, Copy)]
struct Unit<'a> {
    path: &'a RepoPath,
    says: &'a Kustomization,
}

/// One field of one kustomization.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Cause {
    kustomization: RepoPath,
    field: String,
    effect: Effect,
}

/// What one kustomization is made of, through all others that it takes in.
#[derive(Default)]
struct Built<'a> {
    files: BTreeSet<RepoPath>,
    seen: BTreeSet<Dir>,
    to_do: Vec<Unit<'a>>,
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
        let now = Working { all: self, files, effects: Effects::default() }.work();
        let before = std::mem::replace(&mut self.effects, now);
        let mut affected = differing(&before.causes, &self.effects.causes);
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

    /// Why an object is not what its file says; of several reasons one.
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

/// Working out what all kustomizations do.
struct Working<'a> {
    all: &'a Kustomizations,
    files: &'a Files,
    effects: Effects,
}

impl<'a> Working<'a> {
    fn work(mut self) -> Effects {
        let units = self.all.by_dir.values().flatten();
        for (path, says) in units {
            self.add(Unit { path, says });
        }
        self.effects
    }

    fn add(&mut self, unit: Unit<'a>) {
        match unit.says {
            Kustomization::Read { changes, .. } => {
                let causes = self.causes_of(unit);
                // Most only list what others change.
                if !causes.is_empty() {
                    for path in self.built(Built { to_do: vec![unit], ..Built::default() }) {
                        self.effects.causes.entry(path).or_default().extend(causes.iter().cloned());
                    }
                }
                self.note_patches(unit.path, changes);
            }
            Kustomization::Unreadable { words } => {
                let mut named = Built::default();
                words.iter().for_each(|word| self.take_in(&unit.path.parent(), word, &mut named));
                let named = self.built(named).into_iter().map(|file| (file, unit.path.clone()));
                self.effects.unknown.extend(named);
            }
        }
    }

    fn note_patches(&mut self, kustomization: &RepoPath, changes: &[Change]) {
        for change in changes {
            if let Effect::Patch { patch: Patch::File(file), .. } = &change.effect
                && let Some(path) = self.file(&kustomization.parent(), file)
            {
                self.effects.patches.insert(path, kustomization.clone());
            }
        }
    }

    /// All files that are built from, beginning with what is to do. What one that cannot be read names is found by its own
    /// words.
    fn built(&mut self, mut built: Built<'a>) -> BTreeSet<RepoPath> {
        while let Some(unit) = built.to_do.pop() {
            if let Kustomization::Read { resources, components, .. } = unit.says {
                let (dir, taken_in) = (unit.path.parent(), resources.iter().chain(components));
                taken_in.for_each(|written| self.take_in(&dir, written, &mut built));
            }
        }
        built.files
    }

    fn take_in(&mut self, from: &Dir, written: &str, built: &mut Built<'a>) {
        let Some(place) = resolve(from, written) else {
            return;
        };
        if let Some(units) = self.all.by_dir.get(&place) {
            if built.seen.insert(place) {
                built.to_do.extend(units.iter().map(|(path, says)| Unit { path, says }));
            }
        } else if let Some(path) = place {
            self.effects.named.insert(path.clone());
            if self.files.is_read(&path) {
                built.files.insert(path);
            }
        }
    }

    /// What a kustomization changes, by itself and through the components it takes in.
    fn causes_of(&self, unit: Unit<'a>) -> Vec<Arc<Cause>> {
        let (mut causes, mut seen, mut to_do) = (Vec::new(), BTreeSet::new(), vec![unit]);
        while let Some(unit) = to_do.pop() {
            let Kustomization::Read { components, changes, .. } = unit.says else {
                causes.push(Cause::unknown(unit.path, "components"));
                continue;
            };
            causes.extend(changes.iter().map(|change| Cause::of(unit.path, change)));
            for (index, written) in components.iter().enumerate() {
                let place = resolve(&unit.path.parent(), written);
                match place.as_ref().and_then(|place| self.all.by_dir.get(place)) {
                    Some(units) if seen.insert(place.flatten()) => {
                        to_do.extend(units.iter().map(|(path, says)| Unit { path, says }));
                    }
                    Some(_) => {}
                    None => causes.push(Cause::unknown(unit.path, &format!("components[{index}]"))),
                }
            }
        }
        causes
    }

    fn file(&mut self, from: &Dir, written: &str) -> Option<RepoPath> {
        let path = resolve(from, written)??;
        self.effects.named.insert(path.clone());
        self.files.is_read(&path).then_some(path)
    }
}

impl Cause {
    fn of(kustomization: &RepoPath, change: &Change) -> Arc<Self> {
        Arc::new(Self {
            kustomization: kustomization.clone(),
            field: change.field.clone(),
            effect: change.effect.clone(),
        })
    }

    /// Something that is not in this repository, or cannot be read.
    fn unknown(kustomization: &RepoPath, field: &str) -> Arc<Self> {
        let (kustomization, field) = (kustomization.clone(), field.to_owned());
        Arc::new(Self { kustomization, field, effect: Effect::Any })
    }

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

/// Where a relative path leads from a directory; nowhere if it leaves the repository.
fn resolve(from: &Dir, written: &str) -> Option<Dir> {
    let mut place = from.clone();
    for part in written.split('/').filter(|part| !matches!(*part, "" | ".")) {
        place = match (part, place) {
            ("..", Some(dir)) if dir.is_top() => return None,
            ("..", place) => place?.parent(),
            (part, dir) => Some(RepoPath::join(dir.as_ref(), part).ok()?),
        };
    }
    Some(place)
}
