//! Reading the files of a commit, and what of them differs from another's.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use gix::bstr::{BStr, ByteSlice};
use gix::diff::tree::{Recorder, State, recorder};
use gix::objs::TreeRefIter;
use gix::objs::tree::EntryMode;
use zeroize::Zeroizing;

use super::commit::tree_of;
use super::mirrors::refresh;
use super::{Mirror, ObjectError, Tip};
use crate::discover::Discover;
use crate::inventory::{Change, Delivered, Entry, File, Inventory, Tips};
use crate::reader::{Format, MAX_FILE_BYTES, parse, too_large};
use crate::{ObjectId, RepoPath, RepositoryName};

impl Mirror {
    /// What the repository wants and holds at `tip`.
    ///
    /// One broken file never hides another: what cannot be used stands beside the rest as a fault. Every manifest is read, on all
    /// cores; [`Mirror::refresh`] then costs only what has changed.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if the mirror lacks an object; the next [`Mirror::fetch`] then repairs it.
    pub fn inventory(&self, tip: &Tip, discover: &Discover) -> Result<Inventory, ReadError> {
        let mut inventory = Inventory::empty(discover);
        self.refresh(&mut inventory, tip)?;
        Ok(inventory)
    }

    /// The text of a file at `tip`; none if it is not there. It may hold a key, so it is wiped on drop.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if the mirror lacks an object; the next [`Mirror::fetch`] then repairs it.
    pub fn text(
        &self,
        tip: &Tip,
        path: &RepoPath,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, ReadError> {
        let read = || -> Result<_, ObjectError> {
            let repository = self.repository()?;
            let entry = tree_of(&repository, tip)?.lookup_entry_by_path(path.as_str())?;
            let Some(entry) = entry.filter(|entry| entry.mode().is_blob()) else {
                return Ok(None);
            };
            let mut blob = repository.find_blob(entry.object_id())?;
            Ok(Some(Zeroizing::new(blob.take_data())))
        };
        read().map_err(|error| self.unreadable(error))
    }

    /// The file of a Secret, which may hold a key, so it is wiped on drop.
    ///
    /// # Errors
    ///
    /// As [`Self::inventory`].
    pub fn file_of(&self, held: &Delivered) -> Result<Zeroizing<Vec<u8>>, ReadError> {
        let repository = self.repository().map_err(|error| self.unreadable(error))?;
        let found = repository.find_blob(held.blob.to_gix());
        let mut blob = found.map_err(|error| self.unreadable(error))?;
        Ok(Zeroizing::new(std::mem::take(&mut blob.data)))
    }

    /// Makes an inventory that of another commit: the same as [`Mirror::inventory`] gives with the same [`Discover`], for the
    /// price of what differs. Of several repositories [`Mirrors::refresh`](crate::Mirrors::refresh) does.
    ///
    /// # Errors
    ///
    /// As [`Mirror::inventory`]; then it stays that of the commit it was.
    pub fn refresh(&self, inventory: &mut Inventory, tip: &Tip) -> Result<(), ReadError> {
        refresh(&[self], inventory, &Tips::from([(self.name.clone(), *tip)]))
    }

    pub(super) fn unreadable(&self, error: impl Into<ObjectError>) -> ReadError {
        self.suspect.store(true, Ordering::Relaxed);
        ReadError { repository: self.name.clone(), source: error.into() }
    }
}

/// What differs in the files of two commits; subtrees that are the same are passed over.
pub(super) fn changes(
    name: &RepositoryName,
    before: &gix::Tree<'_>,
    after: &gix::Tree<'_>,
) -> Result<Vec<Change>, ObjectError> {
    let (mut found, hash) = (Recorder::default(), after.repo.object_hash());
    let (old, new) = (&before.data, &after.data);
    let (old, new) = (TreeRefIter::from_bytes(old, hash), TreeRefIter::from_bytes(new, hash));
    gix::diff::tree(old, new, State::default(), &after.repo.objects, &mut found)?;
    // A path is named twice where a file takes another's place.
    let (gone, there): (Vec<_>, Vec<_>) = found
        .records
        .iter()
        .filter_map(|found| change(name, found))
        .partition(|(_, entry)| *entry == Entry::Gone);
    let all: BTreeMap<_, _> = gone.into_iter().chain(there).collect();
    Ok(all.into_iter().collect())
}

fn change(name: &RepositoryName, found: &recorder::Change) -> Option<Change> {
    use recorder::Change::{Addition, Deletion, Modification};
    match found {
        Addition { entry_mode, oid, path, .. } | Modification { entry_mode, oid, path, .. } => {
            let path = repo_path(name, path.as_ref(), *entry_mode)?;
            let entry = entry(&path, *entry_mode, oid);
            Some((path, entry))
        }
        Deletion { entry_mode, path, .. } => {
            Some((repo_path(name, path.as_ref(), *entry_mode)?, Entry::Gone))
        }
    }
}

/// No RepoPath, no place for us: a path that is not UTF-8 or could not be checked out either.
fn repo_path(name: &RepositoryName, path: &BStr, mode: EntryMode) -> Option<RepoPath> {
    let path = path.to_str().ok().filter(|_| !mode.is_tree())?;
    RepoPath::in_repository(name, path).ok()
}

fn entry(path: &RepoPath, mode: EntryMode, blob: &gix::oid) -> Entry {
    match Format::of(path).filter(|_| mode.is_blob()) {
        Some(_) => Entry::Read(ObjectId::from_gix(blob.to_owned())),
        None => Entry::Other,
    }
}

/// Reads a file; nothing if it says nothing.
pub(super) fn read(
    repository: &gix::Repository,
    path: &RepoPath,
    blob: ObjectId,
) -> Result<Option<File>, ObjectError> {
    let Some(format) = Format::of(path) else {
        return Ok(None);
    };
    let size = repository.find_header(blob.to_gix())?.size();
    let parsed = if size > MAX_FILE_BYTES {
        too_large(size)
    } else {
        parse(&repository.find_blob(blob.to_gix())?.data, format)
    };
    Ok(parsed.says_something().then(|| File { path: path.clone(), blob, parsed: parsed.compact() }))
}

/// A mirror lacks an object of the tip; fetching repairs it.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {}", files_of(repository))]
pub struct ReadError {
    /// The repository, of several.
    pub repository: RepositoryName,
    source: ObjectError,
}

fn files_of(repository: &RepositoryName) -> String {
    if repository.is_only() {
        "the repository's files".into()
    } else {
        format!("the files of the repository {repository}")
    }
}
