//! Which clusters a manifest is for.

use std::collections::BTreeMap;

use crate::layout::Place;
use crate::{Delivered, Destination, GroupName, RepoPath, RepositoryName, Target};

/// The groups of clusters that apply the repository, by the directories that are theirs, and where their Secrets go.
///
/// What a manifest below a target's directory wants, that target wants; of nested directories the inner one counts. Whatever
/// lies in none is wanted by the default target. Of several repositories the top is a directory too.
///
/// ```
/// use nws_gitops::{Destination, Target, Targets};
///
/// let eu = Destination::at("certs/eu".parse()?);
/// let targets = Targets::default().with("eu".parse()?, vec!["clusters/eu".parse()?], eu)?;
/// assert_eq!(targets.of(&"clusters/eu/shop/ingress.yaml".parse()?).as_str(), "eu");
/// assert_eq!(targets.of(&"apps/shop/ingress.yaml".parse()?), Target::default());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Targets {
    by_dir: BTreeMap<RepoPath, Target>,
    by_root: BTreeMap<RepoPath, Target>,
    destinations: BTreeMap<Target, Destination>,
    /// Of what is wanted in these repositories.
    elsewhere: BTreeMap<Target, BTreeMap<RepositoryName, Destination>>,
    default: Destination,
}

impl Targets {
    /// Only the default target.
    pub fn new(default: Destination) -> Self {
        let by_root = roots(&default).map(|root| (root, Target::default())).collect();
        Self {
            by_dir: BTreeMap::new(),
            by_root,
            destinations: BTreeMap::new(),
            elsewhere: BTreeMap::new(),
            default,
        }
    }

    /// One more target: the directories whose manifests are for it, and where its Secrets go.
    ///
    /// # Errors
    ///
    /// [`InvalidTargets`] if it is there already, or another has one of its directories or its root.
    pub fn with(
        mut self,
        target: Target,
        dirs: Vec<RepoPath>,
        destination: Destination,
    ) -> Result<Self, InvalidTargets> {
        if target.is_default() || self.destinations.contains_key(&target) {
            return Err(InvalidTargets::Twice { target });
        }
        self.take_roots(&destination, &target)?;
        for dir in dirs {
            if let Some(other) = self.by_dir.insert(dir.clone(), target.clone()) {
                return Err(InvalidTargets::Directory { dir, target, other });
            }
        }
        self.destinations.insert(target, destination);
        Ok(self)
    }

    /// The same with a place of its own for what this target wants in one of several repositories.
    ///
    /// # Errors
    ///
    /// [`InvalidTargets`] if another target has that root.
    pub fn with_elsewhere(
        mut self,
        target: Target,
        wanted_in: RepositoryName,
        destination: Destination,
    ) -> Result<Self, InvalidTargets> {
        self.take_roots(&destination, &target)?;
        self.elsewhere.entry(target).or_default().insert(wanted_in, destination);
        Ok(self)
    }

    fn take_roots(
        &mut self,
        destination: &Destination,
        target: &Target,
    ) -> Result<(), InvalidTargets> {
        for root in roots(destination) {
            let before = self.by_root.insert(root.clone(), target.clone());
            if let Some(other) = before.filter(|other| other != target) {
                return Err(InvalidTargets::Root { root, target: target.clone(), other });
            }
        }
        Ok(())
    }

    /// The target of a manifest.
    pub fn of(&self, path: &RepoPath) -> Target {
        let mut places = std::iter::once(path.clone()).chain(path.ancestors());
        places.find_map(|place| self.by_dir.get(&place)).cloned().unwrap_or_default()
    }

    /// Where a target's Secrets go; those of one that is not there, with the default one's.
    pub fn destination(&self, target: &Target) -> &Destination {
        self.destinations.get(target).unwrap_or(&self.default)
    }

    /// Where those go that it wants in one of several repositories.
    pub fn destination_from(&self, target: &Target, wanted_in: &str) -> &Destination {
        let elsewhere = self.elsewhere.get(target).and_then(|from| from.get(wanted_in));
        elsewhere.unwrap_or_else(|| self.destination(target))
    }

    fn all_of(&self, target: &Target) -> impl Iterator<Item = &Destination> {
        let elsewhere = self.elsewhere.get(target).into_iter().flat_map(BTreeMap::values);
        elsewhere.chain([self.destination(target)])
    }

    /// The target of a Secret of ours: whose root its directory lies in, else the one that it names, else as of any file.
    ///
    /// What it names keeps it where it is when the root of its target changes.
    pub(crate) fn of_secret(&self, path: &RepoPath, named: Option<&Target>) -> Target {
        let root = path.parent().and_then(|dir| dir.parent());
        let by_root = root.and_then(|root| self.by_root.get(&root));
        let named = named.filter(|target| self.destinations.contains_key(target));
        by_root.or(named).cloned().unwrap_or_else(|| self.of(path))
    }

    /// Whether a file lies in a directory of the target's root, where its layout has one.
    pub(crate) fn collects(&self, target: &Target, path: &RepoPath) -> bool {
        let above = path.parent().and_then(|dir| dir.parent());
        let collects = |one: &Destination| {
            !one.layout.is_beside_manifests()
                && one.places().iter().any(|place| above.as_ref() == Some(&place.root))
        };
        self.all_of(target).any(collects)
    }

    /// The place of the target's that a file lies in, where there is one for it.
    pub(crate) fn place_of(&self, target: &Target, path: &RepoPath) -> Option<Place<'_>> {
        let above = path.parent().and_then(|dir| dir.parent())?;
        self.all_of(target).flat_map(Destination::places).find(|place| place.root == above)
    }

    /// Which of several groups a file of the target's is for; none where there is one for all, or where it lies in none of
    /// their directories.
    pub(crate) fn group_of(&self, target: &Target, path: &RepoPath) -> Option<&GroupName> {
        self.place_of(target, path)?.group
    }

    /// Whether a Secret of ours lies where it was for other groups of clusters than there are now: outside of their directories, or
    /// in that of a group that is gone.
    pub(crate) fn is_left_behind(&self, held: &Delivered) -> bool {
        let are_split = self.all_of(&held.target).any(|one| one.groups.len() > 1);
        match self.place_of(&held.target, &held.path) {
            Some(place) => are_split && place.group.is_none(),
            None => are_split || held.provenance.group.is_some(),
        }
    }

    /// Whether a directory is the root of some target, or has one in it: a bundle there would hold that target's bundles.
    pub(crate) fn has_root_in(&self, dir: &RepoPath) -> bool {
        self.by_root.keys().any(|root| root == dir || root.is_below(dir))
    }

    /// Whether some target's Secrets stand among the manifests that want them.
    pub(crate) fn stand_beside_manifests(&self) -> bool {
        let elsewhere = self.elsewhere.values().flat_map(BTreeMap::values);
        let mut all = self.destinations.values().chain(elsewhere).chain([&self.default]);
        all.any(|destination| destination.layout.is_beside_manifests())
    }
}

/// The directories of directories of Secrets; the one of all groups, too, as there may be some from before they were several.
fn roots(destination: &Destination) -> impl Iterator<Item = RepoPath> {
    let places = destination.places().into_iter().map(|place| place.root);
    std::iter::once(destination.root.clone()).chain(places)
}

impl Default for Targets {
    fn default() -> Self {
        Self::new(Destination::default())
    }
}

/// Why targets cannot be told from each other.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidTargets {
    /// Two of one name.
    #[error("there are two targets {target}; give one of them another name")]
    Twice {
        /// The name.
        target: Target,
    },
    /// Two of one directory.
    #[error("{dir} is for target {target} and for target {other}; give it to one of them")]
    Directory {
        /// The directory.
        dir: RepoPath,
        /// Who has it.
        target: Target,
        /// Who has it too.
        other: Target,
    },
    /// Two of one root.
    #[error(
        "the secrets of target {target} would stand in {root}, as do those of target {other}; give one of them another root"
    )]
    Root {
        /// The root.
        root: RepoPath,
        /// Whose it is.
        target: Target,
        /// Whose it is too.
        other: Target,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> RepoPath {
        text.parse().unwrap()
    }

    fn target(text: &str) -> Target {
        text.parse().unwrap()
    }

    fn with(targets: Targets, name: &str, dirs: &[&str], root: &str) -> Result<Targets, String> {
        let dirs = dirs.iter().map(|dir| path(dir)).collect();
        let with = targets.with(target(name), dirs, Destination::at(path(root)));
        with.map_err(|error| error.to_string())
    }

    fn three() -> Targets {
        let eu = with(Targets::default(), "eu", &["clusters/eu", "apps/eu.yaml"], "certs/eu");
        with(eu.unwrap(), "lab", &["clusters/eu/lab"], "clusters/eu/lab/certs").unwrap()
    }

    #[test]
    fn the_inner_directory_decides() {
        let cases = [
            ("apps/shop/ingress.yaml", "default"),
            ("clusters/eu/shop/ingress.yaml", "eu"),
            ("clusters/eu/lab/shop/ingress.yaml", "lab"),
            ("clusters/eu/labs/ingress.yaml", "eu"),
            ("clusters/europe/ingress.yaml", "default"),
            ("apps/eu.yaml", "eu"),
        ];
        for (file, want) in cases {
            assert_eq!(three().of(&path(file)).as_str(), want, "{file}");
        }
    }

    #[test]
    fn a_secret_is_for_whose_root_it_is_in_then_for_whom_it_names() {
        let cases = [
            ("certs/shop/shop-tls.yaml", None, "default"),
            ("certs/shop--2/shop-tls.yaml", None, "default"),
            ("certs/shop/shop-tls.yaml", Some("eu"), "default"),
            ("certs/eu/shop/shop-tls.yaml", None, "eu"),
            ("certs/eu/shop-tls.yaml", None, "default"),
            ("clusters/eu/lab/certs/shop/shop-tls.yaml", None, "lab"),
            ("clusters/eu/shop/shop-tls.yaml", None, "eu"),
            ("old/certs/shop/shop-tls.yaml", Some("eu"), "eu"),
            ("old/certs/shop/shop-tls.yaml", Some("gone"), "default"),
            ("apps/eu/shop/shop-tls.yaml", None, "default"),
            ("shop-tls.yaml", None, "default"),
        ];
        for (file, named, want) in cases {
            let named = named.map(target);
            let found = three().of_secret(&path(file), named.as_ref());
            assert_eq!(found.as_str(), want, "{file} {named:?}");
        }
    }

    #[test]
    fn targets_that_cannot_be_told_apart() {
        let cases = [
            ("eu", "other", "roots", "there are two targets eu"),
            ("default", "other", "roots", "there are two targets default"),
            ("us", "clusters/eu", "roots", "clusters/eu is for target us and for target eu"),
            ("us", "clusters/us", "certs/eu", "would stand in certs/eu, as do those of target eu"),
            ("us", "clusters/us", "certs", "would stand in certs, as do those of target default"),
        ];
        for (name, dir, root, words) in cases {
            let error = with(three(), name, &[dir], root).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
    }
}
