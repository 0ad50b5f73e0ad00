//! Finding each Secret its place, one after the other.

use std::collections::{BTreeMap, BTreeSet};

use super::fleet::{FleetYaml, ignores, ignoring, is_fleet_yaml};
use super::kustomization::Listing;
use super::{Destination, Layout, Place, RefusalReason};
use crate::inventory::Ground;
use crate::{Inventory, RepoPath, WantKey};

/// The directory of a nested bundle.
const NESTED: &str = "tls";

/// Places Secrets in the repository as it is, each with what was placed before it in mind.
pub(crate) struct Placer<'a> {
    inventory: &'a Inventory,
    ground: &'a Ground,
    /// How many Secrets there are in a directory.
    filled: BTreeMap<RepoPath, usize>,
    placed: BTreeSet<RepoPath>,
    /// The files that go with Secrets, as they are to be.
    companions: BTreeMap<RepoPath, String>,
    kustomizations: BTreeMap<RepoPath, Listing<'a>>,
}

impl<'a> Placer<'a> {
    pub(crate) fn new(inventory: &'a Inventory) -> Self {
        Self {
            inventory,
            ground: inventory.ground(),
            filled: BTreeMap::new(),
            placed: BTreeSet::new(),
            companions: BTreeMap::new(),
            kustomizations: BTreeMap::new(),
        }
    }

    /// Where a Secret's files go: one place, unless it is sealed to several groups apart.
    pub(crate) fn places(&self, key: &WantKey) -> Vec<Place<'a>> {
        self.destination(key).places()
    }

    /// The paths of a Secret's files, as [`Self::place_in`] has them.
    pub(crate) fn place(&mut self, key: &WantKey) -> Result<Vec<RepoPath>, RefusalReason> {
        self.places(key).iter().map(|place| self.place_in(key, place)).collect()
    }

    /// The path of a Secret's file: where it is, else where its layout puts it.
    pub(crate) fn place_in(
        &mut self,
        key: &WantKey,
        place: &Place<'a>,
    ) -> Result<RepoPath, RefusalReason> {
        match self.inventory.held_in(key, place.group) {
            Some(held) if held.alone => {
                // What goes with it is mended where it can be; nothing of that keeps a renewal out.
                let _ = self.accompany(key, place, &held.path);
                Ok(held.path.clone())
            }
            Some(held) => Err(RefusalReason::SharedFile { path: held.path.clone() }),
            None => {
                let path = self.find(key, place)?;
                self.refuse(key, &path)?;
                self.accompany(key, place, &path)?;
                self.placed.insert(path.clone());
                Ok(path)
            }
        }
    }

    /// The files that go with all that was placed, where they are not there as they have to be.
    pub(crate) fn into_companions(mut self) -> BTreeMap<RepoPath, String> {
        let edited = self.kustomizations.into_iter();
        self.companions
            .extend(edited.filter_map(|(path, listing)| Some((path, listing.edited()?))));
        self.companions
    }

    fn destination(&self, key: &WantKey) -> &'a Destination {
        self.inventory.destination(key)
    }

    fn find(&mut self, key: &WantKey, place: &Place<'a>) -> Result<RepoPath, RefusalReason> {
        let layout = self.destination(key).layout;
        let most = layout.most();
        match (layout, self.manifest(key)) {
            (Layout::FleetBundles | Layout::Tree, _) | (_, None) => {
                Ok(self.numbered(key, Some(&place.root), key.secret.namespace(), most))
            }
            (Layout::FleetNested, Some(manifest)) => {
                Ok(self.numbered(key, manifest.parent().as_ref(), NESTED, most))
            }
            (Layout::Beside, Some(manifest)) => {
                self.refuse_what_deploys_no_file(manifest)?;
                Ok(self.beside(key, manifest))
            }
            (Layout::Kustomize, Some(manifest)) => {
                self.kustomization(manifest)
                    .ok_or_else(|| RefusalReason::NotKustomized { manifest: manifest.clone() })?;
                Ok(self.beside(key, manifest))
            }
        }
    }

    /// The manifest in whose company a Secret goes; the first by path, where several want it.
    fn manifest(&self, key: &WantKey) -> Option<&'a RepoPath> {
        let wanted = self.inventory.want(key)?;
        wanted.sources.first().map(|source| &source.path)
    }

    /// A place in the first of `name`, `name--2`, … that has room, and no root of another target in it.
    fn numbered(
        &mut self,
        key: &WantKey,
        parent: Option<&RepoPath>,
        name: &str,
        most: usize,
    ) -> RepoPath {
        let mut number = 1;
        loop {
            let sibling = if number == 1 { name.to_owned() } else { format!("{name}--{number}") };
            let dir = RepoPath::within(parent, &sibling);
            let path = RepoPath::within(Some(&dir), &file_name(key));
            let is_free = !self.inventory.targets().has_root_in(&dir) && !self.is_taken(&path);
            let ground = self.ground;
            let filled = self.filled.entry(dir.clone()).or_insert_with(|| secrets(ground, &dir));
            if is_free && *filled < most {
                *filled += 1;
                return path;
            }
            number += 1;
        }
    }

    /// A place beside a manifest; two namespaces may have a Secret of one name there.
    fn beside(&self, key: &WantKey, manifest: &RepoPath) -> RepoPath {
        let dir = manifest.parent();
        let path = RepoPath::within(dir.as_ref(), &file_name(key));
        if !self.is_taken(&path) {
            return path;
        }
        let name = format!("{}.{}.secret.yaml", key.secret.name(), key.secret.namespace());
        RepoPath::within(dir.as_ref(), &name)
    }

    /// Whether another Secret of ours has the place.
    fn is_taken(&self, path: &RepoPath) -> bool {
        let is_ours =
            || self.inventory.delivered.iter().any(|held| held.ours && held.path == *path);
        self.placed.contains(path) || (self.ground.has(path) && is_ours())
    }

    fn refuse(&self, key: &WantKey, path: &RepoPath) -> Result<(), RefusalReason> {
        if self.ground.has(path) || self.placed.contains(path) {
            return Err(RefusalReason::ForeignFile { path: path.clone() });
        }
        if let Some(file) = path.ancestors().find(|dir| self.ground.has(dir)) {
            return Err(RefusalReason::NotADirectory { path: file });
        }
        let target = self.inventory.targets().of_secret(path, Some(&key.target));
        if target != key.target {
            return Err(RefusalReason::OtherTarget { path: path.clone(), target });
        }
        Ok(())
    }

    fn refuse_what_deploys_no_file(&mut self, manifest: &RepoPath) -> Result<(), RefusalReason> {
        if let Some(chart) = self.ground.chart_of(manifest) {
            return Err(RefusalReason::HelmChart { chart });
        }
        let beside = self.ground.kustomization_in(manifest.parent().as_ref());
        match self.kustomization(manifest).or(beside) {
            Some(kustomization) => Err(RefusalReason::Kustomized { kustomization }),
            None => Ok(()),
        }
    }

    /// The nearest kustomization above a manifest that lists it.
    fn kustomization(&mut self, manifest: &RepoPath) -> Option<RepoPath> {
        let mut dirs = manifest.ancestors().map(Some).chain([None]);
        dirs.find_map(|dir| {
            let kustomization = self.ground.kustomization_in(dir.as_ref())?;
            let entry = manifest.relative_to(dir.as_ref())?;
            self.listing(&kustomization)?.lists(entry).then_some(kustomization)
        })
    }

    fn listing(&mut self, kustomization: &RepoPath) -> Option<&mut Listing<'a>> {
        let text = self.ground.text(kustomization)?;
        let listing = self.kustomizations.entry(kustomization.clone());
        Some(listing.or_insert_with(|| Listing::of(text)))
    }

    /// Sees to what has to stand with the Secret, wherever it is.
    fn accompany(
        &mut self,
        key: &WantKey,
        place: &Place<'a>,
        path: &RepoPath,
    ) -> Result<(), RefusalReason> {
        let layout = self.destination(key).layout;
        let Some(dir) = path.parent() else { return Ok(()) };
        let manifest = self.manifest(key);
        let is_nested = manifest.is_some_and(|manifest| manifest.parent() == dir.parent());
        match layout {
            Layout::FleetNested if is_nested && is_numbered(dir.file_name(), NESTED) => {
                self.ignore(&dir)?;
                self.fleet_yaml(key, place, &dir);
            }
            Layout::FleetBundles | Layout::FleetNested
                if dir.parent().as_ref() == Some(&place.root) =>
            {
                self.fleet_yaml(key, place, &dir);
            }
            Layout::Kustomize
                if manifest.is_some_and(|manifest| manifest.parent() == Some(dir)) =>
            {
                manifest.map_or(Ok(()), |manifest| self.list(manifest, path))?;
            }
            Layout::FleetBundles
            | Layout::FleetNested
            | Layout::Beside
            | Layout::Kustomize
            | Layout::Tree => {}
        }
        Ok(())
    }

    fn fleet_yaml(&mut self, key: &WantKey, place: &Place<'a>, dir: &RepoPath) {
        if self.ground.fleet_yaml_in(Some(dir)).is_none() {
            let (namespace, clusters) = (key.secret.namespace(), place.clusters);
            let path = RepoPath::within(Some(dir), "fleet.yaml");
            if !self.companions.contains_key(&path) {
                let yaml = FleetYaml { namespace, clusters, adopts: self.adopts(key) };
                self.companions.insert(path, yaml.text());
            }
        }
    }

    /// Whether the clusters have Secrets of this namespace from the bundles of other groups than there are now.
    fn adopts(&self, key: &WantKey) -> bool {
        self.inventory.delivered.iter().any(|held| {
            let is_of_namespace = held.secret.namespace() == key.secret.namespace();
            let is_here = is_of_namespace && held.target == key.target;
            held.ours && is_here && self.inventory.is_left_behind(held)
        })
    }

    /// Keeps a nested bundle out of the one around it.
    fn ignore(&mut self, dir: &RepoPath) -> Result<(), RefusalReason> {
        let (above, line) = (dir.parent(), dir.file_name());
        let ignore = RepoPath::within(above.as_ref(), ".fleetignore");
        let text = self.text_of(&ignore, line)?;
        if ignores(&text, line) {
            return Ok(());
        }
        if let Some(path) = self.ground.hidden_by(above.as_ref(), line) {
            return Err(RefusalReason::Hides { path, ignore, line: line.to_owned() });
        }
        self.companions.insert(ignore, ignoring(&text, line));
        Ok(())
    }

    /// Has the kustomization that lists a manifest list the Secret too.
    fn list(&mut self, manifest: &RepoPath, path: &RepoPath) -> Result<(), RefusalReason> {
        let Some(kustomization) = self.kustomization(manifest) else { return Ok(()) };
        let dir = kustomization.parent();
        let entry = path.relative_to(dir.as_ref()).unwrap_or(path.as_str());
        let listed = self.listing(&kustomization).map_or(Ok(()), |listing| listing.add(entry));
        let line = entry.to_owned();
        listed.map_err(|_| RefusalReason::NotEditable { path: kustomization, line })
    }

    /// The text of a file that a line is for, with the lines it was given already; empty where there is none.
    fn text_of(&self, path: &RepoPath, line: &str) -> Result<String, RefusalReason> {
        match (self.companions.get(path), self.ground.text(path)) {
            (Some(text), _) => Ok(text.clone()),
            (None, Some(text)) => Ok(text.to_owned()),
            (None, None) if self.ground.has(path) => {
                Err(RefusalReason::NotEditable { path: path.clone(), line: line.to_owned() })
            }
            (None, None) => Ok(String::new()),
        }
    }
}

/// Two names would make Fleet take the file for its own or for kustomize's.
fn file_name(key: &WantKey) -> String {
    match key.secret.name() {
        name @ ("fleet" | "kustomization") => format!("{name}.secret.yaml"),
        name => format!("{name}.yaml"),
    }
}

fn is_numbered(name: &str, first: &str) -> bool {
    let number = name.strip_prefix(first).and_then(|rest| rest.strip_prefix("--"));
    name == first || number.is_some_and(|number| number.parse::<usize>().is_ok())
}

/// How many files a directory holds beside its `fleet.yaml`.
fn secrets(ground: &Ground, dir: &RepoPath) -> usize {
    let files = ground.below(Some(dir));
    files.filter(|path| path.parent().as_ref() == Some(dir) && !is_fleet_yaml(path)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_becomes_a_file_that_fleet_understands_otherwise() {
        let cases = [
            ("shop-tls", "shop-tls.yaml"),
            ("fleet", "fleet.secret.yaml"),
            ("kustomization", "kustomization.secret.yaml"),
        ];
        for (name, file) in cases {
            let secret = format!("shop/{name}").parse().unwrap();
            let key = WantKey { target: Default::default(), secret };
            assert_eq!(file_name(&key), file);
        }
    }

    #[test]
    fn numbered_names() {
        for (name, want) in
            [("tls", true), ("tls--2", true), ("tls--", false), ("tls-2", false), ("mtls", false)]
        {
            assert_eq!(is_numbered(name, "tls"), want, "{name}");
        }
    }
}
