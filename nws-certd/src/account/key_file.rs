//! One sealed file with one account key.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use nws_acme::{AccountKey, InvalidAccountKey};
use time::OffsetDateTime;
use time::macros::format_description;

use crate::state_dir::write_private;
use crate::vault::{SealError, Sealed, Vault};

/// Opens a key, or makes it durably where there is none.
pub(crate) fn open_or_make(file: &Path, vault: &Vault) -> Result<AccountKey, AccountKeyError> {
    match open(file, vault)? {
        Some(key) => Ok(key),
        None => make(file, vault),
    }
}

/// Opens a key, if there is one.
pub(super) fn open(file: &Path, vault: &Vault) -> Result<Option<AccountKey>, AccountKeyError> {
    let sealed = match fs::read(file) {
        Ok(bytes) => Sealed(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(AccountKeyError::Unusable { file: file.into(), source }),
    };
    let der = vault
        .open_sealed(&sealed)
        .map_err(|source| AccountKeyError::Sealed { file: file.into(), source })?;
    AccountKey::from_pkcs8_der(&der).map(Some).map_err(AccountKeyError::Invalid)
}

/// Makes a key, which is durable when this returns.
pub(super) fn make(file: &Path, vault: &Vault) -> Result<AccountKey, AccountKeyError> {
    let fresh = AccountKey::generate().map_err(AccountKeyError::Invalid)?;
    keep(file, vault, &fresh)?;
    Ok(fresh)
}

fn keep(file: &Path, vault: &Vault, key: &AccountKey) -> Result<(), AccountKeyError> {
    let sealed = vault
        .seal(key.pkcs8_der())
        .map_err(|source| AccountKeyError::Sealed { file: file.into(), source })?;
    write_private(file, &sealed.0)
        .map_err(|source| AccountKeyError::Unusable { file: file.into(), source })
}

/// Puts a key in place that was made elsewhere. One that is there is kept beside it under a name with the date, as its accounts
/// are as good as before; says where. A crash between the two leaves it there alone, and the next import finds none in its way.
pub(crate) fn install(
    file: &Path,
    vault: &Vault,
    key: &AccountKey,
    now: OffsetDateTime,
) -> Result<Option<PathBuf>, AccountKeyError> {
    let unusable = |source| AccountKeyError::Unusable { file: file.into(), source };
    if !file.try_exists().map_err(unusable)? {
        return keep(file, vault, key).map(|()| None);
    }
    let format = format_description!("[year]-[month]-[day]-[hour][minute][second]");
    let date = now.format(&format).unwrap_or_else(|_| now.unix_timestamp().to_string());
    let old = file.with_extension(format!("{date}.age"));
    fs::rename(file, &old).map_err(unusable)?;
    if let Err(error) = keep(file, vault, key) {
        fs::rename(&old, file).map_err(unusable)?;
        return Err(error);
    }
    Ok(Some(old))
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
