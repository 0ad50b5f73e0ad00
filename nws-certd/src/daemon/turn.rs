//! One turn, as the data flows: branch, facts, plan, outbox, orders, report.

use std::sync::Arc;

use nws_expiry::{Change, Due, Entry, Leaf, Reason};
use nws_gitops::Tip;
use time::{Duration, OffsetDateTime};
use tracing::{debug, info, warn};

use super::{Daemon, Look};
use crate::failure::Causes;
use crate::order::Attempt;
use crate::plan::{Next, Plan, Planned};
use crate::publish::Published;
use crate::report::{AccountReport, BranchReport, Report, Scene};
use crate::repository::View;
use crate::store::{CertificateKey, Facts, Step, StoreError};

/// How often in a row a commit is rebuilt on a branch that others push to, before everything else gets its turn.
const RACES: usize = 8;

impl Daemon {
    /// Takes one turn, and says when the next is wanted.
    pub(crate) async fn turn(&mut self, look: Look) -> Result<OffsetDateTime, StoreError> {
        let now = self.parts.clock.now();
        self.look(now, look).await;
        let mut facts = self.parts.store.load().await?;
        let mut plan = self.plan(now, &facts);
        if self.commit_at(&plan).is_some_and(|at| at <= now) {
            self.publish(&mut plan, &facts).await;
        }
        self.keep_wants(&plan).await?;
        self.put_on_agenda(&plan);
        self.start_due(now, &plan, &mut facts);
        self.forget_answers(now).await?;
        self.show(now, &plan, &facts);
        Ok(self.wake_at(now, &plan))
    }

    /// A report on the branch as it is now; nothing is done.
    pub(crate) async fn report_fetched(&mut self) -> Result<Report, StoreError> {
        self.fetch(self.parts.clock.now()).await;
        if self.view.is_some() { self.report_as_is().await } else { self.report_last_seen().await }
    }

    /// A report on the branch as it was last seen; nothing is done.
    pub(crate) async fn report_last_seen(&mut self) -> Result<Report, StoreError> {
        match self.parts.repository.last_seen().await {
            Ok(view) => self.view = Some(view),
            Err(error) => self.troubles.fetch = Some(Causes(&error).to_string()),
        }
        self.report_as_is().await
    }

    async fn report_as_is(&self) -> Result<Report, StoreError> {
        let facts = self.parts.store.load().await?;
        let now = self.parts.clock.now();
        Ok(self.report_of(now, &self.plan(now, &facts), &facts))
    }

    /// Looks at the branch if it is time to: when asked, after the poll interval, and in the daily sweep.
    async fn look(&mut self, now: OffsetDateTime, look: Look) {
        let swept = self.next_sweep.is_some_and(|at| at <= now);
        self.next_sweep = Some(self.parts.rules.policy.sweep.after(now));
        let polled =
            self.next_poll.is_none_or(|at| at <= now) && self.fetching.until(now).is_none();
        if swept {
            info!("daily sweep");
        }
        if look == Look::Now || polled || swept {
            self.fetch(now).await;
        }
    }

    async fn fetch(&mut self, now: OffsetDateTime) {
        match self.parts.repository.look(self.view.as_ref()).await {
            Ok(view) => {
                self.fetching.over();
                self.troubles.fetch = None;
                self.next_poll = Some(now + self.parts.poll);
                self.see(view);
            }
            Err(error) => {
                let until = self.fetching.failed(now, None);
                let text = Causes(&error).to_string();
                warn!(error = text, retry_at = %until, "the branch cannot be looked at; the last one seen is used");
                self.next_poll = Some(until);
                self.troubles.fetch = Some(text);
            }
        }
    }

    fn see(&mut self, view: View) {
        let is_new = self.view.as_ref().is_none_or(|seen| seen.tip != view.tip);
        if is_new {
            let (wanted, faults) = (view.inventory.wanted.len(), view.inventory.faults.len());
            info!(tip = %view.tip, wanted, faults, "branch read");
            self.report_faults(&view);
            self.refused.clear();
        }
        self.view = Some(view);
    }

    /// Each fault is logged once, when it is first seen.
    fn report_faults(&self, view: &View) {
        let seen = self.view.as_ref().map_or(&[][..], |seen| &seen.inventory.faults);
        for fault in view.inventory.faults.iter().filter(|fault| !seen.contains(fault)) {
            warn!(%fault, "not served as it is written");
        }
    }

    fn plan(&self, now: OffsetDateTime, facts: &Facts) -> Plan {
        match &self.view {
            None => Plan::default(),
            Some(view) => Plan::of(now, &view.inventory, facts, &self.parts.rules),
        }
    }

    /// When the outbox is committed, if anything is in it.
    fn commit_at(&self, plan: &Plan) -> Option<OffsetDateTime> {
        let deliverable = plan.outbox().filter(|(_, want)| !self.refused.contains_key(want));
        let due = self.parts.batch.due(deliverable.filter_map(|(planned, _)| planned.issued_at))?;
        Some(self.pushing.until(self.parts.clock.now()).map_or(due, |until| until.max(due)))
    }

    /// Pushes the outbox, on whatever the branch has become meanwhile.
    async fn publish(&mut self, plan: &mut Plan, facts: &Facts) {
        for _ in 0..RACES {
            let Some(view) = self.view.clone() else {
                return;
            };
            match self.parts.publisher.publish(&view, plan).await {
                Published::Done { view, refused } => {
                    self.pushing.over();
                    self.troubles.push = None;
                    self.see(view);
                    self.refused.extend(refused);
                    *plan = self.plan(self.parts.clock.now(), facts);
                    return;
                }
                Published::Moved => {
                    let now = self.parts.clock.now();
                    self.fetch(now).await;
                    *plan = self.plan(now, facts);
                }
                Published::Failed { until, error } => {
                    self.pushing.failed(self.parts.clock.now(), until);
                    self.troubles.push = Some(error);
                    return;
                }
            }
        }
        let until = self.pushing.failed(self.parts.clock.now(), None);
        let text =
            format!("the branch moved during {RACES} pushes in a row; the next is at {until}");
        warn!(error = text, "certificates are not pushed yet");
        self.troubles.push = Some(text);
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

    fn put_on_agenda(&mut self, plan: &Plan) {
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
            self.agenda.apply(Change::Set(planned.key.clone(), entry(planned)));
        }
    }

    /// Begins what is due, most urgent first, as far as there is room; the rest stays due.
    fn start_due(&mut self, now: OffsetDateTime, plan: &Plan, facts: &mut Facts) {
        if self.ca.until(now).is_some() {
            return;
        }
        let room = self.parts.concurrency.get().saturating_sub(self.running.len());
        let due = self
            .due_together(now, plan)
            .into_iter()
            .filter(|planned| !self.is_under_way(&planned.key));
        // What waits is passed over before it is counted, or it would take the room of what is due.
        let attempts: Vec<_> =
            due.filter_map(|planned| self.attempt(planned, facts)).take(room).collect();
        for attempt in attempts {
            self.start(attempt);
        }
    }

    /// What is due, and with it what would be before the batch is committed, so that certificates that were made together stay
    /// together and share their commits. Without this their spread adds up from round to round.
    fn due_together<'a>(&self, now: OffsetDateTime, plan: &'a Plan) -> Vec<&'a Planned> {
        if self.agenda.due(now).is_empty() {
            return Vec::new();
        }
        let shares = |due: Due<'_, CertificateKey, Reason>| {
            plan.find(due.key).filter(|planned| due.entry.at <= now + spread(planned))
        };
        self.agenda.due(now + self.parts.batch.quiet).into_iter().filter_map(shares).collect()
    }

    fn attempt(&self, planned: &Planned, facts: &mut Facts) -> Option<Attempt> {
        let reason = match &planned.next {
            Next::Order(reason) => reason.clone(),
            Next::Keep { .. } => self.agenda.get(&planned.key)?.action.clone(),
            Next::Wait { .. } => return None,
        };
        Some(attempt(planned, reason, facts))
    }

    fn start(&mut self, attempt: Attempt) {
        debug!(names = %attempt.certificate.names, reason = %attempt.reason, "order begun");
        let certificate = attempt.certificate.clone();
        let task = self.running.spawn(self.parts.ordering.clone().run(attempt));
        self.under_way.insert(task.id(), certificate);
    }

    fn is_under_way(&self, key: &CertificateKey) -> bool {
        self.under_way.values().any(|running| running == key)
    }

    async fn forget_answers(&self, now: OffsetDateTime) -> Result<(), StoreError> {
        if self.parts.answers.forget_expired(now) > 0 {
            self.parts.store.write(Step::AnswersForgotten { until: now }).await?;
        }
        Ok(())
    }

    fn show(&self, now: OffsetDateTime, plan: &Plan, facts: &Facts) {
        self.report.send_replace(Some(Arc::new(self.report_of(now, plan, facts))));
    }

    fn report_of(&self, now: OffsetDateTime, plan: &Plan, facts: &Facts) -> Report {
        let scene = Scene {
            now,
            plan,
            inventory: self.view.as_ref().map(|view| &*view.inventory),
            under_way: &|key| self.is_under_way(key),
            refused: &self.refused,
            commit_at: self.commit_at(plan),
        };
        Report {
            at: now,
            account: self.account(facts),
            branch: BranchReport { name: self.parts.repository.branch().into(), tip: self.tip() },
            certificates: scene.certificates(),
            faults: scene.faults(),
            troubles: self.troubles.all(),
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

    /// The earliest instant at which there is something to do.
    fn wake_at(&self, now: OffsetDateTime, plan: &Plan) -> OffsetDateTime {
        let waiting = [
            self.agenda.next_after(now),
            self.ca.until(now),
            self.commit_at(plan),
            self.next_sweep,
            self.next_poll,
        ];
        waiting.into_iter().flatten().min().unwrap_or(now + self.parts.poll)
    }
}

fn entry(planned: &Planned) -> Entry<Reason> {
    let (at, action) = match &planned.next {
        Next::Keep { until } => (*until, due_at(*until, planned.have.as_ref())),
        Next::Wait { until, reason } => (*until, reason.clone()),
        Next::Order(reason) => (OffsetDateTime::UNIX_EPOCH, reason.clone()),
    };
    Entry { at, ends: planned.have.as_ref().map(Leaf::not_after), action }
}

/// How far apart certificates of one age become due: the twentieth of the lifetime that renewals are spread over.
fn spread(planned: &Planned) -> Duration {
    planned.have.as_ref().map_or(Duration::ZERO, |leaf| leaf.lifetime() / 20)
}

fn due_at(since: OffsetDateTime, have: Option<&Leaf>) -> Reason {
    have.map_or(Reason::Absent, |leaf| Reason::Due { since, not_after: leaf.not_after() })
}

fn attempt(planned: &Planned, reason: Reason, facts: &mut Facts) -> Attempt {
    let open = facts.orders.iter().position(|order| order.certificate == planned.key);
    Attempt {
        certificate: planned.key.clone(),
        reason,
        open: open.map(|at| facts.orders.swap_remove(at)),
        failures: planned.failures,
        ends: planned.have.as_ref().map(Leaf::not_after),
    }
}
