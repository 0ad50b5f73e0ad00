//! The branch, as it is now.

use nws_gitops::{Fault, Tip};
use time::OffsetDateTime;
use tracing::{info, warn};

use crate::at::At;
use crate::daemon::{Daemon, Look};
use crate::failure::Causes;
use crate::plan::Plan;
use crate::report::{Report, instant};
use crate::repository::{LookError, View};
use crate::store::StoreError;

/// How often a git host that tells of pushes makes us look at most; one look sees all pushes before it.
const BETWEEN_HINTS: time::Duration = time::Duration::SECOND;

impl Daemon {
    /// A report on the branch as it is now; nothing is done.
    pub(crate) async fn report_fetched(&mut self, at: At) -> Result<Report, StoreError> {
        self.fetch().await;
        self.survey().await;
        if self.view.is_some() { self.report_at(at).await } else { self.report_last_seen(at).await }
    }

    /// A report on the branch as it was last seen; nothing is done.
    pub(crate) async fn report_last_seen(&mut self, at: At) -> Result<Report, StoreError> {
        match self.parts.repository.last_seen().await {
            Ok(view) => {
                self.view = Some(view);
                self.survey().await;
            }
            Err(error) => self.troubles.fetch = Some(Causes(&error).to_string()),
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

    /// The git host says that the branch was pushed to: it is looked at as soon as that is not too often.
    pub(crate) fn pushed_to(&mut self) {
        let now = self.parts.clock.now();
        let at = self.looked_at.map_or(now, |looked| now.max(looked + BETWEEN_HINTS));
        self.next_poll = Some(self.next_poll.map_or(at, |poll| poll.min(at)));
    }

    /// Looks at the branch if it is time to: when asked, after the poll interval, and in the daily sweep.
    pub(super) async fn look(&mut self, now: OffsetDateTime, look: Look) {
        let swept = self.next_sweep.is_some_and(|at| at <= now);
        self.next_sweep = Some(self.parts.rules.policy.sweep.after(now));
        if swept {
            info!("daily sweep");
        }
        let before_push = self.look_before_push && self.pushing.until(now).is_none();
        let polled = self.next_poll.is_none_or(|at| at <= now);
        if look == Look::Asked || swept || polled || before_push {
            self.fetch().await;
        }
    }

    /// A git host may take minutes to answer or not to, so everything after it is dated by when that was.
    pub(super) async fn fetch(&mut self) -> Fetched {
        let fetched = self.parts.repository.fetch().await;
        let now = self.parts.clock.now();
        self.looked_at = Some(now);
        let looked = match fetched {
            Ok(tip) => self.see(tip).await,
            Err(error) => self.look_later(&error),
        };
        if looked == Fetched::Yes {
            self.look_before_push = false;
            self.next_poll = Some(now + self.parts.poll);
        }
        looked
    }

    /// Takes in the branch as it is at a commit.
    pub(super) async fn see(&mut self, tip: Tip) -> Fetched {
        let before = self.view.as_ref().map(View::tip);
        if before != Some(tip) {
            let faults = self.view.as_ref().map(|view| view.inventory.faults.clone());
            if let Err(error) = self.parts.repository.see(&mut self.view, tip).await {
                return self.look_later(&error);
            }
            self.seen_anew(&faults.unwrap_or_default()).await;
        }
        self.fetching.over();
        self.troubles.fetch = None;
        Fetched::Yes
    }

    fn look_later(&mut self, error: &LookError) -> Fetched {
        let until = self.fetching.failed(self.parts.clock.now());
        let text = Causes(error).to_string();
        warn!(
            error = text,
            retry_at = instant(until),
            "the branch cannot be looked at; the last one seen is used"
        );
        self.next_poll = Some(until);
        self.troubles.fetch = Some(text);
        Fetched::No
    }

    async fn seen_anew(&mut self, told: &[Fault]) {
        let Some(view) = &self.view else {
            return;
        };
        let (wanted, faults) = (view.inventory.wanted.len(), view.inventory.faults.len());
        info!(tip = %view.tip(), wanted, faults, "branch read");
        // Each fault is logged once, when it is first seen.
        for fault in view.inventory.faults.iter().filter(|fault| !told.contains(fault)) {
            warn!(%fault, "not served as it is written");
        }
        self.refused.clear();
        if let Err(error) = self.parts.repository.maintain().await {
            warn!(error = %Causes(&error), "the mirror was not tidied; it is tried again after the next change");
        }
    }
}

/// Whether the branch could be looked at.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Fetched {
    Yes,
    No,
}
