//! What a failure says of other orders at the same CA, too.

use nws_acme::{LimitScope, OrderError, Recovery};
use nws_expiry::DnsNames;
use time::{Duration, OffsetDateTime};

use super::Attempt;
use super::outcome::{OPERATOR, OrderFailure};
use crate::plan::subject;
use crate::store::{Obstacle, ObstacleKind, Stand};

/// How soon it is looked again whether a CA offers a profile that it did not.
const PROFILE: Duration = Duration::DAY;
/// How soon CAA records are looked at again that forbid a CA to issue; whoever has changed them can ask at once.
const CAA: Duration = Duration::HOUR;
/// How soon a CA is asked again that has paused us until a person says otherwise: at one try a day nothing is used up.
const PAUSED: Duration = Duration::DAY;

/// What keeps this order, and perhaps others, from its CA; `None` for what is the order's own, as everything is once there is one.
pub(super) fn obstacle(
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
    let (kind, about, stand, until) = match recovery {
        Recovery::Wait { retry_after, scope } => {
            let (kind, about) = limited(*scope, names, detail);
            (kind, about, Stand::Waits, retry_after.until(now))
        }
        Recovery::Hold { .. } => {
            (ObstacleKind::ExactSet, subject(names), Stand::Held, now + PAUSED)
        }
        Recovery::Operator => (ObstacleKind::Ca, String::new(), Stand::Held, now + OPERATOR),
        Recovery::Permanent => match failure {
            OrderFailure::Order { error: OrderError::UnknownProfile { profile, .. }, .. } => {
                (ObstacleKind::Profile, profile.to_string(), Stand::Waits, now + PROFILE)
            }
            OrderFailure::Forbidden { .. } => {
                (ObstacleKind::Caa, subject(names), Stand::Waits, now + CAA)
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

/// What is limited, and which one: the CA quotes the domain or name that it means.
fn limited(scope: LimitScope, names: &DnsNames, detail: &str) -> (ObstacleKind, String) {
    let is_quoted = |name: &&str| detail.contains(&format!("\"{name}\""));
    let mut domains = names.iter().flat_map(|name| domains(name.as_str()));
    let these = || (ObstacleKind::ExactSet, subject(names));
    match scope {
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
            assert_eq!(limited(scope, &names, detail), (kind, about.to_owned()), "{detail}");
        }
    }
}
