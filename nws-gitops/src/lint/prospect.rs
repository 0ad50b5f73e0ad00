//! What a repository is once everything wanted is delivered.

use std::collections::BTreeMap;

use crate::bundles::{Bundles, PackedFile};
use crate::layout::Placer;
use crate::{Inventory, RepoPath, RepositoryName, WantKey};

/// Where Secrets go, and the files that go with them.
pub(crate) struct Prospect {
    pub(crate) places: BTreeMap<WantKey, Vec<RepoPath>>,
    companions: BTreeMap<RepoPath, String>,
}

impl Prospect {
    pub(crate) fn of(inventory: &Inventory) -> Self {
        let mut placer = Placer::new(inventory);
        let ours = inventory.delivered.iter().filter(|held| held.ours);
        let mut places: BTreeMap<_, Vec<_>> = BTreeMap::new();
        ours.for_each(|held| places.entry(held.key()).or_default().push(held.path.clone()));
        for wanted in &inventory.wanted {
            // What has no place is a fault by now.
            if let Ok(paths) = placer.place(&wanted.key) {
                places.insert(wanted.key.clone(), paths);
            }
        }
        Self { places, companions: placer.into_companions() }
    }

    /// What of it is in one of several repositories, by the paths there: what Fleet makes of a repository ends in it.
    pub(crate) fn in_repository(self, name: &RepositoryName) -> Self {
        let there = |path: &RepoPath| (path.repository() == name.as_str()).then(|| path.unnamed());
        let of_key = |(key, paths): (WantKey, Vec<RepoPath>)| {
            let paths: Vec<_> = paths.iter().filter_map(there).collect();
            (!paths.is_empty()).then_some((key, paths))
        };
        let companions = self.companions.into_iter();
        Self {
            places: self.places.into_iter().filter_map(of_key).collect(),
            companions: companions.filter_map(|(path, text)| Some((there(&path)?, text))).collect(),
        }
    }

    /// The files as they would be, by path. A Secret that is not there yet weighs nothing: what is too large is so by now.
    pub(crate) fn over(&self, files: Vec<PackedFile>) -> Vec<PackedFile> {
        let mut all: BTreeMap<_, _> =
            files.into_iter().map(|file| (file.path.clone(), file)).collect();
        for path in self.places.values().flatten() {
            let secret = || PackedFile { path: path.clone(), bytes: 0, text: None };
            all.entry(path.clone()).or_insert_with(secret);
        }
        for (path, text) in &self.companions {
            let bytes = text.len() as u64;
            let text = Bundles::is_decided_by(path).then(|| text.as_str().into());
            all.insert(path.clone(), PackedFile { path: path.clone(), bytes, text });
        }
        all.into_values().collect()
    }
}
