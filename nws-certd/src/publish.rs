//! From the outbox into the branch.

use std::collections::BTreeMap;
use std::sync::Arc;

use nws_acme::Clock;
use nws_expiry::{Issued, Mismatch, PrivateKey};
use nws_gitops::{Delivery, Layout, Message, Recovery, Tip, WantKey, deliveries};
use time::{Duration, OffsetDateTime};
use tracing::{error, info, warn};

use crate::failure::Causes;
use crate::plan::Plan;
use crate::repository::{LookError, PublishError, Repository, View};
use crate::store::{CertificateKey, Step, Store, StoreError};
use crate::vault::{SealError, Vault};

/// How soon a push is tried again that the server refused: only a person can change that.
const REFUSED: Duration = Duration::minutes(5);

/// What publishing needs.
#[derive(Clone)]
pub(crate) struct Publisher {
    pub(crate) repository: Repository,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) vault: Vault,
    pub(crate) clock: Arc<dyn Clock>,
}

/// How one try went.
#[derive(Debug)]
pub(crate) enum Published {
    /// The branch has what was in the outbox.
    Done {
        /// The branch as it is now.
        view: View,
        /// What stays out until somebody moves what is in its way.
        refused: BTreeMap<WantKey, String>,
    },
    /// Somebody else was faster: read the branch again, plan again, and try at once.
    Moved,
    /// Not now.
    Failed {
        /// Not before, where that is known.
        until: Option<OffsetDateTime>,
        /// Why.
        error: String,
    },
}

impl Publisher {
    /// Commits everything in the outbox on the branch as seen, and pushes it.
    ///
    /// A crash anywhere in here costs a commit that nobody refers to: the outbox is still full, and the next pass rebuilds it on
    /// the branch as it then is, or finds that the push had landed.
    pub(crate) async fn publish(&self, view: &View, plan: &Plan) -> Published {
        match self.try_publish(view, plan).await {
            Ok((view, refused)) => Published::Done { view, refused },
            Err(PublishFailure::Publish(PublishError::Push(error))) => match error.recovery() {
                Recovery::Rebuild => {
                    info!(%error, "the branch moved");
                    Published::Moved
                }
                Recovery::Backoff => failed(&error, None),
                Recovery::Operator => failed(&error, Some(self.clock.now() + REFUSED)),
            },
            Err(failure) => failed(&failure, None),
        }
    }

    async fn try_publish(
        &self,
        view: &View,
        plan: &Plan,
    ) -> Result<(View, BTreeMap<WantKey, String>), PublishFailure> {
        let issued = self.open_all(plan).await?;
        let issued: Vec<_> = issued.iter().map(|(want, issued)| (want.clone(), issued)).collect();
        let edits = deliveries(&view.inventory, &Layout::default(), &issued);
        let refused = edits
            .refused
            .iter()
            .map(|refusal| (refusal.key.clone(), refusal.to_string()))
            .collect();
        for refusal in &edits.refused {
            warn!(%refusal, "left out of the commit");
        }
        if edits.edits.is_empty() {
            return Ok((view.clone(), refused));
        }
        let message = Message::for_deliveries(&edits.deliveries);
        let now = self.clock.now();
        let pushed = self
            .repository
            .publish(view.tip, edits.edits, message, now)
            .await
            .map_err(PublishFailure::Publish)?;
        let tip = pushed.unwrap_or(view.tip);
        info!(commit = %tip, certificates = edits.deliveries.len(), "certificates pushed");
        self.record(tip, &edits.deliveries).await?;
        let view = self.repository.read(tip).await.map_err(PublishFailure::Look)?;
        Ok((view, refused))
    }

    async fn open_all(&self, plan: &Plan) -> Result<Vec<(WantKey, Issued)>, PublishFailure> {
        let mut all = Vec::new();
        for (planned, want) in plan.outbox() {
            match self.open(&planned.key).await? {
                Some(issued) => all.push((want.clone(), issued)),
                None => {
                    warn!(names = %planned.key.names, "a stored certificate vanished before it was delivered")
                }
            }
        }
        Ok(all)
    }

    async fn open(&self, key: &CertificateKey) -> Result<Option<Issued>, PublishFailure> {
        let Some((chain, sealed)) = self.store.outbox(key).await.map_err(PublishFailure::Store)?
        else {
            return Ok(None);
        };
        let der = self.vault.open_sealed(&sealed).map_err(PublishFailure::Seal)?;
        let private =
            PrivateKey::from_pkcs8_der(&der).map_err(|_| PublishFailure::Seal(SealError::Open))?;
        Issued::check(chain, private, &key.names, self.clock.now())
            .map(Some)
            .map_err(PublishFailure::Mismatch)
    }

    async fn record(&self, tip: Tip, deliveries: &[Delivery]) -> Result<(), PublishFailure> {
        let Some(commit) = tip.commit else {
            return Ok(());
        };
        for delivery in deliveries {
            let step = Step::Delivered {
                want: delivery.key.clone(),
                path: delivery.path.clone(),
                fingerprint: delivery.fingerprint,
                commit,
                at: self.clock.now(),
            };
            self.store.write(step).await.map_err(PublishFailure::Store)?;
        }
        Ok(())
    }
}

fn failed(failure: &dyn std::error::Error, until: Option<OffsetDateTime>) -> Published {
    let text = Causes(failure).to_string();
    match until {
        Some(_) => error!(error = text, "the server refuses the push; it is tried again later"),
        None => warn!(error = text, "certificates are not pushed yet"),
    }
    Published::Failed { until, error: text }
}

#[derive(Debug, thiserror::Error)]
enum PublishFailure {
    #[error(transparent)]
    Publish(PublishError),
    #[error(transparent)]
    Look(LookError),
    #[error(transparent)]
    Store(StoreError),
    #[error(transparent)]
    Seal(SealError),
    #[error("a stored certificate cannot be delivered")]
    Mismatch(#[source] Mismatch),
}
