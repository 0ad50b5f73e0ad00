//! A commit on exactly the tip that was read.

use std::collections::BTreeSet;
use std::error::Error;
use std::sync::atomic::Ordering;

use gix::actor::Signature;
use gix::objs::WriteTo as _;
use gix::objs::tree::EntryKind;
use time::OffsetDateTime;

use super::pack::StoreError;
use super::{Mirror, ObjectError, Tip};
use crate::delivery::{Content, Edit};
use crate::message::{Author, Message};
use crate::{ObjectId, OutgoingKey, RepoPath, SignError};

/// A commit that so far only this mirror knows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Commit {
    /// Its name.
    pub id: ObjectId,
    /// The tip it was built on, which is its only parent.
    pub parent: Tip,
}

impl Mirror {
    /// Makes a commit of `edits` on top of `tip`; none if they would change nothing.
    ///
    /// It is disposable: nothing points to it, and after a crash or a lost race it is simply made again from what is to be
    /// delivered. Author, time, message and signing key being the same, so is its name. Its objects are synced to the disk, so that the
    /// branch can stand on it once it has landed.
    ///
    /// # Errors
    ///
    /// [`CommitError::NotADirectory`] if an edit would replace somebody's file by a directory; [`CommitError::Outgoing`] if the
    /// repository is [sealed](Mirror::sealed) and an edit would bring a private key in clear, and then nothing is written, not even
    /// here; [`CommitError::Disk`] if
    /// the objects cannot be written, as on a full disk; otherwise, that the objects there cannot be read, which the next
    /// [`Mirror::fetch`] repairs.
    pub fn commit(
        &self,
        tip: &Tip,
        edits: &[Edit],
        message: &Message,
        author: &Author,
        now: OffsetDateTime,
    ) -> Result<Option<Commit>, CommitError> {
        let signature = author.signature(now);
        self.write_commit(tip, edits, message, signature).inspect_err(|error| match error {
            CommitError::Objects(_) => self.suspect.store(true, Ordering::Relaxed),
            CommitError::NotADirectory { .. }
            | CommitError::Outgoing(_)
            | CommitError::Sign(_)
            | CommitError::Disk { .. } => {}
        })
    }

    fn write_commit(
        &self,
        tip: &Tip,
        edits: &[Edit],
        message: &Message,
        signature: Signature,
    ) -> Result<Option<Commit>, CommitError> {
        if self.is_sealed {
            self.check_sealed(tip, edits)?;
        }
        let repository = self.repository()?.with_object_memory();
        let before = tree_of(&repository, tip)?;
        let dirs = edits.iter().filter_map(|edit| edit.path.parent());
        let dirs: BTreeSet<_> = dirs.filter(|dir| !dir.is_top()).collect();
        let (after, blobs) = edited(&before, edits, &dirs)?;
        if after == before.id {
            return Ok(None);
        }
        let mut commit = gix::objs::Commit {
            tree: after,
            parents: tip.commit.map(ObjectId::to_gix).into_iter().collect(),
            author: signature.clone(),
            committer: signature,
            encoding: None,
            message: message.as_str().into(),
            extra_headers: Vec::new(),
        };
        self.sign(&mut commit)?;
        let id = repository.write_object(&commit).map_err(ObjectError::from)?.detach();
        let written = repository.objects.reset_object_memory().unwrap_or_default();
        self.store(&written)?;
        let there = blobs.into_iter().filter(|blob| !written.contains_key(blob));
        read_back(&self.repository()?, id, &dirs, there)?;
        Ok(Some(Commit { id: ObjectId::from_gix(id), parent: *tip }))
    }

    /// What is signed is the commit without the header that the signature then stands in (gitformat-signature(5)).
    fn sign(&self, commit: &mut gix::objs::Commit) -> Result<(), CommitError> {
        let Some(key) = &self.signing else {
            return Ok(());
        };
        let mut unsigned = Vec::new();
        commit.write_to(&mut unsigned).map_err(|error| ObjectError { source: Box::new(error) })?;
        commit.extra_headers.push(("gpgsig".into(), key.sign(&unsigned)?.into()));
        Ok(())
    }
}

/// Reads the directories of a commit, and blobs that were there before it. An object that exists is not written again, and after a
/// power cut one may exist without content: then every push of this commit would fail.
fn read_back(
    repository: &gix::Repository,
    commit: gix::ObjectId,
    dirs: &BTreeSet<RepoPath>,
    blobs: impl Iterator<Item = gix::ObjectId>,
) -> Result<(), ObjectError> {
    let tree = repository.find_commit(commit)?.tree()?;
    for dir in dirs {
        if let Some(entry) = tree.lookup_entry_by_path(dir.as_str())? {
            entry.object()?;
        }
    }
    for blob in blobs {
        repository.find_object(blob)?;
    }
    Ok(())
}

/// The tree of a tip; the empty one where there is no commit.
pub(super) fn tree_of<'r>(
    repository: &'r gix::Repository,
    tip: &Tip,
) -> Result<gix::Tree<'r>, ObjectError> {
    match tip.commit {
        Some(commit) => Ok(repository.find_commit(commit.to_gix())?.tree()?),
        None => Ok(repository.empty_tree()),
    }
}

/// The tree after the edits, and the blobs they write.
fn edited(
    before: &gix::Tree<'_>,
    edits: &[Edit],
    dirs: &BTreeSet<RepoPath>,
) -> Result<(gix::ObjectId, Vec<gix::ObjectId>), CommitError> {
    refuse_files_as_directories(before, dirs)?;
    let mut blobs = Vec::new();
    let mut editor = before.edit().map_err(ObjectError::from)?;
    for edit in edits {
        match &edit.content {
            Content::Write(bytes) => {
                let blob = before.repo.write_blob(bytes).map_err(ObjectError::from)?.detach();
                blobs.push(blob);
                editor
                    .upsert(edit.path.as_str(), EntryKind::Blob, blob)
                    .map_err(ObjectError::from)?;
            }
            Content::Remove => {
                editor.remove(edit.path.as_str()).map_err(ObjectError::from)?;
            }
        }
    }
    Ok((editor.write().map_err(ObjectError::from)?.detach(), blobs))
}

/// The editor would put a directory in the file's place.
fn refuse_files_as_directories(
    before: &gix::Tree<'_>,
    dirs: &BTreeSet<RepoPath>,
) -> Result<(), CommitError> {
    for path in dirs {
        for dir in path.ancestors().filter(|dir| !dir.is_top()).chain([path.clone()]) {
            let entry = before.lookup_entry_by_path(dir.as_str()).map_err(ObjectError::from)?;
            if entry.is_some_and(|entry| !entry.mode().is_tree()) {
                return Err(CommitError::NotADirectory { path: path.clone(), file: dir });
            }
        }
    }
    Ok(())
}

/// Why there is no commit.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// A part of the path is a file.
    #[error("cannot write into {path}: {file} is a file, not a directory")]
    NotADirectory {
        /// The directory that was to be written into.
        path: RepoPath,
        /// What stands in the way.
        file: RepoPath,
    },
    /// It would bring a private key in clear into a repository that is sealed.
    #[error(transparent)]
    Outgoing(#[from] OutgoingKey),
    /// The mirror's objects cannot be read or written.
    #[error("cannot make a commit")]
    Objects(#[from] ObjectError),
    /// It cannot be signed.
    #[error("cannot sign a commit")]
    Sign(#[from] SignError),
    /// The objects cannot be written.
    #[error("cannot write a commit into the mirror; see that the state directory's disk has room")]
    Disk {
        /// What the system said.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl From<StoreError> for CommitError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Objects(error) => Self::Objects(error),
            error @ (StoreError::Write(_) | StoreError::Sync(_)) => {
                Self::Disk { source: error.into() }
            }
        }
    }
}
