//! Where the bytes of files are.

use std::fs;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::SnapshotError;
use crate::{ObjectId, RepoPath};

/// Where they all are.
#[derive(Debug)]
pub(super) enum Store {
    /// Below the top of a work tree.
    WorkTree(PathBuf),
    /// Among git's objects.
    Objects(Box<gix::ThreadSafeRepository>),
}

impl Store {
    /// For one thread to read from.
    pub(super) fn contents(&self) -> Contents<'_> {
        match self {
            Self::WorkTree(top) => Contents::WorkTree(top),
            Self::Objects(repository) => Contents::Objects(Box::new(repository.to_thread_local())),
        }
    }
}

/// The same for one thread.
pub(super) enum Contents<'a> {
    WorkTree(&'a Path),
    Objects(Box<gix::Repository>),
}

impl Contents<'_> {
    /// All of a file. It may hold a key, so it is wiped on drop.
    pub(super) fn read(
        &self,
        path: &RepoPath,
        blob: ObjectId,
    ) -> Result<Zeroizing<Vec<u8>>, SnapshotError> {
        match self {
            Self::WorkTree(top) => fs::read(top.join(path.as_str()))
                .map(Zeroizing::new)
                .map_err(|source| SnapshotError::File { path: path.clone(), source }),
            Self::Objects(repository) => {
                let found = repository.find_blob(blob.to_gix());
                let mut blob = found.map_err(SnapshotError::objects)?;
                Ok(Zeroizing::new(blob.take_data()))
            }
        }
    }
}
