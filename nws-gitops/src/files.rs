//! Files that the operator names, some with a secret in them.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// Opens a file. Looked at before it is opened: opening a pipe would wait for its writer.
pub(crate) fn open(file: &Path) -> Result<File, FileError> {
    let unreadable = |source| FileError::Unreadable { file: file.into(), source };
    if !fs::metadata(file).map_err(unreadable)?.is_file() {
        return Err(FileError::NotAFile { file: file.into() });
    }
    File::open(file).map_err(unreadable)
}

/// Opens a file with a secret in it, unless others can read it.
///
/// A file of another owner may be readable by our group, as Kubernetes mounts Secrets (`fsGroup`); ssh sees it the same way. The
/// mode is that of the file that was opened, even if the name is given to another meanwhile.
pub(crate) fn open_secret(file: &Path) -> Result<File, FileError> {
    let opened = open(file)?;
    let meta =
        opened.metadata().map_err(|source| FileError::Unreadable { file: file.into(), source })?;
    let ours = meta.uid() == rustix::process::getuid().as_raw();
    let open_to = if ours { 0o077 } else { 0o007 };
    if meta.mode() & open_to != 0 {
        return Err(FileError::Exposed { file: file.into(), mode: meta.mode() & 0o777 });
    }
    Ok(opened)
}

/// The first `most` bytes of an open file, wiped on drop.
pub(crate) fn read(opened: File, file: &Path, most: u64) -> Result<Zeroizing<Vec<u8>>, FileError> {
    // Room for all of it, and to see its end: what grows leaves copies behind.
    let size = opened.metadata().map_or(0, |metadata| metadata.len().min(most));
    let room = usize::try_from(size).unwrap_or_default().saturating_add(64);
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    opened
        .take(most)
        .read_to_end(&mut bytes)
        .map_err(|source| FileError::Unreadable { file: file.into(), source })?;
    Ok(bytes)
}

/// Why a file cannot be used, whatever is in it.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It is absent, or not ours to read.
    #[error("cannot read {}; it must exist and be readable by the user nws-certd runs as", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A directory, a pipe, a device.
    #[error("{} is no regular file; name the file itself", file.display())]
    NotAFile {
        /// What was named.
        file: PathBuf,
    },
    /// A secret that others can read is none.
    #[error("others can read {} (mode {mode:04o}); run chmod 600 on it", file.display())]
    Exposed {
        /// The file.
        file: PathBuf,
        /// Its permissions.
        mode: u32,
    },
}
