//! The turn, as operators see it.

use std::collections::HashSet;
use std::sync::Arc;

use nws_acme::Availability;
use time::OffsetDateTime;

use super::clock::trouble_with_clock;
use crate::authority::Authority;
use crate::daemon::Daemon;
use crate::plan::Plan;
use crate::report::{
    BranchReport, CaReport, LimitReport, Report, Scene, Trouble, TroubleWith, instant,
};
use crate::repository::Repository;
use crate::store::{Facts, Obstacle};

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
        let under_way: HashSet<_> =
            self.under_way.values().map(|order| &order.certificate).collect();
        let commits: Vec<_> =
            (0..self.branches.len()).map(|at| self.commit_to_at(at, plan)).collect();
        let scene = Scene {
            now,
            plan,
            inventory: self.view.as_ref().map(|view| &*view.inventory),
            directory: &|place| Some(self.parts.ordering.authorities.get(place)?.directory()),
            under_way: &|key| under_way.contains(key),
            refused: &self.refused,
            held: &|want| self.branches.get(self.goes_to(want)?)?.held.as_deref(),
            seen: &|key, leaf| self.parts.watcher.as_ref()?.seen(key, leaf),
            doubt: &|blob| self.doubts.why(blob),
            commit_at: &|want| *commits.get(self.goes_to(want)?)?,
            order_at: self.order_at(now),
        };
        let branches = self.branch_reports();
        let revocations = self.revocations(now, plan, facts);
        let mut troubles = self.troubles(now);
        troubles.extend(self.troubles_with_revocations(&revocations));
        troubles.extend(self.troubles_with_removals(now, facts));
        Report {
            at: now,
            wake_at: Some(self.wake_at(now, plan, facts)),
            cas: self.cas_of(now, facts),
            branch: branches.first().cloned().unwrap_or_default(),
            branches: if self.parts.repositories.are_named() { branches } else { Vec::new() },
            certificates: scene.certificates(),
            faults: scene.faults(),
            troubles,
            revocations,
            unwanted: self.unwanted(now, facts),
            sealing: self.sealing_report(),
        }
    }

    /// Before this instant no order is begun.
    fn order_at(&self, now: OffsetDateTime) -> OffsetDateTime {
        self.stuck.until(now).unwrap_or(now)
    }

    pub(super) fn troubles(&self, now: OffsetDateTime) -> Vec<Trouble> {
        let of = |with, text: &Option<String>| text.clone().map(|text| Trouble { with, text });
        let of_cas = self.parts.ordering.authorities.iter().flat_map(|authority| {
            let all = [
                trouble_with_ca(now, authority),
                authority.change_trouble(),
                trouble_with_clock(now, authority),
            ];
            all.into_iter().filter_map(|text| of(TroubleWith::Ca, &text)).collect::<Vec<_>>()
        });
        let after = of(TroubleWith::State, &self.unkept);
        let notes = self.sealing.notes.iter().chain(&self.sealing.changed);
        let sealing = notes.map(|note| Trouble { with: TroubleWith::Sealing, text: note.clone() });
        self.troubles_with_branches().chain(of_cas).chain(sealing).chain(after).collect()
    }

    fn cas_of(&self, now: OffsetDateTime, facts: &Facts) -> Vec<CaReport> {
        let report = |authority: &Arc<Authority>| {
            let directory = authority.directory();
            let stands = |met: &&Obstacle| met.ca == directory && now < met.until;
            CaReport {
                directory: directory.into(),
                account: authority.account_url(),
                thumbprint: authority.thumbprint().to_string(),
                obstacles: facts.obstacles.iter().filter(stands).map(Into::into).collect(),
                limits: LimitReport::of(now, &authority.ledger()),
            }
        };
        self.parts.ordering.authorities.iter().map(report).collect()
    }

    fn troubles_with_branches(&self) -> impl Iterator<Item = Trouble> {
        let each = || self.branches.iter().zip(self.parts.repositories.iter());
        let unseen = each().map(|(branch, one)| (TroubleWith::Fetch, &branch.unseen, one));
        let unpushed = each().map(|(branch, one)| (TroubleWith::Push, &branch.unpushed, one));
        unseen.chain(unpushed).filter_map(|(with, text, one)| {
            text.as_deref().map(|text| Trouble { with, text: one.says(text) })
        })
    }

    fn branch_reports(&self) -> Vec<BranchReport> {
        let tip = |one: &Repository| {
            let tip = self.view.as_ref().and_then(|view| view.inventory.tip(one.name()).commit);
            tip.map(|commit| commit.to_string())
        };
        let report = |one: &Repository| BranchReport {
            repository: one.known_as().map(str::to_owned),
            name: one.branch().to_string(),
            tip: tip(one),
            keys_in_clear: one.has_keys_in_clear(),
        };
        self.parts.repositories.iter().map(report).collect()
    }
}

fn trouble_with_ca(now: OffsetDateTime, authority: &Authority) -> Option<String> {
    let ca = authority.directory();
    match authority.availability(now) {
        Availability::Up => None,
        Availability::Probe => {
            Some(format!("the CA {ca} was away; an order finds out whether it is back"))
        }
        Availability::Away { since, until, reason } => Some(format!(
            "the CA {ca} is away since {} ({reason}); it is asked again at {}",
            instant(since),
            instant(until)
        )),
    }
}
