//! One CA that orders may go to, and our account there.

use nws_acme::{
    Account, AccountKey, AccountUrl, AcmeError, Availability, Ca, Clock, Profile, Registration,
    TermsAgreed,
};
use time::OffsetDateTime;
use tokio::sync::Mutex;
use tracing::warn;

use crate::failure::Causes;
use crate::plan::CaView;
use crate::store::{AccountFacts, Step, Store};

/// A configured CA.
pub(crate) struct Authority {
    pub(crate) ca: Ca,
    /// The profile that certificates get there that ask for none.
    pub(crate) profile: Option<Profile>,
    /// The key of our account.
    pub(crate) key: AccountKey,
    /// The account, once known; whoever needs it first makes it, the others wait.
    account: Mutex<Option<Account>>,
}

impl Authority {
    /// A CA with the account that was kept, if one was; nothing is asked.
    pub(crate) fn new(
        ca: Ca,
        key: AccountKey,
        profile: Option<Profile>,
        known: &[AccountFacts],
    ) -> Self {
        let directory = ca.directory_url().as_str();
        let known = known.iter().find(|account| account.directory == directory);
        // A URL that cannot be read is asked for again: the same key gives the same account.
        let url: Option<AccountUrl> = known.and_then(|account| account.url.parse().ok());
        let account = Mutex::new(url.map(|url| ca.account(&key, url)));
        Self { ca, profile, key, account }
    }

    pub(crate) fn directory(&self) -> &str {
        self.ca.directory_url().as_str()
    }

    /// How it is to be reckoned with at `now`.
    pub(crate) fn view(&self, now: OffsetDateTime) -> CaView {
        CaView {
            directory: self.directory().into(),
            profile: self.profile.clone(),
            availability: self.availability(now),
        }
    }

    pub(crate) fn availability(&self, now: OffsetDateTime) -> Availability {
        self.ca.availability(now)
    }

    /// Our account; made where there is none yet.
    pub(crate) async fn account(
        &self,
        store: &dyn Store,
        clock: &dyn Clock,
    ) -> Result<Account, AcmeError> {
        let mut known = self.account.lock().await;
        if let Some(account) = &*known {
            return Ok(account.clone());
        }
        let registration =
            Registration { terms: TermsAgreed, contact: vec![], external_account: None };
        let account = self.ca.register(&self.key, &registration, clock).await?;
        self.remember(store, Some(account.url())).await;
        *known = Some(account.clone());
        Ok(account)
    }

    /// Forgets an account the CA no longer knows, so that the next attempt registers again with the same key.
    pub(crate) async fn forget_account(&self, store: &dyn Store) {
        *self.account.lock().await = None;
        self.remember(store, None).await;
    }

    async fn remember(&self, store: &dyn Store, url: Option<&AccountUrl>) {
        let step = Step::Account {
            directory: self.directory().into(),
            url: url.map(ToString::to_string),
            thumbprint: self.key.thumbprint().to_string(),
        };
        if let Err(error) = store.write(step).await {
            warn!(error = %Causes(&error), "the account's URL was not stored; it is asked for again after a restart");
        }
    }
}
