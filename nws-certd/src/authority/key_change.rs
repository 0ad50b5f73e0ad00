//! The account gets the next key.

use nws_acme::{Account, AcmeError, Availability, Clock, Recovery};
use time::{Duration, OffsetDateTime};
use tracing::{info, warn};

use super::{Authority, Standing, lock};
use crate::failure::Causes;
use crate::pause::Pause;
use crate::report::instant;
use crate::store::{Step, Store, StoreError};

/// How soon a CA is asked again that refuses to change a key.
const REFUSED: Duration = Duration::HOUR;

/// How the change stands, as far as it did not succeed.
#[derive(Debug, Default)]
pub(super) struct Change {
    pause: Pause,
    failed: Option<Failed>,
}

#[derive(Clone, Debug)]
struct Failed {
    /// The CA's words, or what kept it from saying any.
    why: String,
    until: OffsetDateTime,
    /// The CA has said no.
    is_refused: bool,
}

impl Authority {
    /// Whether the account still has to get the next key.
    pub(crate) fn awaits_key(&self) -> bool {
        let Some(next) = self.keys.keys().next else { return false };
        match self.standing() {
            Standing::Unasked => true,
            Standing::Absent => false,
            Standing::Known(account) | Standing::Ended { account, .. } => {
                account.thumbprint() != next.thumbprint()
            }
        }
    }

    /// Whether no order may be begun, as the key is about to be changed. Where that failed orders go on until it is tried again,
    /// with the key that the CA says the account has.
    pub(crate) fn is_changing(&self, now: OffsetDateTime) -> bool {
        self.awaits_key() && lock(&self.change).pause.until(now).is_none()
    }

    /// Whether it is time to change the key.
    pub(crate) fn change_is_due(&self, now: OffsetDateTime) -> bool {
        let is_away = matches!(self.availability(now), Availability::Away { .. });
        self.is_changing(now) && !is_away
    }

    /// A person says "now".
    pub(crate) fn change_now(&self) {
        lock(&self.change).pause.over();
    }

    /// What to tell of a change that is not over.
    pub(crate) fn change_trouble(&self) -> Option<String> {
        if !self.awaits_key() {
            return None;
        }
        let ca = self.directory();
        Some(match &lock(&self.change).failed {
            None => format!(
                "the account key at the CA {ca} is being changed; no order is begun there until those under way are over"
            ),
            Some(Failed { why, until, is_refused: true }) => format!(
                "the CA {ca} does not change the account's key, which stays the old one ({why}); it is asked again at {}, or with: nws-certd sync",
                instant(*until)
            ),
            Some(Failed { why, until, is_refused: false }) => format!(
                "the account key at the CA {ca} could not be changed yet ({why}); it is asked again at {}",
                instant(*until)
            ),
        })
    }

    /// Gives the account the next key, once nobody works with it any more: orders are over within their deadline.
    ///
    /// Only the row that is written last says that it has it. A crash before it leaves an account with either key, and the next
    /// start asks the CA, by the old key first.
    ///
    /// # Errors
    ///
    /// [`KeyChangeError`]; it is tried again when [`Self::change_is_due`].
    pub(crate) async fn change_key(
        &self,
        store: &dyn Store,
        clock: &dyn Clock,
    ) -> Result<(), KeyChangeError> {
        let _nobody_else = self.in_use.write().await;
        let _asking = self.asking.lock().await;
        if !self.awaits_key() {
            return Ok(());
        }
        let changed = self.change(store, clock).await;
        let mut change = lock(&self.change);
        let Err(error) = &changed else {
            *change = Change::default();
            return changed;
        };
        let now = clock.now();
        let is_refused = error.is_refusal();
        let until = match error.wait(now) {
            Some(wait) => change.pause.rest(now, wait),
            None => change.pause.failed(now),
        };
        let why = Causes(error).to_string();
        warn!(
            ca = self.directory(),
            error = why,
            retry_at = instant(until),
            "account key not changed"
        );
        change.failed = Some(Failed { why, until, is_refused });
        changed
    }

    async fn change(&self, store: &dyn Store, clock: &dyn Clock) -> Result<(), KeyChangeError> {
        let Some(next) = self.keys.keys().next else { return Ok(()) };
        let account = match self.standing() {
            Standing::Known(account) => Some(account),
            Standing::Unasked | Standing::Absent => self.find(clock).await?,
            Standing::Ended { account, at } => {
                let account = self.ca.account(&next, account.url().clone());
                return Ok(self.keep_ended(store, account, at).await?);
            }
        };
        let Some(account) = account else {
            info!(ca = self.directory(), "there is no account to change the key of");
            self.set(Standing::Absent);
            return Ok(());
        };
        // Whatever happens now, until the row is written it is for the CA to say which key it has.
        self.set(Standing::Unasked);
        let changed = if account.thumbprint() == next.thumbprint() {
            account
        } else {
            match self.ca.change_key(&account, &next, clock).await {
                Ok(changed) => changed,
                Err(refusal) if is_refusal(&refusal) => {
                    return self.refused(store, clock, refusal).await;
                }
                Err(failure) => return Err(failure.into()),
            }
        };
        self.keep(store, &changed).await?;
        self.set(Standing::Known(changed));
        Ok(())
    }

    /// The CA says no: orders go on with the key that it says the account has.
    async fn refused(
        &self,
        store: &dyn Store,
        clock: &dyn Clock,
        refusal: AcmeError,
    ) -> Result<(), KeyChangeError> {
        if let Ok(Some(account)) = self.find(clock).await {
            self.keep(store, &account).await?;
            self.set(Standing::Known(account));
        }
        if self.awaits_key() { Err(refusal.into()) } else { Ok(()) }
    }

    pub(super) async fn keep_ended(
        &self,
        store: &dyn Store,
        account: Account,
        at: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let step = Step::AccountEnded {
            directory: self.directory().into(),
            url: account.url().to_string(),
            thumbprint: account.thumbprint().to_string(),
            at,
        };
        store.write(step).await?;
        self.set(Standing::Ended { account, at });
        Ok(())
    }
}

/// Why an account was not changed.
#[derive(Debug, thiserror::Error)]
pub enum KeyChangeError {
    /// The CA.
    #[error(transparent)]
    Acme(#[from] AcmeError),
    /// The state.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl KeyChangeError {
    fn is_refusal(&self) -> bool {
        match self {
            Self::Acme(error) => is_refusal(error),
            Self::Store(_) => false,
        }
    }

    /// How long to wait, where that does not depend on how often it failed.
    fn wait(&self, now: OffsetDateTime) -> Option<Duration> {
        if let Self::Acme(error) = self
            && let Recovery::Wait { retry_after, .. } = error.recovery()
        {
            return Some(retry_after.until(now) - now);
        }
        self.is_refusal().then_some(REFUSED)
    }
}

/// Whether the CA has understood, and says no.
fn is_refusal(error: &AcmeError) -> bool {
    match error.recovery() {
        Recovery::Resume { .. }
        | Recovery::CaAway { .. }
        | Recovery::Wait { .. }
        | Recovery::Account => false,
        Recovery::Hold { .. }
        | Recovery::Name
        | Recovery::Operator
        | Recovery::Fresh
        | Recovery::Permanent => true,
    }
}
