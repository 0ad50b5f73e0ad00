//! New objects, durably in the mirror.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::AtomicBool;

use gix::ObjectId;
use gix::objs::Kind;
use gix::odb::loose;
use gix::odb::memory::Storage;
use gix::odb::pack::Bundle;
use gix::odb::pack::data::entry::Header;
use gix::odb::pack::data::{Version, header};
use gix::progress::Discard;
use gix::zlib::Compression;
use gix::zlib::stream::deflate;

use super::{Mirror, ObjectError};
use crate::parallel;

/// From this many objects on, a commit's are kept as one pack.
///
/// A loose object costs a file and an fsync each, a pack three of both whatever its size, and one more index that every look-up
/// goes through until [`Mirror::maintain`] joins it with the others. One certificate is 5 objects, where the two take the same
/// time; at 100 certificates, some 300 objects, a pack takes half.
const PACK_FROM: usize = 32;

impl Mirror {
    /// Puts new objects into the mirror. gix does not fsync, so that is done here; until it is, a power cut may leave files
    /// without content, which the next look finds out.
    pub(super) fn store(&self, objects: &Storage) -> Result<(), StoreError> {
        let dir = self.bare().join("objects");
        if objects.len() < PACK_FROM {
            store_loose(&dir, objects)
        } else {
            store_pack(&dir, objects)
        }
    }
}

fn store_loose(dir: &Path, objects: &Storage) -> Result<(), StoreError> {
    let store = loose::Store::at(dir.to_owned(), gix::hash::Kind::Sha1);
    for (id, (kind, data)) in objects.iter() {
        use gix::objs::Write as _;
        store.write_buf_with_known_id(*kind, data, *id).map_err(StoreError::written)?;
        let path = store.object_path(id);
        sync(&path).and_then(|()| path.parent().map_or(Ok(()), sync)).map_err(StoreError::Sync)?;
    }
    sync(dir).map_err(StoreError::Sync)
}

fn store_pack(dir: &Path, objects: &Storage) -> Result<(), StoreError> {
    let (pack, dir) = (pack(objects).map_err(ObjectError::from)?, dir.join("pack"));
    fs::create_dir_all(&dir).map_err(StoreError::Sync)?;
    let (begun, options) =
        (AtomicBool::new(false), gix::odb::pack::bundle::write::Options::default());
    let written = Bundle::write_to_directory(
        &mut pack.as_slice(),
        Some(&dir),
        &mut Discard,
        &begun,
        None::<gix::odb::Handle>,
        gix::hash::Kind::Sha1,
        options,
    )
    .map_err(StoreError::written)?;
    for path in [&written.data_path, &written.index_path].into_iter().flatten() {
        sync(path).map_err(StoreError::Sync)?;
    }
    // It would keep the pack from ever being joined with others.
    written.keep_path.map_or(Ok(()), fs::remove_file).map_err(StoreError::Sync)?;
    sync(&dir).map_err(StoreError::Sync)
}

fn sync(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// The objects as a pack (gitformat-pack(5)), whole and in the order of their names: the same objects give the same pack.
fn pack(objects: &Storage) -> Result<Vec<u8>, gix::Error> {
    let mut sorted: Vec<_> = objects.iter().collect();
    sorted.sort_unstable_by_key(|(id, _)| **id);
    let count = u32::try_from(sorted.len()).map_err(gix::error::Error::from_error)?;
    let mut pack = header::encode(Version::V2, count).to_vec();
    // Deflating is most of it.
    for entry in parallel::map(sorted, |(_, (kind, data))| entry(*kind, data)) {
        pack.extend_from_slice(&entry.map_err(gix::error::Error::from_error)?);
    }
    let checksum = checksum(&pack)?;
    pack.extend_from_slice(checksum.as_slice());
    Ok(pack)
}

fn entry(kind: Kind, data: &[u8]) -> io::Result<Vec<u8>> {
    let header = match kind {
        Kind::Blob => Header::Blob,
        Kind::Tree => Header::Tree,
        Kind::Commit => Header::Commit,
        Kind::Tag => Header::Tag,
    };
    let mut entry = Vec::with_capacity(data.len());
    header.write_to(data.len() as u64, &mut entry)?;
    let mut deflated = deflate::Write::new(&mut entry, Compression::default());
    deflated.write_all(data)?;
    deflated.flush()?;
    drop(deflated);
    Ok(entry)
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
    #[error("cannot write objects")]
    Write(#[source] ObjectError),
    #[error("cannot write objects to the disk for good")]
    Sync(#[source] io::Error),
}

impl StoreError {
    fn written(error: gix::Error) -> Self {
        Self::Write(error.into())
    }
}
