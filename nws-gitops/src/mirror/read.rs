//! Reading the files of one commit.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use gix::bstr::ByteSlice;
use gix::traverse::tree::recorder::Entry;
use zeroize::Zeroizing;

use super::commit::tree_of;
use super::{Mirror, ObjectError, Tip};
use crate::discover::Discover;
use crate::inventory::{File, Inventory, Tree};
use crate::reader::{Cache, Format, MAX_FILE_BYTES, Parsed, parse, too_large};
use crate::{ObjectId, RepoPath};

impl Mirror {
    /// What the repository wants and holds at `tip`.
    ///
    /// One broken file never hides another: what cannot be used stands beside the rest as a fault. Only blobs that the last
    /// inventory did not see are read.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if the mirror lacks an object; the next [`Mirror::fetch`] then repairs it.
    pub fn inventory(&self, tip: &Tip, discover: &Discover) -> Result<Inventory, ReadError> {
        let tree =
            self.read_files(tip).inspect_err(|_| self.suspect.store(true, Ordering::Relaxed))?;
        Ok(Inventory::assemble(*tip, &tree, discover))
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
        read().map_err(ReadError).inspect_err(|_| self.suspect.store(true, Ordering::Relaxed))
    }

    fn read_files(&self, tip: &Tip) -> Result<Tree, ReadError> {
        let repository = self.repository()?;
        let entries = tree_of(&repository, tip)?
            .traverse()
            .breadthfirst
            .files()
            .map_err(ObjectError::from)?;
        let known = self.with_cache(std::mem::take);
        let mut seen = Cache::default();
        let mut tree = Tree::default();
        for entry in entries.iter().filter(|entry| !entry.mode.is_tree()) {
            // No RepoPath, no place for us: a path that is not UTF-8 or could not be checked out either.
            let Some(path) =
                entry.filepath.to_str().ok().and_then(|path| path.parse::<RepoPath>().ok())
            else {
                continue;
            };
            if let Some(format) = Format::of(&path).filter(|_| entry.mode.is_blob()) {
                let key = (ObjectId::from_gix(entry.oid), format);
                let parsed = match known.get(&key) {
                    Some(parsed) => Arc::clone(parsed),
                    None => read(&repository, entry, format)?,
                };
                seen.insert(key, Arc::clone(&parsed));
                tree.files.push(File { path: path.clone(), blob: key.0, parsed });
            }
            tree.paths.insert(path);
        }
        self.with_cache(|cache| *cache = seen);
        Ok(tree)
    }
}

fn read(
    repository: &gix::Repository,
    entry: &Entry,
    format: Format,
) -> Result<Arc<Parsed>, ReadError> {
    let size = repository.find_header(entry.oid).map_err(ObjectError::from)?.size();
    if size > MAX_FILE_BYTES {
        return Ok(Arc::new(too_large(size)));
    }
    let blob = repository.find_blob(entry.oid).map_err(ObjectError::from)?;
    Ok(Arc::new(parse(&blob.data, format)))
}

/// The mirror lacks an object of the tip; fetching repairs it.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the repository's files")]
pub struct ReadError(#[from] ObjectError);
