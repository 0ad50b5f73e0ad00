//! Orders that are due.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use nws_acme::Availability;
use nws_expiry::{Due, Reason};
use time::{Duration, OffsetDateTime};
use tracing::debug;

use crate::authority::Authority;
use crate::daemon::{Daemon, Watch};
use crate::order::Attempt;
use crate::plan::{Next, Plan, Planned};
use crate::store::{CertificateKey, Facts, OpenOrder};

/// As many as are begun before the next turn lines up what is due then, and far more.
const LONGEST_LINE: usize = 4096;

impl Daemon {
    /// Lines up what is due, most urgent first, for whoever has room for it.
    pub(super) fn line_up(
        &mut self,
        now: OffsetDateTime,
        plan: &mut Plan,
        facts: &mut Facts,
    ) -> VecDeque<(usize, Attempt)> {
        let due = self.share_out(now, plan).into_iter().filter_map(|at| plan.certificates.get(at));
        // An order that a CA alone cannot answer must not keep finding out for all others that the CA is away.
        let (last, first): (Vec<_>, Vec<_>) = due.partition(|planned| self.found_out_last(planned));
        let mut open = open_orders(facts);
        let attempts = first.into_iter().chain(last).filter_map(|planned| {
            let ca = planned.goes_to?;
            Some((ca, self.attempt(planned, ca, open.remove(&planned.key))?))
        });
        attempts.take(LONGEST_LINE).collect()
    }

    /// What of what is due the CAs take now, in its order: first what is open there. The rest is told when.
    fn share_out(&mut self, now: OffsetDateTime, plan: &mut Plan) -> Vec<usize> {
        let due = self.due_together(now, plan);
        let due = due.into_iter().filter_map(|planned| plan.place(&planned.key)).collect();
        let is_open = |at: &usize| plan.certificates.get(*at).is_some_and(|it| it.is_open);
        let (mut go, new): (Vec<_>, Vec<_>) =
            self.not_under_way(plan, due).into_iter().partition(is_open);
        let cas = self.cas(now);
        let allotment = plan.allot(now, &new, &cas, &self.tenants);
        for at in plan.wait(&cas, allotment.later) {
            self.put_one_on_agenda(now, plan, at);
        }
        go.extend(allotment.go);
        go.extend(plan.in_spite(allotment.in_spite));
        go
    }

    /// Those of certificates, by their places, that nobody is ordering yet.
    pub(super) fn not_under_way(&self, plan: &Plan, places: Vec<usize>) -> Vec<usize> {
        let under_way: HashSet<_> =
            self.under_way.values().map(|order| &order.certificate).collect();
        let is_free = |at: &usize| {
            plan.certificates.get(*at).is_some_and(|planned| !under_way.contains(&planned.key))
        };
        places.into_iter().filter(is_free).collect()
    }

    /// Begins what stands first, as far as there is room at its CA and it was looked at; the rest stays in line.
    pub(in crate::daemon) fn start_waiting(&mut self, now: OffsetDateTime) {
        self.looks.forget_stale(now);
        let mut rooms = self.rooms(now);
        let mut most = self.parts.concurrency.get().saturating_sub(self.under_way.len());
        let mut at = 0;
        let mut line = std::mem::take(&mut self.last.waiting);
        while rooms.iter().any(|room| *room > 0) {
            let Some((ca, attempt)) = line.get(at) else { break };
            match rooms.get_mut(*ca) {
                Some(room) if *room > 0 && self.is_ready(*ca, attempt) && most > 0 => {
                    (*room, most) = (*room - 1, most - 1);
                }
                Some(_) | None => {
                    at += 1;
                    continue;
                }
            }
            if let Some((ca, attempt)) = line.remove(at) {
                self.start(now, ca, attempt);
            }
        }
        self.last.waiting = line;
    }

    /// How many more orders may go to each CA; to one that was away, one is to find out whether it is back.
    fn rooms(&self, now: OffsetDateTime) -> Vec<usize> {
        let is_stuck = self.stuck.until(now).is_some();
        let room = |(authority, watch): (&Arc<Authority>, &Watch)| match authority.availability(now)
        {
            _ if is_stuck || authority.is_changing(now) => 0,
            Availability::Up => usize::MAX,
            Availability::Probe if self.is_probing(watch) => 0,
            Availability::Probe => 1,
            Availability::Away { .. } => 0,
        };
        self.parts.ordering.authorities.iter().zip(&self.watches).map(room).collect()
    }

    pub(super) fn is_probing(&self, watch: &Watch) -> bool {
        watch.probe.is_some_and(|probe| {
            self.under_way.contains_key(&probe) || self.revoking.contains_key(&probe)
        })
    }

    fn found_out_last(&self, planned: &Planned) -> bool {
        let watch = planned.goes_to.and_then(|ca| self.watches.get(ca));
        watch.is_some_and(|watch| watch.last_probe.as_ref() == Some(&planned.key))
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
        let quiet = self.parts.repositories.iter().map(|one| one.habits.batch.quiet).max();
        self.agenda.due(now + quiet.unwrap_or_default()).into_iter().filter_map(shares).collect()
    }

    fn attempt(&self, planned: &Planned, ca: usize, open: Option<OpenOrder>) -> Option<Attempt> {
        let reason = match &planned.next {
            Next::Order(reason) => reason.clone(),
            Next::Keep { .. } => self.agenda.get(&planned.key)?.action.clone(),
            Next::Wait { .. } => return None,
        };
        let authority = self.parts.ordering.authorities.get(ca)?.clone();
        let is_its_own = planned.issued_by.as_deref() == Some(authority.directory());
        Some(Attempt {
            certificate: planned.key.clone(),
            reason,
            authority,
            open,
            predecessor: planned.have.clone().filter(|_| is_its_own),
            failures: planned.failures,
            failing: planned.failing,
            outlook: planned.outlook.clone(),
            have: planned.validity(),
            tenant: planned.tenant().into(),
            exemption: planned.exemption,
            keeps_key: planned.keeps_key,
            in_spite: planned.in_spite,
            uses: Vec::new(),
            began: self.parts.clock.now(),
        })
    }

    fn start(&mut self, now: OffsetDateTime, ca: usize, attempt: Attempt) {
        let attempt = Attempt { began: now, ..attempt }.counted(now);
        debug!(names = %attempt.certificate.names, reason = %attempt.reason, ca = attempt.authority.directory(), "order begun");
        let is_probe = attempt.authority.availability(now) == Availability::Probe;
        let certificate = attempt.certificate.clone();
        self.takes_its_look(ca, &certificate);
        let order = attempt.under_way();
        self.tenants.begun(now, &order.tenant, order.kind);
        let task = self.running.spawn(self.parts.ordering.clone().run(attempt));
        if let Some(watch) = self.watches.get_mut(ca).filter(|_| is_probe) {
            (watch.probe, watch.last_probe) = (Some(task.id()), Some(certificate.clone()));
        }
        self.under_way.insert(task.id(), order);
    }
}

/// How far apart certificates of one age become due: the twentieth of the lifetime that renewals are spread over.
fn spread(planned: &Planned) -> Duration {
    planned.have.as_ref().map_or(Duration::ZERO, |leaf| leaf.lifetime() / 20)
}

fn open_orders(facts: &mut Facts) -> HashMap<CertificateKey, OpenOrder> {
    let orders = std::mem::take(&mut facts.orders);
    orders.into_iter().map(|order| (order.certificate.clone(), order)).collect()
}
