//! Which Fleet bundles a repository makes, and which of them a change of a file touches.
//!
//! The rules are Fleet's own, of 0.16: which directories become bundles from `internal/cmd/cli/apply`, what is packed and how it is
//! read from `internal/bundlereader`, what is deployed of it from `internal/helmdeployer/render`. `spec.bundles` of a GitRepo, symbolic links
//! and values files are not looked at.

use std::collections::{BTreeMap, BTreeSet};

use crate::RepoPath;

mod ignore;
mod mode;
mod roots;
mod weight;

use ignore::Ignored;
use mode::Deploys;
pub use roots::{FleetPath, InvalidFleetPath};

/// A file as Fleet packs it.
#[derive(Clone, Debug)]
pub struct PackedFile {
    /// Where it stands.
    pub path: RepoPath,
    /// How long it is.
    pub bytes: u64,
    /// What it says, needed only where [`Bundles::is_decided_by`] says so.
    pub text: Option<Box<str>>,
}

/// All bundles that Fleet makes of a repository.
#[derive(Debug)]
pub struct Bundles {
    by_dir: BTreeMap<Option<RepoPath>, Bundle>,
    ignored: Ignored,
    /// Directories that a bundle of plain manifests above them does not deploy.
    apart: BTreeSet<Option<RepoPath>>,
    all_known: bool,
}

/// A directory that Fleet deploys as one.
#[derive(Debug)]
pub struct Bundle {
    /// Where it stands; none is the top.
    pub dir: Option<RepoPath>,
    /// What all its files take together.
    pub bytes: u64,
    /// What they take where Fleet keeps them: the same, but for large ones that were weighed; more than [`Bundle::LIMIT`] is not
    /// counted to the end.
    pub stored: u64,
    /// How many files it holds.
    pub files: usize,
    deploys: Deploys,
}

/// What a change of one file does.
#[derive(Debug)]
pub struct Touched<'a> {
    /// The bundles that hold the file, each of which is deployed anew when it changes; the nearest first.
    pub holders: Vec<&'a Bundle>,
    /// Those of them that put it into a cluster.
    pub deployers: Vec<&'a Bundle>,
}

/// A line for a `.fleetignore`.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct IgnoreLine {
    /// The file it goes to; it may not be there yet.
    pub file: RepoPath,
    /// The line, which is the name of a directory.
    pub line: String,
}

impl Bundles {
    /// Whether what this file says decides about bundles, and not only that it is there.
    pub fn is_decided_by(path: &RepoPath) -> bool {
        is_fleet(path.file_name())
            || mode::is_kustomization(path.file_name())
            || path.file_name() == ignore::FILE_NAME
    }

    /// The bundles of a repository whose GitRepo objects have these `spec.paths`. Where nobody says which they are, only what has a
    /// `fleet.yaml` is known to be one.
    ///
    /// What cannot be read of a file says nothing here.
    pub fn of(paths: &[FleetPath], files: &[PackedFile]) -> Self {
        let ignored = Ignored::of(files);
        let by_path: BTreeMap<_, _> = files.iter().map(|file| (&file.path, file)).collect();
        let by_dir = bundle_dirs(paths, files).into_iter().map(|dir| {
            let deploys = Deploys::of(dir.as_ref(), &by_path, &ignored);
            (dir.clone(), Bundle { dir, bytes: 0, stored: 0, files: 0, deploys })
        });
        let mut bundles = Self {
            by_dir: by_dir.collect(),
            ignored,
            apart: mode::apart(files),
            all_known: !paths.is_empty(),
        };
        files.iter().for_each(|file| bundles.add(file));
        bundles
    }

    fn add(&mut self, file: &PackedFile) {
        for dir in above(&file.path) {
            if let Some(bundle) = self.by_dir.get_mut(&dir)
                && is_packed(dir.as_ref(), &file.path, &self.ignored)
            {
                bundle.bytes = bundle.bytes.saturating_add(file.bytes);
                bundle.stored = bundle.bytes;
                bundle.files += 1;
            }
        }
    }

    /// Whether there are no others than these, as it was said where Fleet looks for them.
    pub fn are_all_known(&self) -> bool {
        self.all_known
    }

    /// All of them, by directory.
    pub fn iter(&self) -> impl Iterator<Item = &Bundle> {
        self.by_dir.values()
    }

    /// What a change of this file does; it need not be there yet.
    pub fn touched_by(&self, path: &RepoPath) -> Touched<'_> {
        let bundles = above(path).filter_map(|dir| self.by_dir.get(&dir));
        let holders: Vec<_> =
            bundles.filter(|bundle| is_packed(bundle.dir.as_ref(), path, &self.ignored)).collect();
        let deployers =
            holders.iter().copied().filter(|bundle| self.deploys(bundle, path)).collect();
        Touched { holders, deployers }
    }

    fn deploys(&self, bundle: &Bundle, path: &RepoPath) -> bool {
        bundle.deploys.deploys(bundle.dir.as_ref(), path, &self.apart)
    }
}

impl Touched<'_> {
    /// What keeps the file out of all bundles but the nearest, where there are others and the nearest deploys it.
    pub fn cure(&self) -> Option<IgnoreLine> {
        let ([nearest, _, ..], [deployer, ..]) = (&*self.holders, &*self.deployers) else {
            return None;
        };
        let dir = nearest.dir.as_ref().filter(|_| nearest.dir == deployer.dir)?;
        let file = match dir.parent() {
            Some(parent) => format!("{parent}/{}", ignore::FILE_NAME),
            None => ignore::FILE_NAME.to_owned(),
        };
        Some(IgnoreLine { file: file.parse().ok()?, line: ignore::literal(dir.file_name()) })
    }
}

/// Every directory with a `fleet.yaml`, below a root if there are some, and each root that has YAML outside of those.
fn bundle_dirs(paths: &[FleetPath], files: &[PackedFile]) -> BTreeSet<Option<RepoPath>> {
    let files: Vec<_> = files.iter().map(|file| file.path.clone()).collect();
    let fleets = files.iter().filter(|path| is_fleet(path.file_name()));
    let fleets: BTreeSet<_> = fleets.map(RepoPath::parent).collect();
    if paths.is_empty() {
        return fleets;
    }
    let roots = roots::named(paths, &files);
    let mut dirs = BTreeSet::new();
    for path in files.iter().filter(|path| is_yaml(path)) {
        let mut nearest = None;
        for dir in above(path) {
            if nearest.is_none() && fleets.contains(&dir) {
                nearest = Some(dir.clone());
            }
            if roots.contains(&dir) {
                dirs.insert(nearest.clone().unwrap_or(dir));
            }
        }
    }
    dirs
}

/// Whether a bundle's contents include the file; hidden ones and what a `.fleetignore` names are left out.
fn is_packed(dir: Option<&RepoPath>, path: &RepoPath, ignored: &Ignored) -> bool {
    path.relative_to(dir).is_some_and(|rest| {
        !is_fleet(rest)
            && !rest.split('/').any(|part| part.starts_with('.'))
            && !ignored.contains(dir, path)
    })
}

/// The directories above a path, the nearest first, the top last.
fn above(path: &RepoPath) -> impl Iterator<Item = Option<RepoPath>> {
    path.ancestors().map(Some).chain([None])
}

fn is_fleet(name: &str) -> bool {
    matches!(name, "fleet.yaml" | "fleet.yml")
}

fn is_yaml(path: &RepoPath) -> bool {
    path.as_str().ends_with(".yaml") || path.as_str().ends_with(".yml")
}

#[cfg(test)]
mod tests;
