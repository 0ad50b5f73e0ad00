//! An account gets another key (RFC 8555 §7.3.5).

use serde_json::json;
use tracing::info;

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

/// What the CA says of it is not all: what it refuses, an earlier request may have done whose answer was lost; and Pebble says
/// 200 to a key that has another account, and does nothing. The old key is given up after this, so it is looked at.
async fn change(
    requests: &Requests<'_>,
    account: &AccountUrl,
    old: &dyn SigningKey,
    new: &AccountKey,
) -> Result<(), AcmeError> {
    let refusal = match ask(requests, account, old, new).await {
        Ok(()) => None,
        Err(refusal) if is_refusal(&refusal) => Some(refusal),
        Err(failure) => return Err(failure),
    };
    match (find(requests, new).await, refusal) {
        (Ok(Some(found)), _) if found == *account => {
            info!(%account, "account key changed");
            Ok(())
        }
        (Ok(Some(account)), _) => Err(AcmeError::KeyTaken { account }),
        (Ok(None) | Err(_), Some(refusal)) => Err(refusal),
        (Ok(None), None) => Err(requests.exchange.unexpected("the key was not changed".into())),
        (Err(failure), None) => Err(failure),
    }
}

/// A conflict comes without a word from some.
fn is_refusal(failure: &AcmeError) -> bool {
    matches!(failure, AcmeError::Refused { status, .. } | AcmeError::Unexplained { status, .. } if status.is_client_error())
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
