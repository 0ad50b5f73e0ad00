//! Files with a secret in them, which only their owner may read.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use zeroize::Zeroizing;

/// What a file with a secret turned out to be.
pub(crate) enum Private {
    /// What is in it.
    Bytes(Zeroizing<Vec<u8>>),
    /// Others may read or write it.
    Exposed {
        /// Its mode.
        mode: u32,
    },
}

/// Reads a file, unless it is open to others. The mode is that of the file that was opened, even if the name is given to another
/// meanwhile.
pub(crate) fn read_private(path: &Path) -> io::Result<Private> {
    let mut file = File::open(path)?;
    let metadata = file.metadata()?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Ok(Private::Exposed { mode });
    }
    // Room for all of it, and to see its end: what grows leaves copies behind.
    let room = usize::try_from(metadata.len()).unwrap_or_default().saturating_add(64);
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    file.read_to_end(&mut bytes)?;
    Ok(Private::Bytes(bytes))
}
