//! What a failure says of other orders at the same CA, too.

use nws_acme::{LimitScope, OrderError, Recovery, Step};
use nws_expiry::{Backoff, DnsNames, Profile};
use time::{Duration, OffsetDateTime};

use super::Attempt;
use super::outcome::{OPERATOR, OrderFailure};
use crate::plan::{Occasion, subject};
use crate::store::{Obstacle, ObstacleKind, Stand};

/// How soon it is looked again whether a CA offers a profile that it did not.
const PROFILE: Duration = Duration::DAY;
/// How soon CAA records are looked at again that forbid a CA to issue; whoever has changed them can ask at once.
const CAA: Duration = Duration::HOUR;
/// How soon a CA is asked again that has paused us until a person says otherwise: at one try a day nothing is used up.
const PAUSED: Duration = Duration::DAY;

impl OrderFailure {
    /// Whether the CA has made no order yet, so that what it says is not about one.
    pub(super) fn is_before_the_order(&self) -> bool {
        match self {
            Self::Acme { .. } | Self::Forbidden { .. } => true,
            Self::Order { error: OrderError::Request { step, .. }, .. } => match step {
                Step::Directory | Step::NewOrder => true,
                Step::Order
                | Step::Authorization
                | Step::Challenge
                | Step::Finalize
                | Step::Certificate => false,
            },
            Self::Order { error: OrderError::UnknownProfile { .. }, .. } => true,
            Self::Order { .. }
            | Self::Store(_)
            | Self::Seal(_)
            | Self::Key(_)
            | Self::NewKey(_) => false,
        }
    }

    /// Whether the CA was not even asked for an order, so that what it says holds for all of them, those that are open too.
    fn is_before_any_order(&self) -> bool {
        match self {
            Self::Acme { .. } => true,
            Self::Order { error: OrderError::Request { step, .. }, .. } => *step == Step::Directory,
            Self::Order { .. }
            | Self::Forbidden { .. }
            | Self::Store(_)
            | Self::Seal(_)
            | Self::Key(_)
            | Self::NewKey(_) => false,
        }
    }
}

/// What keeps this order, and perhaps others, from its CA; `None` for what is the order's own, as everything is once there is one.
pub(super) fn obstacle(
    backoff: &Backoff,
    attempt: &Attempt,
    failure: &OrderFailure,
    recovery: &Recovery,
    detail: &str,
    now: OffsetDateTime,
) -> Option<Obstacle> {
    if !failure.is_before_the_order() {
        return None;
    }
    let names = &attempt.certificate.names;
    // A CA that says when, and means at once, is not asked again at once.
    let soonest = backoff.free.after(1);
    let everything = || (ObstacleKind::Ca, String::new());
    let ((kind, about), stand, until) = match recovery {
        Recovery::Wait { retry_after, scope } => {
            let met = if failure.is_before_any_order() {
                everything()
            } else {
                limited(*scope, attempt.occasion(), names, detail)
            };
            (met, Stand::Waits, retry_after.until(now).max(now + soonest))
        }
        Recovery::Hold { .. } if failure.is_before_any_order() => {
            (everything(), Stand::Held, now + PAUSED)
        }
        Recovery::Hold { .. } => {
            ((ObstacleKind::ExactSet, subject(names)), Stand::Held, now + PAUSED)
        }
        Recovery::Operator => (everything(), Stand::Held, now + OPERATOR),
        Recovery::Permanent => match failure {
            OrderFailure::Order { error: OrderError::UnknownProfile { profile, .. }, .. } => {
                let (about, stand) = not_offered(attempt, profile);
                ((ObstacleKind::Profile, about), stand, now + PROFILE)
            }
            OrderFailure::Forbidden { .. } => {
                ((ObstacleKind::Caa, subject(names)), Stand::Waits, now + CAA)
            }
            OrderFailure::Order { .. }
            | OrderFailure::Acme { .. }
            | OrderFailure::Store(_)
            | OrderFailure::Seal(_)
            | OrderFailure::Key(_)
            | OrderFailure::NewKey(_) => return None,
        },
        Recovery::Resume { .. }
        | Recovery::CaAway { .. }
        | Recovery::Name
        | Recovery::Account
        | Recovery::Fresh => return None,
    };
    let ca = attempt.authority.directory().to_owned();
    Some(Obstacle { ca, kind, subject: about, stand, until, detail: detail.into() })
}

/// Which profile is not offered, and who ends that: the one of the configuration, for all that ask for none of their own, is for
/// whoever wrote that.
fn not_offered(attempt: &Attempt, profile: &Profile) -> (String, Stand) {
    let is_configured = attempt.authority.terms.profile.as_ref() == Some(profile);
    match &attempt.certificate.profile {
        None if is_configured => (String::new(), Stand::Held),
        Some(_) | None => (profile.to_string(), Stand::Waits),
    }
}

/// What is limited, and which one: the CA quotes the domain or name that it means. A renewal that meets a limit from which others
/// are exempt is held back itself.
fn limited(
    scope: LimitScope,
    occasion: Occasion,
    names: &DnsNames,
    detail: &str,
) -> (ObstacleKind, String) {
    let is_quoted = |name: &&str| detail.contains(&format!("\"{name}\""));
    let mut domains = names.iter().flat_map(|name| domains(name.as_str()));
    let these = || (ObstacleKind::ExactSet, subject(names));
    match scope {
        LimitScope::Account | LimitScope::RegisteredDomain if occasion == Occasion::Renewal => {
            these()
        }
        LimitScope::Client => (ObstacleKind::Ca, String::new()),
        LimitScope::Account => (ObstacleKind::Account, String::new()),
        LimitScope::ExactSet | LimitScope::Unknown => these(),
        LimitScope::RegisteredDomain => domains
            .find(is_quoted)
            .map_or_else(these, |domain| (ObstacleKind::RegisteredDomain, domain.into())),
        LimitScope::Identifier => names
            .iter()
            .map(|name| name.as_str())
            .find(is_quoted)
            .map_or_else(these, |name| (ObstacleKind::Identifier, name.into())),
    }
}

/// A name and the domains it is in, the longest first.
pub(super) fn domains(name: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(name), |name| name.split_once('.').map(|(_, parent)| parent))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The details are Boulder's (ratelimits/limiter.go).
    #[test]
    fn a_limit_is_about_what_the_ca_quotes() {
        let names: Vec<_> =
            ["a.shop.example", "shop.example"].iter().map(|name| name.parse().unwrap()).collect();
        let names = DnsNames::new(names).unwrap();
        let both = "a.shop.example shop.example";
        let cases = [
            (
                LimitScope::RegisteredDomain,
                r#"too many certificates (50) already issued for "shop.example" in the last 168h0m0s"#,
                (ObstacleKind::RegisteredDomain, "shop.example"),
            ),
            (
                LimitScope::Identifier,
                r#"too many failed authorizations (5) for "a.shop.example" in the last 1h0m0s"#,
                (ObstacleKind::Identifier, "a.shop.example"),
            ),
            (
                LimitScope::ExactSet,
                "too many certificates (5) already issued for this exact set of identifiers",
                (ObstacleKind::ExactSet, both),
            ),
            (
                LimitScope::Account,
                "too many new orders (300) from this account in the last 3h0m0s",
                (ObstacleKind::Account, ""),
            ),
            (LimitScope::Client, "too many new registrations (10)", (ObstacleKind::Ca, "")),
            (LimitScope::Unknown, "Service busy", (ObstacleKind::ExactSet, both)),
            (LimitScope::Identifier, "of nobody we know", (ObstacleKind::ExactSet, both)),
        ];
        for (scope, detail, (kind, about)) in cases {
            let first = limited(scope, Occasion::First, &names, detail);
            assert_eq!(first, (kind, about.to_owned()), "{detail}");
            let is_exempt = [LimitScope::Account, LimitScope::RegisteredDomain].contains(&scope);
            let want = if is_exempt { (ObstacleKind::ExactSet, both.to_owned()) } else { first };
            let renewal = limited(scope, Occasion::Renewal, &names, detail);
            assert_eq!(renewal, want, "{detail}, to a renewal");
        }
    }
}
