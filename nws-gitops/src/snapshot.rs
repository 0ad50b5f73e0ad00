//! The files of a repository that is there already: of one of its commits, or as they stand on disk.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::bundles::{Bundles, FleetPath, PackedFile};
use crate::inventory::{Change, Entry, File};
use crate::lint::{ClearKey, Facts, Prospect};
use crate::reader::{Format, MAX_FILE_BYTES, parse, too_large};
use crate::{Discover, Inventory, Mirror, ObjectId, RepoPath, RepositoryName, Tip, parallel};

mod contents;
mod listing;

use contents::{Contents, Store};
use listing::Listed;

/// All files of a repository at one moment, to be looked at and not to be written to.
///
/// Nothing goes over the network, and neither git's binary nor any configuration but the repository's own is needed.
#[derive(Debug)]
pub struct Snapshot {
    name: RepositoryName,
    store: Store,
    tip: Tip,
    /// By path.
    listed: Vec<Listed>,
}

impl Snapshot {
    /// What the repository at this directory, or above it, holds: where it has a work tree, the files that git tracks there as they
    /// are on disk, so that one counts from `git add` on; else what its HEAD has.
    ///
    /// # Errors
    ///
    /// [`SnapshotError`] says which part of it cannot be read.
    pub fn open(dir: &Path) -> Result<Self, SnapshotError> {
        let repository = discover(dir)?;
        match repository.workdir() {
            Some(top) => {
                let top = top.to_owned();
                let listed = listing::of_work_tree(&repository, &top)?;
                Ok(Self::new(Store::WorkTree(top), Tip { commit: None }, listed))
            }
            None => Self::of_revision(repository, "HEAD", dir),
        }
    }

    /// What a branch, a tag or a commit of that repository holds, whatever stands on disk.
    ///
    /// # Errors
    ///
    /// [`SnapshotError`] says which part of it cannot be read.
    pub fn open_at(dir: &Path, revision: &str) -> Result<Self, SnapshotError> {
        Self::of_revision(discover(dir)?, revision, dir)
    }

    /// What a mirror holds at a tip.
    ///
    /// # Errors
    ///
    /// [`SnapshotError`] says which part of it cannot be read.
    pub fn of_mirror(mirror: &Mirror, tip: &Tip) -> Result<Self, SnapshotError> {
        let repository = mirror.repository().map_err(SnapshotError::objects)?;
        Self::of_tip(repository, *tip)
    }

    fn of_revision(
        repository: gix::Repository,
        revision: &str,
        dir: &Path,
    ) -> Result<Self, SnapshotError> {
        let tip = listing::resolve(&repository, revision)?.ok_or_else(|| {
            SnapshotError::NoSuchRevision { revision: revision.into(), dir: dir.into() }
        })?;
        Self::of_tip(repository, tip)
    }

    fn of_tip(repository: gix::Repository, tip: Tip) -> Result<Self, SnapshotError> {
        let listed = listing::of_commit(&repository, tip)?;
        Ok(Self::new(Store::Objects(Box::new(repository.into_sync())), tip, listed))
    }

    fn new(store: Store, tip: Tip, listed: Vec<Listed>) -> Self {
        Self { name: RepositoryName::default(), store, tip, listed }
    }

    /// The same as one of several: whose files are named after it, as the settings name them.
    #[must_use]
    pub fn named(self, name: RepositoryName) -> Self {
        Self { name, ..self }
    }

    /// The commit; none of a work tree.
    pub fn tip(&self) -> Tip {
        self.tip
    }

    /// How many files there are.
    pub fn len(&self) -> usize {
        self.listed.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.listed.is_empty()
    }

    /// Everything that [`lint`](crate::lint()) judges; `paths` as for [`Bundles::of`].
    ///
    /// # Errors
    ///
    /// [`SnapshotError`] says which file cannot be read.
    pub fn facts(&self, discover: &Discover, paths: &[FleetPath]) -> Result<Facts, SnapshotError> {
        let (inventory, clear_keys) = self.inventory(discover)?;
        let prospect = Prospect::of(&inventory).in_repository(&self.name);
        let files = prospect.over(self.packed()?);
        let mut bundles = Bundles::of(paths, &files);
        let contents = self.store.contents();
        let blob = |path: &RepoPath| self.find(path).map(|listed| listed.blob);
        bundles.weigh(&files, |path| match blob(path) {
            Some(blob) => contents.read(path, blob),
            None => Ok(Zeroizing::default()),
        })?;
        Ok(Facts { inventory, bundles, places: prospect.places, clear_keys })
    }

    /// What is wanted and there, and which keys stand in clear.
    fn inventory(&self, discover: &Discover) -> Result<(Inventory, Vec<ClearKey>), SnapshotError> {
        let changes: Vec<_> = self.listed.iter().filter_map(|one| self.change(one)).collect();
        let keys = RefCell::new(BTreeSet::new());
        let mut inventory = Inventory::empty(discover);
        inventory.change(&self.name, self.tip, &changes, |files| {
            let read = parallel::try_map(files, || {
                let contents = self.store.contents();
                move |(path, blob): &(RepoPath, ObjectId)| self.file(&contents, path, *blob)
            })?;
            let read: Vec<_> = read.into_iter().flatten().collect();
            // Some files are asked for twice.
            keys.borrow_mut().extend(read.iter().flat_map(ClearKey::all_in));
            Ok(read)
        })?;
        Ok((inventory, keys.into_inner().into_iter().collect()))
    }

    fn change(&self, listed: &Listed) -> Option<Change> {
        let entry = match Format::of(&listed.path).filter(|_| listed.is_file) {
            Some(_) => Entry::Read(listed.blob),
            None => Entry::Other,
        };
        let path = RepoPath::in_repository(&self.name, listed.path.as_str()).ok()?;
        Some((path, entry))
    }

    /// What a file says; nothing where that concerns nobody.
    fn file(
        &self,
        contents: &Contents<'_>,
        path: &RepoPath,
        blob: ObjectId,
    ) -> Result<Option<File>, SnapshotError> {
        let (Some(format), Some(listed)) = (Format::of(path), self.find(&path.unnamed())) else {
            return Ok(None);
        };
        let parsed = if listed.bytes > MAX_FILE_BYTES {
            too_large(listed.bytes, format)
        } else {
            parse(&contents.read(path, blob)?, format)
        };
        let says_something = parsed.says_something();
        let file = || File { path: path.clone(), blob, parsed: parsed.compact() };
        Ok(says_something.then(file))
    }

    /// The files as Fleet packs them, by path.
    fn packed(&self) -> Result<Vec<PackedFile>, SnapshotError> {
        let files: Vec<_> = self.listed.iter().filter(|listed| listed.is_file).collect();
        parallel::try_map(&files, || {
            let contents = self.store.contents();
            move |listed| {
                let is_read =
                    Bundles::is_decided_by(&listed.path) && listed.bytes <= MAX_FILE_BYTES;
                let text = is_read.then(|| contents.read(&listed.path, listed.blob)).transpose()?;
                let text = text.map(|bytes| String::from_utf8_lossy(&bytes).into());
                Ok(PackedFile { path: listed.path.clone(), bytes: listed.bytes, text })
            }
        })
    }

    fn find(&self, path: &RepoPath) -> Option<&Listed> {
        let at = self.listed.binary_search_by(|listed| listed.path.cmp(path)).ok()?;
        self.listed.get(at)
    }
}

fn discover(dir: &Path) -> Result<gix::Repository, SnapshotError> {
    let options = gix::open::Options::isolated();
    gix::discover_opts(dir, gix::discover::upwards::Options::default(), options)
        .map_err(|source| SnapshotError::NoRepository { dir: dir.into(), source: source.into() })
}

/// Why a repository cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// Neither a work tree nor a bare repository, nor within one.
    #[error("there is no git repository at {} or above it; name one, or its URL", dir.display())]
    NoRepository {
        /// The directory.
        dir: PathBuf,
        /// What is missing.
        source: Box<dyn Error + Send + Sync>,
    },
    /// It has no such commit.
    #[error("the repository at {} has no branch, tag or commit {revision:?}; name another with --rev", dir.display())]
    NoSuchRevision {
        /// As asked for.
        revision: String,
        /// Where it was looked for.
        dir: PathBuf,
    },
    /// A file that git tracks.
    #[error("cannot read {path}")]
    File {
        /// The file.
        path: RepoPath,
        /// What the system said.
        source: io::Error,
    },
    /// What git keeps of it.
    #[error("cannot read the repository's objects; see what git fsck says")]
    Objects {
        /// What is wrong.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl SnapshotError {
    fn objects(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Objects { source: source.into() }
    }
}
