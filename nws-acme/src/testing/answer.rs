use super::endpoint::Endpoint;
use super::reply::{Refusal, Reply};
use crate::{LimitScope, ProblemKind};

/// What an endpoint answers in place of its own answers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Instead {
    /// Which endpoint.
    pub at: Endpoint,
    /// How many times.
    pub times: u32,
    /// What.
    pub answer: Answer,
}

/// An answer of a CA, or of something in front of it, in the words of Let's Encrypt.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Answer {
    /// A rate limit, with the Retry-After it has there.
    Limited {
        /// Which, said by the anchor of its documentation.
        scope: LimitScope,
        /// Seconds, or a date.
        retry_after: String,
    },
    /// A rate limit without a Retry-After, which a person ends.
    Paused {
        /// Where.
        url: String,
    },
    /// Too much to do: 503, though the type is that of a rate limit.
    Busy {
        /// When to ask again, if it is said.
        retry_after: Option<String>,
    },
    /// A problem of this status and kind.
    Problem {
        /// The HTTP status.
        status: u16,
        /// Its type.
        kind: ProblemKind,
    },
    /// A web page of something in front of the CA.
    Page {
        /// The HTTP status.
        status: u16,
    },
}

impl Answer {
    const LIMITS: &str = "https://letsencrypt.org/docs/rate-limits";

    /// Whether it comes from the CA itself, with a nonce.
    pub(super) fn is_from_the_ca(&self) -> bool {
        match self {
            Self::Limited { .. }
            | Self::Paused { .. }
            | Self::Busy { .. }
            | Self::Problem { .. } => true,
            Self::Page { .. } => false,
        }
    }

    pub(super) fn reply(self) -> Reply {
        let help = format!("<{}>;rel=\"help\"", Self::LIMITS);
        let limited = |status, detail: &str| {
            Reply::from(Refusal::new(status, ProblemKind::RateLimited, detail))
        };
        match self {
            Self::Limited { scope, retry_after } => limited(429, &words(scope))
                .with("retry-after", retry_after)
                .with("link", help),
            Self::Paused { url } => limited(
                429,
                &format!(
                    "Your account is temporarily prevented from requesting certificates for a.example and possibly others. \
                     Please visit: {url}"
                ),
            )
            .with("link", help),
            Self::Busy { retry_after } => {
                limited(503, "Service busy; retry later.").with("retry-after", retry_after)
            }
            Self::Problem { status, kind } => {
                Refusal::new(status, kind, "the fake CA was told to refuse").into()
            }
            Self::Page { status } => Reply::page(status, "<html>\npage</html>"),
        }
    }
}

fn words(scope: LimitScope) -> String {
    let (what, anchor) = match scope {
        LimitScope::Account => {
            ("new orders (300) from this account in the last 3h0m0s", "#new-orders-per-account")
        }
        LimitScope::RegisteredDomain => (
            "certificates (50) already issued for \"example\" in the last 168h0m0s",
            "#new-certificates-per-registered-domain",
        ),
        LimitScope::ExactSet => (
            "certificates (5) already issued for this exact set of identifiers in the last 168h0m0s",
            "#new-certificates-per-exact-set-of-identifiers",
        ),
        LimitScope::Identifier => (
            "failed authorizations (5) for \"a.example\" in the last 1h0m0s",
            "#authorization-failures-per-identifier-per-account",
        ),
        LimitScope::Client => (
            "new registrations (10) from this IP address in the last 3h0m0s",
            "#new-registrations-per-ip-address",
        ),
        LimitScope::Unknown => ("requests of a new kind", ""),
    };
    let limits = Answer::LIMITS;
    format!("too many {what}, retry after 2026-11-24 10:00:00 UTC: see {limits}/{anchor}")
}
