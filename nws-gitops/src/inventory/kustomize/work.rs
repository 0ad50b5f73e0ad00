//! Working out what all kustomizations of a repository do to its files.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::placed::Placing;
use super::{Cause, Dir, Effects, Kustomizations, Unit, resolve};
use crate::RepoPath;
use crate::inventory::file::Files;
use crate::reader::{Change, Effect, Kustomization, Patch};

/// What one kustomization is made of, through all others that it takes in.
#[derive(Default)]
struct Built<'a> {
    files: BTreeSet<RepoPath>,
    seen: BTreeSet<Dir>,
    to_do: Vec<Unit<'a>>,
}

/// The work at it.
pub(super) struct Working<'a> {
    all: &'a Kustomizations,
    files: &'a Files,
    effects: Effects,
}

impl<'a> Working<'a> {
    pub(super) fn new(all: &'a Kustomizations, files: &'a Files) -> Self {
        Self { all, files, effects: Effects::default() }
    }

    pub(super) fn work(mut self) -> Effects {
        self.all.units().for_each(|unit| self.add(unit));
        let (placed, named) = Placing::of(self.all, self.files);
        self.effects.placed = placed;
        self.effects.named.extend(named);
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

    /// What a kustomization changes, by itself and through the components it takes in, but for the namespace it gives: that is known.
    fn causes_of(&self, unit: Unit<'a>) -> Vec<Arc<Cause>> {
        let is_known = unit.says.namespace().is_some();
        let counts =
            |change: &&Change| !(is_known && matches!(change.effect, Effect::Namespace(_)));
        let (mut causes, mut seen, mut to_do) = (Vec::new(), BTreeSet::new(), vec![unit]);
        while let Some(unit) = to_do.pop() {
            let Kustomization::Read { components, changes, .. } = unit.says else {
                causes.push(Cause::unknown(unit.path, "components"));
                continue;
            };
            causes.extend(changes.iter().filter(counts).map(|change| Cause::of(unit.path, change)));
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
}
