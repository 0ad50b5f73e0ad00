//! One turn, as the data flows: branch, facts, seals, plan, outbox, orders, report.

mod account_keys;
mod begin;
mod clock;
mod fetch;
mod look;
mod others;
mod push;
pub(super) mod read_back;
pub(super) mod removals;
pub(super) mod renewals;
mod revoke;
pub(super) mod sealing;
mod show;
mod superseded;
mod watch;

use std::collections::HashSet;

use nws_acme::Availability;
use nws_expiry::{Change, Entry, Leaf, Reason, Timing};
use nws_gitops::Inventory;
use time::OffsetDateTime;
use tokio::time::Instant;
use tracing::{info, warn};

use super::{Daemon, LONGEST_SLEEP, Look};
use crate::plan::{CaView, Next, Plan, Planned};
use crate::report::instant;
use crate::store::{Facts, Step, StoreError};

/// How long it is remembered whose turn was when.
const TURNS: time::Duration = time::Duration::DAY;

impl Daemon {
    /// Takes one turn, and says when the next is wanted.
    pub(crate) async fn turn(&mut self, look: Look) -> Result<OffsetDateTime, StoreError> {
        let (begun, now) = (Instant::now(), self.parts.clock.now());
        self.last.waiting.clear();
        if look == Look::Asked {
            self.waits_no_longer();
        }
        self.look(now, look).await;
        let now = self.parts.clock.now();
        self.watch_cas(now);
        self.watch_clocks(now);
        self.lift_holds().await?;
        let mut facts = self.parts.store.load().await?;
        self.sealing.is_asked = facts.sealing_anew_since.is_some();
        self.change_account_keys(now);
        self.hold_ended(now, &mut facts);
        self.looks.not_waited_for(&mut facts);
        self.forget_unusable(&mut facts);
        self.look_first(now, &mut facts).await?;
        self.controllers.ask(self.parts.sealing.controllers(), now);
        self.seek_seals(now).await;
        let mut plan = self.plan(now, &facts);
        self.answer_others(&plan, &facts);
        self.weigh_seals(&plan);
        self.forget_pushes_if_none(&plan);
        self.publish(now, &mut plan, &mut facts).await;
        self.end_sealing_anew().await?;
        self.survey().await;
        self.keep_unwanted(now, &facts).await?;
        self.note_superseded(now);
        self.keep_wants(&plan).await?;
        self.give_back_unwanted(&plan);
        self.weigh_edited(now, &plan);
        self.put_on_agenda(now, &plan);
        self.last.waiting = self.line_up(now, &mut plan, &mut facts);
        self.start_waiting(now);
        self.watch_edges(now, &plan, &facts);
        self.start_revocations(now, &plan, &facts);
        self.inquire(now, &plan, &facts);
        self.forget(now, &facts).await?;
        self.remove(now, &facts).await;
        self.show(now, &plan, &facts);
        let wake_at = self.wake_at(now, &plan, &facts);
        self.last.ends(begun);
        Ok(wake_at)
    }

    /// An operator says "now": whatever went wrong with the repository, the state or the CA is not waited for. The waits of
    /// single names are theirs, or a habit of asking would use up what the CA allows them; not those for what was seen before an order,
    /// which costs the CA nothing. So are the obstacles, which are what
    /// the CA allows: they stand until they are over, or until an operator asks for these certificates ([`Step::Asked`]); and
    /// where a CA holds everything, until the next start.
    fn waits_no_longer(&mut self) {
        self.refused.clear();
        for branch in &mut self.branches {
            branch.fetching.over();
            branch.pushing.over();
        }
        self.removals.waits_no_longer();
        self.doubts.wait_no_longer();
        let now = self.parts.clock.now();
        self.looks.wait_no_longer(now);
        self.parts.watcher.iter().for_each(|watcher| watcher.wait_no_longer(now));
        self.stuck.over();
        for authority in &self.parts.ordering.authorities {
            authority.ca.try_now();
            authority.change_now();
        }
    }

    /// Once: whoever has started the daemon may have changed what a CA held everything for, such as the key of an external account.
    async fn lift_holds(&mut self) -> Result<(), StoreError> {
        if !self.holds_lifted {
            self.parts.store.write(Step::HoldsLifted).await?;
            self.holds_lifted = true;
        }
        Ok(())
    }

    /// Says once that a CA went away, and once that it is back.
    fn watch_cas(&mut self, now: OffsetDateTime) {
        for (authority, watch) in self.parts.ordering.authorities.iter().zip(&mut self.watches) {
            let ca = authority.directory();
            match (authority.availability(now), watch.was_away) {
                (Availability::Away { until, reason, .. }, false) => {
                    let retry_at = instant(until);
                    warn!(
                        ca,
                        reason, retry_at, "the CA is away; no order goes to it until it answers"
                    );
                    watch.was_away = true;
                }
                (Availability::Up, true) => {
                    info!(ca, "the CA answers again");
                    (watch.was_away, watch.last_probe) = (false, None);
                }
                (Availability::Up, false)
                | (Availability::Probe, _)
                | (Availability::Away { .. }, true) => {}
            }
        }
    }

    pub(super) fn plan(&self, now: OffsetDateTime, facts: &Facts) -> Plan {
        match &self.view {
            None => Plan::default(),
            Some(view) => self.plan_for(now, &view.inventory, facts),
        }
    }

    /// The plan if the branch were as an inventory has it.
    pub(super) fn plan_for(
        &self,
        now: OffsetDateTime,
        inventory: &Inventory,
        facts: &Facts,
    ) -> Plan {
        let (cas, unsealable) = (self.cas(now), &self.sealing.unsealable);
        Plan::of(now, inventory, facts, &self.parts.rules, &cas, unsealable)
    }

    fn cas(&self, now: OffsetDateTime) -> Vec<CaView> {
        self.parts.ordering.authorities.iter().map(|authority| authority.view(now)).collect()
    }

    async fn keep_wants(&mut self, plan: &Plan) -> Result<(), StoreError> {
        let rows = plan.rows();
        if self.view.is_none() || self.wants_written.as_ref() == Some(&rows) {
            return Ok(());
        }
        self.parts.store.write(Step::Wanted(rows.clone())).await?;
        self.wants_written = Some(rows);
        Ok(())
    }

    /// Orders that nobody goes on with use nothing any more.
    fn give_back_unwanted(&self, plan: &Plan) {
        let under_way: HashSet<_> =
            self.under_way.values().map(|order| &order.certificate).collect();
        for authority in &self.parts.ordering.authorities {
            authority.give_back_unless(|key| under_way.contains(key) || plan.find(key).is_some());
        }
    }

    fn put_on_agenda(&mut self, now: OffsetDateTime, plan: &Plan) {
        let wanted: Vec<_> = plan.certificates.iter().map(|planned| &planned.key).collect();
        let gone: Vec<_> = self
            .agenda
            .iter()
            .map(|(key, _)| key)
            .filter(|key| wanted.binary_search(key).is_err())
            .cloned()
            .collect();
        for key in gone {
            self.agenda.apply(Change::Remove(key));
        }
        for planned in &plan.certificates {
            self.agenda.apply(Change::Set(planned.key.clone(), entry(now, planned)));
        }
    }

    fn put_one_on_agenda(&mut self, now: OffsetDateTime, plan: &Plan, at: usize) {
        if let Some(planned) = plan.certificates.get(at) {
            self.agenda.apply(Change::Set(planned.key.clone(), entry(now, planned)));
        }
    }

    /// What is over is of no use to anyone; nothing is written while nothing is.
    async fn forget(&mut self, now: OffsetDateTime, facts: &Facts) -> Result<(), StoreError> {
        if self.parts.answers.forget_expired(now) > 0 {
            self.parts.store.write(Step::AnswersForgotten { until: now }).await?;
        }
        if facts.obstacles.iter().any(|met| met.until <= now) {
            self.parts.store.write(Step::ObstaclesForgotten { until: now }).await?;
        }
        self.tenants.forget(now - TURNS);
        let authorities = &self.parts.ordering.authorities;
        let whole = authorities.iter().filter(|authority| authority.forget_whole(now)).count();
        if whole > 0 {
            self.parts.store.write(Step::UsedForgotten { until: now }).await?;
        }
        Ok(())
    }

    /// The earliest instant at which there is something to do.
    pub(super) fn wake_at(
        &self,
        now: OffsetDateTime,
        plan: &Plan,
        facts: &Facts,
    ) -> OffsetDateTime {
        let authorities = self.parts.ordering.authorities.iter();
        let back = authorities.filter_map(|authority| match authority.availability(now) {
            Availability::Away { until, .. } => Some(until),
            Availability::Up | Availability::Probe => None,
        });
        let waiting = [
            plan.next_after(now),
            back.min(),
            self.stuck.until(now),
            self.inquiries.next,
            self.controllers.next(),
            self.commit_at(plan),
            self.revoke_at(now, plan, facts),
            self.remove_at(now, facts),
            self.superseded_at(now),
            self.next_sweep,
            self.doubts.next(now),
            self.next_look(),
        ];
        waiting.into_iter().flatten().min().unwrap_or(now + LONGEST_SLEEP)
    }
}

fn entry(now: OffsetDateTime, planned: &Planned) -> Entry<Reason> {
    let (at, action) = match &planned.next {
        Next::Keep { until, rule } => {
            (*until, due_at(Timing { at: *until, rule: *rule }, planned.have.as_ref()))
        }
        Next::Wait { until, reason, .. } => (*until, reason.clone()),
        Next::Order(reason) => (OffsetDateTime::UNIX_EPOCH, reason.clone()),
    };
    Entry { at, urgency: planned.urgency(now), action }
}

fn due_at(timing: Timing, have: Option<&Leaf>) -> Reason {
    have.map_or(Reason::Absent, |leaf| Reason::from_timing(timing, leaf.not_after()))
}
