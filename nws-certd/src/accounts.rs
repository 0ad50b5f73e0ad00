//! What operators do with the accounts at the CAs.

mod report;

use std::collections::BTreeSet;
use std::sync::Arc;

use nws_acme::Clock;
use tokio::task::JoinSet;

pub(crate) use self::report::accounts_text;
pub use self::report::{AccountReport, AccountStanding};

use crate::account::{AccountKeyError, AccountKeys};
use crate::authority::{Authority, KeyChangeError, Told};
use crate::failure::Causes;
use crate::order::Ordering;
use crate::store::Store;

/// The accounts at all CAs.
#[derive(Clone)]
pub(crate) struct Accounts {
    pub(crate) authorities: Vec<Arc<Authority>>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
}

impl Accounts {
    pub(crate) fn of(ordering: &Ordering) -> Self {
        Self {
            authorities: ordering.authorities.clone(),
            store: ordering.store.clone(),
            clock: ordering.clock.clone(),
        }
    }

    /// How each account stands; no CA is asked.
    pub(crate) fn show(&self) -> Vec<AccountReport> {
        self.authorities.iter().map(|authority| AccountReport::of(authority, None)).collect()
    }

    /// Tells every CA the configured contacts.
    pub(crate) async fn tell_contacts(&self) -> Vec<AccountReport> {
        let clock = self.clock.clone();
        // A person asks, so nobody is left alone for having been away.
        self.authorities.iter().for_each(|authority| authority.ca.try_now());
        self.each(
            |_| true,
            async move |authority| match authority.tell_contact(&*clock).await {
                Ok(Told::Yes) => Ok("contacts told"),
                Ok(Told::NoAccount) => Ok("no account yet; the contacts are told when it is made"),
                Err(error) => Err(Causes(&error).to_string()),
            },
        )
        .await
    }

    /// Makes new keys for the account names of all CAs, or of one, and gives them to the accounts, once orders that are under way
    /// are over. A CA that cannot be asked now gets its key later, from the daemon.
    pub(crate) async fn roll_over(
        &self,
        ca: Option<&str>,
    ) -> Result<Vec<AccountReport>, AccountsError> {
        let names: BTreeSet<_> = match ca {
            None => self.authorities.iter().map(|authority| authority.keys.name()).collect(),
            Some(ca) => BTreeSet::from([self.find(ca)?.keys.name()]),
        };
        let concerned = |authority: &Authority| names.contains(authority.keys.name());
        for authority in self.authorities.iter().filter(|authority| concerned(authority)) {
            authority.keys.begin_change()?;
            authority.change_now();
            authority.ca.try_now();
        }
        let (store, clock) = (self.store.clone(), self.clock.clone());
        let done = self.each(concerned, async move |authority| {
            match authority.change_key(&*store, &*clock).await {
                Ok(()) => Ok("key changed"),
                Err(error) => Err(Causes(&error).to_string()),
            }
        });
        let done = done.await;
        self.finish_changes()?;
        Ok(done)
    }

    /// Ends the account at a CA for good.
    pub(crate) async fn deactivate(&self, ca: &str) -> Result<Vec<AccountReport>, AccountsError> {
        let authority = self.find(ca)?;
        authority.ca.try_now();
        let ended = authority.deactivate(&*self.store, &*self.clock).await;
        match ended.map_err(AccountsError::Deactivation)? {
            Told::Yes => Ok(vec![AccountReport::of(authority, Some(Ok("deactivated")))]),
            Told::NoAccount => Err(AccountsError::NoAccount { ca: ca.into() }),
        }
    }

    /// Puts each next key in place that all CAs of its name have.
    pub(crate) fn finish_changes(&self) -> Result<(), AccountKeyError> {
        for authority in &self.authorities {
            let shares = |other: &&Arc<Authority>| Arc::ptr_eq(&other.keys, &authority.keys);
            if !self.authorities.iter().filter(shares).any(|other| other.awaits_key()) {
                AccountKeys::finish_change(&authority.keys)?;
            }
        }
        Ok(())
    }

    fn find(&self, ca: &str) -> Result<&Arc<Authority>, AccountsError> {
        let found = self.authorities.iter().find(|authority| authority.directory() == ca);
        found.ok_or_else(|| AccountsError::UnknownCa {
            ca: ca.into(),
            known: self.authorities.iter().map(|authority| authority.directory().into()).collect(),
        })
    }

    /// Does something at several CAs at a time.
    async fn each<F>(
        &self,
        concerned: impl Fn(&Authority) -> bool,
        act: impl FnOnce(Arc<Authority>) -> F + Clone,
    ) -> Vec<AccountReport>
    where
        F: Future<Output = Result<&'static str, String>> + Send + 'static,
    {
        let mut tasks = JoinSet::new();
        for (place, authority) in self.authorities.iter().enumerate() {
            if concerned(authority) {
                let done = act.clone()(authority.clone());
                tasks.spawn(async move { (place, done.await) });
            }
        }
        let mut done = tasks.join_all().await;
        done.sort_by_key(|(place, _)| *place);
        let report = |(place, outcome): (usize, Result<&'static str, String>)| {
            Some(AccountReport::of(self.authorities.get(place)?, Some(outcome)))
        };
        done.into_iter().filter_map(report).collect()
    }
}

/// Why something was not done with an account.
#[derive(Debug, thiserror::Error)]
pub enum AccountsError {
    /// It is not in the configuration.
    #[error("{ca} is no configured CA; name one of: {}", known.join(", "))]
    UnknownCa {
        /// As named.
        ca: String,
        /// Those that are.
        known: Vec<String>,
    },
    /// There is nothing to end.
    #[error("there is no account at {ca}, so there is nothing to deactivate")]
    NoAccount {
        /// The CA.
        ca: String,
    },
    /// A key could not be made or put in place.
    #[error(transparent)]
    Key(#[from] AccountKeyError),
    /// The CA or the state failed.
    #[error("the account was not deactivated")]
    Deactivation(#[source] KeyChangeError),
}

#[cfg(test)]
mod tests;
