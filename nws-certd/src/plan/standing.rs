//! How each CA stands for one certificate.

use nws_acme::choice::{Standing, Unfit};
use nws_acme::{Availability, RetryAfter};
use nws_expiry::{DnsNames, Profile};
use time::OffsetDateTime;

use crate::store::{CertificateKey, Obstacle, ObstacleKind, Stand};

/// What an order is for, as far as rate limits tell orders apart.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Occasion {
    /// Names that had no certificate together before.
    First,
    /// The same names once more, which Let's Encrypt's limits for new certificates let pass.
    Renewal,
    /// An order that is open at the CA already.
    Resumed,
}

/// How a CA stands, by what keeps orders from it and by whether it answers.
pub(super) fn standing<'a>(
    now: OffsetDateTime,
    key: &CertificateKey,
    occasion: Occasion,
    obstacles: impl Iterator<Item = &'a Obstacle>,
    availability: &Availability,
) -> Standing {
    let met = obstacles.filter(|met| is_to_come(now, met.until) && concerns(met, key, occasion));
    let met = met.map(stands).max_by_key(|standing| weight(*standing));
    met.unwrap_or(match availability {
        Availability::Up => Standing::Ready,
        Availability::Probe => Standing::Probe,
        Availability::Away { until, .. } => Standing::Away { until: *until },
    })
}

/// Whether something is waited for still. Nothing ever is for longer than the longest Retry-After that is believed: what would be
/// was noted by a clock that was set back since, and nobody knows how far its end is.
pub(crate) fn is_to_come(now: OffsetDateTime, until: OffsetDateTime) -> bool {
    now < until && until <= now + RetryAfter::LONGEST
}

/// How a CA stands where this is all that keeps an order from it.
pub(super) fn stands(met: &Obstacle) -> Standing {
    match (met.stand, met.kind) {
        (Stand::Held, _) => Standing::Unfit(Unfit::Held),
        (Stand::Waits, ObstacleKind::Caa) => Standing::Unfit(Unfit::Forbidden),
        (Stand::Waits, ObstacleKind::Profile) => Standing::Unfit(Unfit::NoProfile),
        (
            Stand::Waits,
            ObstacleKind::Ca
            | ObstacleKind::Account
            | ObstacleKind::RegisteredDomain
            | ObstacleKind::ExactSet
            | ObstacleKind::Identifier,
        ) => Standing::Limited { until: met.until },
    }
}

/// What no waiting ends counts before what ends last.
fn weight(standing: Standing) -> (bool, Option<OffsetDateTime>) {
    match standing {
        Standing::Unfit(_) => (true, None),
        Standing::Limited { until } | Standing::Away { until } => (false, Some(until)),
        Standing::Ready | Standing::Probe => (false, None),
    }
}

/// Whether an obstacle stands in the way of this order; what is open at a CA is past its limits for new orders.
pub(crate) fn concerns(met: &Obstacle, key: &CertificateKey, occasion: Occasion) -> bool {
    let is_first = occasion == Occasion::First;
    let is_new = occasion != Occasion::Resumed;
    match met.kind {
        ObstacleKind::Ca => true,
        ObstacleKind::Account => is_first || (is_new && met.stand == Stand::Held),
        ObstacleKind::RegisteredDomain => is_first && has_domain(&key.names, &met.subject),
        ObstacleKind::ExactSet | ObstacleKind::Caa => is_new && met.subject == subject(&key.names),
        ObstacleKind::Identifier => {
            is_new && key.names.iter().any(|name| name.as_str() == met.subject)
        }
        ObstacleKind::Profile => {
            is_new && key.profile.as_ref().map_or("", Profile::as_str) == met.subject
        }
    }
}

fn has_domain(names: &DnsNames, domain: &str) -> bool {
    names.iter().any(|name| {
        let below = name.as_str().strip_suffix(domain);
        below.is_some_and(|below| below.is_empty() || below.ends_with('.'))
    })
}

/// How an obstacle names a set of names.
pub(crate) fn subject(names: &DnsNames) -> String {
    names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use nws_expiry::KeyType;
    use time::Duration;
    use time::macros::datetime;

    use super::*;

    const NOON: OffsetDateTime = datetime!(2026-03-01 12:00 UTC);
    const LATER: OffsetDateTime = datetime!(2026-03-01 13:00 UTC);

    fn key(names: &str) -> CertificateKey {
        let names = DnsNames::new(names.split(' ').map(|name| name.parse().unwrap())).unwrap();
        CertificateKey { names, key_type: KeyType::EcdsaP256, profile: None }
    }

    fn met(kind: ObstacleKind, subject: &str, stand: Stand) -> Obstacle {
        let (ca, subject, detail) = ("https://ca.example/".into(), subject.into(), String::new());
        Obstacle { ca, kind, subject, stand, until: LATER, detail }
    }

    #[test]
    fn a_limit_holds_back_what_it_is_about_and_nothing_else() {
        use ObstacleKind::{Account, Ca, Caa, ExactSet, Identifier, Profile, RegisteredDomain};
        use Occasion::{First, Renewal, Resumed};
        let limited = Standing::Limited { until: LATER };
        let (ready, waits) = (Standing::Ready, Stand::Waits);
        let cases = [
            ("everything at the CA", Ca, "", Renewal, waits, limited),
            ("of an open order too", Ca, "", Resumed, waits, limited),
            ("the account's new orders", Account, "", First, waits, limited),
            ("renewals are exempt", Account, "", Renewal, waits, ready),
            ("but not where a person has to act", Account, "", Renewal, Stand::Held, HELD),
            ("a registered domain", RegisteredDomain, "shop.example", First, waits, limited),
            ("of one of the names", RegisteredDomain, "example", First, waits, limited),
            ("renewals are exempt", RegisteredDomain, "shop.example", Renewal, waits, ready),
            ("not one that ends alike", RegisteredDomain, "op.example", First, waits, ready),
            ("another domain", RegisteredDomain, "blog.example", First, waits, ready),
            ("these names", ExactSet, "a.shop.example shop.example", Renewal, waits, limited),
            ("some of these names", ExactSet, "shop.example", First, waits, ready),
            ("one of the names", Identifier, "shop.example", Renewal, waits, limited),
            ("it is open already", Identifier, "shop.example", Resumed, waits, ready),
            ("a forbidden CA", Caa, "a.shop.example shop.example", First, waits, FORBIDDEN),
            ("the CA's own profile", Profile, "", Renewal, Stand::Held, HELD),
            ("not one that is not asked for", Profile, "short", Renewal, waits, ready),
        ];
        for (case, kind, subject, occasion, stand, want) in cases {
            let (key, met) = (key("shop.example a.shop.example"), met(kind, subject, stand));
            let got = standing(NOON, &key, occasion, [&met].into_iter(), &Availability::Up);
            assert_eq!(got, want, "{case}");
            let over = standing(LATER, &key, occasion, [&met].into_iter(), &Availability::Up);
            assert_eq!(over, Standing::Ready, "{case}: it is over");
        }
    }

    const HELD: Standing = Standing::Unfit(Unfit::Held);
    const FORBIDDEN: Standing = Standing::Unfit(Unfit::Forbidden);

    #[test]
    fn the_worst_obstacle_counts_and_then_whether_the_ca_answers() {
        let key = key("shop.example");
        let account = met(ObstacleKind::Account, "", Stand::Waits);
        let longer = Obstacle { until: LATER + Duration::HOUR, ..account.clone() };
        let held = met(ObstacleKind::Identifier, "shop.example", Stand::Held);
        let away = Availability::Away { since: NOON, until: LATER, reason: String::new() };
        let cases: [(&[&Obstacle], &Availability, Standing); 4] = [
            (&[], &away, Standing::Away { until: LATER }),
            (&[], &Availability::Probe, Standing::Probe),
            (&[&longer, &account], &away, Standing::Limited { until: LATER + Duration::HOUR }),
            (&[&longer, &held, &account], &Availability::Up, HELD),
        ];
        for (obstacles, availability, want) in cases {
            let obstacles = obstacles.iter().copied();
            assert_eq!(standing(NOON, &key, Occasion::First, obstacles, availability), want);
        }
    }
}
