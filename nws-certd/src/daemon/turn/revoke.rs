//! Certificates that are to be revoked.

use std::sync::Arc;

use nws_acme::Availability;
use time::OffsetDateTime;
use tracing::debug;

use crate::authority::Authority;
use crate::daemon::Daemon;
use crate::plan::{Plan, is_to_come};
use crate::report::{RevocationReport, Trouble, TroubleWith};
use crate::revocation::{awaited, unserved};
use crate::store::{Facts, RevocationFacts};

/// How many are asked for at a time: of thousands, each an own request, the CA is not to see all at once.
const AT_A_TIME: usize = 8;

impl Daemon {
    /// Asks CAs to revoke what may be revoked now, oldest wish first.
    pub(super) fn start_revocations(&mut self, now: OffsetDateTime, plan: &Plan, facts: &Facts) {
        if self.stuck.until(now).is_some() {
            return;
        }
        for one in &facts.revocations {
            let is_due = one.wait_until.is_none_or(|until| !is_to_come(now, until));
            if self.revoking.len() >= AT_A_TIME {
                return;
            }
            if is_due && self.is_open(one, plan) && !self.is_being_revoked(one) {
                self.start_revocation(now, one);
            }
        }
    }

    fn start_revocation(&mut self, now: OffsetDateTime, one: &RevocationFacts) {
        let Some((ca, authority)) = self.revoked_at(one) else {
            return;
        };
        let is_probe = match authority.availability(now) {
            Availability::Up => false,
            Availability::Probe if self.watches.get(ca).is_some_and(|it| self.is_probing(it)) => {
                return;
            }
            Availability::Probe => true,
            Availability::Away { .. } => return,
        };
        debug!(serial = %one.wish.leaf.serial(), ca = authority.directory(), "revocation begun");
        let ordering = self.parts.ordering.clone();
        let task = self.running.spawn(ordering.revoke(authority, one.clone()));
        if let Some(watch) = self.watches.get_mut(ca).filter(|_| is_probe) {
            watch.probe = Some(task.id());
        }
        self.revoking.insert(task.id(), one.wish.leaf.fingerprint());
    }

    /// The CA it is asked of, and its place; one that is no longer configured is waited for.
    fn revoked_at(&self, one: &RevocationFacts) -> Option<(usize, Arc<Authority>)> {
        let authorities = &self.parts.ordering.authorities;
        let ca = authorities.iter().position(|it| it.directory() == one.wish.ca)?;
        Some((ca, authorities.get(ca)?.clone()))
    }

    fn is_being_revoked(&self, one: &RevocationFacts) -> bool {
        self.revoking.values().any(|running| *running == one.wish.leaf.fingerprint())
    }

    /// Whether it is for the CA to act.
    fn is_open(&self, one: &RevocationFacts, plan: &Plan) -> bool {
        one.revoked_at.is_none() && self.awaited(one, plan).is_empty()
    }

    /// Where its successor is still to come, if that comes first.
    fn awaited(&self, one: &RevocationFacts, plan: &Plan) -> Vec<String> {
        match &self.view {
            _ if one.revoked_at.is_some() || !one.wish.replacing => Vec::new(),
            None => vec!["the branch, which was not read yet".into()],
            Some(view) => match awaited(&one.wish, &view.inventory, plan) {
                files if files.is_empty() => self.unserved(one, plan),
                files => files,
            },
        }
    }

    /// Which edges are waited for, where they are watched.
    fn unserved(&self, one: &RevocationFacts, plan: &Plan) -> Vec<String> {
        let Some(watcher) = &self.parts.watcher else { return Vec::new() };
        unserved(&one.wish, plan, |key, leaf| watcher.seen(key, leaf))
    }

    /// The earliest instant after `now` at which a CA is asked again.
    pub(super) fn revoke_at(
        &self,
        now: OffsetDateTime,
        plan: &Plan,
        facts: &Facts,
    ) -> Option<OffsetDateTime> {
        let open = facts.revocations.iter().filter(|one| self.is_open(one, plan));
        open.filter_map(|one| one.wait_until).filter(|at| is_to_come(now, *at)).min()
    }

    /// What is to be revoked, and what was of certificates that have not ended.
    pub(super) fn revocations(
        &self,
        now: OffsetDateTime,
        plan: &Plan,
        facts: &Facts,
    ) -> Vec<RevocationReport> {
        let concerns =
            |one: &&RevocationFacts| one.revoked_at.is_none() || now < one.wish.leaf.not_after();
        let report = |one| RevocationReport::of(one, self.awaited(one, plan));
        facts.revocations.iter().filter(concerns).map(report).collect()
    }

    /// Whatever is not revoked though it was asked for, and nothing but the CA is waited for.
    pub(super) fn troubles_with_revocations(
        &self,
        revocations: &[RevocationReport],
    ) -> Vec<Trouble> {
        let is_configured = |ca: &str| {
            self.parts.ordering.authorities.iter().any(|authority| authority.directory() == ca)
        };
        let text = |one: &RevocationReport| match one.revoked_at {
            Some(_) => None,
            None if !is_configured(&one.ca) => Some(format!(
                "{}; that CA is not configured any more: add a [[ca]] for it after the others",
                one.text()
            )),
            None => one.last_error.as_ref().map(|_| one.text()),
        };
        let trouble = |text| Trouble { with: TroubleWith::Ca, text };
        revocations.iter().filter_map(text).map(trouble).collect()
    }
}
