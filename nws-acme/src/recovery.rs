//! The fault table: from what went wrong to what to do about it.
//!
//! Two questions, each an exhaustive match: is the same request worth another try at once ([`Repeat`], answered inside this
//! crate), and if it is over, what is next ([`Recovery`], for whoever asked).

use http::StatusCode;

use crate::{AcmeError, ProblemKind, RetryAfter, TransportError};

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
            Self::Unreachable { .. } | Self::Unexpected { .. } => {
                Recovery::CaAway { retry_after: None }
            }
            Self::Refused { status, problem, retry_after, .. } => {
                refused(&problem.kind, *status, *retry_after)
            }
            Self::AccountDoesNotExist { .. } => Recovery::Account,
            Self::Unexplained { status, retry_after, .. } => unexplained(*status, *retry_after),
            Self::NotADirectory { .. } => Recovery::Operator,
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
            | Self::Unexpected { .. }
            | Self::NotADirectory { .. }
            | Self::Deadline => Repeat::Never,
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
