//! A new key file in place of the old, and everything sealed to that one.
//!
//! The key file holds both identities meanwhile, and a [`Vault`] opens with either and seals to the newest: so at no instant is there
//! a key that does not open, whatever was sealed anew by then, and a daemon may even run in between. A crash anywhere leaves that;
//! doing it again goes on with the identity that was made first. A backup that is made meanwhile holds both.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::backup::Places;
use crate::state_dir::{StateDir, StateDirError, StatePaths, replace_private, sync_parent};
use crate::store::{ResealError, reseal_database};
use crate::vault::{SealError, Sealed, Vault, VaultError};

/// What was sealed anew.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Rotated {
    /// Keys of certificates and orders.
    pub(crate) keys: usize,
    /// Account keys.
    pub(crate) account_keys: usize,
    /// Keys in the database that did not open before either.
    pub(crate) foreign: usize,
    /// Files of account keys that did not open before either.
    pub(crate) foreign_files: Vec<PathBuf>,
}

/// Rotates the key file; the daemon must not run.
///
/// # Errors
///
/// [`RotationError`]; every key opens as before, and doing it again goes on where this one stopped.
pub(crate) async fn rotate_key(places: &Places) -> Result<Rotated, RotationError> {
    if !places.key_file.exists() {
        return Err(RotationError::NoKeyFile { file: places.key_file.clone() });
    }
    let _held = StateDir::hold(places.state.dir())?;
    let mut rotation = Rotation::begin(places)?;
    while rotation.seal_next().await? {}
    rotation.end()
}

/// A rotation under way.
struct Rotation<'a> {
    places: &'a Places,
    vault: Vault,
    /// What is to be sealed anew, the last first.
    waiting: Vec<Waiting>,
    rotated: Rotated,
}

/// One file with something sealed in it.
enum Waiting {
    AccountKey(PathBuf),
    Database(PathBuf),
}

impl<'a> Rotation<'a> {
    /// Makes the new identity durable, before anything is sealed to it.
    fn begin(places: &'a Places) -> Result<Self, RotationError> {
        let vault = Vault::begin_rotation(&places.key_file)?;
        let found = sealed_files(&places.state, &places.key_file);
        let waiting = found.map_err(|source| unusable(places.state.dir(), source))?;
        Ok(Self { places, vault, waiting, rotated: Rotated::default() })
    }

    /// Seals what is in the next file anew; `false` if there is none.
    async fn seal_next(&mut self) -> Result<bool, RotationError> {
        match self.waiting.pop() {
            None => return Ok(false),
            Some(Waiting::AccountKey(file)) => self.reseal_account_key(file)?,
            Some(Waiting::Database(file)) => self.reseal_database(file).await?,
        }
        Ok(true)
    }

    fn reseal_account_key(&mut self, file: PathBuf) -> Result<(), RotationError> {
        let sealed = Sealed(fs::read(&file).map_err(|source| unusable(&file, source))?);
        match self.vault.reseal(&sealed) {
            Ok(None) => self.rotated.account_keys += 1,
            Ok(Some(anew)) => {
                replace_private(&file, &anew.0).map_err(|source| unusable(&file, source))?;
                self.rotated.account_keys += 1;
            }
            Err(SealError::Open) => self.rotated.foreign_files.push(file),
            Err(error @ SealError::Seal) => return Err(RotationError::Seal(error)),
        }
        Ok(())
    }

    async fn reseal_database(&mut self, file: PathBuf) -> Result<(), RotationError> {
        let resealed = reseal_database(&file, &self.vault).await;
        let resealed =
            resealed.map_err(|source| RotationError::Database { file: file.clone(), source })?;
        // A copy from before a migration has the same keys once more.
        if file == self.places.state.database() {
            (self.rotated.keys, self.rotated.foreign) = (resealed.sealed, resealed.foreign);
        }
        Ok(())
    }

    /// Takes the old identity away, now that nothing is sealed to it but what crashes left lying about, which goes first.
    fn end(self) -> Result<Rotated, RotationError> {
        let dir = self.places.state.dir();
        let leavings = self.places.state.leavings().map_err(|source| unusable(dir, source))?;
        for file in leavings {
            fs::remove_file(&file).map_err(|source| unusable(&file, source))?;
        }
        let database = self.places.state.database();
        sync_parent(&database).map_err(|source| unusable(dir, source))?;
        self.vault.end_rotation(&self.places.key_file)?;
        Ok(self.rotated)
    }
}

fn sealed_files(state: &StatePaths, key_file: &Path) -> io::Result<Vec<Waiting>> {
    let accounts = state.account_keys(key_file)?.into_iter().map(Waiting::AccountKey);
    Ok(accounts.chain(state.databases()?.into_iter().map(Waiting::Database)).collect())
}

fn unusable(file: &Path, source: io::Error) -> RotationError {
    RotationError::Unusable { file: file.into(), source }
}

/// Why the key file was not rotated. Every key opens as before.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    /// The state directory: in use, or not to be used.
    #[error(transparent)]
    StateDir(#[from] StateDirError),
    /// No daemon has ever run with it.
    #[error("there is no key file {} to rotate; is it the key_file of the daemon?", file.display())]
    NoKeyFile {
        /// The file.
        file: PathBuf,
    },
    /// The key file.
    #[error(transparent)]
    KeyFile(#[from] VaultError),
    /// Something cannot be read, written or removed.
    #[error("cannot write {} anew; mend that and do it again as the daemon's user: every key opens as before, and what was done stays done", file.display())]
    Unusable {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A key cannot be sealed.
    #[error(transparent)]
    Seal(SealError),
    /// A database.
    #[error("not every key in {} is sealed anew; mend that and do it again: every key opens as before", file.display())]
    Database {
        /// The file.
        file: PathBuf,
        /// Why.
        source: ResealError,
    },
}

#[cfg(test)]
mod tests;
