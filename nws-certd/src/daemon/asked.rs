//! What is asked of the daemon between two turns.

mod adopt;
mod import;
mod reseal;
mod revoke;

use std::sync::Arc;

use tokio::sync::oneshot;
use tracing::info;

use super::{Daemon, Look, Request, Synced};
use crate::failure::Causes;
use crate::plan::held_among;
use crate::store::{CertificateKey, Step};

impl Daemon {
    /// Takes a request in. Whoever asked is answered after the next turn, or now where nothing comes of it.
    pub(super) async fn take(
        &mut self,
        request: Request,
        asked: &mut Vec<oneshot::Sender<Synced>>,
    ) -> Look {
        let (taken, reply, look) = match request {
            Request::Sync(reply) => (Ok(()), reply, Look::Asked),
            Request::Renew(certificates, reply) => {
                (self.renew(certificates).await, reply, Look::WhenDue)
            }
            Request::Revoke(body, reply) => (self.revoke(body).await, reply, Look::WhenDue),
            Request::Prune(secrets, reply) => (self.prune(secrets).await, reply, Look::WhenDue),
            Request::Turn(reply) => (Ok(()), reply, Look::WhenDue),
            Request::Plan(at, reply) => {
                let report = self.report_at(at).await.map(Arc::new);
                // Whoever asked may be gone.
                let _ = reply.send(report.map_err(|error| Causes(&error).to_string()));
                return Look::WhenDue;
            }
            Request::Import(body, reply) => {
                let imported = self.import(body).await;
                // Whoever asked may be gone.
                let _ = reply.send(imported);
                return Look::Asked;
            }
            Request::Reseal(body, reply) => {
                // Whoever asked may be gone.
                let _ = reply.send(self.reseal(body).await);
                return Look::WhenDue;
            }
            Request::Revocable(reply) => {
                // Whoever asked may be gone.
                let _ = reply.send(self.list_revocable().await);
                return Look::WhenDue;
            }
        };
        match taken {
            Ok(()) => asked.push(reply),
            Err(reason) => {
                // Whoever asked may be gone.
                let _ = reply.send(Err(reason));
            }
        }
        look
    }

    /// Has others ordered in place of these certificates; all of them or none.
    pub(super) async fn renew(&self, certificates: Vec<CertificateKey>) -> Result<(), String> {
        if let Some(key) = certificates.iter().find(|key| self.agenda.get(key).is_none()) {
            return Err(format!(
                "nothing is asked for, as nobody wants {key} any more; see: nws-certd status"
            ));
        }
        if let Some(held) = self.held_among(&certificates) {
            return Err(format!("nothing is asked for, as {held}"));
        }
        let (at, count) = (self.parts.clock.now(), certificates.len());
        let asked = self.parts.store.write(Step::Asked { certificates, at }).await;
        asked.map_err(|error| Causes(&error).to_string())?;
        info!(certificates = count, "asked for by an operator");
        Ok(())
    }

    /// That one of these certificates is held, by what, and the remedy, if one is.
    pub(in crate::daemon) fn held_among(&self, certificates: &[CertificateKey]) -> Option<String> {
        let inventory = &self.view.as_ref()?.inventory;
        let (key, hold) = held_among(inventory, &self.parts.rules, certificates)?;
        Some(format!("{key} is held by {hold}"))
    }
}
