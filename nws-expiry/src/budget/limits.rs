//! The limits of one CA.

use std::fmt;
use std::num::NonZeroU32;

use time::Duration;

use super::Limit;

/// What one CA allows for new orders; nothing is counted where it publishes nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// New orders of one account.
    pub new_orders: Option<Limit>,
    /// New certificates of one registered domain, which is one label more than a public suffix.
    pub registered_domain: Option<Limit>,
    /// Certificates for exactly the same names.
    pub exact_set: Option<Limit>,
    /// Failed validations of one name by one account.
    pub failed_validations: Option<Limit>,
    /// What renewals are to the first two.
    pub renewals: Renewals,
}

/// What a renewal is to the limits for new orders and registered domains.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Renewals {
    /// They are free, as at Let's Encrypt: the same names as a certificate of the last 120 days.
    Free,
    /// They count as anything else.
    Counted,
}

/// One of the limits, as it is named in the configuration and to operators.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum LimitKind {
    /// [`Limits::new_orders`]
    NewOrders,
    /// [`Limits::registered_domain`]
    RegisteredDomain,
    /// [`Limits::exact_set`]
    ExactSet,
    /// [`Limits::failed_validations`]
    FailedValidations,
}

impl Limits {
    /// A CA of which nothing is known.
    pub const NONE: Self = Self {
        new_orders: None,
        registered_domain: None,
        exact_set: None,
        failed_validations: None,
        renewals: Renewals::Counted,
    };

    /// Let's Encrypt's (<https://letsencrypt.org/docs/rate-limits/>, of 2026-08-05).
    pub const LETS_ENCRYPT: Self = Self {
        new_orders: per(300, Duration::hours(3)),
        registered_domain: per(50, Duration::days(7)),
        exact_set: per(5, Duration::days(7)),
        failed_validations: per(5, Duration::HOUR),
        renewals: Renewals::Free,
    };

    /// Those of its staging environment (<https://letsencrypt.org/docs/staging-environment/>, of 2026-08-05).
    pub const LETS_ENCRYPT_STAGING: Self = Self {
        new_orders: per(1500, Duration::hours(3)),
        registered_domain: per(30_000, Duration::SECOND),
        exact_set: per(30_000, Duration::days(7)),
        failed_validations: per(200, Duration::HOUR),
        renewals: Renewals::Free,
    };

    /// What the CA with this directory publishes; nothing for one that is not known.
    pub fn published(directory: &str) -> Self {
        match directory {
            "https://acme-v02.api.letsencrypt.org/directory" => Self::LETS_ENCRYPT,
            "https://acme-staging-v02.api.letsencrypt.org/directory" => Self::LETS_ENCRYPT_STAGING,
            _ => Self::NONE,
        }
    }

    /// One of them.
    pub fn get(&self, kind: LimitKind) -> Option<Limit> {
        match kind {
            LimitKind::NewOrders => self.new_orders,
            LimitKind::RegisteredDomain => self.registered_domain,
            LimitKind::ExactSet => self.exact_set,
            LimitKind::FailedValidations => self.failed_validations,
        }
    }
}

const fn per(burst: u32, period: Duration) -> Option<Limit> {
    match NonZeroU32::new(burst) {
        Some(burst) => Limit::new(burst, period),
        None => None,
    }
}

impl LimitKind {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::NewOrders, Self::RegisteredDomain, Self::ExactSet, Self::FailedValidations];

    /// Its name in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NewOrders => "new_orders",
            Self::RegisteredDomain => "registered_domain",
            Self::ExactSet => "exact_set",
            Self::FailedValidations => "failed_validations",
        }
    }
}

impl fmt::Display for LimitKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NewOrders => "new orders of the account",
            Self::RegisteredDomain => "new certificates of the registered domain",
            Self::ExactSet => "certificates for exactly these names",
            Self::FailedValidations => "failed validations of the name",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lets_encrypts_limits_are_as_published() {
        let published = [
            (LimitKind::NewOrders, "300/3h", "1500/3h"),
            (LimitKind::RegisteredDomain, "50/7d", "30000/1s"),
            (LimitKind::ExactSet, "5/7d", "30000/7d"),
            (LimitKind::FailedValidations, "5/1h", "200/1h"),
        ];
        let at = |host: &str| Limits::published(&format!("https://{host}/directory"));
        for (kind, production, staging) in published {
            let limit = |text: &str| Some(text.parse().unwrap());
            assert_eq!(at("acme-v02.api.letsencrypt.org").get(kind), limit(production), "{kind}");
            assert_eq!(
                at("acme-staging-v02.api.letsencrypt.org").get(kind),
                limit(staging),
                "{kind}"
            );
            assert_eq!(at("ca.example").get(kind), None, "{kind}");
        }
    }
}
