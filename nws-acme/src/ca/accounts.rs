//! Accounts: made, found, changed and ended (RFC 8555 §7.3).

use serde_json::{Value, json};
use tracing::{debug, info};

use crate::jws::{Requests, Signer, SigningKey};
use crate::registration::contacts;
use crate::{
    Account, AccountKey, AccountUrl, AcmeError, Ca, Clock, Contact, ProblemKind, Registration,
};

impl Ca {
    /// Makes the key's account, or finds it: the same key always gives the same account (RFC 8555 §7.3.1).
    ///
    /// Keep the key durably before, and the account's URL after; a crash between them costs nothing. An account that exists is
    /// found even if its external account can be used only once and was. It keeps its contacts
    /// ([`update_contact`](Self::update_contact)).
    ///
    /// # Errors
    ///
    /// [`AcmeError`]; its `recovery` says what next.
    pub async fn register(
        &self,
        key: &AccountKey,
        registration: &Registration,
        clock: &dyn Clock,
    ) -> Result<Account, AcmeError> {
        self.counted(clock, self.make(key, registration, clock)).await
    }

    /// The account of a key that was registered before (RFC 8555 §7.3.1); `None` if the CA knows none.
    ///
    /// # Errors
    ///
    /// [`AcmeError`]; an account that was ended is [`AcmeError::NotRegistered`].
    pub async fn find_account(
        &self,
        key: &AccountKey,
        clock: &dyn Clock,
    ) -> Result<Option<Account>, AcmeError> {
        let found = async { find(&self.requests(clock).await?, key).await };
        let url = self.counted(clock, found).await?;
        Ok(url.map(|url| self.account(key, url)))
    }

    /// Replaces the account's contacts, by none if there are none (RFC 8555 §7.3.2).
    ///
    /// # Errors
    ///
    /// [`AcmeError`]; its `recovery` says what next.
    pub async fn update_contact(
        &self,
        account: &Account,
        contact: &[Contact],
        clock: &dyn Clock,
    ) -> Result<(), AcmeError> {
        let payload = json!({ "contact": contacts(contact) });
        let updated = async { update(&self.requests(clock).await?, account, &payload).await };
        self.counted(clock, updated).await?;
        info!(account = %account.url, contacts = contact.len(), "contacts of the account replaced");
        Ok(())
    }

    /// Ends the account for good (RFC 8555 §7.3.6): its key can have no other, and its orders are over. What it was issued stays
    /// valid. One that was ended before is a success.
    ///
    /// # Errors
    ///
    /// [`AcmeError`]; its `recovery` says what next.
    pub async fn deactivate(&self, account: &Account, clock: &dyn Clock) -> Result<(), AcmeError> {
        self.counted(clock, self.end(account, clock)).await?;
        info!(account = %account.url, "account deactivated");
        Ok(())
    }

    async fn make(
        &self,
        key: &AccountKey,
        registration: &Registration,
        clock: &dyn Clock,
    ) -> Result<Account, AcmeError> {
        let requests = self.requests(clock).await?;
        if requests.directory.external_account_required && registration.external_account.is_none() {
            return Err(AcmeError::ExternalAccountRequired { url: self.directory_url().clone() });
        }
        let endpoint = requests.endpoint("newAccount")?;
        let payload = registration.payload(endpoint, key.jwk());
        let url = match requests.post(Signer::key(key), endpoint, &payload).await {
            Ok(answer) => requests.account_in(&answer)?,
            Err(refusal) if registration.external_account.is_some() => {
                made_before(&requests, key, refusal).await?
            }
            Err(failure) => return Err(failure.at_registration()),
        };
        info!(account = %url, "account registered");
        Ok(self.account(key, url))
    }

    /// A repetition whose first answer was lost is refused, and so is everything else that the account asks for.
    async fn end(&self, account: &Account, clock: &dyn Clock) -> Result<(), AcmeError> {
        let requests = self.requests(clock).await?;
        match update(&requests, account, &json!({ "status": "deactivated" })).await {
            Err(refusal) if is_ended(&refusal) => match find(&requests, &account.key).await {
                Err(AcmeError::NotRegistered { problem })
                    if problem.kind == ProblemKind::Unauthorized =>
                {
                    Ok(())
                }
                Ok(_) | Err(_) => Err(refusal),
            },
            outcome => outcome,
        }
    }
}

/// An external account may be good for one account only: where a crash lost that one's URL, the CA can be asked for it.
async fn made_before(
    requests: &Requests<'_>,
    key: &AccountKey,
    refusal: AcmeError,
) -> Result<AccountUrl, AcmeError> {
    match refusal.at_registration() {
        refusal @ AcmeError::NotRegistered { .. } => {
            debug!(%refusal, "asking for an account that was made before");
            find(requests, key).await.ok().flatten().ok_or(refusal)
        }
        failure => Err(failure),
    }
}

/// The account of a key that any client made (RFC 8555 §7.3.1).
pub(super) async fn find(
    requests: &Requests<'_>,
    key: &dyn SigningKey,
) -> Result<Option<AccountUrl>, AcmeError> {
    let endpoint = requests.endpoint("newAccount")?;
    let payload = json!({ "onlyReturnExisting": true });
    match requests.post(Signer::key(key), endpoint, &payload).await {
        Ok(answer) => requests.account_in(&answer).map(Some),
        Err(AcmeError::AccountDoesNotExist { .. }) => Ok(None),
        Err(failure) => Err(failure.at_registration()),
    }
}

async fn update(
    requests: &Requests<'_>,
    account: &Account,
    payload: &Value,
) -> Result<(), AcmeError> {
    let signer = Signer::account(&account.key, &account.url);
    requests.post(signer, account.url.as_str(), payload).await.map(drop)
}

fn is_ended(failure: &AcmeError) -> bool {
    matches!(failure, AcmeError::Refused { problem, .. } if problem.kind == ProblemKind::Unauthorized)
}
