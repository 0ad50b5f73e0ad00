//! A local copy of one branch, and what is done with it.

use std::error::Error;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::object_id::ObjectId;
use crate::remote::Remote;
use crate::{Git, GitError, RepositoryName, SigningKey};

mod commit;
pub use commit::{Commit, CommitError};
mod fetch;
pub use fetch::FetchError;
mod leavings;
mod listing;
mod maintain;
pub use maintain::{Maintenance, Stored};
mod mirrors;
pub use mirrors::Mirrors;
mod outgoing;
mod pack;
mod push;
pub use push::{PushError, Recovery};
mod read;
pub use read::{ReadError, Unreadable};

/// A bare copy of one branch of one repository, without a work tree, in a directory of its own.
///
/// Everything in it can be had again from the remote, so it is made when absent and rebuilt when broken or of another remote.
/// The local branch always stands where the remote's was last seen; what [`Mirror::commit`] makes hangs in the air until
/// [`Mirror::push`] lands it.
#[derive(Debug)]
pub struct Mirror {
    dir: PathBuf,
    remote: Remote,
    name: RepositoryName,
    git: Git,
    signing: Option<SigningKey>,
    /// Whether no private key may stand in clear in it.
    is_sealed: bool,
    /// Set where an object turned out missing or damaged; the next fetch begins with an empty copy.
    suspect: AtomicBool,
}

impl Mirror {
    /// Opens the mirror in `dir`, making it if it is not there. Nothing goes over the network yet.
    ///
    /// # Errors
    ///
    /// [`MirrorError::NotOurs`] if `dir` holds something else, which is then left alone; otherwise, that the directory cannot
    /// be read or written or git not run.
    pub fn open(dir: &Path, remote: Remote, git: Git) -> Result<Self, MirrorError> {
        let (name, suspect) = (RepositoryName::default(), AtomicBool::new(false));
        let mirror =
            Self { dir: dir.into(), remote, name, git, signing: None, is_sealed: false, suspect };
        if !mirror.is_of_this_remote()? || mirror.read_tip().is_err() {
            mirror.rebuild()?;
        }
        mirror.remove_half_written();
        Ok(mirror)
    }

    /// Signs every commit with this key.
    pub fn signing_with(self, key: SigningKey) -> Self {
        Self { signing: Some(key), ..self }
    }

    /// Refuses to commit or push a private key in clear.
    pub fn sealed(self) -> Self {
        Self { is_sealed: true, ..self }
    }

    /// Whether it does.
    pub fn is_sealed(&self) -> bool {
        self.is_sealed
    }

    /// The same as one of several: whose files are named after it.
    #[must_use]
    pub fn named(self, name: RepositoryName) -> Self {
        Self { name, ..self }
    }

    /// Which of several it is.
    pub fn name(&self) -> &RepositoryName {
        &self.name
    }

    /// The tip as last fetched or pushed, also by an earlier process; none if there is no such branch here.
    pub fn tip(&self) -> Option<Tip> {
        self.read_tip().ok().flatten().map(|commit| Tip { commit: Some(commit) })
    }

    /// The remote this is a copy of.
    pub fn remote(&self) -> &Remote {
        &self.remote
    }

    /// The branch's commit, if it can be read with its tree.
    fn read_tip(&self) -> Result<Option<ObjectId>, ObjectError> {
        let repository = self.repository()?;
        let Some(mut branch) = repository.try_find_reference(self.remote.branch.full().as_str())?
        else {
            return Ok(None);
        };
        let commit = branch.peel_to_commit()?;
        commit.tree()?;
        Ok(Some(ObjectId::from_gix(commit.id)))
    }

    /// Sets the local branch to where the remote's is known to be, durably.
    fn set_tip(&self, commit: ObjectId) -> Result<(), GitError> {
        let (branch, commit) = (self.remote.branch.full(), commit.to_string());
        self.git.run("update-ref", &self.bare(), &[&branch, &commit]).map(drop)
    }

    /// Opened anew for each use, which takes under a millisecond, so that no handle outlives a rebuild.
    pub(crate) fn repository(&self) -> Result<gix::Repository, ObjectError> {
        let options = gix::open::Options::isolated().open_path_as_is(true);
        Ok(options.open(self.bare())?.to_thread_local())
    }

    fn bare(&self) -> PathBuf {
        self.dir.join("bare.git")
    }

    /// Says that `dir` is ours, and of what; it stays through a rebuild, so that a crash there leaves no stranger's directory.
    fn mark(&self) -> PathBuf {
        self.dir.join("nws-certd-mirror")
    }

    fn mark_text(&self) -> String {
        format!("{}\n{}\n", self.remote.url, self.remote.branch)
    }

    fn is_of_this_remote(&self) -> Result<bool, MirrorError> {
        match fs::read_to_string(self.mark()) {
            Ok(text) => Ok(text == self.mark_text()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.refuse_a_strangers_directory().map(|()| false)
            }
            Err(source) => Err(self.file_error(source)),
        }
    }

    fn refuse_a_strangers_directory(&self) -> Result<(), MirrorError> {
        match fs::read_dir(&self.dir).map(|mut entries| entries.next().is_some()) {
            Ok(false) => Ok(()),
            Ok(true) => Err(MirrorError::NotOurs { dir: self.dir.clone() }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(source) => Err(self.file_error(source)),
        }
    }

    /// Begins again with an empty copy. A crash in between leaves a mark without a readable copy, which opening rebuilds.
    fn rebuild(&self) -> Result<(), MirrorError> {
        fs::create_dir_all(&self.dir).map_err(|source| self.file_error(source))?;
        fs::write(self.mark(), "being rebuilt\n").map_err(|source| self.file_error(source))?;
        match fs::remove_dir_all(self.bare()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(self.file_error(error));
            }
            Ok(()) | Err(_) => {}
        }
        fs::create_dir(self.bare()).map_err(|source| self.file_error(source))?;
        let head = format!("--initial-branch={}", self.remote.branch);
        self.git
            .run("init", &self.bare(), &["--quiet", "--bare", "--template=", &head])
            .map_err(|source| MirrorError::Git { source })?;
        fs::write(self.mark(), self.mark_text()).map_err(|source| self.file_error(source))?;
        self.suspect.store(false, Ordering::Relaxed);
        Ok(())
    }

    fn file_error(&self, source: io::Error) -> MirrorError {
        MirrorError::Files { dir: self.dir.clone(), source }
    }
}

/// Where the branch was seen.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Tip {
    /// Its commit; none if the branch does not exist, as in an empty repository.
    pub commit: Option<ObjectId>,
}

impl std::fmt::Display for Tip {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.commit {
            Some(commit) => write!(f, "{commit}"),
            None => f.write_str("no commit"),
        }
    }
}

/// Why the mirror cannot be opened or made.
#[derive(Debug, thiserror::Error)]
pub enum MirrorError {
    /// Something else is there, which is not ours to delete.
    #[error("{} is not empty and no mirror of nws-certd; give the mirror a directory of its own", dir.display())]
    NotOurs {
        /// The directory.
        dir: PathBuf,
    },
    /// The directory cannot be read or written.
    #[error("cannot use the mirror's directory {}", dir.display())]
    Files {
        /// The directory.
        dir: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// `git init` failed.
    #[error("cannot make the mirror")]
    Git {
        /// Why.
        source: GitError,
    },
}

/// The mirror's objects or references cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("the mirror's objects cannot be used")]
pub struct ObjectError {
    source: Box<dyn Error + Send + Sync>,
}

impl From<gix::Error> for ObjectError {
    fn from(error: gix::Error) -> Self {
        Self { source: Box::new(error) }
    }
}

impl From<gix::diff::tree::Error> for ObjectError {
    fn from(error: gix::diff::tree::Error) -> Self {
        Self { source: Box::new(error) }
    }
}
