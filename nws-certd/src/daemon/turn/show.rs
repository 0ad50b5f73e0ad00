//! The turn, as operators see it.

use std::sync::Arc;

use nws_acme::Availability;
use nws_gitops::Tip;
use time::OffsetDateTime;

use crate::daemon::Daemon;
use crate::plan::Plan;
use crate::report::{AccountReport, BranchReport, Report, Scene, Trouble, TroubleWith, instant};
use crate::store::Facts;

impl Daemon {
    pub(super) fn show(&self, now: OffsetDateTime, plan: &Plan, facts: &Facts) {
        self.report.send_replace(Some(Arc::new(self.report_of(now, plan, facts))));
    }

    /// The last report, with what broke the newest turn off.
    pub(in crate::daemon) fn show_broken_off(&self, why: &str) {
        let (now, last) = (self.parts.clock.now(), self.report.borrow().clone());
        let mut report = match last {
            Some(report) => Report::clone(&report),
            None => self.report_of(now, &Plan::default(), &Facts::default()),
        };
        report.troubles = self.troubles(now);
        let text = format!("{why}; everything else is how it stood at {}", instant(report.at));
        report.troubles.push(Trouble { with: TroubleWith::State, text });
        self.report.send_replace(Some(Arc::new(report)));
    }

    pub(super) fn report_of(&self, now: OffsetDateTime, plan: &Plan, facts: &Facts) -> Report {
        let scene = Scene {
            now,
            plan,
            inventory: self.view.as_ref().map(|view| &*view.inventory),
            under_way: &|key| self.is_under_way(key),
            refused: &self.refused,
            held: self.held.as_deref(),
            commit_at: self.commit_at(plan),
            order_at: self.order_at(now),
        };
        Report {
            at: now,
            account: self.account(facts),
            branch: BranchReport { name: self.parts.repository.branch().into(), tip: self.tip() },
            certificates: scene.certificates(),
            faults: scene.faults(),
            troubles: self.troubles(now),
        }
    }

    /// Before this instant no order is begun.
    fn order_at(&self, now: OffsetDateTime) -> OffsetDateTime {
        let ca = match self.ca(now) {
            Availability::Away { until, .. } => until,
            Availability::Up | Availability::Probe => now,
        };
        self.stuck.until(now).map_or(ca, |stuck| stuck.max(ca))
    }

    fn troubles(&self, now: OffsetDateTime) -> Vec<Trouble> {
        let of = |with, text: &Option<String>| text.clone().map(|text| Trouble { with, text });
        let all = [
            of(TroubleWith::Fetch, &self.troubles.fetch),
            of(TroubleWith::Push, &self.troubles.push),
            of(TroubleWith::Ca, &self.trouble_with_ca(now)),
            of(TroubleWith::State, &self.troubles.state),
        ];
        all.into_iter().flatten().collect()
    }

    fn trouble_with_ca(&self, now: OffsetDateTime) -> Option<String> {
        match self.ca(now) {
            Availability::Up => None,
            Availability::Probe => {
                Some("the CA was away; an order finds out whether it is back".into())
            }
            Availability::Away { since, until, reason } => Some(format!(
                "the CA is away since {} ({reason}); it is asked again at {}",
                instant(since),
                instant(until)
            )),
        }
    }

    fn account(&self, facts: &Facts) -> AccountReport {
        let directory = self.parts.ordering.ca.directory_url().to_string();
        let known = facts.accounts.iter().find(|(at, _)| *at == directory);
        AccountReport {
            url: known.map(|(_, url)| url.clone()),
            thumbprint: self.parts.ordering.key.thumbprint().to_string(),
            directory,
        }
    }

    fn tip(&self) -> Option<String> {
        let Tip { commit } = self.view.as_ref()?.tip;
        commit.map(|commit| commit.to_string())
    }
}
