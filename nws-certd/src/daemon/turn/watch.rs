//! What edges are to serve from now on.

use std::collections::HashMap;

use nws_expiry::{Chain, Fingerprint};
use time::OffsetDateTime;

use crate::daemon::Daemon;
use crate::plan::{Delivery, Plan, Planned};
use crate::served::Expected;
use crate::store::{CertificateFacts, CertificateKey, Facts};

impl Daemon {
    /// Has the edges watched for all that is in the branch for everybody who wants it.
    pub(super) fn watch_edges(&self, now: OffsetDateTime, plan: &Plan, facts: &Facts) {
        let (Some(watcher), Some(_)) = (&self.parts.watcher, &self.view) else { return };
        let known: HashMap<&CertificateKey, _> =
            facts.certificates.iter().map(|one| (&one.key, one)).collect();
        let all = plan.certificates.iter();
        let all = all.filter_map(|planned| expected(planned, known.get(&planned.key).copied()));
        watcher.expect(now, all.collect());
    }
}

fn expected(planned: &Planned, known: Option<&CertificateFacts>) -> Option<Expected> {
    let leaf = planned.have.as_ref().filter(|_| is_pushed(planned))?.fingerprint();
    let issued = known.and_then(|known| known.issued.as_ref());
    let chain =
        issued.map(|issued| &issued.chain).filter(|chain| chain.leaf().fingerprint() == leaf);
    let served = known.and_then(|known| known.served).filter(|(of, _)| *of == leaf);
    Some(Expected {
        key: planned.key.clone(),
        leaf,
        intermediates: chain.map(intermediates).unwrap_or_default(),
        served_at: served.map(|(_, at)| at),
    })
}

fn is_pushed(planned: &Planned) -> bool {
    planned.wants.iter().all(|want| matches!(want.delivery, Delivery::Pushed(_)))
}

fn intermediates(chain: &Chain) -> Vec<Fingerprint> {
    chain.certificates().skip(1).map(Fingerprint::of).collect()
}
