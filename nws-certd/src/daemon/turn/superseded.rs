//! Secrets that were for other groups of clusters than there are now, out of the branch once the clusters have what is in their place.

use std::collections::BTreeMap;

use nws_gitops::{RepoPath, Superseded};
use time::{Duration, OffsetDateTime};

use super::sealing::PER_COMMIT;
use crate::daemon::Daemon;

/// Since when each directory is seen to be superseded. After a restart it begins anew, which delays it and does no harm.
#[derive(Debug, Default)]
pub(in crate::daemon) struct Waiting(BTreeMap<RepoPath, OffsetDateTime>);

impl Waiting {
    /// Only these are there now.
    fn note(&mut self, all: &[Superseded], now: OffsetDateTime) {
        let mut before = std::mem::take(&mut self.0);
        let since = |one: &Superseded| {
            let since = before.remove(&one.dir).unwrap_or(now);
            (one.dir.clone(), since)
        };
        self.0 = all.iter().map(since).collect();
    }

    /// When the first of them may go.
    fn next(&self, apply_within: Duration) -> Option<OffsetDateTime> {
        self.0.values().min().map(|since| *since + apply_within)
    }

    /// Those that go in one commit, or one directory: clusters take in one before the next.
    fn due(
        &self,
        all: &[Superseded],
        now: OffsetDateTime,
        apply_within: Duration,
    ) -> Vec<RepoPath> {
        let is_over = |since: &OffsetDateTime| *since + apply_within <= now;
        let due = all.iter().filter(|one| self.0.get(&one.dir).is_some_and(is_over));
        let mut count = 0;
        let fits = due.take_while(|one| {
            let is_first = count == 0;
            count += one.secrets.len();
            is_first || count <= PER_COMMIT
        });
        fits.map(|one| one.dir.clone()).collect()
    }
}

impl Daemon {
    /// Takes note of what is superseded; only while every branch can be looked at.
    pub(super) fn note_superseded(&mut self, now: OffsetDateTime) {
        let Some(survey) = self.surveyed().filter(|_| self.all_are_seen()) else {
            return;
        };
        let all = survey.superseded.clone();
        self.removals.superseded.note(&all, now);
    }

    /// The directories that go now, as every cluster has had the time to apply what is in their place.
    pub(super) fn superseded_due(&self, now: OffsetDateTime) -> Vec<RepoPath> {
        match (self.parts.deletion.rules, self.surveyed()) {
            (Some(rules), Some(survey))
                if self.is_time_known(now) && self.rests_from_removals(now).is_none() =>
            {
                self.removals.superseded.due(&survey.superseded, now, rules.apply_within)
            }
            _ => Vec::new(),
        }
    }

    /// When the next of them goes.
    pub(super) fn superseded_at(&self, now: OffsetDateTime) -> Option<OffsetDateTime> {
        // What is not known by now is known by a later turn, which no wake-up brings sooner.
        let may_go = self.surveyed().is_some() && self.is_time_known(now) && self.all_are_seen();
        let rules = self.parts.deletion.rules.filter(|_| may_go)?;
        let at = self.removals.superseded.next(rules.apply_within)?;
        Some(self.rests_from_removals(now).map_or(at, |rest| rest.max(at)))
    }
}
