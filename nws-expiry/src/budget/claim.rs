//! What one order is to the limits of a CA.

use time::{Duration, OffsetDateTime};

use super::bucket::registered_domain;
use super::{Bucket, LimitKind, Limits, Renewals};
use crate::{DnsNames, Validity, Window};

/// One order, as a CA counts it.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// Its names.
    pub names: &'a DnsNames,
    /// What it is exempt from.
    pub exemption: Exemption,
}

/// What an order is exempt from where renewals are [free](Renewals::Free).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Exemption {
    /// From nothing: new names, or names that had a certificate together too long ago.
    None,
    /// From the limits for new orders and registered domains: the same names had a certificate in the last 120 days
    /// (Boulder, `wfe2/wfe.go` NewOrder).
    SameSet,
    /// From everything: it says which certificate it replaces, within the window that the CA suggested for that.
    Suggested,
}

impl Exemption {
    /// How long ago the same names may have had a certificate (Boulder, `wfe2/wfe.go` NewOrder, FQDNSetTimestampsForWindow).
    const SAME_SET: Duration = Duration::days(120);
    /// An order that is planned now reaches the CA a little later, and its window must not be over by then.
    const MARGIN: Duration = Duration::MINUTE;

    /// What an order at `now` for the same names as a certificate that there is is exempt from; `suggested` is the window of that
    /// at a CA to which the order will name it (`replaces`, RFC 9773 §5).
    ///
    /// A window that is over exempts from nothing but what the same names do, however late or urgent the order is (Boulder,
    /// `core/objects.go` IsWithin); so does one in the past that a CA gives what it is about to revoke.
    pub fn of_renewal(now: OffsetDateTime, have: Validity, suggested: Option<Window>) -> Self {
        match suggested {
            Some(window) if window.start() <= now && now + Self::MARGIN < window.end() => {
                Self::Suggested
            }
            // CAs backdate, so that it was issued a little later than it says.
            Some(_) | None if now < have.not_before() + Self::SAME_SET => Self::SameSet,
            Some(_) | None => Self::None,
        }
    }
}

impl Claim<'_> {
    /// The buckets that have to have one left.
    pub(super) fn checked(&self, limits: &Limits) -> impl Iterator<Item = Bucket> {
        let kinds = LimitKind::ALL.into_iter().filter(|kind| self.meets(*kind, limits));
        kinds.flat_map(|kind| self.buckets(kind))
    }

    /// The buckets that one is taken from if it succeeds: those of a certificate for exactly these names from every one of them.
    pub(super) fn taken(&self, limits: &Limits) -> impl Iterator<Item = Bucket> {
        let kinds = LimitKind::ALL.into_iter().filter(|kind| match kind {
            LimitKind::NewOrders | LimitKind::RegisteredDomain => self.meets(*kind, limits),
            LimitKind::ExactSet => limits.exact_set.is_some(),
            LimitKind::FailedValidations => false,
        });
        kinds.flat_map(|kind| self.buckets(kind))
    }

    /// Whether it counts for new orders.
    pub fn counts_as_new(&self, limits: &Limits) -> bool {
        self.meets(LimitKind::NewOrders, limits)
    }

    fn meets(&self, kind: LimitKind, limits: &Limits) -> bool {
        let exemption = match limits.renewals {
            Renewals::Free => self.exemption,
            Renewals::Counted => Exemption::None,
        };
        let is_met = match (exemption, kind) {
            (Exemption::None, _) => true,
            (Exemption::SameSet, LimitKind::NewOrders | LimitKind::RegisteredDomain) => false,
            (Exemption::SameSet, LimitKind::ExactSet | LimitKind::FailedValidations) => true,
            (Exemption::Suggested, _) => false,
        };
        is_met && limits.get(kind).is_some()
    }

    fn buckets(&self, kind: LimitKind) -> Vec<Bucket> {
        match kind {
            LimitKind::NewOrders => vec![Bucket::NewOrders],
            LimitKind::ExactSet => vec![Bucket::ExactSet(self.names.clone())],
            LimitKind::FailedValidations => {
                self.names.iter().cloned().map(Bucket::FailedValidations).collect()
            }
            LimitKind::RegisteredDomain => {
                let mut domains: Vec<_> = self.names.iter().map(registered_domain).collect();
                domains.sort_unstable();
                domains.dedup();
                domains.into_iter().map(|domain| Bucket::RegisteredDomain(domain.into())).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const FROM: OffsetDateTime = datetime!(2026-03-01 0:00 UTC);

    /// facts: Boulder `wfe2/wfe.go` (NewOrder, validateReplacementOrder) and `core/objects.go` (RenewalInfoSimple, IsWithin).
    #[test]
    fn what_a_renewal_is_exempt_from() {
        use Exemption::{None as Nothing, SameSet, Suggested};
        let have = Validity::new(FROM, FROM + Duration::days(200)).unwrap();
        let day = |day| FROM + Duration::days(day);
        let window = |from, to| Window::new(day(from), day(to));
        let cases = [
            ("no window", day(59), None, SameSet),
            ("before it", day(59), window(60, 61), SameSet),
            ("in it", day(60), window(60, 61), Suggested),
            (
                "so late in it that it is over when the CA looks",
                day(61) - Duration::MINUTE,
                window(60, 61),
                SameSet,
            ),
            ("a window in the past, of what is to be revoked", day(60), window(58, 59), SameSet),
            ("a minute before 120 days are over", day(120) - Duration::MINUTE, None, SameSet),
            ("120 days", day(120), None, Nothing),
            ("a window makes up for that", day(133), window(133, 134), Suggested),
        ];
        for (case, now, suggested, want) in cases {
            assert_eq!(Exemption::of_renewal(now, have, suggested), want, "{case}");
        }
    }

    #[test]
    fn what_an_order_meets_and_takes() {
        let names = ["a.shop.com", "b.shop.com", "shop.org"].map(|name| name.parse().unwrap());
        let names = DnsNames::new(names).unwrap();
        let of = |exemption, limits: Limits| {
            let claim = Claim { names: &names, exemption };
            let text = |buckets: Vec<Bucket>| {
                buckets.iter().map(|bucket| bucket.kind().as_str()).collect::<Vec<_>>().join(" ")
            };
            (text(claim.checked(&limits).collect()), text(claim.taken(&limits).collect()))
        };
        let is = |(checked, taken): (String, String), want: (&str, &str)| {
            assert_eq!((&*checked, &*taken), want);
        };
        let failed = "failed_validations failed_validations failed_validations";
        let new = "new_orders registered_domain registered_domain exact_set";
        let le = Limits::LETS_ENCRYPT;
        is(of(Exemption::None, le), (&format!("{new} {failed}"), new));
        is(of(Exemption::SameSet, le), (&format!("exact_set {failed}"), "exact_set"));
        is(of(Exemption::Suggested, le), ("", "exact_set"));
        let counted = Limits { renewals: Renewals::Counted, ..le };
        is(of(Exemption::Suggested, counted), (&format!("{new} {failed}"), new));
        is(of(Exemption::None, Limits::NONE), ("", ""));
    }
}
