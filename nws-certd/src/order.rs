//! One order, from its intent to the chain in the outbox.

mod journal;
mod outcome;

use std::sync::Arc;
use std::time::Duration;

use nws_acme::{
    Account, AccountKey, AccountUrl, AcmeError, Ca, Clock, OrderSpec, TermsAgreed, generate_key,
    obtain,
};
use nws_challenge::Answers;
use nws_expiry::{Issued, PrivateKey, Reason};
use time::OffsetDateTime;
use tokio::sync::Mutex;
use tracing::{Instrument as _, info_span, warn};

pub(crate) use outcome::Ended;

use self::journal::Recorded;
use self::outcome::OrderFailure;
use crate::failure::Causes;
use crate::store::{CertificateKey, OpenOrder, OrderId, Step, Store};
use crate::vault::Vault;

/// What every order needs.
pub(crate) struct Ordering {
    pub(crate) ca: Ca,
    pub(crate) key: AccountKey,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) vault: Vault,
    pub(crate) answers: Answers,
    pub(crate) clock: Arc<dyn Clock>,
    /// How long one attempt may take.
    pub(crate) deadline: Duration,
    /// The account, once known; whoever needs it first makes it, the others wait.
    pub(crate) account: Mutex<Option<Account>>,
}

/// One attempt that is due.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    /// What is ordered.
    pub(crate) certificate: CertificateKey,
    /// Why.
    pub(crate) reason: Reason,
    /// The order to go on with, if one is open.
    pub(crate) open: Option<OpenOrder>,
    /// Failures since the last success.
    pub(crate) failures: u32,
    /// When what is served now ends.
    pub(crate) ends: Option<OffsetDateTime>,
    /// When it began.
    pub(crate) began: OffsetDateTime,
}

impl Ordering {
    /// Runs one attempt to its end; whatever happens is in the store when this returns.
    pub(crate) async fn run(self: Arc<Self>, attempt: Attempt) -> Ended {
        let span = info_span!(
            "order",
            names = %attempt.certificate.names,
            reason = %attempt.reason,
            attempt = attempt.failures + 1,
            order = tracing::field::Empty,
            resumed = attempt.open.as_ref().is_some_and(|open| open.url.is_some()),
        );
        async {
            let result = self.attempt(&attempt).await;
            self.conclude(&attempt, result).await
        }
        .instrument(span)
        .await
    }

    async fn attempt(&self, attempt: &Attempt) -> Result<(OrderId, Issued), OrderFailure> {
        let (order, key) = self.begin(attempt).await?;
        let failed = |error| OrderFailure::Acme { order, error };
        let account = self.account().await.map_err(failed)?;
        let deadline = self.clock.now() + self.deadline;
        let spec = OrderSpec {
            names: attempt.certificate.names.clone(),
            key,
            profile: None,
            replaces: None,
            resume: attempt.open.as_ref().and_then(|open| open.url.clone()),
            deadline,
        };
        let journal = Recorded { store: &*self.store, answers: &self.answers, order, deadline };
        let issued = obtain(&self.ca, &account, &spec, &journal, &*self.clock).await;
        issued.map(|issued| (order, issued)).map_err(|error| OrderFailure::Order { order, error })
    }

    /// The key and intent: of the open order, or new and made durable.
    async fn begin(&self, attempt: &Attempt) -> Result<(OrderId, PrivateKey), OrderFailure> {
        if let Some(open) = &attempt.open {
            let der = self.vault.open_sealed(&open.sealed_key).map_err(OrderFailure::Seal)?;
            let key = PrivateKey::from_pkcs8_der(&der).map_err(OrderFailure::Key)?;
            return Ok((open.id, key));
        }
        let key = self.new_key(&attempt.certificate)?;
        let order = OrderId::of(&key);
        let sealed_key = self.vault.seal(key.pkcs8_der()).map_err(OrderFailure::Seal)?;
        let certificate = attempt.certificate.clone();
        let at = self.clock.now();
        self.store
            .write(Step::OrderIntended { order, certificate, sealed_key, at })
            .await
            .map_err(OrderFailure::Store)?;
        Ok((order, key))
    }

    fn new_key(&self, certificate: &CertificateKey) -> Result<PrivateKey, OrderFailure> {
        generate_key(certificate.key_type).map_err(OrderFailure::NewKey)
    }

    async fn account(&self) -> Result<Account, AcmeError> {
        let mut known = self.account.lock().await;
        if let Some(account) = &*known {
            return Ok(account.clone());
        }
        let account = self.ca.register(&self.key, TermsAgreed, &*self.clock).await?;
        self.remember(Some(account.url())).await;
        *known = Some(account.clone());
        Ok(account)
    }

    /// Forgets an account the CA no longer knows, so that the next attempt registers again with the same key.
    async fn forget_account(&self) {
        *self.account.lock().await = None;
        self.remember(None).await;
    }

    async fn remember(&self, url: Option<&AccountUrl>) {
        let directory = self.ca.directory_url().to_string();
        let step = Step::Account { directory, url: url.map(ToString::to_string) };
        if let Err(error) = self.store.write(step).await {
            warn!(error = %Causes(&error), "the account's URL was not stored; it is asked for again after a restart");
        }
    }
}
