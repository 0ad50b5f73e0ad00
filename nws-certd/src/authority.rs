//! One CA that orders may go to, and our account there.

mod budget;
mod key_change;
#[cfg(test)]
pub(crate) mod testing;
mod upkeep;

use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nws_acme::{
    Account, AccountUrl, AcmeError, Availability, Ca, Clock, PreferredChain, Profile, Registration,
};
use nws_challenge::Thumbprint;
use nws_expiry::budget::Limits;
use nws_gitops::CaName;
use time::OffsetDateTime;
use tokio::sync::{OwnedRwLockReadGuard, RwLock};
use tracing::warn;

pub use self::key_change::KeyChangeError;
pub(crate) use self::upkeep::Told;

use self::budget::Budget;
use self::key_change::Change;
use crate::account::AccountKeys;
use crate::failure::Causes;
use crate::plan::CaView;
use crate::store::{AccountFacts, Step, Store, StoreError};

/// A configured CA.
pub(crate) struct Authority {
    pub(crate) ca: Ca,
    pub(crate) terms: Terms,
    /// The key of our account, which others may share.
    pub(crate) keys: Arc<AccountKeys>,
    standing: Mutex<Standing>,
    /// Whoever needs the account first asks for it, the others wait.
    asking: tokio::sync::Mutex<()>,
    /// Held by whoever works with the account; its key is changed when nobody does.
    in_use: Arc<RwLock<()>>,
    change: Mutex<Change>,
    /// What was used of its limits.
    budget: Mutex<Budget>,
}

/// On which terms certificates are had from a CA.
pub(crate) struct Terms {
    /// What manifests and issuers call it, if they can.
    pub(crate) name: Option<CaName>,
    /// What it is told when it makes the account.
    pub(crate) registration: Registration,
    /// The profile that certificates get there that ask for none.
    pub(crate) profile: Option<Profile>,
    /// The root that their chains should end at.
    pub(crate) chain: Option<PreferredChain>,
    /// What it allows.
    pub(crate) limits: Limits,
}

/// What is known of our account.
#[derive(Clone, Debug)]
enum Standing {
    /// Nothing, or not which of two keys it has.
    Unasked,
    /// The CA was asked, and has none.
    Absent,
    /// It is there.
    Known(Account),
    /// We have ended it.
    Ended { account: Account, at: OffsetDateTime },
}

/// Our account, as long as somebody works with it: meanwhile it keeps its key.
pub(crate) struct Lease {
    account: Account,
    _in_use: OwnedRwLockReadGuard<()>,
}

impl Deref for Lease {
    type Target = Account;

    fn deref(&self) -> &Account {
        &self.account
    }
}

impl Authority {
    /// A CA with the account that was kept, if one was; nothing is asked.
    pub(crate) fn new(
        ca: Ca,
        keys: Arc<AccountKeys>,
        terms: Terms,
        known: &[AccountFacts],
    ) -> Self {
        let directory = ca.directory_url().as_str();
        let known = known.iter().find(|account| account.directory == directory);
        let standing = known.and_then(|known| recall(&ca, &keys, known));
        Self {
            ca,
            budget: Mutex::new(Budget::new(terms.limits)),
            terms,
            keys,
            standing: Mutex::new(standing.unwrap_or(Standing::Unasked)),
            asking: tokio::sync::Mutex::default(),
            in_use: Arc::default(),
            change: Mutex::default(),
        }
    }

    pub(crate) fn directory(&self) -> &str {
        self.ca.directory_url().as_str()
    }

    /// How it is to be reckoned with at `now`.
    pub(crate) fn view(&self, now: OffsetDateTime) -> CaView {
        CaView {
            name: self.terms.name.clone(),
            directory: self.directory().into(),
            profile: self.terms.profile.clone(),
            availability: self.availability(now),
            ledger: self.ledger(),
        }
    }

    pub(crate) fn availability(&self, now: OffsetDateTime) -> Availability {
        self.ca.availability(now)
    }

    /// The thumbprint of the key that its account has, or will have.
    pub(crate) fn thumbprint(&self) -> Thumbprint {
        match self.standing() {
            Standing::Known(account) | Standing::Ended { account, .. } => {
                account.thumbprint().clone()
            }
            Standing::Unasked => self.keys.keys().current.thumbprint().clone(),
            Standing::Absent => self.keys.keys().newest().thumbprint().clone(),
        }
    }

    /// Where its account is, once known.
    pub(crate) fn account_url(&self) -> Option<String> {
        self.known().map(|account| account.url().to_string())
    }

    /// Our account, made where there is none yet; its key is not changed before the lease is given back. Who has a lease must not
    /// ask for another: a change of the key may be waiting between the two.
    pub(crate) async fn account(
        &self,
        store: &dyn Store,
        clock: &dyn Clock,
    ) -> Result<Lease, AcmeError> {
        let _in_use = self.in_use.clone().read_owned().await;
        if let Some(account) = self.known() {
            return Ok(Lease { account, _in_use });
        }
        let _asking = self.asking.lock().await;
        if let Some(account) = self.known() {
            return Ok(Lease { account, _in_use });
        }
        let account = self.find_or_make(clock).await?;
        if let Err(error) = self.keep(store, &account).await {
            warn!(error = %Causes(&error), "the account's URL was not stored; it is asked for again after a restart");
        }
        self.set(Standing::Known(account.clone()));
        Ok(Lease { account, _in_use })
    }

    /// The account, if nobody has to be asked for it.
    fn known(&self) -> Option<Account> {
        match self.standing() {
            Standing::Known(account) | Standing::Ended { account, .. } => Some(account),
            Standing::Unasked | Standing::Absent => None,
        }
    }

    /// Forgets an account the CA no longer knows, so that the next attempt registers again with the same key.
    pub(crate) async fn forget_account(&self, store: &dyn Store) {
        self.set(Standing::Unasked);
        let (directory, thumbprint) = (self.directory().into(), self.thumbprint().to_string());
        let step = Step::Account { directory, url: None, thumbprint };
        if let Err(error) = store.write(step).await {
            warn!(error = %Causes(&error), "it was not stored that the account is gone; it is found out again after a restart");
        }
    }

    async fn find_or_make(&self, clock: &dyn Clock) -> Result<Account, AcmeError> {
        let keys = self.keys.keys();
        // While there are two keys, an account that is there may have either.
        if keys.next.is_some()
            && let Some(account) = self.find(clock).await?
        {
            return Ok(account);
        }
        match self.ca.register(keys.newest(), &self.terms.registration, clock).await {
            // It is made for those only whom the CA knows, but it may be there, made by another client.
            Err(refusal @ AcmeError::ExternalAccountRequired { .. }) => {
                self.find(clock).await?.ok_or(refusal)
            }
            outcome => outcome,
        }
    }

    /// The account of the current key, or else of the next.
    async fn find(&self, clock: &dyn Clock) -> Result<Option<Account>, AcmeError> {
        let keys = self.keys.keys();
        if let Some(account) = self.ca.find_account(&keys.current, clock).await? {
            return Ok(Some(account));
        }
        match &keys.next {
            None => Ok(None),
            Some(next) => self.ca.find_account(next, clock).await,
        }
    }

    /// Makes durable which account there is, and with which key.
    async fn keep(&self, store: &dyn Store, account: &Account) -> Result<(), StoreError> {
        let step = Step::Account {
            directory: self.directory().into(),
            url: Some(account.url().to_string()),
            thumbprint: account.thumbprint().to_string(),
        };
        store.write(step).await
    }

    fn standing(&self) -> Standing {
        lock(&self.standing).clone()
    }

    fn set(&self, standing: Standing) {
        *lock(&self.standing) = standing;
    }
}

/// The account that was kept, if it is that of a key we have; a URL that cannot be read is asked for again.
///
/// While the key is being changed, what was kept before a crash may be over, so only the next key's account is believed.
fn recall(ca: &Ca, keys: &AccountKeys, known: &AccountFacts) -> Option<Standing> {
    let url: AccountUrl = known.url.parse().ok()?;
    let keys = keys.keys();
    let key = match &known.thumbprint {
        None => &keys.current,
        Some(thumbprint) => keys.of_thumbprint(thumbprint)?,
    };
    let account = ca.account(key, url);
    match known.ended_at {
        Some(at) => Some(Standing::Ended { account, at }),
        None if key.thumbprint() == keys.newest().thumbprint() => Some(Standing::Known(account)),
        None => None,
    }
}

/// No holder leaves what is locked half-changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
