//! Keys at rest: sealed to an age identity in a file outside the database.

mod key_file;

use std::fmt;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use age::Decryptor;
use age::x25519::{Identity, Recipient};
use tracing::warn;
use zeroize::Zeroizing;

/// Seals and opens secrets with the identities of one key file (age, X25519).
#[derive(Clone)]
pub struct Vault {
    /// The newest first; the one before it only while the key file is being rotated.
    identities: Vec<Identity>,
    newest: Recipient,
}

/// A sealed secret; safe to store and to lose.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sealed(pub(crate) Vec<u8>);

impl Vault {
    /// Opens the key file, or makes it at the first start (mode 0600), and says what that means.
    ///
    /// # Errors
    ///
    /// [`VaultError`] if it cannot be read or made, if others may read it, or if it holds no age identity.
    pub fn open(key_file: &Path) -> Result<Self, VaultError> {
        let vault = Self::of(key_file::read_or_make(key_file)?, key_file)?;
        if vault.identities.len() > 1 {
            warn!(
                file = %key_file.display(),
                "a rotation of the key file was interrupted; nothing is lost, and this ends it: nws-certd state rotate-key"
            );
        }
        Ok(vault)
    }

    /// Gives the key file a new identity beside the one it has, durably, so that what is sealed to either opens; one whose rotation
    /// was interrupted has both already.
    ///
    /// # Errors
    ///
    /// [`VaultError`] as [`Self::open`], or if the file cannot be written; it is as it was then.
    pub(crate) fn begin_rotation(key_file: &Path) -> Result<Self, VaultError> {
        let before = key_file::read(key_file)?;
        let identities = match before.len() {
            1 => key_file::add_newest(key_file, before)?,
            // None is no key file, and is left for somebody to look at.
            _ => before,
        };
        Self::of(identities, key_file)
    }

    /// Takes every identity but the newest out of the key file, durably: what is sealed to another opens no more.
    ///
    /// # Errors
    ///
    /// [`VaultError`] if the file cannot be written; it is as it was then.
    pub(crate) fn end_rotation(mut self, key_file: &Path) -> Result<(), VaultError> {
        self.identities.truncate(1);
        key_file::replace(key_file, &self.identities)
    }

    fn of(identities: Vec<Identity>, key_file: &Path) -> Result<Self, VaultError> {
        let newest = identities.first().map(Identity::to_public);
        let newest = newest.ok_or_else(|| VaultError::NoIdentity { file: key_file.into() })?;
        Ok(Self { identities, newest })
    }

    /// Seals a secret. The same secret never gives the same bytes twice.
    ///
    /// # Errors
    ///
    /// [`SealError`] if the system has no randomness to give.
    pub fn seal(&self, secret: &[u8]) -> Result<Sealed, SealError> {
        age::encrypt(&self.newest, secret).map(Sealed).map_err(|_| SealError::Seal)
    }

    /// Opens what was sealed.
    ///
    /// # Errors
    ///
    /// [`SealError`] if it was sealed to another key file, or is damaged.
    pub fn open_sealed(&self, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, SealError> {
        open_with(&self.identities, sealed)
    }

    /// The same secret, sealed to the newest identity; `None` if it is already.
    ///
    /// # Errors
    ///
    /// [`SealError`] as [`Self::open_sealed`] and [`Self::seal`].
    pub(crate) fn reseal(&self, sealed: &Sealed) -> Result<Option<Sealed>, SealError> {
        if open_with(&self.identities[..1], sealed).is_ok() {
            return Ok(None);
        }
        self.seal(&self.open_sealed(sealed)?).map(Some)
    }
}

fn open_with(identities: &[Identity], sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let sealed = sealed.0.as_slice();
    let opened = Decryptor::new_buffered(sealed)
        .and_then(|sealed| sealed.decrypt(identities.iter().map(|one| one as &dyn age::Identity)));
    // It is shorter than what it was sealed to, so this never grows, which would leave a copy behind.
    let mut secret = Zeroizing::new(Vec::with_capacity(sealed.len()));
    let mut opened = opened.map_err(|_| SealError::Open)?;
    opened.read_to_end(&mut secret).map_err(|_| SealError::Open)?;
    Ok(secret)
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").finish_non_exhaustive()
    }
}

/// Why a key file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// It cannot be read or made.
    #[error("cannot use the key file {}", file.display())]
    Unusable {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It cannot be written anew.
    #[error("cannot write the key file {} anew, so it stays as it was; make its directory writable for this user", file.display())]
    Unwritable {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others than its owner may read it.
    #[error("the key file {0} is readable by others (mode {mode:04o}); run: chmod 600 {0}", file.display())]
    Exposed {
        /// The file.
        file: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// There is no identity in it, or something that is none.
    #[error("the key file {} holds no age identity (a line AGE-SECRET-KEY-1...), or something else beside it; restore it from your copy", file.display())]
    NoIdentity {
        /// The file.
        file: PathBuf,
    },
}

/// Why a secret was not sealed or opened.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SealError {
    /// Sealing failed.
    #[error("cannot seal a key for storage")]
    Seal,
    /// Opening failed.
    #[error("a stored key does not open with the key file; restore the key file it was sealed to")]
    Open,
}

#[cfg(test)]
mod tests;
