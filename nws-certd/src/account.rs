//! The account key: a sealed file of its own, so that it survives the loss of the database.

use std::io;
use std::path::{Path, PathBuf};

use nws_acme::{AccountKey, InvalidAccountKey};

use crate::state_dir::write_private;
use crate::vault::{SealError, Sealed, Vault};

/// Opens the account key, or makes it at the first start.
///
/// It is durable before this returns, and so before the CA hears of it: registering again after a crash gives the same account.
///
/// # Errors
///
/// [`AccountKeyError`] if the file cannot be read or made, or does not open with the vault's key file.
pub(crate) fn account_key(file: &Path, vault: &Vault) -> Result<AccountKey, AccountKeyError> {
    let unusable = |source| AccountKeyError::Unusable { file: file.into(), source };
    if !file.try_exists().map_err(unusable)? {
        let fresh = AccountKey::generate().map_err(AccountKeyError::Invalid)?;
        let sealed = vault
            .seal(fresh.pkcs8_der())
            .map_err(|source| AccountKeyError::Sealed { file: file.into(), source })?;
        write_private(file, &sealed.0).map_err(unusable)?;
    }
    let sealed = Sealed(std::fs::read(file).map_err(unusable)?);
    let der = vault
        .open_sealed(&sealed)
        .map_err(|source| AccountKeyError::Sealed { file: file.into(), source })?;
    AccountKey::from_pkcs8_der(&der).map_err(AccountKeyError::Invalid)
}

/// Why there is no account key.
#[derive(Debug, thiserror::Error)]
pub enum AccountKeyError {
    /// The file cannot be read or made.
    #[error("cannot use the account key {}", file.display())]
    Unusable {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It does not open with the key file.
    #[error("cannot open the account key {}", file.display())]
    Sealed {
        /// The file.
        file: PathBuf,
        /// Why.
        source: SealError,
    },
    /// What is in it is no account key.
    #[error("the account key cannot be used")]
    Invalid(#[source] InvalidAccountKey),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_the_same_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let vault = Vault::open(&dir.path().join("key")).unwrap();
        let first = account_key(&dir.path().join("account"), &vault).unwrap();
        let second = account_key(&dir.path().join("account"), &vault).unwrap();
        assert_eq!(first.thumbprint(), second.thumbprint());
    }

    #[test]
    fn it_is_not_replaced_when_the_key_file_is_another() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("account");
        account_key(&file, &Vault::open(&dir.path().join("a")).unwrap()).unwrap();
        let said = account_key(&file, &Vault::open(&dir.path().join("b")).unwrap());
        assert!(matches!(said, Err(AccountKeyError::Sealed { source: SealError::Open, .. })));
    }
}
