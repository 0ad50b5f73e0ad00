//! What else is done to the account.

use nws_acme::{AccountUrl, AcmeError, Clock, RsaAccountKey};

use super::{Authority, KeyChangeError, Standing};
use crate::store::Store;

/// Whether a CA was told something.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Told {
    Yes,
    /// There is no account yet; whoever makes it says it.
    NoAccount,
}

impl Authority {
    /// Tells the CA the configured contacts.
    pub(crate) async fn tell_contact(&self, clock: &dyn Clock) -> Result<Told, AcmeError> {
        let _in_use = self.in_use.read().await;
        let account = match self.standing() {
            Standing::Known(account) => account,
            Standing::Unasked | Standing::Absent => match self.find(clock).await? {
                Some(account) => account,
                None => return Ok(Told::NoAccount),
            },
            Standing::Ended { .. } => return Ok(Told::NoAccount),
        };
        let contact = &self.terms.registration.contact;
        self.ca.update_contact(&account, contact, clock).await.map(|()| Told::Yes)
    }

    /// Ends the account for good. A crash before it is stored: the CA refuses what comes next, and says why.
    pub(crate) async fn deactivate(
        &self,
        store: &dyn Store,
        clock: &dyn Clock,
    ) -> Result<Told, KeyChangeError> {
        let _nobody_else = self.in_use.write().await;
        let _asking = self.asking.lock().await;
        let found = match self.known() {
            Some(account) => Some(account),
            None => self.find(clock).await?,
        };
        let Some(account) = found else { return Ok(Told::NoAccount) };
        self.ca.deactivate(&account, clock).await?;
        self.keep_ended(store, account, clock.now()).await?;
        Ok(Told::Yes)
    }

    /// Takes over the account of another client, by its key: it gets ours.
    pub(crate) async fn take_over(
        &self,
        old: &RsaAccountKey,
        store: &dyn Store,
        clock: &dyn Clock,
    ) -> Result<AccountUrl, KeyChangeError> {
        let _nobody_else = self.in_use.write().await;
        let account = self.ca.take_over(old, self.keys.keys().newest(), clock).await?;
        self.keep(store, &account).await?;
        let url = account.url().clone();
        self.set(Standing::Known(account));
        Ok(url)
    }

    /// When the account was ended, if it was.
    pub(crate) fn ended_at(&self) -> Option<time::OffsetDateTime> {
        match self.standing() {
            Standing::Ended { at, .. } => Some(at),
            Standing::Unasked | Standing::Absent | Standing::Known(_) => None,
        }
    }
}
