//! New objects, as the stream in which git takes them.

use std::io::Write;

use gix::ObjectId;
use gix::objs::Kind;
use gix::odb::memory::Storage;
use gix::odb::pack::data::entry::Header;
use gix::odb::pack::data::{Version, header};
use gix::zlib::Compression;
use gix::zlib::stream::deflate;

use super::{Mirror, ObjectError};
use crate::GitError;

/// From this many objects on, a commit's are kept as one pack.
///
/// A loose object costs a file and an fsync each, a pack three of both whatever its size, and one more index that every look-up
/// goes through until [`Mirror::maintain`] joins it with the others. One certificate is 5 objects, where the two take the same
/// time; at 100 certificates, some 300 objects, a pack takes half.
const PACK_FROM: usize = 32;

impl Mirror {
    /// Puts new objects into the mirror, durably: it is git that writes them, since gix does not fsync.
    pub(super) fn store(&self, objects: &Storage) -> Result<(), StoreError> {
        if objects.is_empty() {
            return Ok(());
        }
        let stream = pack(objects).map_err(ObjectError::from)?;
        let (name, args): (_, &[&str]) = if objects.len() < PACK_FROM {
            ("unpack-objects", &["-q"])
        } else {
            ("index-pack", &["--stdin"])
        };
        self.git.feed(name, &self.bare(), args, stream)?;
        Ok(())
    }
}

/// The objects as a pack (gitformat-pack(5)), whole and in the order of their names: the same objects give the same pack.
fn pack(objects: &Storage) -> Result<Vec<u8>, gix::Error> {
    let mut sorted: Vec<_> = objects.iter().collect();
    sorted.sort_unstable_by_key(|(id, _)| **id);
    let count = u32::try_from(sorted.len()).map_err(gix::error::Error::from_error)?;
    let mut pack = header::encode(Version::V2, count).to_vec();
    for (_, (kind, data)) in sorted {
        append(&mut pack, *kind, data).map_err(gix::error::Error::from_error)?;
    }
    let checksum = checksum(&pack)?;
    pack.extend_from_slice(checksum.as_slice());
    Ok(pack)
}

fn append(pack: &mut Vec<u8>, kind: Kind, data: &[u8]) -> std::io::Result<()> {
    let header = match kind {
        Kind::Blob => Header::Blob,
        Kind::Tree => Header::Tree,
        Kind::Commit => Header::Commit,
        Kind::Tag => Header::Tag,
    };
    header.write_to(data.len() as u64, pack)?;
    let mut deflated = deflate::Write::new(pack, Compression::default());
    deflated.write_all(data)?;
    deflated.flush()
}

fn checksum(pack: &[u8]) -> Result<ObjectId, gix::Error> {
    let mut hasher = gix::hash::hasher(gix::hash::Kind::Sha1);
    hasher.update(pack);
    hasher.try_finalize()
}

/// Why new objects are not in the mirror.
#[derive(Debug, thiserror::Error)]
pub(super) enum StoreError {
    #[error(transparent)]
    Objects(#[from] ObjectError),
    #[error(transparent)]
    Git(#[from] GitError),
}
