//! A copy of everything that has to survive a machine, in one file.
//!
//! The file is a tar archive: the database as of one instant, the sealed account keys, and the key file that all of them are
//! sealed to. So it is worth nothing less than every private key, and the command says so. The configuration is not in it, nor is
//! the mirror, which is fetched again.
//!
//! The database is copied before the account keys are: a key is durable before a CA hears of it, so the keys in a backup are never
//! older than what the database says of them.

mod archive;
mod restore;

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use time::OffsetDateTime;
use zeroize::Zeroizing;

pub use self::restore::RestoreError;
pub(crate) use self::restore::restore;

use self::archive::{Content, Contents, DATABASE, write};
use crate::state_dir::{KEY_FILE, StatePaths, sync_parent};
use crate::store::{StoreError, copy_database};

/// Where that stands what a backup holds.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    pub(crate) state: StatePaths,
    pub(crate) key_file: PathBuf,
}

/// Writes a backup; the daemon may run meanwhile.
///
/// It has its name once it is whole and on the disk; a crash, and nothing else, leaves files beside it that end in `.new`.
///
/// # Errors
///
/// [`BackupError`] if there is nothing to copy, something cannot be read, or the file is there already.
pub(crate) async fn backup(
    from: &Places,
    to: &Path,
    now: OffsetDateTime,
) -> Result<Contents, BackupError> {
    let unwritten = |source| BackupError::Unwritten { file: to.into(), source };
    let database = from.state.database();
    if !database.try_exists().map_err(|source| unread(&database, source))? {
        return Err(BackupError::NoState { dir: from.state.dir().into() });
    }
    if to.try_exists().map_err(unwritten)? {
        return Err(BackupError::Exists { file: to.into() });
    }
    let (copy, whole) = (to.with_added_extension("db.new"), to.with_added_extension("new"));
    let contents = collect(from, &copy, &whole, now).await;
    let removed = absent_is_fine(fs::remove_file(&copy));
    let contents = match contents {
        Ok(contents) => contents,
        Err(error) => {
            absent_is_fine(fs::remove_file(&whole)).map_err(unwritten)?;
            return Err(error);
        }
    };
    removed.map_err(unwritten)?;
    fs::hard_link(&whole, to).and_then(|()| fs::remove_file(&whole)).map_err(unwritten)?;
    sync_parent(to).map_err(unwritten)?;
    Ok(contents)
}

/// Writes everything into `whole`, with the database copied to `copy` in between.
async fn collect(
    from: &Places,
    copy: &Path,
    whole: &Path,
    now: OffsetDateTime,
) -> Result<Contents, BackupError> {
    let unwritten = |source| BackupError::Unwritten { file: whole.into(), source };
    let key_file = read(&from.key_file)?;
    // SQLite fills a file that is there and empty, so nobody else can read it at any time.
    private_file(copy).map_err(unwritten)?;
    let schema =
        copy_database(&from.state.database(), copy).await.map_err(BackupError::Database)?;
    let archive = private_file(whole).map_err(unwritten)?;
    let mut files = account_keys(from)?;
    // One that was not rotated in between opens everything that was read in between.
    if *read(&from.key_file)? != *key_file {
        return Err(BackupError::Rotated { file: from.key_file.clone() });
    }
    files.push((KEY_FILE.into(), Content::Bytes(key_file)));
    files.push((DATABASE.into(), Content::File(copy.into())));
    write(archive, &files, schema, now).map_err(unwritten)
}

fn absent_is_fine(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// The account keys, by their names in a backup.
///
/// A daemon may put a next key in place meanwhile, which is then found under neither name: so they are read as often as it takes to
/// read all.
fn account_keys(from: &Places) -> Result<Vec<(String, Content)>, BackupError> {
    const TRIES: usize = 3;
    for _ in 1..TRIES {
        match read_account_keys(from) {
            Err(BackupError::Copy { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
            read => return read,
        }
    }
    read_account_keys(from)
}

fn read_account_keys(from: &Places) -> Result<Vec<(String, Content)>, BackupError> {
    let dir = from.state.dir();
    let files = from.state.account_keys(&from.key_file).map_err(|source| unread(dir, source))?;
    let content = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok((name, Content::Bytes(read(path)?)))
    };
    files.iter().map(content).collect()
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, BackupError> {
    fs::read(path).map(Zeroizing::new).map_err(|source| unread(path, source))
}

fn unread(file: &Path, source: io::Error) -> BackupError {
    BackupError::Copy { file: file.into(), source }
}

/// A new file that only its owner may read, in place of one that a crash has left.
fn private_file(path: &Path) -> io::Result<File> {
    absent_is_fine(fs::remove_file(path))?;
    File::options().write(true).create_new(true).mode(0o600).open(path)
}

/// Why there is no backup.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// No daemon has ever run there.
    #[error("there is no state in {} to back up; is it the state_dir of the daemon?", dir.display())]
    NoState {
        /// The directory.
        dir: PathBuf,
    },
    /// It would be written over.
    #[error("{} exists, and no backup is written over; name another file", file.display())]
    Exists {
        /// The file.
        file: PathBuf,
    },
    /// The file cannot be written.
    #[error("cannot write the backup {}", file.display())]
    Unwritten {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Something cannot be copied into it.
    #[error("cannot copy {} into the backup; run this as the daemon's user", file.display())]
    Copy {
        /// What.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What was copied first is sealed to an identity that is not there any more.
    #[error("the key file {} was rotated while it was being backed up; do it again", file.display())]
    Rotated {
        /// The file.
        file: PathBuf,
    },
    /// The database cannot be copied.
    #[error("cannot copy the state database into the backup")]
    Database(#[source] StoreError),
}

#[cfg(test)]
mod tests;
