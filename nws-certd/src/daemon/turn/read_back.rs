//! Files of ours that somebody else has changed.
//!
//! What such a file says may be forged: with a certificate that ends in a hundred years, nothing would ever be renewed. So its dates count
//! once the edges are seen to serve it; until then they are looked at now and then, beside the turns.

use std::collections::BTreeMap;
use std::sync::Arc;

use nws_expiry::DnsNames;
use nws_gitops::{ObjectId, Written};
use time::OffsetDateTime;
use tokio::task::{JoinError, JoinSet};
use tracing::{error, info, warn};

use crate::daemon::Daemon;
use crate::edges::{Edges, NotServed};
use crate::failure::Causes;
use crate::pause::Pause;
use crate::plan::{Edited, Plan};
use crate::report::instant;
use crate::store::{Facts, Step, StoreError};

/// How many are looked at once: each is a handshake with every address of every name.
const MOST: usize = 16;

/// What is known of changed files between two turns; a restart tells of them and looks again.
#[derive(Debug, Default)]
pub(in crate::daemon) struct Doubts {
    /// Edges being looked at.
    pub(in crate::daemon) looking: JoinSet<Looked>,
    /// By what the file holds now.
    each: BTreeMap<ObjectId, Doubt>,
}

/// A changed file, and what a look at the edges came to.
type Looked = (Written, Result<(), NotServed>);

#[derive(Debug, Default)]
struct Doubt {
    is_being_looked_at: bool,
    pause: Pause,
    /// Why it is not believed.
    why: Option<String>,
}

impl Doubt {
    fn is_due(&self, now: OffsetDateTime) -> bool {
        !self.is_being_looked_at && self.pause.until(now).is_none()
    }
}

impl Doubts {
    /// Why a changed file is not believed.
    pub(super) fn why(&self, blob: &ObjectId) -> Option<&str> {
        self.each.get(blob)?.why.as_deref()
    }

    /// When the edges are looked at next.
    pub(super) fn next(&self, now: OffsetDateTime) -> Option<OffsetDateTime> {
        let waiting = self.each.values().filter(|doubt| !doubt.is_being_looked_at);
        waiting.filter_map(|doubt| doubt.pause.until(now)).min()
    }

    /// An operator says "now".
    pub(super) fn wait_no_longer(&mut self) {
        self.each.values_mut().for_each(|doubt| doubt.pause.over());
    }
}

impl Daemon {
    /// What is there when a repository is first looked at is believed: who has lost the state must not issue everything anew.
    pub(super) async fn look_first(
        &self,
        now: OffsetDateTime,
        facts: &mut Facts,
    ) -> Result<(), StoreError> {
        let Some(view) = &self.view else { return Ok(()) };
        for repository in self.parts.repositories.iter().map(|one| one.name()) {
            if !facts.read_back.is_new(repository) {
                continue;
            }
            let delivered = view.inventory.delivered.iter();
            let here = delivered.filter(|held| held.path.repository() == repository.as_str());
            let found: Vec<_> = here.filter_map(Written::of).collect();
            facts.read_back.look_first(repository, &found);
            let repository = repository.clone();
            self.parts.store.write(Step::FirstLook { repository, found, at: now }).await?;
        }
        Ok(())
    }

    /// Tells of files that are newly changed, forgets those that are so no more, and has the edges looked at for those in doubt.
    pub(super) fn weigh_edited(&mut self, now: OffsetDateTime, plan: &Plan) {
        let edited: BTreeMap<_, _> = edited(plan).collect();
        self.doubts.each.retain(|blob, _| edited.contains_key(blob));
        let pace = self.parts.ordering.backoff.free;
        for (blob, (names, one)) in edited {
            let doubt = self.doubts.each.entry(blob).or_insert_with(|| {
                let (file, certificate) = (&one.path, one.file.fingerprint);
                warn!(%file, %certificate, believed = !one.is_doubted, "a file of ours was changed by somebody else");
                Doubt { pause: Pause::paced(pace), ..Doubt::default() }
            });
            if one.is_doubted && doubt.is_due(now) && self.doubts.looking.len() < MOST {
                doubt.is_being_looked_at = true;
                let edges = Arc::clone(&self.parts.edges);
                self.doubts.looking.spawn(look(edges, names.clone(), one.file.clone()));
            }
        }
    }

    /// The edges were looked at; what cannot be kept is looked at again.
    pub(in crate::daemon) async fn looked_at_edges(&mut self, ended: Result<Looked, JoinError>) {
        let now = self.parts.clock.now();
        let (file, served) = match ended {
            Ok(looked) => looked,
            Err(error) => {
                error!(%error, "a look at edges was broken off by a bug; it is made again");
                return self
                    .doubts
                    .each
                    .values_mut()
                    .for_each(|one| one.is_being_looked_at = false);
            }
        };
        let Some(doubt) = self.doubts.each.get_mut(&file.blob) else { return };
        doubt.is_being_looked_at = false;
        let until = doubt.pause.failed(now);
        doubt.why = served.as_ref().err().map(|why| Causes(why).to_string());
        if let Err(why) = served {
            return info!(certificate = %file.fingerprint, why = %Causes(&why), look_at = instant(until), "what somebody else has written is not served");
        }
        info!(certificate = %file.fingerprint, "what somebody else has written is served, so it is believed");
        if let Err(error) = self.parts.store.write(Step::Believed { file, at: now }).await {
            warn!(error = %Causes(&error), "it cannot be kept that it is served; the edges are looked at again");
        }
    }
}

async fn look(edges: Arc<Edges>, names: DnsNames, file: Written) -> Looked {
    let served = edges.all_serve(&names, file.fingerprint).await;
    (file, served)
}

/// Every changed file by what it holds now, with the names it is for.
fn edited(plan: &Plan) -> impl Iterator<Item = (ObjectId, (&DnsNames, &Edited))> {
    plan.certificates.iter().flat_map(|planned| {
        let edited = planned.wants.iter().filter_map(|want| want.edited.as_ref());
        edited.map(|one| (one.file.blob, (&planned.key.names, one)))
    })
}
