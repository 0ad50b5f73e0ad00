//! The account of another client.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use nws_acme::{AccountKey, Clock, ImportedKey, InvalidAccountKey, RsaAccountKey};
use zeroize::Zeroizing;

use crate::account::{AccountKeyError, AccountName, install};
use crate::authority::KeyChangeError;
use crate::commands::path;
use crate::config::Config;
use crate::failure::Failure;
use crate::open::{OpenError, open};
use crate::state_dir::StateDir;
use crate::vault::Vault;

/// What is imported, and what for.
pub(in crate::commands) struct Import {
    pub(in crate::commands) file: PathBuf,
    pub(in crate::commands) account: AccountName,
    pub(in crate::commands) ca: Option<String>,
    pub(in crate::commands) replace: bool,
}

impl Import {
    /// Imports the key, and says what became of it.
    pub(in crate::commands) async fn run(
        &self,
        config: &Config,
        clock: Arc<dyn Clock>,
    ) -> Result<String, Failure> {
        let unread = |source| ImportError::Unread { file: self.file.clone(), source };
        let text = Zeroizing::new(fs::read_to_string(&self.file).map_err(unread)?);
        let key = ImportedKey::from_file_text(&text)
            .map_err(|source| ImportError::Unfit { file: self.file.clone(), source })?;
        match key {
            ImportedKey::P256(key) => self.put_in_place(&key, config, &*clock),
            ImportedKey::Rsa(key) => self.take_over(&key, config, clock).await,
        }
    }

    fn put_in_place(
        &self,
        key: &AccountKey,
        config: &Config,
        clock: &dyn Clock,
    ) -> Result<String, Failure> {
        let state = StateDir::hold(&config.state_dir).map_err(OpenError::StateDir)?;
        let vault = Vault::open(&config.key_file).map_err(OpenError::Vault)?;
        let file = state.paths().account_key(&self.account);
        if file.exists() && !self.replace {
            return Err(ImportError::Taken { file }.into());
        }
        if state.paths().next_account_key(&self.account).exists() {
            return Err(ImportError::Changing { account: self.account.clone() }.into());
        }
        let kept = install(&file, &vault, key, clock.now()).map_err(ImportError::Key)?;
        let kept = kept.map(|kept| format!("; the one before is kept in {}", kept.display()));
        Ok(format!(
            "the key is that of account {}, thumbprint {}{}\n",
            self.account,
            key.thumbprint().as_str(),
            kept.unwrap_or_default()
        ))
    }

    /// The account gets our key, which is durable before. After a crash the same is asked for once more.
    async fn take_over(
        &self,
        old: &RsaAccountKey,
        config: &Config,
        clock: Arc<dyn Clock>,
    ) -> Result<String, Failure> {
        let opened = open(config, path(), clock.clone()).await?;
        let accounts = opened.accounts();
        let all = accounts.authorities.iter();
        let meant =
            self.meant(all.map(|authority| (authority.directory(), authority.keys.name())))?;
        let authority = &accounts.authorities[meant];
        let taken = authority.take_over(old, &*opened.parts.store, &*clock).await;
        let url = taken.map_err(ImportError::NotTakenOver)?;
        Ok(format!(
            "the account {url} has the key of account {} now, thumbprint {}; the imported key is good for nothing any more\n",
            self.account,
            authority.thumbprint()
        ))
    }

    /// The place of the CA that the key is for: the named one, or the only one with that account.
    fn meant<'a>(
        &self,
        all: impl Iterator<Item = (&'a str, &'a AccountName)>,
    ) -> Result<usize, ImportError> {
        let is_meant = |ca: &str, name: &AccountName| {
            *name == self.account && self.ca.as_deref().is_none_or(|meant| meant == ca)
        };
        let meant: Vec<_> = all.enumerate().filter(|(_, (ca, name))| is_meant(ca, name)).collect();
        match meant.as_slice() {
            [(place, _)] => Ok(*place),
            [] => Err(ImportError::NoCa { account: self.account.clone() }),
            several => Err(ImportError::WhichCa {
                known: several.iter().map(|(_, (ca, _))| (*ca).into()).collect(),
            }),
        }
    }
}

/// Why a key was not imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file cannot be read.
    #[error("cannot read the account key {}", file.display())]
    Unread {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It holds nothing that could be used.
    #[error("{} cannot be imported", file.display())]
    Unfit {
        /// The file.
        file: PathBuf,
        /// Why.
        source: InvalidAccountKey,
    },
    /// There is an account key.
    #[error("there is an account key already, {}; import under another name (--account), or write --replace if its accounts are to be given up", file.display())]
    Taken {
        /// Its file.
        file: PathBuf,
    },
    /// The account key is being changed.
    #[error(
        "the key of account {account} is being changed; run nws-certd account rollover until that is over, then import"
    )]
    Changing {
        /// Its name.
        account: AccountName,
    },
    /// The key cannot be put in place.
    #[error(transparent)]
    Key(AccountKeyError),
    /// No configured CA has that account name.
    #[error(
        "no such CA with account = \"{account}\" is configured; an RSA key is imported at the CA that has its account, so configure that one first"
    )]
    NoCa {
        /// The name.
        account: AccountName,
    },
    /// Several have.
    #[error("an RSA key is imported at the CA that has its account; name that one with --ca: {}", known.join(", "))]
    WhichCa {
        /// The CAs.
        known: Vec<String>,
    },
    /// The account was not given our key.
    #[error("the account of the imported key was not taken over")]
    NotTakenOver(#[source] KeyChangeError),
}

#[cfg(test)]
mod tests;
