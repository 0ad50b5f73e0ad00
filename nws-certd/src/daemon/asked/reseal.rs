//! Sealing anew, because an operator says so.

use std::collections::{BTreeMap, BTreeSet};

use nws_gitops::Sealed;
use tracing::info;

use crate::control::ResealBody;
use crate::daemon::Daemon;
use crate::daemon::turn::sealing::Unlike;
use crate::failure::Causes;
use crate::reseal::{RemovedReport, ResealReport, ResealedReport, openers};
use crate::store::{CertificateKey, Step};

impl Daemon {
    /// Has all sealed anew that is sealed to others, from the next turn on, and says what that is.
    pub(in crate::daemon) async fn reseal(
        &mut self,
        body: ResealBody,
    ) -> Result<ResealReport, String> {
        let ResealBody { dry_run, reissue } = body;
        if !dry_run {
            self.take_sealing_keys().await?;
        }
        let (held, not_held): (Vec<_>, Vec<_>) =
            self.sealing.unlike.iter().partition(|one| one.is_key_held);
        let (removed, known) = self.sealed_to_no_more();
        let anew: BTreeSet<_> =
            not_held.iter().map(|one| one.certificate.clone()).chain(known).collect();
        let anew: Vec<_> = anew.into_iter().filter(|_| reissue).collect();
        let report = ResealReport {
            dry_run,
            reseal: held.iter().map(|one| row(one)).collect(),
            key_not_held: not_held.iter().map(|one| row(one)).collect(),
            removed,
            reissued: anew.len(),
        };
        if !dry_run {
            if !anew.is_empty() {
                self.renew(anew).await?;
            }
            let at = self.parts.clock.now();
            let asked = self.parts.store.write(Step::SealingAnewAsked { at }).await;
            asked.map_err(|error| Causes(&error).to_string())?;
            info!(secrets = report.reseal.len(), "to be sealed anew, as an operator asks");
        }
        Ok(report)
    }

    /// What controllers give now is what a person wants sealed to.
    async fn take_sealing_keys(&mut self) -> Result<(), String> {
        let now = self.parts.clock.now();
        let wrong = self.controllers.pin_anew(self.parts.sealing.controllers(), now).await;
        if !wrong.is_empty() {
            return Err(wrong.join("; "));
        }
        self.foresee_sealing().await.map_err(|error| Causes(&error).to_string())
    }

    /// Who could open what is there and is sealed to no more, and the certificates whose keys they may know.
    fn sealed_to_no_more(&self) -> (Vec<RemovedReport>, BTreeSet<CertificateKey>) {
        let mut by_opener: BTreeMap<String, BTreeSet<&CertificateKey>> = BTreeMap::new();
        for one in self.sealing.unlike.iter().filter(|one| one.sealed == Sealed::ToOthers) {
            for opener in one.had.iter().flat_map(openers).filter(|had| !one.now.contains(had)) {
                by_opener.entry(opener).or_default().insert(&one.certificate);
            }
        }
        let known = by_opener.values().flatten().map(|key| (*key).clone()).collect();
        let report = |(recipient, certificates): (String, BTreeSet<_>)| RemovedReport {
            recipient,
            certificates: certificates.len(),
        };
        (by_opener.into_iter().map(report).collect(), known)
    }
}

fn row(one: &Unlike) -> ResealedReport {
    ResealedReport { secret: one.want.to_string(), path: one.path.to_string() }
}
