//! What other files say that bears on one.

use std::collections::BTreeSet;

use super::file::{Entry, File};
use super::ground::Ground;
use super::kustomize::Kustomizations;
use super::namespaces::Namespaces;
use super::routes::{Moved, Routes};
use crate::discover::Discover;
use crate::{ObjectId, RepoPath};

/// What became of one path.
pub(crate) type Change = (RepoPath, Entry);

/// All of it, for a whole repository.
#[derive(Clone, Debug, Default)]
pub(super) struct Surroundings {
    pub(super) discover: Discover,
    pub(super) ground: Ground,
    pub(super) namespaces: Namespaces,
    pub(super) kustomizations: Kustomizations,
    pub(super) routes: Routes,
}

/// What has to be worked out anew.
#[derive(Default)]
struct Stirred {
    files: BTreeSet<RepoPath>,
    kustomizations: bool,
    routes: Moved,
}

impl Surroundings {
    /// Takes in what became of some paths, and what the files that are read there say.
    ///
    /// Returns which other files mean something else for it.
    pub(super) fn note(&mut self, changes: &[Change], read: &[File]) -> Vec<(RepoPath, ObjectId)> {
        let mut stirred = Stirred::default();
        if !self.ground.files.is_empty() {
            self.forget(changes, read, &mut stirred);
        }
        for (path, entry) in changes {
            self.ground.files.set(path, *entry);
        }
        read.iter().for_each(|file| self.take(file, &mut stirred));
        if stirred.kustomizations {
            stirred.files.extend(self.kustomizations.settle(&self.ground.files));
        }
        for path in changes.iter().map(|(path, _)| path).chain(&stirred.files) {
            self.routes.note(path, &mut stirred.routes);
        }
        stirred.files.extend(self.routes.waiting(&stirred.routes).cloned());
        for (path, _) in changes {
            stirred.files.remove(path);
        }
        let blob = |path: RepoPath| self.ground.files.blob(&path).map(|blob| (path, blob));
        stirred.files.into_iter().filter_map(blob).collect()
    }

    /// What no longer holds of what was there before.
    fn forget(&mut self, changes: &[Change], read: &[File], stirred: &mut Stirred) {
        let speaking: BTreeSet<_> = read.iter().map(|file| &file.path).collect();
        for (path, entry) in changes {
            if self.ground.files.contains(path) == (*entry == Entry::Gone) {
                stirred.kustomizations |= self.kustomizations.came_or_went(path);
                self.stir_templates(path, stirred);
                self.stir_owned(path, stirred);
            }
            self.routes.note(path, &mut stirred.routes);
            if !speaking.contains(path) {
                self.routes.forget(path);
                self.ground.forget(path);
                stirred.kustomizations |= self.kustomizations.forget(path);
                if self.namespaces.forget(path) {
                    self.stir_beside(path, stirred);
                }
            }
        }
    }

    fn take(&mut self, file: &File, stirred: &mut Stirred) {
        self.ground.take(file, &self.discover.targets);
        self.routes.take(file, &self.discover);
        stirred.kustomizations |= self.kustomizations.take(file, &self.discover);
        if self.namespaces.take(file) {
            self.stir_beside(&file.path, stirred);
        }
    }

    /// A `Chart.yaml` makes templates of what lies beside it in `templates/`.
    fn stir_templates(&self, chart: &RepoPath, stirred: &mut Stirred) {
        if chart.file_name() == "Chart.yaml" {
            let templates = RepoPath::within(chart.parent().as_ref(), "templates");
            stirred.files.extend(self.ground.files.below(Some(&templates)).cloned());
        }
    }

    /// A `fleet.yaml` decides who owns what lies below it.
    fn stir_owned(&self, path: &RepoPath, stirred: &mut Stirred) {
        if matches!(path.file_name(), "fleet.yaml" | "fleet.yml") {
            self.stir_beside(path, stirred);
        }
    }

    /// A `fleet.yaml` speaks of everything below its directory, and of what is built there from elsewhere.
    fn stir_beside(&self, fleet: &RepoPath, stirred: &mut Stirred) {
        let dir = fleet.parent();
        stirred.files.extend(self.ground.files.below(dir.as_ref()).cloned());
        stirred.files.extend(self.kustomizations.placed_from(dir.as_ref()).cloned());
    }
}
