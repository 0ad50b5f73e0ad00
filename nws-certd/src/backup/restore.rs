//! A backup becomes a state directory again.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::archive::{ACCOUNT_KEY, Contents, DATABASE, FORMAT, LIST, copy};
use super::{Places, private_file};
use crate::state_dir::{KEY_FILE, StateDir, StateDirError, sync_parent, write_private};
use crate::store::newest_schema;

/// A list of files is no longer than this, in bytes.
const LONGEST_LIST: u64 = 1 << 20;

/// Restores a backup into an empty state directory; the daemon must not run.
///
/// Everything is unpacked and checked first. Only then it is given its names, the key file first and the database last; a crash
/// on the way leaves a directory that no daemon starts in ([`StateDirError::HalfRestored`]).
///
/// # Errors
///
/// [`RestoreError`] if the directory is not empty or in use, or the backup is damaged or of a newer version.
pub(crate) fn restore(from: &Path, to: &Places) -> Result<Contents, RestoreError> {
    let unwritten = |source| RestoreError::Unwritten { dir: to.state.dir().into(), source };
    let held = StateDir::hold_empty(to.state.dir())?;
    let aside = held.paths().restoring();
    fs::create_dir(&aside).map_err(unwritten)?;
    let unpacked = unpack(from, &aside).and_then(|contents| {
        place_key_file(&aside.join(KEY_FILE), to)?;
        Ok(contents)
    });
    let contents = match unpacked {
        Ok(contents) => contents,
        Err(error) => {
            fs::remove_dir_all(&aside).map_err(unwritten)?;
            return Err(error);
        }
    };
    name_all(&contents, &aside, to).map_err(unwritten)?;
    Ok(contents)
}

/// Moves what was unpacked to where it belongs, owned by whom the directory is.
fn name_all(contents: &Contents, aside: &Path, to: &Places) -> io::Result<()> {
    let dir = to.state.dir();
    let is_last = |name: &str| name == DATABASE;
    let mut names: Vec<_> = contents.files.iter().map(|entry| entry.name.as_str()).collect();
    names.sort_by_key(|name| is_last(name));
    for name in names.into_iter().filter(|name| *name != KEY_FILE) {
        fs::rename(aside.join(name), dir.join(name))?;
        give(&dir.join(name), dir)?;
    }
    sync_parent(&to.state.database())?;
    fs::remove_dir_all(aside)?;
    sync_parent(aside)
}

/// Gives a file to whom the state directory belongs: a restore is often root's, a daemon seldom.
fn give(file: &Path, dir: &Path) -> io::Result<()> {
    let owner = fs::metadata(dir)?;
    chown(file, Some(owner.uid()), Some(owner.gid()))
}

/// A key file that is there already has to be that of the backup.
fn place_key_file(unpacked: &Path, to: &Places) -> Result<(), RestoreError> {
    let key_file = to.key_file.as_path();
    let unplaced = |source| RestoreError::KeyFile { file: key_file.into(), source };
    let bytes = Zeroizing::new(fs::read(unpacked).map_err(unplaced)?);
    match fs::read(key_file).map(Zeroizing::new) {
        Ok(there) if there == bytes => Ok(()),
        Ok(_) => Err(RestoreError::OtherKeyFile { file: key_file.into() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let placed = write_private(key_file, &bytes);
            placed.and_then(|()| give(key_file, to.state.dir())).map_err(unplaced)
        }
        Err(error) => Err(unplaced(error)),
    }
}

/// Unpacks everything into a directory, and compares it with the list.
fn unpack(from: &Path, aside: &Path) -> Result<Contents, RestoreError> {
    let unread = |source| RestoreError::Unread { file: from.into(), source };
    let damaged = |what: String| RestoreError::Damaged { file: from.into(), what };
    let broken = |error: io::Error| damaged(error.to_string());
    let mut archive = tar::Archive::new(File::open(from).map_err(unread)?);
    let mut entries = archive.entries().map_err(broken)?;
    let first = entries.next().ok_or_else(|| damaged("it is empty".into()))?.map_err(broken)?;
    let contents = list(first, from)?;
    let mut missing: Vec<_> = contents.files.iter().collect();
    for entry in entries {
        let mut entry = entry.map_err(broken)?;
        let name = entry.path().map_err(broken)?.to_string_lossy().into_owned();
        let at = missing.iter().position(|listed| listed.name == name && is_ours(&name));
        let Some(at) = at else { return Err(damaged(format!("{name:?} is not in its list"))) };
        let mut file = private_file(&aside.join(&name)).map_err(broken)?;
        let sha256 = copy(&mut entry, &mut file).map_err(broken)?;
        file.sync_all().map_err(broken)?;
        if missing.swap_remove(at).sha256 != sha256 {
            return Err(damaged(format!("{name} is not as it was")));
        }
    }
    if let Some(listed) = missing.first() {
        return Err(damaged(format!("{} is missing", listed.name)));
    }
    for name in [DATABASE, KEY_FILE] {
        if !contents.files.iter().any(|entry| entry.name == name) {
            return Err(damaged(format!("{name} is missing")));
        }
    }
    Ok(contents)
}

/// The list of files, which a newer nws-certd may have written otherwise.
fn list(first: tar::Entry<'_, File>, from: &Path) -> Result<Contents, RestoreError> {
    let foreign = || RestoreError::NoBackup { file: from.into() };
    if first.path().map_err(|_| foreign())? != Path::new(LIST) {
        return Err(foreign());
    }
    let mut text = String::new();
    first.take(LONGEST_LIST).read_to_string(&mut text).map_err(|_| foreign())?;
    let value: serde_json::Value = serde_json::from_str(&text).map_err(|_| foreign())?;
    let (schema, known) = (value["schema"].as_i64().unwrap_or_default(), newest_schema());
    if value["format"].as_u64() > Some(FORMAT.into()) || schema > known {
        let made_by = value["made_by"].as_str().unwrap_or("a newer version").into();
        return Err(RestoreError::Newer { file: from.into(), made_by, schema, known });
    }
    serde_json::from_value(value).map_err(|_| foreign())
}

/// Whether a name is one that a backup has, which leads nowhere else.
fn is_ours(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-.".contains(c);
    (name == DATABASE || name.ends_with(ACCOUNT_KEY)) && name.chars().all(is_plain)
}

/// Why a backup was not restored. The state directory is as it was.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The state directory: in use, or not empty.
    #[error(transparent)]
    StateDir(#[from] StateDirError),
    /// The file cannot be read.
    #[error("cannot read the backup {}", file.display())]
    Unread {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is something else.
    #[error("{} is no backup of nws-certd; name a file that nws-certd state backup has written", file.display())]
    NoBackup {
        /// The file.
        file: PathBuf,
    },
    /// Something in it was cut off or changed.
    #[error("the backup {} is damaged, and nothing of it was restored: {what}; take another copy of it", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// A newer nws-certd made it.
    #[error("the backup {} was made by a newer nws-certd ({made_by}, state version {schema}; this one knows {known}); install that one, then restore", file.display())]
    Newer {
        /// The file.
        file: PathBuf,
        /// The version of its maker.
        made_by: String,
        /// The version of its database's schema.
        schema: i64,
        /// The newest that this nws-certd knows.
        known: i64,
    },
    /// Another key file is where the backup's belongs.
    #[error("the key file {} is there already, and is another than the backup's; move it away, and keep it", file.display())]
    OtherKeyFile {
        /// The file.
        file: PathBuf,
    },
    /// The key file cannot be put in its place.
    #[error("cannot restore the key file {}", file.display())]
    KeyFile {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The state directory cannot be written.
    #[error("cannot restore into {}; empty it, and restore again", dir.display())]
    Unwritten {
        /// The directory.
        dir: PathBuf,
        /// Why.
        source: io::Error,
    },
}
