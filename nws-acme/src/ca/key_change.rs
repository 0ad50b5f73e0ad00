//! An account gets another key (RFC 8555 §7.3.5).

use serde_json::json;
use tracing::{debug, info};

use super::accounts::find;
use crate::jws::{Requests, Signer, SigningKey};
use crate::{Account, AccountKey, AccountUrl, AcmeError, Ca, Clock, RsaAccountKey};

impl Ca {
    /// Gives the account another key, from which on the old one is good for nothing.
    ///
    /// Keep the new key durably before. A crash leaves an account that has one of the two: ask once more, which is a success if
    /// the CA had done it; or find out by [`find_account`](Self::find_account) with each. Challenges that were offered before are
    /// validated by either thumbprint, so answer both meanwhile.
    ///
    /// # Errors
    ///
    /// [`AcmeError`]; its `recovery` says what next. [`AcmeError::KeyTaken`] if the new key has another account.
    pub async fn change_key(
        &self,
        account: &Account,
        new: &AccountKey,
        clock: &dyn Clock,
    ) -> Result<Account, AcmeError> {
        let changed = async {
            let requests = self.requests(clock).await?;
            change(&requests, &account.url, &account.key, new).await
        };
        self.counted(clock, changed).await?;
        Ok(self.account(new, account.url.clone()))
    }

    /// Takes over the account of another client: finds it by its RSA key, and gives it the new one.
    ///
    /// As with [`change_key`](Self::change_key), what a crash interrupted is done by asking once more.
    ///
    /// # Errors
    ///
    /// [`AcmeError`]; [`AcmeError::NotTakenOver`] if the CA knows no account of either key.
    pub async fn take_over(
        &self,
        old: &RsaAccountKey,
        new: &AccountKey,
        clock: &dyn Clock,
    ) -> Result<Account, AcmeError> {
        let taken = async {
            let requests = self.requests(clock).await?;
            match find(&requests, old).await? {
                Some(url) => change(&requests, &url, old, new).await.map(|()| url),
                None => find(&requests, new)
                    .await?
                    .ok_or_else(|| AcmeError::NotTakenOver { url: self.directory_url().clone() }),
            }
        };
        let url = self.counted(clock, taken).await?;
        Ok(self.account(new, url))
    }
}

/// If it is refused, it may have been done: by an earlier request whose answer was lost.
async fn change(
    requests: &Requests<'_>,
    account: &AccountUrl,
    old: &dyn SigningKey,
    new: &AccountKey,
) -> Result<(), AcmeError> {
    let refusal = match ask(requests, account, old, new).await {
        Ok(()) => {
            info!(%account, "account key changed");
            return Ok(());
        }
        Err(refusal @ AcmeError::Refused { .. }) => refusal,
        Err(failure) => return Err(failure),
    };
    match find(requests, new).await {
        Ok(Some(found)) if found == *account => {
            debug!(%account, %refusal, "account key had been changed already");
            Ok(())
        }
        Ok(Some(account)) => Err(AcmeError::KeyTaken { account }),
        Ok(None) | Err(_) => Err(refusal),
    }
}

/// Signed by both: the new key inside, for it agrees; the account's outside.
async fn ask(
    requests: &Requests<'_>,
    account: &AccountUrl,
    old: &dyn SigningKey,
    new: &AccountKey,
) -> Result<(), AcmeError> {
    let url = requests.endpoint("keyChange")?;
    let agreed = json!({ "account": account.as_str(), "oldKey": old.jwk().to_json() });
    let inner = Signer::key(new)
        .sign(url, None, &agreed.to_string())
        .map_err(|_| AcmeError::Unsigned { url: url.into() })?;
    requests.post(Signer::account(old, account), url, &inner).await.map(drop)
}
