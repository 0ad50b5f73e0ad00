//! Account keys: sealed files of their own, so that they survive the loss of the database.
//!
//! CAs that name the same account name share its key, and so its thumbprint. While the key is being changed there are two files,
//! `NAME.age` and `NAME.next.age`: the next is durable before any CA hears of it, and takes the place of the other when every CA
//! has it. The key that was is not kept: it opens nothing any more, so it could only be stolen.

mod key_file;
mod name;

use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use nws_acme::AccountKey;
use tracing::info;

pub use self::key_file::AccountKeyError;
pub(crate) use self::key_file::{install, open_or_make};
pub use self::name::{AccountName, InvalidAccountName};

use self::key_file::{make, open};
use crate::state_dir::{StatePaths, sync_parent};
use crate::vault::Vault;

/// The key of one account name, and while it is being changed the next.
pub(crate) struct AccountKeys {
    name: AccountName,
    file: PathBuf,
    next_file: PathBuf,
    vault: Vault,
    keys: Mutex<Keys>,
}

/// The keys that there are at one instant.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    pub(crate) current: AccountKey,
    /// The one that CAs are being given.
    pub(crate) next: Option<AccountKey>,
}

impl Keys {
    /// The key that an account made now gets.
    pub(crate) fn newest(&self) -> &AccountKey {
        self.next.as_ref().unwrap_or(&self.current)
    }

    /// The key of a thumbprint that was kept.
    pub(crate) fn of_thumbprint(&self, thumbprint: &str) -> Option<&AccountKey> {
        let all = [self.next.as_ref(), Some(&self.current)];
        all.into_iter().flatten().find(|key| key.thumbprint().as_str() == thumbprint)
    }
}

impl AccountKeys {
    /// Opens what there is, and makes the key at the first start.
    ///
    /// It is durable before this returns, and so before a CA hears of it: registering again after a crash gives the same account.
    ///
    /// # Errors
    ///
    /// [`AccountKeyError`] if a file cannot be read or made, or does not open with the vault's key file.
    pub(crate) fn open(
        paths: &StatePaths,
        name: AccountName,
        vault: &Vault,
    ) -> Result<Self, AccountKeyError> {
        let (file, next_file) = (paths.account_key(&name), paths.next_account_key(&name));
        let current = open_or_make(&file, vault)?;
        let next = open(&next_file, vault)?;
        let (vault, keys) = (vault.clone(), Mutex::new(Keys { current, next }));
        Ok(Self { name, file, next_file, vault, keys })
    }

    pub(crate) fn name(&self) -> &AccountName {
        &self.name
    }

    /// What there is now.
    pub(crate) fn keys(&self) -> Keys {
        self.lock().clone()
    }

    /// Makes the next key, durably; one that is there already stays.
    ///
    /// # Errors
    ///
    /// [`AccountKeyError`] if it cannot be made.
    pub(crate) fn begin_change(&self) -> Result<(), AccountKeyError> {
        let mut keys = self.lock();
        if keys.next.is_none() {
            keys.next = Some(make(&self.next_file, &self.vault)?);
            info!(account = %self.name, "a new account key was made; CAs are given it");
        }
        Ok(())
    }

    /// Every CA has the next key: it takes the place of the other. A crash before it: it is found out again that they have.
    ///
    /// # Errors
    ///
    /// [`AccountKeyError`] if the file cannot be given its name.
    pub(crate) fn finish_change(&self) -> Result<(), AccountKeyError> {
        let mut keys = self.lock();
        let Some(next) = keys.next.clone() else { return Ok(()) };
        fs::rename(&self.next_file, &self.file)
            .and_then(|()| sync_parent(&self.file))
            .map_err(|source| AccountKeyError::Unusable { file: self.file.clone(), source })?;
        *keys = Keys { current: next, next: None };
        info!(account = %self.name, thumbprint = keys.current.thumbprint().as_str(), "account key changed");
        Ok(())
    }

    // No holder leaves the keys half-changed.
    fn lock(&self) -> std::sync::MutexGuard<'_, Keys> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
