//! What one CA takes in one plan.

use std::collections::HashMap;

use time::OffsetDateTime;

use super::slack::Slack;
use super::{Book, Wait, Work};
use crate::Urgency;
use crate::budget::{Bucket, Draft, Level, Limit, LimitKind, Short};

/// What is left of a CA's limits while they are shared out.
pub(super) struct Room<'a> {
    draft: Draft<'a>,
    slack: Slack,
    /// How many wait for each bucket already.
    waiting: HashMap<Bucket, u32>,
}

impl<'a> Room<'a> {
    pub(super) fn of<'b, K: 'b>(
        now: OffsetDateTime,
        book: &Book<'a>,
        due: impl Iterator<Item = &'b Work<'b, K>>,
    ) -> Self {
        let draft = Draft::of(book.ledger);
        let slack = match draft.ledger().limits().new_orders {
            None => Slack::default(),
            Some(limit) => {
                let limits = draft.ledger().limits();
                let counted = due.filter(|work| work.claim.counts_as_new(limits));
                let ends = counted.filter_map(Work::ends).collect();
                Slack::of(now, limit, draft.level(now, &Bucket::NewOrders), book.ahead, ends)
            }
        };
        Self { draft, slack, waiting: HashMap::new() }
    }

    /// Takes an order, or says when and why not.
    pub(super) fn admit<K>(
        &mut self,
        now: OffsetDateTime,
        work: &Work<'_, K>,
    ) -> Result<(), (OffsetDateTime, Wait)> {
        if let Err(short) = self.draft.check(now, &work.claim) {
            let kept = match short.bucket.kind() {
                LimitKind::NewOrders => reserve(work.urgency, short.limit),
                LimitKind::RegisteredDomain
                | LimitKind::ExactSet
                | LimitKind::FailedValidations => 0,
            };
            let until = self.queue(now, &short.bucket, short.limit, kept);
            return Err((until, Wait::Short(Short { until, ..short })));
        }
        let limits = self.draft.ledger().limits();
        if let Some(limit) = limits.new_orders.filter(|_| work.claim.counts_as_new(limits)) {
            self.spare(now, limit, work)?;
            self.slack.take(work.ends());
        }
        self.draft.take(now, &work.claim);
        Ok(())
    }

    /// Whether one more new order may be made though others will come.
    fn spare<K>(
        &mut self,
        now: OffsetDateTime,
        limit: Limit,
        work: &Work<'_, K>,
    ) -> Result<(), (OffsetDateTime, Wait)> {
        let kept = reserve(work.urgency, limit);
        let on = if Level::left(self.draft.level(now, &Bucket::NewOrders), limit, now) <= kept {
            Wait::Reserve
        } else if !self.slack.spares(work.ends()) {
            Wait::Sooner
        } else {
            return Ok(());
        };
        Err((self.queue(now, &Bucket::NewOrders, limit, kept), on))
    }

    /// When the next in line for a bucket gets its turn, with `kept` left over; always later than `now`.
    fn queue(
        &mut self,
        now: OffsetDateTime,
        bucket: &Bucket,
        limit: Limit,
        kept: u32,
    ) -> OffsetDateTime {
        let level = self.draft.level(now, bucket);
        let waiting = self.waiting.entry(bucket.clone()).or_default();
        *waiting = waiting.saturating_add(1);
        let turn = Level::when(level, limit, kept.saturating_add(*waiting), now);
        // What is there and kept is not there for it.
        turn.max(Level::when(
            level,
            limit,
            Level::left(level, limit, now).saturating_add(*waiting),
            now,
        ))
    }
}

/// How much of what there is at once is not for this: a fifth is for what runs out alone.
fn reserve(urgency: Urgency, limit: Limit) -> u32 {
    match urgency {
        Urgency::Ends(_) => 0,
        Urgency::Asked { .. } | Urgency::Nothing => limit.burst() / 5,
    }
}
