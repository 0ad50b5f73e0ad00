//! What the failure of an attempt says of the limits of its CA.

use nws_acme::{AcmeError, LimitScope, OrderError, Recovery, Step};
use nws_expiry::DnsName;
use nws_expiry::budget::{Bucket, LimitKind};
use time::OffsetDateTime;

use super::Attempt;
use super::outcome::OrderFailure;
use crate::store::{Obstacle, ObstacleKind, Used};

/// Counts a failure: what it uses up, and what the CA says is used up whatever we thought.
pub(super) fn counted(
    attempt: &Attempt,
    failure: &OrderFailure,
    recovery: &Recovery,
    met: Option<&Obstacle>,
    now: OffsetDateTime,
) -> Vec<Used> {
    let authority = &attempt.authority;
    let mut uses = authority.failed(now, &rejected(failure));
    if let (Recovery::Wait { scope, .. }, Some(met)) = (recovery, met)
        && let Some(bucket) = bucket(*scope, met)
    {
        uses.extend(authority.correct(bucket, met.until));
    }
    uses
}

/// Counts no more for an order than it used: one that the CA did not make, or of which nobody knows, brings no certificate before it is
/// asked for again.
pub(super) fn give_back(attempt: &Attempt, failure: &OrderFailure) {
    if !attempt.is_new() {
        return;
    }
    if was_not_made(failure) {
        attempt.authority.unmade(&attempt.certificate);
    } else if failure.is_before_the_order() {
        attempt.authority.give_back(&attempt.certificate);
    }
}

/// Whether the CA has certainly made no order; whoever got no answer may have one.
fn was_not_made(failure: &OrderFailure) -> bool {
    match failure {
        OrderFailure::Order { error, .. } => matches!(
            error,
            OrderError::UnknownProfile { .. }
                | OrderError::Request { step: Step::Directory, .. }
                | OrderError::Request {
                    step: Step::NewOrder,
                    source: AcmeError::Refused { .. }
                        | AcmeError::Unexplained { .. }
                        | AcmeError::Away { .. },
                }
        ),
        OrderFailure::Acme { .. }
        | OrderFailure::Forbidden { .. }
        | OrderFailure::Store(_)
        | OrderFailure::Seal(_)
        | OrderFailure::Key(_)
        | OrderFailure::NewKey(_) => true,
    }
}

/// The names that the CA looked at and did not validate.
fn rejected(failure: &OrderFailure) -> Vec<DnsName> {
    match failure {
        OrderFailure::Order { error: OrderError::Rejected { failures, .. }, .. } => {
            failures.iter().filter_map(|failure| failure.name.parse().ok()).collect()
        }
        OrderFailure::Order { .. }
        | OrderFailure::Acme { .. }
        | OrderFailure::Forbidden { .. }
        | OrderFailure::Store(_)
        | OrderFailure::Seal(_)
        | OrderFailure::Key(_)
        | OrderFailure::NewKey(_) => Vec::new(),
    }
}

/// The bucket that a limit is about, where the CA says which one.
fn bucket(scope: LimitScope, met: &Obstacle) -> Option<Bucket> {
    let (kind, told_as) = match scope {
        LimitScope::Account => return Some(Bucket::NewOrders),
        LimitScope::RegisteredDomain => {
            (LimitKind::RegisteredDomain, ObstacleKind::RegisteredDomain)
        }
        LimitScope::ExactSet => (LimitKind::ExactSet, ObstacleKind::ExactSet),
        LimitScope::Identifier => (LimitKind::FailedValidations, ObstacleKind::Identifier),
        LimitScope::Client | LimitScope::Unknown => return None,
    };
    if met.kind == told_as { Bucket::of(kind, &met.subject) } else { None }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::store::Stand;

    #[test]
    fn a_limit_is_corrected_where_the_ca_says_which_bucket_it_means() {
        use ObstacleKind::{Account, Ca, ExactSet, Identifier, RegisteredDomain};
        let set = Bucket::of(LimitKind::ExactSet, "a.shop.example shop.example");
        let name = Bucket::of(LimitKind::FailedValidations, "a.shop.example");
        let cases = [
            (LimitScope::Account, Account, "", Some(Bucket::NewOrders)),
            (LimitScope::Account, ExactSet, "shop.example", Some(Bucket::NewOrders)),
            (
                LimitScope::RegisteredDomain,
                RegisteredDomain,
                "shop.example",
                Some(Bucket::RegisteredDomain("shop.example".into())),
            ),
            (LimitScope::RegisteredDomain, ExactSet, "shop.example", None),
            (LimitScope::ExactSet, ExactSet, "a.shop.example shop.example", set),
            (LimitScope::Identifier, Identifier, "a.shop.example", name),
            (LimitScope::Identifier, ExactSet, "shop.example", None),
            (LimitScope::Unknown, ExactSet, "shop.example", None),
            (LimitScope::Client, Ca, "", None),
        ];
        for (scope, kind, subject, want) in cases {
            let met = Obstacle {
                ca: "https://ca.example/".into(),
                kind,
                subject: subject.into(),
                stand: Stand::Waits,
                until: datetime!(2026-03-01 13:00 UTC),
                detail: String::new(),
            };
            assert_eq!(bucket(scope, &met), want, "{scope:?} told as {kind:?}");
        }
    }
}
