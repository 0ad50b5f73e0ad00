//! What was used of a CA's limits.

use std::collections::HashMap;

use time::OffsetDateTime;

use super::{Bucket, Claim, Level, Limit, LimitKind, Limits};
use crate::DnsName;
use crate::told::to_the_second;

/// What was used of one CA's limits, as plain values: a [`Level`] a bucket that is not whole.
///
/// CAs of Boulder's kind take from registered domains and exact sets once an order has brought its certificate, so those buckets refill
/// from then on. Here each order that is under way has one of them until then, so that those that are under way together never use more
/// than there is.
///
/// ```
/// use nws_expiry::DnsNames;
/// use nws_expiry::budget::{Claim, Exemption, Ledger, Limits};
/// use time::Duration;
/// use time::macros::datetime;
///
/// let now = datetime!(2026-03-01 12:00 UTC);
/// let names = DnsNames::new(["shop.example".parse()?])?;
/// let renewal = Claim { names: &names, exemption: Exemption::SameSet };
///
/// let mut ledger = Ledger::new(Limits::LETS_ENCRYPT);
/// for _ in 0..5 {
///     ledger.check(now, &renewal)?;
///     ledger.take(now, &renewal);
/// }
/// let short = ledger.check(now, &renewal).unwrap_err();
/// assert_eq!(short.until, now + Duration::minutes(2016));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Ledger {
    limits: Limits,
    used: HashMap<Bucket, Used>,
}

/// What was used of one bucket.
#[derive(Clone, Copy, Debug)]
struct Used {
    level: Level,
    /// Orders that will use one each when they bring their certificate.
    under_way: u32,
}

impl Used {
    /// As if every order under way brought its certificate at `now`.
    fn with_all(self, limit: Limit, now: OffsetDateTime) -> Level {
        self.level.used_by(self.under_way, limit, now)
    }
}

/// What an order has to wait for.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the limit of {limit} for {bucket} is used up until {}", to_the_second(*until))]
pub struct Short {
    /// What is used up; what takes longest where several are.
    pub bucket: Bucket,
    /// The limit.
    pub limit: Limit,
    /// Until when.
    pub until: OffsetDateTime,
}

impl Ledger {
    /// One in which nothing was used yet.
    pub fn new(limits: Limits) -> Self {
        Self { limits, used: HashMap::new() }
    }

    /// What it is about.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Takes in what was kept of one bucket; what says that more is used counts.
    pub fn restore(&mut self, bucket: Bucket, level: Level) {
        let used = self.used.entry(bucket).or_insert(Used { level, under_way: 0 });
        used.level = level.max(used.level);
    }

    /// Every bucket of which something was used, as it is at `now` with what is under way.
    pub fn levels(&self, now: OffsetDateTime) -> impl Iterator<Item = (&Bucket, Level)> {
        self.used.iter().filter_map(move |(bucket, used)| {
            let limit = self.limits.get(bucket.kind())?;
            Some((bucket, used.with_all(limit, now)))
        })
    }

    /// How far one bucket is used at `now`, with what is under way; `None` where nothing was used.
    pub fn level(&self, now: OffsetDateTime, bucket: &Bucket) -> Option<Level> {
        let limit = self.limits.get(bucket.kind())?;
        self.used.get(bucket).map(|used| used.with_all(limit, now))
    }

    /// How many are left of one bucket at `now`; `None` where there is no limit.
    pub fn left(&self, now: OffsetDateTime, bucket: &Bucket) -> Option<u32> {
        let limit = self.limits.get(bucket.kind())?;
        Some(Level::left(self.level(now, bucket), limit, now))
    }

    /// Whether the CA takes an order now.
    ///
    /// # Errors
    ///
    /// [`Short`] says what is used up, and until when.
    pub fn check(&self, now: OffsetDateTime, claim: &Claim<'_>) -> Result<(), Short> {
        check(&self.limits, claim, now, |bucket| self.level(now, bucket))
    }

    /// An order is made: gives what is to be kept of it.
    pub fn take(&mut self, now: OffsetDateTime, claim: &Claim<'_>) -> Vec<(Bucket, Level)> {
        let buckets: Vec<_> = claim.taken(&self.limits).collect();
        let taken = buckets.into_iter().filter_map(|bucket| match bucket.kind() {
            LimitKind::NewOrders | LimitKind::FailedValidations => self.use_one(now, bucket),
            LimitKind::RegisteredDomain | LimitKind::ExactSet => self.hold_one(now, bucket),
        });
        taken.collect()
    }

    /// The order brought its certificate: gives what is to be kept of it.
    ///
    /// One that this ledger does not know to be under way, as it was made before a restart, was counted when it was made.
    pub fn issued(&mut self, now: OffsetDateTime, claim: &Claim<'_>) -> Vec<(Bucket, Level)> {
        let buckets: Vec<_> = late(claim, &self.limits).collect();
        let used = buckets.into_iter().filter_map(|bucket| {
            if self.end_one(&bucket) {
                return self.use_one(now, bucket);
            }
            let limit = self.limits.get(bucket.kind())?;
            self.restore(bucket.clone(), Level::used(None, limit, now));
            self.kept(now, bucket)
        });
        used.collect()
    }

    /// The order brought no certificate, and the CA counts only those: what it had of registered domains and exact sets is there again.
    ///
    /// One that this ledger does not know to be under way, as it was made before a restart, stays counted.
    pub fn give_back(&mut self, claim: &Claim<'_>) {
        let limits = self.limits;
        for bucket in late(claim, &limits) {
            self.end_one(&bucket);
        }
    }

    /// The CA made no order and said so at once: nothing was used.
    pub fn refused(&mut self, claim: &Claim<'_>) {
        self.give_back(claim);
        let limit = self.limits.new_orders.filter(|_| claim.counts_as_new(&self.limits));
        if let (Some(limit), Some(used)) = (limit, self.used.get_mut(&Bucket::NewOrders)) {
            used.level = used.level.given_back(limit);
        }
    }

    /// A name was not validated: gives what is to be kept of it.
    pub fn failed(&mut self, now: OffsetDateTime, name: &DnsName) -> Option<(Bucket, Level)> {
        self.use_one(now, Bucket::FailedValidations(name.clone()))
    }

    /// The CA says that there is none before `until`, whatever we thought (Retry-After): gives what is to be kept of it.
    pub fn correct(&mut self, bucket: Bucket, until: OffsetDateTime) -> Option<(Bucket, Level)> {
        let limit = self.limits.get(bucket.kind())?;
        let level = Level::told(limit, until);
        self.restore(bucket.clone(), level);
        self.kept(level.is_whole_at(), bucket)
    }

    /// Forgets the buckets that are whole at `now`, and says whether there were any.
    pub fn forget_whole(&mut self, now: OffsetDateTime) -> bool {
        let before = self.used.len();
        self.used.retain(|_, used| used.under_way > 0 || now < used.level.is_whole_at());
        self.used.len() < before
    }

    fn use_one(&mut self, now: OffsetDateTime, bucket: Bucket) -> Option<(Bucket, Level)> {
        let limit = self.limits.get(bucket.kind())?;
        let used = self.at(now, bucket.clone());
        used.level = Level::used(Some(used.level), limit, now);
        self.kept(now, bucket)
    }

    fn hold_one(&mut self, now: OffsetDateTime, bucket: Bucket) -> Option<(Bucket, Level)> {
        self.at(now, bucket.clone()).under_way += 1;
        self.kept(now, bucket)
    }

    /// Whether there was one to end.
    fn end_one(&mut self, bucket: &Bucket) -> bool {
        let used = self.used.get_mut(bucket).filter(|used| used.under_way > 0);
        used.map(|used| used.under_way -= 1).is_some()
    }

    fn at(&mut self, now: OffsetDateTime, bucket: Bucket) -> &mut Used {
        let new = Used { level: Level::whole_at(now), under_way: 0 };
        let used = self.used.entry(bucket).or_insert(new);
        used.level = used.level.max(new.level);
        used
    }

    fn kept(&self, now: OffsetDateTime, bucket: Bucket) -> Option<(Bucket, Level)> {
        self.level(now, &bucket).map(|level| (bucket, level))
    }
}

/// The buckets that a CA takes from once there is a certificate.
fn late<'a>(claim: &'a Claim<'_>, limits: &'a Limits) -> impl Iterator<Item = Bucket> + 'a {
    claim.taken(limits).filter(|bucket| match bucket.kind() {
        LimitKind::NewOrders | LimitKind::FailedValidations => false,
        LimitKind::RegisteredDomain | LimitKind::ExactSet => true,
    })
}

/// A ledger in which orders are counted that are only planned.
#[derive(Clone, Debug)]
pub struct Draft<'a> {
    of: &'a Ledger,
    planned: HashMap<Bucket, Level>,
}

impl<'a> Draft<'a> {
    /// One in which nothing is planned yet.
    pub fn of(ledger: &'a Ledger) -> Self {
        Self { of: ledger, planned: HashMap::new() }
    }

    /// What is planned on.
    pub fn ledger(&self) -> &'a Ledger {
        self.of
    }

    /// How far a bucket is used at `now` with what is planned.
    pub fn level(&self, now: OffsetDateTime, bucket: &Bucket) -> Option<Level> {
        self.planned.get(bucket).copied().or_else(|| self.of.level(now, bucket))
    }

    /// Whether the CA takes one more order at `now`.
    ///
    /// # Errors
    ///
    /// [`Short`] says what is used up, and until when.
    pub fn check(&self, now: OffsetDateTime, claim: &Claim<'_>) -> Result<(), Short> {
        check(&self.of.limits, claim, now, |bucket| self.level(now, bucket))
    }

    /// One more is planned.
    pub fn take(&mut self, now: OffsetDateTime, claim: &Claim<'_>) {
        for bucket in claim.taken(&self.of.limits) {
            if let Some(limit) = self.of.limits.get(bucket.kind()) {
                let level = Level::used(self.level(now, &bucket), limit, now);
                self.planned.insert(bucket, level);
            }
        }
    }
}

fn check(
    limits: &Limits,
    claim: &Claim<'_>,
    now: OffsetDateTime,
    level: impl Fn(&Bucket) -> Option<Level>,
) -> Result<(), Short> {
    let short = claim.checked(limits).filter_map(|bucket| {
        let limit = limits.get(bucket.kind())?;
        let until = Level::when(level(&bucket), limit, 1, now);
        (until > now).then_some(Short { bucket, limit, until })
    });
    short.max_by_key(|short| short.until).map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use time::Duration;
    use time::macros::datetime;

    use super::*;
    use crate::DnsNames;
    use crate::budget::{Exemption, Renewals};

    const NOON: OffsetDateTime = datetime!(2026-03-01 12:00 UTC);

    fn hour(hour: i64) -> OffsetDateTime {
        NOON + Duration::hours(hour)
    }

    /// Two an hour each of the same names, and of new orders.
    fn ledger() -> Ledger {
        let (new_orders, exact_set) = ("2/2h".parse().ok(), "2/2h".parse().ok());
        Ledger::new(Limits { new_orders, exact_set, renewals: Renewals::Counted, ..Limits::NONE })
    }

    fn names() -> DnsNames {
        DnsNames::from("shop.example".parse::<DnsName>().unwrap())
    }

    fn claim(names: &DnsNames) -> Claim<'_> {
        Claim { names, exemption: Exemption::None }
    }

    fn left(ledger: &Ledger, at: i64) -> (u32, u32) {
        let left = |bucket| ledger.left(hour(at), &bucket).unwrap();
        (left(Bucket::NewOrders), left(Bucket::ExactSet(names())))
    }

    /// facts: Boulder `ra/ra.go` countCertificateIssued.
    #[test]
    fn what_is_under_way_is_held_and_what_is_issued_refills_from_then() {
        let (mut ledger, names) = (ledger(), names());
        ledger.take(hour(0), &claim(&names));
        assert_eq!(left(&ledger, 0), (1, 1));
        assert_eq!(left(&ledger, 9), (2, 1), "it is under way still");
        ledger.issued(hour(9), &claim(&names));
        assert_eq!(left(&ledger, 9), (2, 1), "a certificate takes one now");
        assert_eq!(left(&ledger, 10), (2, 2));
    }

    #[test]
    fn what_came_to_nothing_gives_back_no_more_than_it_had() {
        let (mut ledger, names) = (ledger(), names());
        ledger.take(hour(0), &claim(&names));
        ledger.take(hour(9), &claim(&names));
        ledger.give_back(&claim(&names));
        assert_eq!(left(&ledger, 9), (1, 1), "the other one is under way still");
        ledger.issued(hour(9), &claim(&names));
        assert_eq!(left(&ledger, 9), (1, 1));
        ledger.give_back(&claim(&names));
        assert_eq!(left(&ledger, 9), (1, 1), "nothing is under way");
    }

    #[test]
    fn what_an_order_uses_and_what_of_it_is_there_again() {
        type Ends = fn(&mut Ledger, &Claim<'_>);
        let names = names();
        let cases: [(&str, Ends, (u32, u32)); 3] = [
            ("it is under way", |_, _| {}, (1, 1)),
            ("it came to nothing", Ledger::give_back, (1, 2)),
            ("it was refused", Ledger::refused, (2, 2)),
        ];
        for (case, ends, want) in cases {
            let mut ledger = ledger();
            ledger.take(NOON, &claim(&names));
            ends(&mut ledger, &claim(&names));
            assert_eq!(left(&ledger, 0), want, "{case}");
        }
    }

    #[test]
    fn the_ca_knows_better() {
        let (mut ledger, names) = (ledger(), names());
        ledger.correct(Bucket::NewOrders, hour(3));
        let short = ledger.check(NOON, &claim(&names)).unwrap_err();
        assert_eq!((short.bucket, short.until), (Bucket::NewOrders, hour(3)));
        ledger.correct(Bucket::NewOrders, hour(1));
        let until = ledger.check(NOON, &claim(&names)).unwrap_err().until;
        assert_eq!(until, hour(3), "what is longer counts");
        assert_eq!(ledger.check(hour(3), &claim(&names)), Ok(()));
    }

    #[test]
    fn what_is_kept_counts_what_is_under_way_after_a_restart() {
        let (mut before, mut after, names) = (ledger(), ledger(), names());
        for at in [0, 0] {
            for (bucket, level) in before.take(hour(at), &claim(&names)) {
                after.restore(bucket, level);
            }
        }
        assert_eq!(left(&after, 0), (0, 0));
        after.issued(hour(4), &claim(&names));
        assert_eq!(left(&after, 4), (2, 1), "one was issued now, whatever was counted then");
    }
}
