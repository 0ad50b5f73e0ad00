//! The accounts that what is taken over was ordered with.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use nws_acme::ImportedKey;
use zeroize::Zeroizing;

use super::Desk;
use crate::account::AccountName;
use crate::commands::account::import::Import;
use crate::commands::{note, path};
use crate::config::CaSettings;
use crate::failure::Failure;
use crate::import::{Findings, FoundAccount};
use crate::open::open;
use crate::state_dir::StatePaths;

/// What is known of the account at a CA.
enum Ours {
    /// There is none.
    None,
    /// It has this key already.
    Same,
    /// There is one, with another key.
    Other,
}

impl Desk<'_> {
    /// Takes over the account at each configured CA where one was found, unless there is one.
    pub(super) async fn take_accounts(
        &self,
        dir: &Path,
        findings: &Findings,
        replace: bool,
        dry_run: bool,
    ) -> Result<(), Failure> {
        let mut found = 0;
        for ca in &self.config.cas {
            if let Some(account) = account_at(ca.directory.as_str(), &ca.account, findings)? {
                found += 1;
                let file = dir.join(&account.key_file);
                self.take_account(ca, file, replace, dry_run).await?;
            }
        }
        if found == 0 {
            Err(TakeAccountError::NoAccount { dir: dir.into() }.into())
        } else {
            Ok(())
        }
    }

    async fn take_account(
        &self,
        ca: &CaSettings,
        file: PathBuf,
        replace: bool,
        dry_run: bool,
    ) -> Result<(), Failure> {
        let directory = ca.directory.as_str();
        match self.ours(ca, &file).await? {
            Ours::Same => note(&format!("{directory}: its account is ours already\n")),
            Ours::Other if !replace => note(&format!(
                "{directory}: we have an account there, which is kept; --replace-account gives it up for that of {}\n",
                file.display()
            )),
            Ours::None | Ours::Other if dry_run => {
                note(&format!("{directory}: the account of {} would be ours\n", file.display()));
            }
            Ours::None | Ours::Other => {
                let (account, ca) = (ca.account.clone(), Some(directory.into()));
                let import = Import { file, account, ca, replace: true };
                let done = import.run(self.config, self.clock.clone()).await?;
                note(&format!("{directory}: {done}"));
            }
        }
        Ok(())
    }

    /// Which account there is. A key that no CA has heard of is none: the first look at the branch makes one.
    async fn ours(&self, ca: &CaSettings, file: &Path) -> Result<Ours, Failure> {
        if !StatePaths::of(&self.config.state_dir).account_key(&ca.account).exists() {
            return Ok(Ours::None);
        }
        let opened = open(self.config, path(), self.clock.clone()).await?;
        let sharing = self.config.cas.iter().filter(|other| other.account == ca.account);
        let sharing: Vec<_> = sharing.map(|other| other.directory.as_str()).collect();
        let accounts = opened.accounts();
        let current =
            accounts.authorities.iter().find(|one| one.directory() == ca.directory.as_str());
        if current.is_some_and(|one| thumbprint(file).as_deref() == Some(one.thumbprint().as_str()))
        {
            return Ok(Ours::Same);
        }
        let known =
            opened.parts.store.load().await.map_err(crate::open::OpenError::Store)?.accounts;
        let is_known = known.iter().any(|known| sharing.contains(&known.directory.as_str()));
        Ok(if is_known { Ours::Other } else { Ours::None })
    }
}

/// Of a key that could be ours as it is.
fn thumbprint(file: &Path) -> Option<String> {
    let text = Zeroizing::new(std::fs::read_to_string(file).ok()?);
    match ImportedKey::from_file_text(&text).ok()? {
        ImportedKey::P256(key) => Some(key.thumbprint().to_string()),
        ImportedKey::Rsa(_) => None,
    }
}

/// The one account at that CA; of several the one that certificates say they were ordered with.
fn account_at<'a>(
    directory: &str,
    name: &AccountName,
    findings: &'a Findings,
) -> Result<Option<&'a FoundAccount>, TakeAccountError> {
    let there = findings.accounts.iter().filter(|it| it.server.is(directory));
    let there: Vec<_> = there.collect();
    let materials = findings.certificates.iter().filter_map(|found| found.material.as_ref().ok());
    let used: BTreeSet<_> = materials.filter_map(|one| one.account.as_deref()).collect();
    let in_use: Vec<_> = there.iter().filter(|it| used.contains(&*it.id)).copied().collect();
    match (&there[..], &in_use[..]) {
        ([], _) => Ok(None),
        ([one], _) | (_, [one]) => Ok(Some(one)),
        (several, _) => Err(TakeAccountError::Several {
            ca: directory.into(),
            account: name.clone(),
            files: several.iter().map(|it| it.key_file.clone()).collect(),
        }),
    }
}

/// Why no account was taken over.
#[derive(Debug, thiserror::Error)]
pub enum TakeAccountError {
    /// There is none of a configured CA.
    #[error("{} has no account at a configured CA; leave out --account, or configure its CA first", dir.display())]
    NoAccount {
        /// The folder.
        dir: PathBuf,
    },
    /// There is more than one.
    #[error("there are several accounts at {ca}: {}; choose one with nws-certd account import FILE --account {account}, then import without --account", files.join(", "))]
    Several {
        /// The CA.
        ca: String,
        /// What its account is called here.
        account: AccountName,
        /// The keys.
        files: Vec<String>,
    },
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};

    use super::*;
    use crate::import::{CERTBOT, Folder};

    const CA: &str = "https://ca.example/directory";

    /// What certbot leaves that has these accounts at the CA, and a certificate for each of those that are used.
    fn findings(accounts: &[&str], used: &[&str]) -> Findings {
        let pair = KeyPair::generate().unwrap();
        let params = CertificateParams::new(["shop.example".to_owned()]).unwrap();
        let chain = params.self_signed(&pair).unwrap().pem();
        let mut files: Vec<(String, String)> = Vec::new();
        for id in accounts {
            files.push((
                format!("accounts/ca.example/directory/{id}/private_key.json"),
                "{}".into(),
            ));
        }
        for id in used {
            files.push((format!("live/{id}/fullchain.pem"), chain.clone()));
            files.push((format!("live/{id}/privkey.pem"), pair.serialize_pem()));
            files.push((format!("renewal/{id}.conf"), format!("server = {CA}\naccount = {id}\n")));
        }
        let files = files.iter().map(|(path, text)| (&**path, text.as_bytes()));
        (CERTBOT.read)(&files.collect::<Folder>())
    }

    #[test]
    fn the_account_is_the_only_one_or_the_one_that_is_used() {
        let cases: [(&str, &[&str], &[&str], &str); 5] = [
            ("none", &[], &["a"], "none"),
            ("the only one", &["a"], &[], "a"),
            ("the only one, and none of the certificates'", &["a"], &["b"], "a"),
            ("one of two", &["a", "b"], &["b"], "b"),
            (
                "two that are used",
                &["a", "b"],
                &["a", "b"],
                "there are several accounts at https://ca.example/directory: accounts/ca.example/directory/a/private_key.json, accounts/ca.example/directory/b/private_key.json; choose one with nws-certd account import FILE --account account, then import without --account",
            ),
        ];
        for (case, accounts, used, want) in cases {
            let findings = findings(accounts, used);
            let said = match account_at(CA, &AccountName::default(), &findings) {
                Ok(found) => found.map_or_else(|| "none".into(), |found| found.id.clone()),
                Err(error) => error.to_string(),
            };
            assert_eq!(said, want, "{case}");
        }
        let (findings, name) = (findings(&["a"], &[]), AccountName::default());
        let elsewhere = account_at("https://other.example/d", &name, &findings);
        assert!(elsewhere.unwrap().is_none());
    }
}
