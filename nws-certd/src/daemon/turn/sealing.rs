//! What is sealed to whom, and what is to be sealed again.

use std::collections::{BTreeSet, HashMap};

use nws_gitops::{GroupName, RepoPath, Sealed, SealedOtherwise, SealedTo, Seals, WantKey};
use time::OffsetDateTime;
use tracing::{info, warn};

use crate::daemon::{Daemon, Parts, SealingState};
use crate::plan::Plan;
use crate::report::SealingReport;
use crate::reseal::openers;
use crate::sealing::GroupKey;
use crate::store::{CertificateKey, Step, StoreError};

/// How many Secrets are sealed again in one commit: as many as a Fleet bundle holds, so that clusters are not given all at once.
pub(in crate::daemon) const PER_COMMIT: usize = 200;

/// A Secret in the branch that is not sealed as it would be now.
#[derive(Clone, Debug)]
pub(crate) struct Unlike {
    pub(crate) want: WantKey,
    pub(crate) certificate: CertificateKey,
    pub(crate) path: RepoPath,
    pub(crate) group: GroupName,
    pub(crate) sealed: Sealed,
    /// Who can open it.
    pub(crate) had: Option<SealedTo>,
    /// Who could, if it were sealed now.
    pub(crate) now: BTreeSet<String>,
    /// Whether the store holds its key, without which it cannot be sealed again.
    pub(crate) is_key_held: bool,
}

impl Unlike {
    /// The key it is sealed to, if it is for this group.
    fn key_of(&self, group: &GroupKey) -> Option<String> {
        let is_its =
            self.path.repository() == group.repository.as_str() && self.group == group.group;
        match self.had.as_ref().filter(|_| is_its)? {
            SealedTo::SealedSecrets { key_id, .. } => Some(key_id.clone()),
            SealedTo::Age { .. } => None,
        }
    }

    /// Whether it is sealed again by itself: what stands in clear is as soon as may be, all else when somebody says so, as new
    /// ciphertext makes every cluster apply it.
    fn is_due(&self, is_asked: bool) -> bool {
        self.is_key_held
            && match self.sealed {
                Sealed::AsItShould => false,
                Sealed::InClear => true,
                Sealed::ToOthers => is_asked,
            }
    }
}

impl Daemon {
    /// Finds out what there is to seal to, and so what could be sealed for nobody, which is to be known before anything is planned.
    pub(super) async fn seek_seals(&mut self, now: OffsetDateTime) {
        let Some(view) = &self.view else { return };
        let Parts { sealing, repositories, .. } = &self.parts;
        let sought = sealing.seek(repositories, view, &self.controllers, now).await;
        self.sealing.unsealable = sought.seals.unsealable(&view.inventory);
        // What could not be sealed may be now.
        if self.sealing.seals.as_ref().is_some_and(|seals| !seals.are_like(&sought.seals)) {
            self.refused.clear();
        }
        say_new(&self.sealing.notes, &sought.notes);
        (self.sealing.notes, self.sealing.keys) = (sought.notes, sought.keys);
        self.sealing.seals = Some(sought.seals);
    }

    /// Both, for a report without a turn.
    pub(in crate::daemon) async fn foresee_sealing(&mut self) -> Result<(), StoreError> {
        let now = self.parts.clock.now();
        let facts = self.parts.store.load().await?;
        self.sealing.is_asked = facts.sealing_anew_since.is_some();
        self.seek_seals(now).await;
        let plan = self.plan(now, &facts);
        self.weigh_seals(&plan);
        Ok(())
    }

    /// Finds what is sealed otherwise than it would be now.
    pub(super) fn weigh_seals(&mut self, plan: &Plan) {
        let unlike = match (&self.view, &self.sealing.seals) {
            (Some(view), Some(seals)) => {
                let known = wants_of(plan);
                let all = seals.unlike(&view.inventory);
                all.filter_map(|SealedOtherwise { want, held, group, sealed, to }| {
                    let (certificate, is_key_held) = known.get(want)?;
                    Some(Unlike {
                        want: want.clone(),
                        certificate: (*certificate).clone(),
                        path: held.path.clone(),
                        group,
                        sealed,
                        had: held.sealed.as_deref().cloned(),
                        now: openers(&to),
                        is_key_held: *is_key_held,
                    })
                })
                .collect()
            }
            (None, _) | (_, None) => Vec::new(),
        };
        self.sealing.unlike = unlike;
        self.tell_changed_keys();
    }

    /// What was asked for is over once nothing is due any more. A group that cannot be sealed to has its turn when it can.
    pub(super) async fn end_sealing_anew(&mut self) -> Result<(), StoreError> {
        let (Some(view), Some(seals)) = (&self.view, &self.sealing.seals) else { return Ok(()) };
        let is_due = self.sealing.unlike.iter().any(|one| one.is_due(true));
        if self.sealing.is_asked && !is_due && !seals.leave_open(&view.inventory) {
            self.parts.store.write(Step::SealedAnew).await?;
            self.sealing.is_asked = false;
            info!("everything is sealed anew whose key is held");
        }
        Ok(())
    }

    /// Says that a group has another sealing key than what there is was sealed to, until that is being sealed anew.
    fn tell_changed_keys(&mut self) {
        let SealingState { unlike, keys, is_asked, .. } = &self.sealing;
        let changed = |key: &GroupKey| key.changed(unlike.iter().filter_map(|one| one.key_of(key)));
        let keys = keys.iter().filter(|_| !is_asked);
        let changed: Vec<_> = keys.filter_map(changed).collect();
        say_new(&self.sealing.changed, &changed);
        self.sealing.changed = changed;
    }

    /// What is to be sealed again in the next commit to a repository.
    pub(super) fn seal_again(&self, at: usize) -> Vec<(CertificateKey, WantKey)> {
        let is_due = |one: &&Unlike| {
            one.is_due(self.sealing.is_asked)
                && !self.refused.contains_key(&one.want)
                && self.goes_to(&one.want) == Some(at)
        };
        let due = self.sealing.unlike.iter().filter(is_due).take(PER_COMMIT);
        due.map(|one| (one.certificate.clone(), one.want.clone())).collect()
    }

    /// When that is; one commit is given time before the next.
    pub(super) fn seal_again_at(&self, at: usize) -> Option<OffsetDateTime> {
        let branch = self.branches.get(at)?;
        let is_due = !self.seal_again(at).is_empty();
        is_due.then(|| branch.sealed_until.unwrap_or(OffsetDateTime::UNIX_EPOCH))
    }

    /// Clusters take in one commit before the next.
    pub(super) fn rest_from_sealing(&mut self, at: usize, has_sealed: bool) {
        let now = self.parts.clock.now();
        let habits = self.parts.repositories.get(at).map(|one| one.habits);
        if let (true, Some(branch), Some(habits)) = (has_sealed, self.branches.get_mut(at), habits)
        {
            branch.sealed_until = Some(now + habits.batch.quiet);
        }
    }

    pub(super) fn seals(&self, now: OffsetDateTime) -> Seals {
        let seals = self.sealing.seals.clone().unwrap_or_else(|| Seals::new(now));
        if self.sealing.is_asked { seals.anew() } else { seals }
    }

    /// How sealing stands, for people; nothing where all is as it should be.
    pub(super) fn sealing_report(&self) -> SealingReport {
        let count =
            |sealed: Sealed| self.sealing.unlike.iter().filter(move |one| one.sealed == sealed);
        SealingReport {
            in_clear: count(Sealed::InClear).count(),
            to_others: count(Sealed::ToOthers).count(),
            key_not_held: self.sealing.unlike.iter().filter(|one| !one.is_key_held).count(),
            is_under_way: self.sealing.is_asked,
        }
    }
}

/// By want, its certificate, and whether the key of what the branch has is held.
fn wants_of(plan: &Plan) -> HashMap<&WantKey, (&CertificateKey, bool)> {
    let wants = plan.certificates.iter().flat_map(|planned| {
        planned.wants.iter().map(|want| (&want.key, (&planned.key, want.is_key_held)))
    });
    wants.collect()
}

/// Each note is logged once, when it is first true.
fn say_new(told: &[String], notes: &[String]) {
    for note in notes.iter().filter(|note| !told.contains(note)) {
        warn!(note, "sealing");
    }
}
