//! Which files are not deployed as they are written, since a kustomization changes them.

use std::collections::{BTreeMap, BTreeSet};

use super::File;
use crate::RepoPath;
use crate::discover::{CertManager, Discover};
use crate::fault::FaultReason;
use crate::reader::{Applicant, Change, Effect, Kustomization, Named, Parsed, Patch, Route};

/// What all kustomizations of a repository do to its files.
#[derive(Default)]
pub(super) struct Kustomizations<'a> {
    files: BTreeMap<&'a RepoPath, &'a Parsed>,
    by_dir: BTreeMap<Dir, Vec<Unit<'a>>>,
    /// What is done to each file that some kustomization builds.
    causes: BTreeMap<&'a RepoPath, Vec<Cause<'a>>>,
    /// Files that are patches, and which kustomization applies them.
    patches: BTreeMap<&'a RepoPath, &'a RepoPath>,
    /// Files that a kustomization names which cannot be read.
    unknown: BTreeMap<&'a RepoPath, &'a RepoPath>,
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
#[derive(Clone)]
struct Cause<'a> {
    kustomization: &'a RepoPath,
    field: String,
    effect: &'a Effect,
}

/// What one kustomization is made of, through all others that it takes in.
#[derive(Default)]
struct Built<'a> {
    files: BTreeSet<&'a RepoPath>,
    seen: BTreeSet<Dir>,
    to_do: Vec<Unit<'a>>,
}

impl<'a> Kustomizations<'a> {
    /// Reads them all. One that the operator leaves out changes nothing as far as we are concerned.
    pub(super) fn of(files: &'a [File], discover: &Discover) -> Self {
        let mut all = Self {
            files: files.iter().map(|file| (&file.path, &*file.parsed)).collect(),
            ..Self::default()
        };
        for file in files.iter().filter(|file| !discover.excludes(&file.path)) {
            if let Some(says) = &file.parsed.kustomization {
                let unit = Unit { path: &file.path, says };
                all.by_dir.entry(file.path.parent()).or_default().push(unit);
            }
        }
        let units: Vec<_> = all.by_dir.values().flatten().copied().collect();
        units.into_iter().for_each(|unit| all.add(unit));
        all
    }

    /// Whether this file is a part of an object and none by itself.
    pub(super) fn is_patch(&self, path: &RepoPath) -> bool {
        self.patches.contains_key(path)
    }

    /// Why an object is not what its file says; of several reasons one.
    pub(super) fn objection(
        &self,
        path: &RepoPath,
        object: Object<'_>,
        discover: &Discover,
    ) -> Option<FaultReason> {
        if let Some(kustomization) = self.patches.get(path) {
            return Some(FaultReason::KustomizePatch { kustomization: (*kustomization).clone() });
        }
        if let Some(kustomization) = self.unknown.get(path) {
            let kustomization = (*kustomization).clone();
            return Some(FaultReason::KustomizationUnreadable { kustomization });
        }
        let mut causes = self.causes.get(path)?.iter();
        causes.find(|cause| self.concerns(cause, object, discover)).map(Cause::reason)
    }

    fn concerns(&self, cause: &Cause<'_>, object: Object<'_>, discover: &Discover) -> bool {
        let may_be_meant = |named: &Named| !named.is_not(object.kind, object.name);
        match cause.effect {
            Effect::Namespace(namespace) => object.namespace != Some(namespace),
            Effect::CertManager => discover.cert_manager == CertManager::Skip,
            Effect::Patch { target: Some(target), .. } => may_be_meant(target),
            Effect::Patch { target: None, patch: Patch::Inline(named) } => {
                named.iter().any(may_be_meant)
            }
            Effect::Patch { target: None, patch: Patch::File(file) } => {
                match self.file(&cause.kustomization.parent(), file) {
                    Some((_, parsed)) if parsed.is_whole() => parsed.named.iter().any(may_be_meant),
                    Some(_) | None => true,
                }
            }
            Effect::Patch { target: None, patch: Patch::Unknown } | Effect::Any => true,
        }
    }

    fn add(&mut self, unit: Unit<'a>) {
        match unit.says {
            Kustomization::Read { changes, .. } => {
                let causes = self.causes_of(unit);
                // Most only list what others change.
                if !causes.is_empty() {
                    for path in self.built(Built { to_do: vec![unit], ..Built::default() }) {
                        self.causes.entry(path).or_default().extend(causes.iter().cloned());
                    }
                }
                self.note_patches(unit.path, changes);
            }
            Kustomization::Unreadable { words } => {
                let mut named = Built::default();
                words.iter().for_each(|word| self.take_in(&unit.path.parent(), word, &mut named));
                let named = self.built(named).into_iter().map(|file| (file, unit.path));
                self.unknown.extend(named);
            }
        }
    }

    fn note_patches(&mut self, kustomization: &'a RepoPath, changes: &'a [Change]) {
        for change in changes {
            if let Effect::Patch { patch: Patch::File(file), .. } = &change.effect
                && let Some((path, _)) = self.file(&kustomization.parent(), file)
            {
                self.patches.insert(path, kustomization);
            }
        }
    }

    /// All files that are built from, beginning with what is to do. What one that cannot be read names is found by its own
    /// words.
    fn built(&self, mut built: Built<'a>) -> BTreeSet<&'a RepoPath> {
        while let Some(unit) = built.to_do.pop() {
            if let Kustomization::Read { resources, components, .. } = unit.says {
                let (dir, taken_in) = (unit.path.parent(), resources.iter().chain(components));
                taken_in.for_each(|written| self.take_in(&dir, written, &mut built));
            }
        }
        built.files
    }

    fn take_in(&self, from: &Dir, written: &str, built: &mut Built<'a>) {
        let Some(place) = resolve(from, written) else {
            return;
        };
        if let Some(units) = self.by_dir.get(&place) {
            if built.seen.insert(place) {
                built.to_do.extend(units);
            }
        } else if let Some((path, _)) = place.and_then(|path| self.files.get_key_value(&path)) {
            built.files.insert(path);
        }
    }

    /// What a kustomization changes, by itself and through the components it takes in.
    fn causes_of(&self, unit: Unit<'a>) -> Vec<Cause<'a>> {
        let (mut causes, mut seen, mut to_do) = (Vec::new(), BTreeSet::new(), vec![unit]);
        while let Some(unit) = to_do.pop() {
            let Kustomization::Read { components, changes, .. } = unit.says else {
                causes.push(Cause::unknown(unit.path, "components"));
                continue;
            };
            causes.extend(changes.iter().map(|change| Cause::of(unit.path, change)));
            for (index, written) in components.iter().enumerate() {
                let place = resolve(&unit.path.parent(), written);
                match place.as_ref().and_then(|place| self.by_dir.get(place)) {
                    Some(units) if seen.insert(place.flatten()) => to_do.extend(units),
                    Some(_) => {}
                    None => causes.push(Cause::unknown(unit.path, &format!("components[{index}]"))),
                }
            }
        }
        causes
    }

    fn file(&self, from: &Dir, written: &str) -> Option<(&'a RepoPath, &'a Parsed)> {
        let path = resolve(from, written)??;
        self.files.get_key_value(&path).map(|(path, parsed)| (*path, *parsed))
    }
}

impl<'a> Cause<'a> {
    fn of(kustomization: &'a RepoPath, change: &'a Change) -> Self {
        Self { kustomization, field: change.field.clone(), effect: &change.effect }
    }

    /// Something that is not in this repository, or cannot be read.
    fn unknown(kustomization: &'a RepoPath, field: &str) -> Self {
        Self { kustomization, field: field.to_owned(), effect: &Effect::Any }
    }

    fn reason(&self) -> FaultReason {
        let kustomization = self.kustomization.clone();
        match self.effect {
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
            ("..", place) => place?.parent(),
            (part, Some(dir)) => Some(format!("{dir}/{part}").parse().ok()?),
            (part, None) => Some(part.parse().ok()?),
        };
    }
    Some(place)
}
