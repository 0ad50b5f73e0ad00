//! The state directory: who may use it, and where things stand in it.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt, MetadataExt as _, OpenOptionsExt, chown};
use std::path::{Path, PathBuf};

use nws_gitops::{GroupName, RepositoryName};

use crate::account::AccountName;

/// The key file, unless the configuration puts it elsewhere.
pub(crate) const KEY_FILE: &str = "key.age";

/// The state directory, held by this process alone until dropped.
#[derive(Debug)]
pub struct StateDir {
    paths: StatePaths,
    _lock: File,
}

/// Where things stand in a state directory.
#[derive(Clone, Debug)]
pub struct StatePaths(PathBuf);

impl StateDir {
    /// Makes the directory where it is absent (mode 0700), and locks it against a second process.
    ///
    /// # Errors
    ///
    /// [`StateDirError`] if it cannot be made, another process holds it, or a restore into it was interrupted.
    pub fn hold(dir: &Path) -> Result<Self, StateDirError> {
        let held = Self::lock(dir)?;
        if held.paths.restoring().exists() {
            return Err(StateDirError::HalfRestored { dir: dir.into() });
        }
        Ok(held)
    }

    /// As [`Self::hold`], of a directory that has nothing in it but what the unpacking of a backup has left.
    pub(crate) fn hold_empty(dir: &Path) -> Result<Self, StateDirError> {
        let held = Self::lock(dir)?;
        let unusable = |source| StateDirError::Unusable { dir: dir.into(), source };
        let (lock, restoring) = (held.paths.lock(), held.paths.restoring());
        for entry in fs::read_dir(dir).map_err(unusable)? {
            let path = entry.map_err(unusable)?.path();
            if path != lock && path != restoring {
                return Err(StateDirError::NotEmpty { dir: dir.into(), found: path });
            }
        }
        match fs::remove_dir_all(restoring) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(unusable(error)),
            Ok(()) | Err(_) => Ok(held),
        }
    }

    fn lock(dir: &Path) -> Result<Self, StateDirError> {
        let unusable = |source| StateDirError::Unusable { dir: dir.into(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(unusable)?;
        let paths = StatePaths(dir.into());
        let lock = private(&mut OpenOptions::new())
            .create(true)
            .truncate(false)
            .open(paths.lock())
            .map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { paths, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(StateDirError::Held { dir: dir.into() }),
            Err(TryLockError::Error(source)) => Err(unusable(source)),
        }
    }

    /// Whether another process holds it at this moment.
    pub fn is_held(dir: &Path) -> bool {
        dir.exists() && matches!(Self::hold(dir), Err(StateDirError::Held { .. }))
    }

    /// Where things stand.
    pub fn paths(&self) -> &StatePaths {
        &self.paths
    }
}

impl StatePaths {
    /// The paths in this directory, held or not.
    pub fn of(dir: &Path) -> Self {
        Self(dir.into())
    }

    /// The directory itself.
    pub(crate) fn dir(&self) -> &Path {
        &self.0
    }

    fn lock(&self) -> PathBuf {
        self.0.join("lock")
    }

    /// What of a backup is unpacked and not in its place yet.
    pub(crate) fn restoring(&self) -> PathBuf {
        self.0.join("restoring")
    }

    /// The SQLite database.
    pub fn database(&self) -> PathBuf {
        self.0.join("state.db")
    }

    /// The ACME account key of a name, sealed.
    pub fn account_key(&self, name: &AccountName) -> PathBuf {
        self.0.join(format!("{name}.age"))
    }

    /// The key that is to take the place of that one.
    pub fn next_account_key(&self, name: &AccountName) -> PathBuf {
        self.0.join(format!("{name}.next.age"))
    }

    /// Every file of a sealed account key that there is, in the order of their names.
    pub(crate) fn account_keys(&self, key_file: &Path) -> io::Result<Vec<PathBuf>> {
        let is_one = |path: &Path| {
            let is_sealed = path.extension().is_some_and(|extension| extension == "age");
            is_sealed && path != key_file && path != self.0.join(KEY_FILE)
        };
        let mut files = self.files()?;
        files.retain(|path| is_one(path));
        Ok(files)
    }

    /// The database, and the copies of it that were kept before migrations.
    pub(crate) fn databases(&self) -> io::Result<Vec<PathBuf>> {
        let database = self.database();
        let is_one = |path: &PathBuf| {
            *path == database || path.file_stem() == database.file_name() && is_migrated(path)
        };
        let mut files = self.files()?;
        files.retain(is_one);
        Ok(files)
    }

    /// What crashes have left of sealed account keys and of copies of the database.
    pub(crate) fn leavings(&self) -> io::Result<Vec<PathBuf>> {
        let mut files = self.files()?;
        files.retain(|path| {
            let whole = Path::new(path.file_stem().unwrap_or_default());
            match path.extension() {
                Some(extension) if extension == "new" => {
                    whole.extension().is_some_and(|of| of == "age")
                }
                Some(extension) if extension == "half" => is_migrated(whole),
                Some(_) | None => false,
            }
        });
        Ok(files)
    }

    fn files(&self) -> io::Result<Vec<PathBuf>> {
        let entries = fs::read_dir(&self.0)?.map(|entry| entry.map(|entry| entry.path()));
        let mut files = entries.collect::<io::Result<Vec<_>>>()?;
        files.sort();
        Ok(files)
    }

    /// The bare mirror of a repository.
    pub fn mirror(&self, name: &RepositoryName) -> PathBuf {
        match name.is_only() {
            true => self.0.join("mirror.git"),
            false => self.0.join(format!("mirror-{name}.git")),
        }
    }

    /// The sealing certificate that the controller of a group of clusters gave first.
    pub fn pinned_certificate(&self, repository: &RepositoryName, group: &GroupName) -> PathBuf {
        // No name of either kind has a dot in it, so no two files are one.
        self.0.join(format!("sealing.{repository}.{group}.pem"))
    }

    /// The home directory that git is given.
    pub fn git_home(&self) -> PathBuf {
        self.0.join("home")
    }

    /// The socket of the operators' API.
    pub fn control_socket(&self) -> PathBuf {
        self.0.join("control.sock")
    }
}

/// Whether a copy of the database has the name of one that was kept before a migration.
fn is_migrated(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    extension.strip_prefix("before-").is_some_and(|version| version.parse::<i64>().is_ok())
}

fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options.write(true).mode(0o600)
}

/// Writes a new file that only its owner may read, and makes it durable; an existing one is left alone.
///
/// A crash on the way leaves a `.new` file beside it and nothing under its own name.
///
/// # Errors
///
/// As the system says; `AlreadyExists` if there is one.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let fresh = write_fresh(path, bytes)?;
    fs::hard_link(&fresh, path)?;
    fs::remove_file(&fresh)?;
    sync_parent(path)
}

/// Writes a file anew that only its owner may read, who stays its owner; the one before stands until this one is durable.
///
/// A crash on the way leaves a `.new` file beside it, and either the one or the other under its own name.
///
/// # Errors
///
/// As the system says; `NotFound` if there is none.
pub(crate) fn replace_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A link stays one.
    let path = fs::canonicalize(path)?;
    let fresh = write_fresh(&path, bytes)?;
    let (owner, ours) = (fs::metadata(&path)?, fs::metadata(&fresh)?);
    if owner.uid() != ours.uid() {
        chown(&fresh, Some(owner.uid()), Some(owner.gid()))?;
    }
    fs::rename(&fresh, &path)?;
    sync_parent(&path)
}

fn write_fresh(path: &Path, bytes: &[u8]) -> io::Result<PathBuf> {
    let fresh = path.with_added_extension("new");
    // One left by a crash may already be linked to `path`, so it is unlinked, never truncated.
    match fs::remove_file(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut file = private(&mut OpenOptions::new()).create_new(true).open(&fresh)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    Ok(fresh)
}

/// Makes the name of a file durable.
pub(crate) fn sync_parent(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(parent.unwrap_or_else(|| Path::new(".")))?.sync_all()
}

/// Why a state directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateDirError {
    /// It cannot be made or written.
    #[error("cannot use the state directory {}; make it writable for this user, or set state_dir", dir.display())]
    Unusable {
        /// The directory.
        dir: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A backup was to be restored into it.
    #[error("the state directory {} is not empty: it has {}; name another, or move everything away, and keep it", dir.display(), found.display())]
    NotEmpty {
        /// The directory.
        dir: PathBuf,
        /// Something in it.
        found: PathBuf,
    },
    /// The restore of a backup was interrupted when it was nearly over.
    #[error("a restore into the state directory {} was interrupted; remove everything in it, and restore again", dir.display())]
    HalfRestored {
        /// The directory.
        dir: PathBuf,
    },
    /// Another process holds it.
    #[error("the state directory {} is in use by another nws-certd; ask that one, or stop it first", dir.display())]
    Held {
        /// The directory.
        dir: PathBuf,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_holder_is_refused_until_the_first_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let first = StateDir::hold(&dir.path().join("state")).unwrap();
        let second = StateDir::hold(&dir.path().join("state"));
        assert!(matches!(second, Err(StateDirError::Held { .. })));
        drop(first);
        StateDir::hold(&dir.path().join("state")).unwrap();
    }

    #[test]
    fn a_private_file_is_never_written_over() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        write_private(&path, b"first").unwrap();
        assert_eq!(
            write_private(&path, b"second").unwrap_err().kind(),
            io::ErrorKind::AlreadyExists
        );
        assert_eq!(fs::read(&path).unwrap(), b"first");
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
