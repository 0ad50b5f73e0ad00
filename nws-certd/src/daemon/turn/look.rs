//! The branches, as they are now.

use nws_gitops::{Fault, RepositoryName, Tip, Tips};
use time::OffsetDateTime;
use tracing::{info, warn};

use crate::at::At;
use crate::daemon::branch::Branch;
use crate::daemon::{Daemon, Look};
use crate::failure::Causes;
use crate::plan::Plan;
use crate::report::{Report, instant};
use crate::repository::LookError;
use crate::store::StoreError;

/// How often a git host that tells of pushes makes us look at most; one look sees all pushes before it.
const BETWEEN_HINTS: time::Duration = time::Duration::SECOND;

impl Daemon {
    /// A report on the branch as it is now; nothing is done.
    pub(crate) async fn report_fetched(&mut self, at: At) -> Result<Report, StoreError> {
        let all: Vec<_> = (0..self.branches.len()).collect();
        self.fetch(&all).await;
        self.survey().await;
        self.foresee_sealing().await?;
        if self.view.is_some() { self.report_at(at).await } else { self.report_last_seen(at).await }
    }

    /// A report on the branch as it was last seen; nothing is done.
    pub(crate) async fn report_last_seen(&mut self, at: At) -> Result<Report, StoreError> {
        match self.parts.repositories.last_seen().await {
            Ok(view) => {
                self.view = Some(view);
                self.survey().await;
                self.foresee_sealing().await?;
            }
            Err(error) => self.blame(&error, Causes(&error).to_string()),
        }
        self.report_at(at).await
    }

    /// A report on what would be done at an instant, if nothing were done until then.
    pub(crate) async fn report_at(&self, at: At) -> Result<Report, StoreError> {
        let mut facts = self.parts.store.load().await?;
        let now = self.parts.clock.now();
        let at = at.instant(now);
        self.hold_ended(at, &mut facts);
        let (mut plan, cas) = (self.plan(at, &facts), self.cas(at));
        let due = self.not_under_way(&plan, plan.due());
        let allotment = plan.allot(at, &due, &cas, &self.tenants);
        plan.wait(&cas, allotment.later);
        plan.in_spite(allotment.in_spite);
        let report = self.report_of(at, &plan, &facts);
        Ok(if at == now { report } else { self.as_foreseen(now, &plan, report) })
    }

    /// What is troubled now is not foreseen, and what wakes us up then is only what is planned.
    fn as_foreseen(&self, now: OffsetDateTime, plan: &Plan, report: Report) -> Report {
        let sweep = self.parts.rules.policy.sweep.after(report.at);
        let wake_at = plan.next_after(report.at).map_or(sweep, |next| next.min(sweep));
        Report { wake_at: Some(wake_at), troubles: self.troubles(now), ..report }
    }

    /// The git host says that a branch was pushed to: all are looked at as soon as that is not too often.
    pub(crate) fn pushed_to(&mut self) {
        let now = self.parts.clock.now();
        self.branches.iter_mut().for_each(|branch| branch.hinted(now, BETWEEN_HINTS));
    }

    /// Looks at the branches it is time to look at: when asked, after the poll interval, and in the daily sweep.
    pub(super) async fn look(&mut self, now: OffsetDateTime, look: Look) {
        let swept = self.next_sweep.is_some_and(|at| at <= now);
        self.next_sweep = Some(self.parts.rules.policy.sweep.after(now));
        if swept {
            info!("daily sweep");
        }
        let is_due = |branch: &Branch| look == Look::Asked || swept || branch.is_due(now);
        let due = self.branches.iter().enumerate().filter(|(_, branch)| is_due(branch));
        let due: Vec<_> = due.map(|(at, _)| at).collect();
        self.fetch(&due).await;
    }

    /// When a branch is looked at next; those that are waited for end their look in a turn.
    pub(super) fn next_look(&self) -> Option<OffsetDateTime> {
        let idle = self.branches.iter().filter(|branch| !branch.is_being_fetched);
        idle.filter_map(|branch| branch.next_poll).min()
    }

    pub(super) fn looked_at(&mut self, at: usize) {
        let now = self.parts.clock.now();
        let poll = self.parts.repositories.get(at).map(|one| one.habits.poll);
        if let Some(branch) = self.branches.get_mut(at) {
            branch.look_before_push = false;
            branch.next_poll = poll.map(|poll| now + poll);
        }
    }

    /// What was pushed is in a branch.
    pub(super) async fn landed(&mut self, at: usize, tip: Tip) {
        if let Some(branch) = self.branches.get_mut(at) {
            branch.tip = Some(tip);
        }
        self.see(&[at]).await;
    }

    /// Takes in the branches as they are known to be, these of them anew. Which of all cannot be read; they stay as they were.
    pub(super) async fn see(&mut self, anew: &[usize]) -> Vec<usize> {
        let mut unread = Vec::new();
        if let Some(tips) = self.tips() {
            unread = self.see_at(tips).await;
        }
        for at in anew.iter().filter(|at| !unread.contains(at)) {
            self.branches.get_mut(*at).into_iter().for_each(Branch::is_seen);
        }
        unread
    }

    async fn see_at(&mut self, mut tips: Tips) -> Vec<usize> {
        let before = self.view.as_ref().map(|view| view.tips().clone());
        let told = self.view.as_ref().map(|view| view.inventory.faults.clone());
        let mut unread = Vec::new();
        while self.view.as_ref().is_none_or(|view| *view.tips() != tips) {
            let Err(error) = self.parts.repositories.see(&mut self.view, tips.clone()).await else {
                break;
            };
            let at = self.position_of(&error);
            self.look_later(at, &error);
            let is_again = unread.contains(&at);
            unread.push(at);
            // The others go on.
            match self.leave_unread(at, before.as_ref()) {
                Some((name, was)) if !is_again => tips.insert(name, was),
                Some(_) | None => break,
            };
        }
        if self.view.as_ref().map(|view| view.tips()) != before.as_ref() {
            self.seen_anew(&before.unwrap_or_default(), &told.unwrap_or_default()).await;
        }
        unread
    }

    /// Where a branch stays that cannot be read, if it ever was.
    fn leave_unread(&mut self, at: usize, before: Option<&Tips>) -> Option<(RepositoryName, Tip)> {
        let name = self.parts.repositories.get(at)?.name().clone();
        let was = before.and_then(|tips| tips.get(&name)).copied();
        self.branches.get_mut(at)?.is_unread(was);
        Some((name, was?))
    }

    /// Where the branches are to be seen: once one of them was, one that never was by this daemon is where an earlier one left it.
    fn tips(&self) -> Option<Tips> {
        self.branches.iter().find(|branch| branch.tip.is_some())?;
        let each = self.branches.iter().zip(self.parts.repositories.iter());
        let tip = |branch: &Branch| branch.tip.or(branch.left_at);
        each.map(|(branch, one)| Some((one.name().clone(), tip(branch)?))).collect()
    }

    /// Whether every branch is seen as it is.
    pub(super) fn all_are_seen(&self) -> bool {
        self.branches.iter().all(|branch| branch.tip.is_some() && branch.unseen.is_none())
    }

    fn position_of(&self, error: &LookError) -> usize {
        match error {
            LookError::Read(error) => self.parts.repositories.position(error.repository.as_str()),
            LookError::Fetch(_) | LookError::Panicked(_) => None,
        }
        .unwrap_or_default()
    }

    fn blame(&mut self, error: &LookError, text: String) {
        let at = self.position_of(error);
        if let Some(branch) = self.branches.get_mut(at) {
            branch.unseen = Some(text);
        }
    }

    pub(super) fn look_later(&mut self, at: usize, error: &LookError) {
        let (Some(branch), Some(one)) =
            (self.branches.get_mut(at), self.parts.repositories.get(at))
        else {
            return;
        };
        let until = branch.fetching.failed(self.parts.clock.now());
        let text = Causes(error).to_string();
        warn!(
            repository = one.known_as(),
            error = text,
            retry_at = instant(until),
            "the branch cannot be looked at; the last one seen is used"
        );
        branch.next_poll = Some(until);
        branch.unseen = Some(text);
    }

    async fn seen_anew(&mut self, before: &Tips, told: &[Fault]) {
        let Some(view) = &self.view else {
            return;
        };
        let (wanted, faults) = (view.inventory.wanted.len(), view.inventory.faults.len());
        let is_new = |name| view.tips().get(name) != before.get(name);
        let anew: Vec<_> =
            self.parts.repositories.iter().filter(|one| is_new(one.name())).collect();
        for one in &anew {
            let tip = view.inventory.tip(one.name());
            info!(repository = one.known_as(), %tip, wanted, faults, "branch read");
        }
        // Each fault is logged once, when it is first seen.
        for fault in view.inventory.faults.iter().filter(|fault| !told.contains(fault)) {
            warn!(%fault, "not served as it is written");
        }
        self.refused.clear();
        for one in anew {
            if let Err(error) = one.maintain().await {
                warn!(repository = one.known_as(), error = %Causes(&error), "the mirror was not tidied; it is tried again after the next change");
            }
        }
    }
}
