//! What is left of what a CA allows.

use nws_expiry::budget::{Bucket, Ledger, Level, LimitKind};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// What is left of one limit of a CA.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct LimitReport {
    /// Which limit, as the configuration names it: `new_orders`, `registered_domain`, `exact_set` or `failed_validations`.
    pub limit: String,
    /// What it is counted for: a domain, a name, or names with one space between them; empty where there is only one.
    pub subject: String,
    /// What is allowed, as the configuration has it: `300/3h`.
    pub allows: String,
    /// How many are left.
    pub left: u32,
    /// When there is one more.
    #[serde(with = "time::serde::rfc3339")]
    pub more_at: OffsetDateTime,
}

impl LimitReport {
    /// So many are told of each kind, those with least left.
    const MOST: usize = 10;

    /// What is left of a CA's limits at `now`: of new orders, and of whatever else was used.
    pub(crate) fn of(now: OffsetDateTime, ledger: &Ledger) -> Vec<Self> {
        let each = LimitKind::ALL.into_iter().flat_map(|kind| tightest(now, ledger, kind));
        each.collect()
    }

    /// As people read it: what it is for.
    pub(crate) fn what(&self) -> String {
        let kind = LimitKind::ALL.into_iter().find(|kind| kind.as_str() == self.limit);
        let bucket = kind.and_then(|kind| Bucket::of(kind, &self.subject));
        bucket.map_or_else(|| self.limit.clone(), |bucket| bucket.to_string())
    }
}

fn tightest(now: OffsetDateTime, ledger: &Ledger, kind: LimitKind) -> Vec<LimitReport> {
    let used = ledger.levels().filter(|(_, level)| now < level.is_whole_at());
    let used = used.map(|(bucket, _)| bucket.clone()).filter(|bucket| bucket.kind() == kind);
    let always = (kind == LimitKind::NewOrders).then_some(Bucket::NewOrders);
    let mut buckets: Vec<_> = used.chain(always).collect();
    buckets.sort_by_cached_key(|bucket| (ledger.left(now, bucket), bucket.clone()));
    buckets.dedup();
    buckets.truncate(LimitReport::MOST);
    buckets.iter().filter_map(|bucket| report(now, ledger, bucket)).collect()
}

fn report(now: OffsetDateTime, ledger: &Ledger, bucket: &Bucket) -> Option<LimitReport> {
    let (limit, left) = (ledger.limits().get(bucket.kind())?, ledger.left(now, bucket)?);
    Some(LimitReport {
        limit: bucket.kind().as_str().into(),
        subject: bucket.subject(),
        allows: limit.to_string(),
        left,
        more_at: Level::when(ledger.level(now, bucket), limit, left.saturating_add(1), now),
    })
}
