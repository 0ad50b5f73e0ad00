//! Reading the files of a commit, and what of them differs from another's.

use std::sync::atomic::Ordering;

use zeroize::Zeroizing;

use super::commit::tree_of;
use super::listing::ROOM;
use super::mirrors::refresh;
use super::{Mirror, ObjectError, Tip};
use crate::discover::Discover;
use crate::inventory::{Delivered, File, Inventory, Tips};
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
    /// [`ReadError`] if the mirror lacks an object, which the next [`Mirror::fetch`] then repairs; or if there are too many files.
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
        let mut blob = found.map_err(|error| self.unreadable(ObjectError::from(error)))?;
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

    /// What the remote has, too, is not mended by fetching it once more.
    pub(super) fn unreadable(&self, reason: impl Into<Unreadable>) -> ReadError {
        let source = reason.into();
        match source {
            Unreadable::Object(_) => self.suspect.store(true, Ordering::Relaxed),
            Unreadable::TooManyFiles => {}
        }
        ReadError { repository: self.name.clone(), source }
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
        too_large(size, format)
    } else {
        parse(&repository.find_blob(blob.to_gix())?.data, format)
    };
    Ok(parsed.says_something().then(|| File { path: path.clone(), blob, parsed: parsed.compact() }))
}

/// The files of a commit cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {}", files_of(repository))]
pub struct ReadError {
    /// The repository, of several.
    pub repository: RepositoryName,
    /// Why.
    pub source: Unreadable,
}

/// Why the files of a commit cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// The mirror lacks an object of it; fetching repairs that.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// More than a memory holds.
    #[error(
        "the branch has more files than are read: their paths would take more than {ROOM} bytes; look for directories that hold \
         each other again and again, and revert the commit that brought them"
    )]
    TooManyFiles,
}

fn files_of(repository: &RepositoryName) -> String {
    if repository.is_only() {
        "the repository's files".into()
    } else {
        format!("the files of the repository {repository}")
    }
}
