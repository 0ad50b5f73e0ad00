//! What is left of what a CA allows.

use nws_expiry::budget::{Bucket, Ledger, Level, Limit, LimitKind};
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

/// Those with least left; of new orders also when all are.
fn tightest(now: OffsetDateTime, ledger: &Ledger, kind: LimitKind) -> Vec<LimitReport> {
    let Some(limit) = ledger.limits().get(kind) else { return Vec::new() };
    let used = ledger.levels(now).filter(|(bucket, level)| {
        bucket.kind() == kind && now < level.is_whole_at() && **bucket != Bucket::NewOrders
    });
    let used = used.map(|(bucket, level)| (Level::left(Some(level), limit, now), bucket));
    let always = (kind == LimitKind::NewOrders).then_some((0, &Bucket::NewOrders));
    let mut buckets: Vec<_> = used.chain(always).collect();
    buckets.sort_unstable();
    let tightest = buckets.iter().take(LimitReport::MOST);
    tightest.map(|(_, bucket)| report(now, ledger, limit, bucket)).collect()
}

fn report(now: OffsetDateTime, ledger: &Ledger, limit: Limit, bucket: &Bucket) -> LimitReport {
    let level = ledger.level(now, bucket);
    let left = Level::left(level, limit, now);
    LimitReport {
        limit: bucket.kind().as_str().into(),
        subject: bucket.subject(),
        allows: limit.to_string(),
        left,
        more_at: Level::when(level, limit, left.saturating_add(1), now),
    }
}

#[cfg(test)]
mod tests {
    use nws_expiry::DnsNames;
    use nws_expiry::budget::{Claim, Exemption, Limits};
    use time::Duration;
    use time::macros::datetime;

    use super::*;

    const NOON: OffsetDateTime = datetime!(2026-03-01 12:00 UTC);

    #[test]
    fn what_is_tightest_of_each_kind_is_told() {
        let mut ledger = Ledger::new(Limits::LETS_ENCRYPT);
        let told = |ledger: &Ledger| -> Vec<_> {
            let all = LimitReport::of(NOON, ledger).into_iter();
            all.map(|one| (one.limit, one.subject, one.left)).collect()
        };
        let new_orders = |left| ("new_orders".to_owned(), String::new(), left);
        assert_eq!(told(&ledger), [new_orders(300)], "nothing was used");
        for host in 0..12 {
            let name = format!("h{host}.d{host}.com").parse().unwrap();
            let names = DnsNames::new([name]).unwrap();
            let claim = Claim { names: &names, exemption: Exemption::None };
            for _ in 0..=(host / 6) {
                ledger.take(NOON, &claim);
            }
        }
        let told = told(&ledger);
        assert_eq!(told.len(), 1 + 10 + 10);
        assert_eq!(told[0], new_orders(300 - 18));
        assert_eq!(told[1], ("registered_domain".into(), "d10.com".into(), 48));
        let more = LimitReport::of(NOON, &ledger)[0].more_at - NOON;
        assert_eq!(more, Duration::seconds(36), "and when there is one more");
    }
}
