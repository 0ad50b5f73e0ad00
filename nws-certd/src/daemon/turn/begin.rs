//! Orders that are due.

use nws_acme::Availability;
use nws_expiry::{Due, Leaf, Reason};
use time::{Duration, OffsetDateTime};
use tracing::debug;

use crate::daemon::Daemon;
use crate::order::Attempt;
use crate::plan::{Next, Plan, Planned};
use crate::store::{CertificateKey, Facts};

impl Daemon {
    /// Begins what is due, most urgent first, as far as there is room; the rest stays due.
    pub(super) fn start_due(&mut self, now: OffsetDateTime, plan: &Plan, facts: &mut Facts) {
        let room = self.room(now);
        if room == 0 {
            return;
        }
        let due = self.due_together(now, plan);
        let due = due.into_iter().filter(|planned| !self.is_under_way(&planned.key));
        // An order that the CA alone cannot answer must not keep finding out for all others that the CA is away.
        let (last, first): (Vec<_>, Vec<_>) =
            due.partition(|planned| self.last_probe.as_ref() == Some(&planned.key));
        let due = first.into_iter().chain(last);
        // What waits is passed over before it is counted, or it would take the room of what is due.
        let attempts: Vec<_> =
            due.filter_map(|planned| self.attempt(planned, facts)).take(room).collect();
        for attempt in attempts {
            self.start(now, attempt);
        }
    }

    /// How many more orders may run; of a CA that was away, one is to find out whether it is back.
    fn room(&self, now: OffsetDateTime) -> usize {
        if self.stuck.until(now).is_some() {
            return 0;
        }
        let room = self.parts.concurrency.get().saturating_sub(self.running.len());
        match self.ca(now) {
            Availability::Up => room,
            Availability::Probe if self.is_probing() => 0,
            Availability::Probe => room.min(1),
            Availability::Away { .. } => 0,
        }
    }

    fn is_probing(&self) -> bool {
        self.probe.is_some_and(|probe| self.under_way.contains_key(&probe))
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
        let open = facts.orders.iter().position(|order| order.certificate == planned.key);
        Some(Attempt {
            certificate: planned.key.clone(),
            reason,
            open: open.map(|at| facts.orders.swap_remove(at)),
            failures: planned.failures,
            ends: planned.have.as_ref().map(Leaf::not_after),
            began: self.parts.clock.now(),
        })
    }

    fn start(&mut self, now: OffsetDateTime, attempt: Attempt) {
        debug!(names = %attempt.certificate.names, reason = %attempt.reason, "order begun");
        let is_probe = self.ca(now) == Availability::Probe;
        let certificate = attempt.certificate.clone();
        let task = self.running.spawn(self.parts.ordering.clone().run(attempt));
        if is_probe {
            self.probe = Some(task.id());
            self.last_probe = Some(certificate.clone());
        }
        self.under_way.insert(task.id(), certificate);
    }

    pub(super) fn is_under_way(&self, key: &CertificateKey) -> bool {
        self.under_way.values().any(|running| running == key)
    }
}

/// How far apart certificates of one age become due: the twentieth of the lifetime that renewals are spread over.
fn spread(planned: &Planned) -> Duration {
    planned.have.as_ref().map_or(Duration::ZERO, |leaf| leaf.lifetime() / 20)
}
