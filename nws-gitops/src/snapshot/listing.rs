//! Which files there are.

use std::fs;
use std::io;
use std::path::Path;

use gix::bstr::ByteSlice;
use gix::index::entry::Mode;

use super::SnapshotError;
use crate::{ObjectId, RepoPath, Tip, parallel};

/// A file, or what else stands at a path.
#[derive(Clone, Debug)]
pub(super) struct Listed {
    pub(super) path: RepoPath,
    /// What git has of it, which on disk may have changed since.
    pub(super) blob: ObjectId,
    /// Whether it is a file, and no link or submodule.
    pub(super) is_file: bool,
    pub(super) bytes: u64,
}

/// The commit that a name leads to, if it leads to one; `HEAD` of a repository without commits leads to none.
pub(super) fn resolve(
    repository: &gix::Repository,
    name: &str,
) -> Result<Option<Tip>, SnapshotError> {
    if name == "HEAD" && repository.head().map_err(SnapshotError::objects)?.is_unborn() {
        return Ok(Some(Tip { commit: None }));
    }
    let commit = match name.parse::<ObjectId>() {
        Ok(id) => repository.try_find_object(id.to_gix()).map_err(SnapshotError::objects)?,
        Err(_) => match repository.try_find_reference(name) {
            Ok(Some(mut reference)) => {
                let id = reference.peel_to_id().map_err(SnapshotError::objects)?;
                Some(id.object().map_err(SnapshotError::objects)?)
            }
            // What can be no name names nothing.
            Ok(None) | Err(_) => None,
        },
    };
    let commit = commit.and_then(|object| object.peel_to_kind(gix::object::Kind::Commit).ok());
    Ok(commit.map(|commit| Tip { commit: Some(ObjectId::from_gix(commit.id)) }))
}

/// All of a commit, by path.
pub(super) fn of_commit(
    repository: &gix::Repository,
    tip: Tip,
) -> Result<Vec<Listed>, SnapshotError> {
    let Some(commit) = tip.commit else { return Ok(Vec::new()) };
    let commit = repository.find_commit(commit.to_gix()).map_err(SnapshotError::objects)?;
    let tree = commit.tree_id().map_err(SnapshotError::objects)?;
    let index = repository.index_from_tree(&tree).map_err(SnapshotError::objects)?;
    let shared = repository.clone().into_sync();
    parallel::try_map(&entries(&index), || {
        let repository = shared.to_thread_local();
        move |listed: &Listed| {
            let header = || repository.find_header(listed.blob.to_gix());
            let header = listed.is_file.then(header).transpose().map_err(SnapshotError::objects)?;
            let bytes = header.map_or(0, |header| header.size());
            Ok(Listed { bytes, ..listed.clone() })
        }
    })
}

/// All that git tracks and that is there, by path.
pub(super) fn of_work_tree(
    repository: &gix::Repository,
    top: &Path,
) -> Result<Vec<Listed>, SnapshotError> {
    let index = repository.index_or_empty().map_err(SnapshotError::objects)?;
    let found = parallel::try_map(&entries(&index), || |listed: &Listed| on_disk(top, listed))?;
    Ok(found.into_iter().flatten().collect())
}

fn on_disk(top: &Path, listed: &Listed) -> Result<Option<Listed>, SnapshotError> {
    match fs::symlink_metadata(top.join(listed.path.as_str())) {
        Ok(found) => {
            let is_file = found.is_file();
            Ok(Some(Listed {
                is_file,
                bytes: if is_file { found.len() } else { 0 },
                ..listed.clone()
            }))
        }
        Err(error) if is_absent(&error) => Ok(None),
        Err(source) => Err(SnapshotError::File { path: listed.path.clone(), source }),
    }
}

/// A file may stand where a directory was.
fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Each path once; in the middle of a merge an index has up to three of one.
fn entries(index: &gix::index::State) -> Vec<Listed> {
    let entry = |entry: &gix::index::Entry| {
        // No RepoPath, no place for us.
        let path = entry.path(index).to_str().ok()?.parse().ok()?;
        let is_file = matches!(entry.mode, Mode::FILE | Mode::FILE_EXECUTABLE);
        Some(Listed { path, blob: ObjectId::from_gix(entry.id), is_file, bytes: 0 })
    };
    let mut all: Vec<_> = index.entries().iter().filter_map(entry).collect();
    all.sort_by(|a, b| a.path.cmp(&b.path));
    all.dedup_by(|a, b| a.path == b.path);
    all
}
