//! The fault table: from what went wrong to what to do about it.
//!
//! Two questions, each an exhaustive match: is the same request worth another try at once ([`Repeat`], answered inside this
//! crate), and if it is over, what is next ([`Recovery`], for whoever asked).

use http::StatusCode;

use crate::breaker::End;
use crate::url::host;
use crate::{AcmeError, DirectoryUrl, ProblemKind, RetryAfter, TransportError};

/// What to do about a failure.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Recovery {
    /// Go on where the journal stands: by the order's URL, or with a new order if none is known.
    Resume {
        /// When the CA wants to be asked again.
        retry_after: Option<RetryAfter>,
    },
    /// The CA, or the way to it, is in trouble: wait for it, and charge nothing to the name.
    CaAway {
        /// When the CA wants to be asked again.
        retry_after: Option<RetryAfter>,
    },
    /// A rate limit: wait as long as the CA says.
    Wait {
        /// When the CA wants to be asked again.
        retry_after: RetryAfter,
    },
    /// The name's own fault, in the CA's words: DNS, CAA, an edge that does not answer.
    Name,
    /// Register again with the same key, then try again.
    Account,
    /// A person has to act: terms, a paused name, a refused account.
    Operator,
    /// The order is over or gone; a new one may succeed.
    Fresh,
    /// The same request will always be refused.
    Permanent,
}

/// Whether to make the same request once more.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Repeat {
    AtOnce,
    AfterPause(Option<RetryAfter>),
    Never,
}

impl AcmeError {
    /// What to do about it when the request stands alone; a failed order knows more
    /// ([`OrderError::recovery`](crate::OrderError::recovery)).
    pub fn recovery(&self) -> Recovery {
        match self {
            Self::Unreachable { .. }
            | Self::Absent { .. }
            | Self::NotAcme { .. }
            | Self::Unexpected { .. }
            | Self::Url { .. } => Recovery::CaAway { retry_after: None },
            Self::Refused { status, problem, retry_after, .. } => {
                refused(&problem.kind, *status, *retry_after)
            }
            Self::AccountDoesNotExist { .. } => Recovery::Account,
            Self::Unexplained { status, retry_after, .. } => unexplained(*status, *retry_after),
            Self::NotRegistered { .. }
            | Self::NotADirectory { .. }
            | Self::DirectoryMember { .. } => Recovery::Operator,
            Self::Away { until, .. } => {
                Recovery::CaAway { retry_after: Some(RetryAfter::At(*until)) }
            }
            Self::Deadline => Recovery::Resume { retry_after: None },
        }
    }

    pub(crate) fn repeat(&self) -> Repeat {
        match self {
            Self::Unreachable { source, .. } => match source {
                TransportError::Connect(_)
                | TransportError::Broken(_)
                | TransportError::TimedOut { .. } => Repeat::AfterPause(None),
                TransportError::TooLong { .. } => Repeat::Never,
            },
            Self::Refused { problem, .. } if problem.kind == ProblemKind::BadNonce => {
                Repeat::AtOnce
            }
            Self::Refused { status, retry_after, .. }
            | Self::Unexplained { status, retry_after, .. } => {
                if status.is_server_error() {
                    Repeat::AfterPause(*retry_after)
                } else {
                    Repeat::Never
                }
            }
            Self::AccountDoesNotExist { .. }
            | Self::NotRegistered { .. }
            | Self::Absent { .. }
            | Self::NotAcme { .. }
            | Self::Unexpected { .. }
            | Self::Url { .. }
            | Self::NotADirectory { .. }
            | Self::DirectoryMember { .. }
            | Self::Away { .. }
            | Self::Deadline => Repeat::Never,
        }
    }

    /// What it says of the CA when a whole attempt ends with it.
    pub(crate) fn end(&self) -> End {
        match self {
            Self::Away { .. }
            | Self::Deadline
            | Self::NotADirectory { .. }
            | Self::DirectoryMember { .. } => End::Untold,
            Self::Unreachable { .. }
            | Self::Refused { .. }
            | Self::AccountDoesNotExist { .. }
            | Self::NotRegistered { .. }
            | Self::Absent { .. }
            | Self::Unexplained { .. }
            | Self::NotAcme { .. }
            | Self::Unexpected { .. }
            | Self::Url { .. } => End::of(self, self.recovery()),
        }
    }

    /// Whether it is not as the directory promises, so that an endpoint may have moved: somebody else answered, or nobody does at
    /// a host that only the directory names.
    pub(crate) fn doubts(&self, directory: &DirectoryUrl) -> bool {
        match self {
            Self::Absent { .. }
            | Self::NotAcme { .. }
            | Self::Unexpected { .. }
            | Self::Url { .. } => true,
            Self::Unexplained { status, .. } => status.is_client_error(),
            Self::Unreachable { url, .. } => host(url) != host(directory.as_str()),
            Self::Refused { .. }
            | Self::AccountDoesNotExist { .. }
            | Self::NotRegistered { .. }
            | Self::NotADirectory { .. }
            | Self::DirectoryMember { .. }
            | Self::Away { .. }
            | Self::Deadline => false,
        }
    }

    /// Whether it says that the CA, or the way to it, is in trouble, whatever was asked: no whole answer, a server error, or a
    /// page in place of an answer.
    pub(crate) fn is_an_outage(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Refused { status, .. } => status.is_server_error(),
            Self::Unexplained { status, .. } => *status != StatusCode::TOO_MANY_REQUESTS,
            Self::NotAcme { .. } => true,
            Self::AccountDoesNotExist { .. }
            | Self::NotRegistered { .. }
            | Self::Absent { .. }
            | Self::Unexpected { .. }
            | Self::Url { .. }
            | Self::NotADirectory { .. }
            | Self::DirectoryMember { .. }
            | Self::Away { .. }
            | Self::Deadline => false,
        }
    }
}

/// A refusal with a problem document. A server error is one whatever its type: Let's Encrypt is "busy" with `rateLimited`.
fn refused(kind: &ProblemKind, status: StatusCode, retry_after: Option<RetryAfter>) -> Recovery {
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        return unexplained(status, retry_after);
    }
    match kind {
        ProblemKind::RateLimited => limited(retry_after),
        ProblemKind::BadNonce | ProblemKind::ServerInternal => Recovery::CaAway { retry_after },
        ProblemKind::OrderNotReady => Recovery::Resume { retry_after },
        ProblemKind::AlreadyReplaced => Recovery::Fresh,
        ProblemKind::AccountDoesNotExist => Recovery::Account,
        ProblemKind::ExternalAccountRequired
        | ProblemKind::InvalidContact
        | ProblemKind::Unauthorized
        | ProblemKind::UnsupportedContact
        | ProblemKind::UserActionRequired => Recovery::Operator,
        ProblemKind::Caa
        | ProblemKind::Connection
        | ProblemKind::Dns
        | ProblemKind::IncorrectResponse
        | ProblemKind::Tls => Recovery::Name,
        ProblemKind::AlreadyRevoked
        | ProblemKind::BadCsr
        | ProblemKind::BadPublicKey
        | ProblemKind::BadRevocationReason
        | ProblemKind::BadSignatureAlgorithm
        | ProblemKind::Compound
        | ProblemKind::InvalidProfile
        | ProblemKind::Malformed
        | ProblemKind::RejectedIdentifier
        | ProblemKind::UnsupportedIdentifier
        | ProblemKind::Unknown(_) => Recovery::Permanent,
    }
}

fn unexplained(status: StatusCode, retry_after: Option<RetryAfter>) -> Recovery {
    if status == StatusCode::TOO_MANY_REQUESTS {
        limited(retry_after)
    } else {
        Recovery::CaAway { retry_after }
    }
}

/// Without a time the CA has paused us until a person says otherwise.
fn limited(retry_after: Option<RetryAfter>) -> Recovery {
    retry_after.map_or(Recovery::Operator, |retry_after| Recovery::Wait { retry_after })
}

/// What became of an order whose names were validated, by the problem of one of them.
pub(crate) fn rejected(kind: &ProblemKind) -> Recovery {
    match kind {
        // the validator's: it read another text, or could not make sense of what it read
        ProblemKind::Unauthorized | ProblemKind::Malformed | ProblemKind::Compound => {
            Recovery::Name
        }
        ProblemKind::ServerInternal | ProblemKind::BadNonce => Recovery::Fresh,
        kind @ (ProblemKind::AccountDoesNotExist
        | ProblemKind::AlreadyReplaced
        | ProblemKind::AlreadyRevoked
        | ProblemKind::BadCsr
        | ProblemKind::BadPublicKey
        | ProblemKind::BadRevocationReason
        | ProblemKind::BadSignatureAlgorithm
        | ProblemKind::Caa
        | ProblemKind::Connection
        | ProblemKind::Dns
        | ProblemKind::ExternalAccountRequired
        | ProblemKind::IncorrectResponse
        | ProblemKind::InvalidContact
        | ProblemKind::InvalidProfile
        | ProblemKind::OrderNotReady
        | ProblemKind::RateLimited
        | ProblemKind::RejectedIdentifier
        | ProblemKind::Tls
        | ProblemKind::UnsupportedContact
        | ProblemKind::UnsupportedIdentifier
        | ProblemKind::UserActionRequired
        | ProblemKind::Unknown(_)) => match refused(kind, StatusCode::OK, None) {
            Recovery::Resume { .. } => Recovery::Fresh,
            other => other,
        },
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const SOON: RetryAfter = RetryAfter::Delay(Duration::from_secs(60));

    fn answered(status: u16, body: &str, retry_after: Option<RetryAfter>) -> AcmeError {
        let status = StatusCode::from_u16(status).unwrap();
        AcmeError::from_status("https://ca.example/x".into(), status, body.as_bytes(), retry_after)
    }

    fn problem(kind: &str) -> String {
        format!(r#"{{"type":"urn:ietf:params:acme:error:{kind}","detail":"no"}}"#)
    }

    #[test]
    fn an_answer_says_what_is_next() {
        let away = |retry_after| Recovery::CaAway { retry_after };
        let again = |retry_after| Repeat::AfterPause(retry_after);
        let cases = [
            (
                "too many, until then",
                429,
                "rateLimited",
                Some(SOON),
                Recovery::Wait { retry_after: SOON },
                Repeat::Never,
            ),
            ("paused", 429, "rateLimited", None, Recovery::Operator, Repeat::Never),
            ("busy", 503, "rateLimited", Some(SOON), away(Some(SOON)), again(Some(SOON))),
            ("the CA's fault", 500, "serverInternal", None, away(None), again(None)),
            ("a nonce too many", 400, "badNonce", None, away(None), Repeat::AtOnce),
            ("terms changed", 403, "userActionRequired", None, Recovery::Operator, Repeat::Never),
            ("account closed", 403, "unauthorized", None, Recovery::Operator, Repeat::Never),
            ("account lost", 400, "accountDoesNotExist", None, Recovery::Account, Repeat::Never),
            (
                "no external account",
                403,
                "externalAccountRequired",
                None,
                Recovery::Operator,
                Repeat::Never,
            ),
            (
                "a forbidden name",
                400,
                "rejectedIdentifier",
                None,
                Recovery::Permanent,
                Repeat::Never,
            ),
            ("an unknown profile", 400, "invalidProfile", None, Recovery::Permanent, Repeat::Never),
            ("CAA at the end", 403, "caa", None, Recovery::Name, Repeat::Never),
            (
                "too early or too late",
                403,
                "orderNotReady",
                None,
                Recovery::Resume { retry_after: None },
                Repeat::Never,
            ),
            ("replaced already", 409, "alreadyReplaced", None, Recovery::Fresh, Repeat::Never),
            ("something new", 400, "novel", None, Recovery::Permanent, Repeat::Never),
        ];
        for (case, status, kind, retry_after, recovery, repeat) in cases {
            let error = answered(status, &problem(kind), retry_after);
            assert_eq!((error.recovery(), error.repeat()), (recovery, repeat), "{case}");
        }
    }

    #[test]
    fn a_page_instead_of_an_answer_is_the_way_to_the_ca() {
        let cases = [
            ("bad gateway", 502, None, Recovery::CaAway { retry_after: None }),
            ("a firewall", 403, None, Recovery::CaAway { retry_after: None }),
            ("a balancer's limit", 429, Some(SOON), Recovery::Wait { retry_after: SOON }),
        ];
        for (case, status, retry_after, want) in cases {
            assert_eq!(answered(status, "<html>", retry_after).recovery(), want, "{case}");
        }
    }

    #[test]
    fn what_a_validator_says_is_the_names_fault() {
        let at_fault = [
            "caa",
            "connection",
            "dns",
            "incorrectResponse",
            "tls",
            "unauthorized",
            "malformed",
            "compound",
        ];
        for kind in ProblemKind::KNOWN {
            let is_the_names = rejected(kind) == Recovery::Name;
            assert_eq!(is_the_names, at_fault.contains(&kind.as_str()), "{kind}");
        }
        assert_eq!(rejected(&ProblemKind::ServerInternal), Recovery::Fresh);
        assert_eq!(rejected(&ProblemKind::RejectedIdentifier), Recovery::Permanent);
    }
}
