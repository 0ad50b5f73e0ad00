//! Reading the files of a commit, and what of them differs from another's.

use std::sync::atomic::Ordering;

use zeroize::Zeroizing;

use super::commit::tree_of;
use super::listing::{ROOM, changes};
use super::{Mirror, ObjectError, Tip};
use crate::discover::Discover;
use crate::inventory::{Delivered, File, Inventory};
use crate::reader::{Format, MAX_FILE_BYTES, parse, too_large};
use crate::{ObjectId, RepoPath, parallel};

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
        let read = || {
            let repository = self.repository()?;
            let entry = tree_of(&repository, tip)?.lookup_entry_by_path(path.as_str())?;
            let Some(entry) = entry.filter(|entry| entry.mode().is_blob()) else {
                return Ok(None);
            };
            let mut blob = repository.find_blob(entry.object_id())?;
            Ok(Some(Zeroizing::new(blob.take_data())))
        };
        read().map_err(ReadError::Object).inspect_err(|error| self.doubt(error))
    }

    /// The file of a Secret, which may hold a key, so it is wiped on drop.
    ///
    /// # Errors
    ///
    /// As [`Self::inventory`].
    pub fn file_of(&self, held: &Delivered) -> Result<Zeroizing<Vec<u8>>, ReadError> {
        let repository = self.repository()?;
        let found = repository.find_blob(held.blob.to_gix()).map_err(ObjectError::from);
        let mut blob = found.inspect_err(|_| self.suspect.store(true, Ordering::Relaxed))?;
        Ok(Zeroizing::new(std::mem::take(&mut blob.data)))
    }

    /// Makes an inventory that of another commit: the same as [`Mirror::inventory`] gives with the same [`Discover`], for the
    /// price of what differs.
    ///
    /// # Errors
    ///
    /// As [`Mirror::inventory`]; then it stays that of the commit it was.
    pub fn refresh(&self, inventory: &mut Inventory, tip: &Tip) -> Result<(), ReadError> {
        self.read(inventory, tip).inspect_err(|error| self.doubt(error))
    }

    /// What the remote has, too, is not mended by fetching it once more.
    fn doubt(&self, error: &ReadError) {
        match error {
            ReadError::Object(_) => self.suspect.store(true, Ordering::Relaxed),
            ReadError::TooManyFiles => {}
        }
    }

    fn read(&self, inventory: &mut Inventory, tip: &Tip) -> Result<(), ReadError> {
        let repository = self.repository()?;
        // Of a branch that was rewritten the commit before may be gone.
        let before = inventory.base().and_then(|base| tree_of(&repository, &base).ok());
        match before {
            Some(before) => advance(&repository, inventory, &before, tip),
            None => {
                let mut anew = inventory.begin_anew();
                advance(&repository, &mut anew, &repository.empty_tree(), tip)?;
                *inventory = anew;
                Ok(())
            }
        }
    }
}

fn advance(
    repository: &gix::Repository,
    inventory: &mut Inventory,
    before: &gix::Tree<'_>,
    tip: &Tip,
) -> Result<(), ReadError> {
    let changes = changes(before, &tree_of(repository, tip)?, ROOM)?;
    let shared = repository.clone().into_sync();
    inventory.change(*tip, &changes, |files| {
        let read = parallel::try_map(files, || {
            let repository = shared.to_thread_local();
            move |(path, blob): &(RepoPath, ObjectId)| read(&repository, path, *blob)
        })?;
        Ok(read.into_iter().flatten().collect())
    })
}

/// Reads a file; nothing if it says nothing.
fn read(
    repository: &gix::Repository,
    path: &RepoPath,
    blob: ObjectId,
) -> Result<Option<File>, ReadError> {
    let Some(format) = Format::of(path) else {
        return Ok(None);
    };
    let size = repository.find_header(blob.to_gix()).map_err(ObjectError::from)?.size();
    let parsed = if size > MAX_FILE_BYTES {
        too_large(size, format)
    } else {
        parse(&repository.find_blob(blob.to_gix()).map_err(ObjectError::from)?.data, format)
    };
    Ok(parsed.says_something().then(|| File { path: path.clone(), blob, parsed: parsed.compact() }))
}

/// Why the files of a commit cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The mirror lacks an object of it; fetching repairs that.
    #[error("cannot read the repository's files")]
    Object(#[from] ObjectError),
    /// More than a memory holds.
    #[error(
        "the branch has more files than are read: their paths would take more than {ROOM} bytes; look for directories that hold \
         each other again and again, and revert the commit that brought them"
    )]
    TooManyFiles,
}
