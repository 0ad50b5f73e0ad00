//! From the outbox into the branch.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use nws_acme::Clock;
use nws_expiry::{InvalidPrivateKey, Issued, Mismatch, PrivateKey};
use nws_gitops::{
    Delivery, Edit, Message, Provenance, Recovery, Seals, Tip, WantKey, Written, deliveries,
    written,
};
use tracing::{error, info, warn};

use crate::failure::Causes;
use crate::plan::Plan;
use crate::repositories::View;
use crate::repository::{Base, PublishError, Refusal, Repository};
use crate::store::{CertificateKey, Outgoing, Step, Store};
use crate::vault::{SealError, Vault};

/// What publishing needs.
#[derive(Clone)]
pub(crate) struct Publisher {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) vault: Vault,
    pub(crate) clock: Arc<dyn Clock>,
}

/// How certificates are sealed on their way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resealing<'a> {
    /// To whom.
    pub(crate) seals: &'a Seals,
    /// What is in the branch already, and is to be sealed again.
    pub(crate) again: &'a [(CertificateKey, WantKey)],
}

/// How one try went.
#[derive(Debug)]
pub(crate) enum Published {
    /// The branch has what was in the outbox.
    Done {
        /// Where the branch is now, and what it was brought.
        landed: Landed,
        /// What stays out until somebody moves what is in its way.
        left_out: LeftOut,
    },
    /// Somebody else was faster: read the branch again, plan again, and try at once.
    Moved,
    /// The server will not have it, or we will not let it go; only a person can change that.
    Refused {
        /// What the server said, or what was found.
        reason: String,
    },
    /// Not now.
    Failed {
        /// Why.
        error: String,
    },
}

/// What a push that landed came to.
#[derive(Debug)]
pub(crate) struct Landed {
    /// Where the branch is now: where it was, if nothing was to be changed.
    pub(crate) tip: Tip,
    /// The files of ours in the commit.
    pub(crate) files: Vec<Written>,
    /// The certificates it brings.
    pub(crate) deliveries: Vec<Delivery>,
}

impl Landed {
    fn nothing(tip: Tip) -> Self {
        Self { tip, files: Vec::new(), deliveries: Vec::new() }
    }
}

/// What did not go into the commit.
#[derive(Debug, Default)]
pub(crate) struct LeftOut {
    /// For which want, and why.
    pub(crate) refused: BTreeMap<WantKey, String>,
    /// Of these what is stored can never be delivered.
    pub(crate) unusable: BTreeSet<CertificateKey>,
}

impl Publisher {
    /// Commits everything in the outbox that goes to a repository on its branch as seen, and pushes it. What goes to another has
    /// commits of its own.
    ///
    /// A crash anywhere in here costs a commit that nobody refers to: the outbox is still full, and the next pass rebuilds it on
    /// the branch as it then is, or finds that the push had landed.
    pub(crate) async fn publish(
        &self,
        to: &Repository,
        view: &View,
        plan: &Plan,
        sealing: &Resealing<'_>,
    ) -> Published {
        match self.try_publish(to, view, plan, sealing).await {
            Ok((landed, left_out)) => Published::Done { landed, left_out },
            Err(PublishError::Push(error)) if error.recovery() == Recovery::Rebuild => {
                info!(repository = to.known_as(), %error, "the branch moved");
                Published::Moved
            }
            Err(error) if let Some(by) = error.refusal() => refused(to, by, &error),
            Err(error) => failed(to, &error),
        }
    }

    async fn try_publish(
        &self,
        to: &Repository,
        view: &View,
        plan: &Plan,
        sealing: &Resealing<'_>,
    ) -> Result<(Landed, LeftOut), PublishError> {
        let (mut left_out, base) = (LeftOut::default(), view.base(to));
        let goes = |want: &WantKey| view.inventory.repository_of(want) == to.name().as_str();
        let outbox = plan.outbox().map(|(planned, want)| (&planned.key, want));
        let again = sealing.again.iter().map(|(certificate, want)| (certificate, want));
        let all = outbox.chain(again).filter(|(_, want)| goes(want));
        let issued = self.open_all(all, &mut left_out).await?;
        let issued: Vec<_> =
            issued.iter().map(|(want, issued, by)| (want.clone(), issued, by)).collect();
        let edits = deliveries(&view.inventory, &issued, sealing.seals);
        let refused = edits.refused.iter().map(|one| (one.key.clone(), one.to_string()));
        left_out.refused.extend(refused);
        for (want, reason) in &left_out.refused {
            warn!(%want, reason, "left out of the commit");
        }
        if edits.edits.is_empty() {
            return Ok((Landed::nothing(base.tip), left_out));
        }
        let message = Message::for_deliveries(&edits.deliveries);
        let landed = self.push(to, base, edits.edits, edits.deliveries, message).await?;
        info!(repository = to.known_as(), commit = %landed.tip, certificates = landed.deliveries.len(), "certificates pushed");
        Ok((landed, left_out))
    }

    /// Commits edits and pushes them, if the branch is still where it was seen. Every commit of ours goes this way, so that what it writes
    /// is known again when it is read back.
    pub(crate) async fn push(
        &self,
        to: &Repository,
        base: Base,
        edits: Vec<Edit>,
        deliveries: Vec<Delivery>,
        message: Message,
    ) -> Result<Landed, PublishError> {
        let (files, now) = (written(&edits), self.clock.now());
        if !files.is_empty() {
            self.keep(Step::Written { files: files.clone(), at: now }).await?;
        }
        match to.publish(base, edits, message, now).await {
            Ok(pushed) => {
                let tip = pushed.unwrap_or(base.tip);
                self.record(tip, &deliveries).await?;
                Ok(Landed { tip, files, deliveries })
            }
            Err(error) => {
                // What is sealed is other bytes each time it is tried: nothing is to grow as long as a server refuses.
                if error.is_nowhere() && !files.is_empty() {
                    self.keep(Step::NotPushed { files, at: now }).await?;
                }
                Err(error)
            }
        }
    }

    /// One certificate that does not open is left out, and stops no other.
    async fn open_all<'a>(
        &self,
        which: impl Iterator<Item = (&'a CertificateKey, &'a WantKey)>,
        left_out: &mut LeftOut,
    ) -> Result<Vec<(WantKey, Issued, Provenance)>, PublishError> {
        let mut all = Vec::new();
        for (key, want) in which {
            let stored = self.store.outbox(key).await.map_err(PublishError::State)?;
            let opened = stored.ok_or(Unusable::Gone).and_then(|stored| self.open(key, stored));
            match opened {
                Ok((issued, provenance)) => all.push((want.clone(), issued, provenance)),
                Err(error) => {
                    left_out.refused.insert(want.clone(), Causes(&error).to_string());
                    if error.is_for_good() {
                        left_out.unusable.insert(key.clone());
                    }
                }
            }
        }
        Ok(all)
    }

    fn open(
        &self,
        key: &CertificateKey,
        stored: Outgoing,
    ) -> Result<(Issued, Provenance), Unusable> {
        let der = self.vault.open_sealed(&stored.sealed_key).map_err(Unusable::Seal)?;
        let private = PrivateKey::from_pkcs8_der(&der).map_err(Unusable::Key)?;
        Issued::check(stored.chain, private, &key.names, self.clock.now())
            .map(|issued| (issued, stored.provenance))
            .map_err(Unusable::Mismatch)
    }

    async fn record(&self, tip: Tip, deliveries: &[Delivery]) -> Result<(), PublishError> {
        let Some(commit) = tip.commit else {
            return Ok(());
        };
        for delivery in deliveries {
            self.keep(Step::Delivered {
                want: delivery.key.clone(),
                path: delivery.path.clone(),
                fingerprint: delivery.fingerprint,
                commit,
                at: self.clock.now(),
            })
            .await?;
        }
        Ok(())
    }

    async fn keep(&self, step: Step) -> Result<(), PublishError> {
        self.store.write(step).await.map_err(PublishError::State)
    }
}

fn failed(to: &Repository, failure: &dyn std::error::Error) -> Published {
    let error = Causes(failure).to_string();
    warn!(repository = to.known_as(), error, "certificates are not pushed yet");
    Published::Failed { error }
}

fn refused(to: &Repository, by: Refusal, error: &PublishError) -> Published {
    let repository = to.known_as();
    let reason = match error {
        PublishError::Push(error) => Causes(error).to_string(),
        other => Causes(other).to_string(),
    };
    match by {
        Refusal::Server => {
            error!(repository, reason, "the server refuses the push; the certificates are held");
        }
        Refusal::Key => {
            error!(
                repository,
                reason, "a private key in clear is not pushed; the certificates are held"
            );
        }
    }
    Published::Refused { reason }
}

/// Why a stored certificate cannot be delivered.
#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error("the stored certificate is gone")]
    Gone,
    #[error("the stored certificate cannot be delivered")]
    Seal(#[source] SealError),
    #[error("the stored certificate cannot be delivered")]
    Key(#[source] InvalidPrivateKey),
    #[error("the stored certificate cannot be delivered")]
    Mismatch(#[source] Mismatch),
}

impl Unusable {
    /// Whether it has to be ordered anew. One that does not match may do so again, as when the clock was set back.
    fn is_for_good(&self) -> bool {
        match self {
            Self::Gone | Self::Seal(_) | Self::Key(_) => true,
            Self::Mismatch(_) => false,
        }
    }
}
