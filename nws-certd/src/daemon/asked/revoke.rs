//! Revocations that are asked for.

use nws_acme::RevocationReason;
use tracing::info;

use crate::control::{RevocableReport, RevokeBody};
use crate::daemon::Daemon;
use crate::failure::Causes;
use crate::revocation::{Revocable, revocable};
use crate::store::{Revocation, Step, StoreError};

impl Daemon {
    /// What can be revoked.
    pub(in crate::daemon) async fn list_revocable(&self) -> Result<Vec<RevocableReport>, String> {
        let (configured, now) = (self.directories(), self.parts.clock.now());
        let all = self.revocable().await.map_err(|error| Causes(&error).to_string())?;
        Ok(all.iter().map(|one| RevocableReport::of(one, &configured, now)).collect())
    }

    /// Takes in that a certificate is to be revoked. What was asked before of the same certificate stands no longer.
    pub(in crate::daemon) async fn revoke(&self, body: RevokeBody) -> Result<(), String> {
        let reason: RevocationReason =
            body.reason.parse().map_err(|error| Causes(&error).to_string())?;
        let all = self.revocable().await.map_err(|error| Causes(&error).to_string())?;
        let found =
            all.into_iter().find(|one| one.leaf.fingerprint().to_string() == body.fingerprint);
        let Some(one) = found else {
            let fingerprint = &body.fingerprint;
            return Err(format!("there is no certificate {fingerprint} any more; look again"));
        };
        let ca = one.at_ca(body.ca.as_deref(), &self.directories(), self.parts.clock.now());
        let ca = ca.map_err(|error| error.to_string())?.to_owned();
        if body.replacing {
            self.may_be_replaced(&one)?;
        }
        let Revocable { leaf, der, serves: certificates, .. } = one;
        let serial = leaf.serial().to_string();
        let wish = Box::new(Revocation { leaf, der, ca, reason, replacing: body.replacing });
        let at = self.parts.clock.now();
        let asked = self.parts.store.write(Step::RevocationAsked { wish, certificates, at }).await;
        asked.map_err(|error| Causes(&error).to_string())?;
        info!(serial, %reason, replacing = body.replacing, "an operator wants a certificate revoked");
        Ok(())
    }

    /// Whether a successor can come, or why it would be waited for in vain.
    fn may_be_replaced(&self, one: &Revocable) -> Result<(), String> {
        is_wanted_wherever_it_is(one)?;
        match self.held_among(&one.serves) {
            None => Ok(()),
            Some(held) => Err(format!(
                "serial {} gets no successor, as {held}, or revoke it without --replace",
                one.leaf.serial()
            )),
        }
    }

    async fn revocable(&self) -> Result<Vec<Revocable>, StoreError> {
        let store = &self.parts.store;
        let (facts, previous) = (store.load().await?, store.previous().await?);
        let plan = self.plan(self.parts.clock.now(), &facts);
        let inventory = self.view.as_ref().map(|view| &*view.inventory);
        Ok(revocable(inventory, &facts, &previous, &plan))
    }

    fn directories(&self) -> Vec<String> {
        let all = self.parts.ordering.authorities.iter();
        all.map(|authority| authority.directory().to_owned()).collect()
    }
}

/// Where nobody wants a certificate nobody is given a successor, which would be waited for without end.
fn is_wanted_wherever_it_is(one: &Revocable) -> Result<(), String> {
    if one.unwanted.is_empty() {
        return Ok(());
    }
    Err(format!(
        "serial {} is in {}, where nobody wants another in its place; remove that from the branch first, or revoke it without --replace",
        one.leaf.serial(),
        one.unwanted.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    ))
}
