//! Keys at rest: sealed to an age identity in a file outside the database.

use std::fmt;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use age::secrecy::ExposeSecret;
use age::x25519::{Identity, Recipient};
use tracing::warn;
use zeroize::Zeroizing;

use crate::state_dir::write_private;

/// Seals and opens secrets with the identity of one key file (age, X25519).
#[derive(Clone)]
pub struct Vault {
    identity: Identity,
    recipient: Recipient,
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
        let unusable = |source| VaultError::Unusable { file: key_file.into(), source };
        if !key_file.try_exists().map_err(unusable)? {
            write_private(key_file, new_key_file().as_bytes()).map_err(unusable)?;
            warn!(
                file = %key_file.display(),
                "a key file was made; losing it is losing every private key and every account, so keep a copy of it, for instance with: nws-certd state backup FILE"
            );
        }
        check_mode(key_file)?;
        let text = Zeroizing::new(std::fs::read_to_string(key_file).map_err(unusable)?);
        let line = text.lines().find(|line| !line.is_empty() && !line.starts_with('#'));
        let identity: Identity = line
            .and_then(|line| line.parse().ok())
            .ok_or_else(|| VaultError::NoIdentity { file: key_file.into() })?;
        Ok(Self { recipient: identity.to_public(), identity })
    }

    /// Seals a secret. The same secret never gives the same bytes twice.
    ///
    /// # Errors
    ///
    /// [`SealError`] if the system has no randomness to give.
    pub fn seal(&self, secret: &[u8]) -> Result<Sealed, SealError> {
        age::encrypt(&self.recipient, secret).map(Sealed).map_err(|_| SealError::Seal)
    }

    /// Opens what was sealed.
    ///
    /// # Errors
    ///
    /// [`SealError`] if it was sealed to another key file, or is damaged.
    pub fn open_sealed(&self, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, SealError> {
        age::decrypt(&self.identity, &sealed.0).map(Zeroizing::new).map_err(|_| SealError::Open)
    }
}

fn new_key_file() -> Zeroizing<String> {
    let identity = Identity::generate();
    let public = identity.to_public();
    Zeroizing::new(format!(
        "# nws-certd seals private keys at rest to this age identity. Keep a copy; never commit it.\n\
         # public key: {public}\n{}\n",
        identity.to_string().expose_secret()
    ))
}

fn check_mode(key_file: &Path) -> Result<(), VaultError> {
    let metadata = std::fs::metadata(key_file)
        .map_err(|source| VaultError::Unusable { file: key_file.into(), source })?;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        Ok(())
    } else {
        Err(VaultError::Exposed { file: key_file.into(), mode })
    }
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
    /// Others than its owner may read it.
    #[error("the key file {0} is readable by others (mode {mode:04o}); run: chmod 600 {0}", file.display())]
    Exposed {
        /// The file.
        file: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// There is no identity in it.
    #[error("the key file {} holds no age identity (a line AGE-SECRET-KEY-1...); restore it from your copy", file.display())]
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
mod tests {
    use std::fs::Permissions;

    use super::*;
    use crate::captured_log::Log;

    #[test]
    fn what_is_sealed_opens_after_a_restart_and_only_with_its_file() {
        let dir = tempfile::tempdir().unwrap();
        let sealed = Vault::open(&dir.path().join("a")).unwrap().seal(b"secret").unwrap();
        assert_eq!(
            *Vault::open(&dir.path().join("a")).unwrap().open_sealed(&sealed).unwrap(),
            b"secret"
        );
        let other = Vault::open(&dir.path().join("b")).unwrap();
        assert_eq!(other.open_sealed(&sealed), Err(SealError::Open));
    }

    #[test]
    fn whoever_makes_the_file_is_told_once_what_losing_it_means() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("key");
        let said = [(); 2].map(|()| {
            let log = Log::open();
            Vault::open(&file).unwrap();
            log.close()
        });
        assert!(said[0].contains("WARN") && said[0].contains("state backup FILE"), "{said:?}");
        assert_eq!(said[1], "");
        assert!(!said[0].contains("AGE-SECRET-KEY"), "{said:?}");
    }

    #[test]
    fn a_file_that_others_may_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("key");
        Vault::open(&file).unwrap();
        std::fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
        let said = Vault::open(&file).unwrap_err().to_string();
        assert_eq!(
            said,
            format!(
                "the key file {0} is readable by others (mode 0640); run: chmod 600 {0}",
                file.display()
            )
        );
    }

    #[test]
    fn a_file_without_an_identity_is_refused_and_kept() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("key");
        write_private(&file, b"# nothing here\n").unwrap();
        assert!(matches!(Vault::open(&file), Err(VaultError::NoIdentity { .. })));
        assert_eq!(std::fs::read(&file).unwrap(), b"# nothing here\n");
    }
}
