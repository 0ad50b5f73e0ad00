//! The fault table: from what went wrong to what to do about it.
//!
//! Two questions, each an exhaustive match: is the same request worth another try at once ([`Repeat`], answered inside this
//! crate), and if it is over, what is next ([`Recovery`], for whoever asked).

use http::StatusCode;

use crate::breaker::End;
use crate::url::host;
use crate::{
    AcmeError, DirectoryUrl, LimitScope, Problem, ProblemKind, RetryAfter, TransportError,
};

/// What to do about a failure.
#[derive(Clone, Debug, Eq, PartialEq)]
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
        /// Whom the limit keeps waiting.
        scope: LimitScope,
    },
    /// The CA has paused us, or this name, until a person says there that it may go on.
    Hold {
        /// Where he says so, if it is told; a secret of the account's, as whoever opens it ends the pause.
        url: Option<String>,
    },
    /// The name's own fault, in the CA's words: DNS, CAA, an edge that does not answer.
    Name,
    /// Register again with the same key, then try again.
    Account,
    /// A person has to act: terms, a refused account.
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
            Self::Refused { status, problem, retry_after, scope, .. } => {
                refused(problem, *status, *retry_after, *scope)
            }
            Self::AccountDoesNotExist { .. } => Recovery::Account,
            Self::Unexplained { status, retry_after, scope, .. } => {
                unexplained(*status, *retry_after, *scope)
            }
            Self::NotRegistered { .. }
            | Self::NotADirectory { .. }
            | Self::DirectoryMember { .. }
            | Self::ExternalAccountRequired { .. }
            | Self::KeyTaken { .. }
            | Self::NotTakenOver { .. } => Recovery::Operator,
            Self::NotOffered { .. } => Recovery::Permanent,
            Self::Away { until, .. } => {
                Recovery::CaAway { retry_after: Some(RetryAfter::At(*until)) }
            }
            Self::Unsigned { .. } | Self::Deadline => Recovery::Resume { retry_after: None },
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
            | Self::ExternalAccountRequired { .. }
            | Self::NotOffered { .. }
            | Self::KeyTaken { .. }
            | Self::NotTakenOver { .. }
            | Self::Unsigned { .. }
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
            | Self::DirectoryMember { .. }
            | Self::ExternalAccountRequired { .. }
            | Self::NotOffered { .. }
            | Self::Unsigned { .. } => End::Untold,
            Self::Unreachable { .. }
            | Self::Refused { .. }
            | Self::AccountDoesNotExist { .. }
            | Self::NotRegistered { .. }
            | Self::Absent { .. }
            | Self::Unexplained { .. }
            | Self::NotAcme { .. }
            | Self::Unexpected { .. }
            | Self::Url { .. }
            | Self::KeyTaken { .. }
            | Self::NotTakenOver { .. } => End::of(self, self.recovery()),
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
            | Self::ExternalAccountRequired { .. }
            | Self::NotOffered { .. }
            | Self::KeyTaken { .. }
            | Self::NotTakenOver { .. }
            | Self::Unsigned { .. }
            | Self::Away { .. }
            | Self::Deadline => false,
        }
    }

    /// Whether it may be for the certificate that a newOrder says it replaces, and for nothing else (RFC 9773 §5).
    ///
    /// CAs do not agree on how to say so: 409 with three types, 404, 403, 400, and 500 of older Pebbles. So in doubt it is, but
    /// not where the account, the names, the profile or a limit is named.
    pub(crate) fn may_be_about_replacing(&self) -> bool {
        match self {
            Self::Refused { status, .. } if *status == StatusCode::TOO_MANY_REQUESTS => false,
            Self::Refused { status, problem, .. } => match problem.kind {
                ProblemKind::AlreadyReplaced
                | ProblemKind::Compound
                | ProblemKind::Conflict
                | ProblemKind::Malformed
                | ProblemKind::Unauthorized
                | ProblemKind::Unknown(_) => status.is_client_error(),
                ProblemKind::ServerInternal => *status == StatusCode::INTERNAL_SERVER_ERROR,
                ProblemKind::AccountDoesNotExist
                | ProblemKind::AlreadyRevoked
                | ProblemKind::BadCsr
                | ProblemKind::BadNonce
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
                | ProblemKind::UserActionRequired => *status == StatusCode::CONFLICT,
            },
            Self::Absent { .. } => true,
            Self::Unexplained { status, .. } => {
                status.is_client_error() && *status != StatusCode::TOO_MANY_REQUESTS
            }
            Self::Unreachable { .. }
            | Self::AccountDoesNotExist { .. }
            | Self::NotRegistered { .. }
            | Self::NotAcme { .. }
            | Self::Unexpected { .. }
            | Self::Url { .. }
            | Self::NotADirectory { .. }
            | Self::DirectoryMember { .. }
            | Self::ExternalAccountRequired { .. }
            | Self::NotOffered { .. }
            | Self::KeyTaken { .. }
            | Self::NotTakenOver { .. }
            | Self::Unsigned { .. }
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
            Self::Unexplained { status, retry_after, .. } => {
                *status != StatusCode::TOO_MANY_REQUESTS || retry_after.is_none()
            }
            Self::NotAcme { .. } => true,
            Self::AccountDoesNotExist { .. }
            | Self::NotRegistered { .. }
            | Self::Absent { .. }
            | Self::Unexpected { .. }
            | Self::Url { .. }
            | Self::NotADirectory { .. }
            | Self::DirectoryMember { .. }
            | Self::ExternalAccountRequired { .. }
            | Self::NotOffered { .. }
            | Self::KeyTaken { .. }
            | Self::NotTakenOver { .. }
            | Self::Unsigned { .. }
            | Self::Away { .. }
            | Self::Deadline => false,
        }
    }
}

/// A refusal with a problem document. A server error is one whatever its type: Let's Encrypt is "busy" with `rateLimited`.
fn refused(
    problem: &Problem,
    status: StatusCode,
    retry_after: Option<RetryAfter>,
    scope: LimitScope,
) -> Recovery {
    if status.is_server_error() {
        return Recovery::CaAway { retry_after };
    }
    if status == StatusCode::TOO_MANY_REQUESTS {
        return limited(problem, retry_after, scope);
    }
    match problem.kind {
        ProblemKind::RateLimited => limited(problem, retry_after, scope),
        ProblemKind::BadNonce | ProblemKind::ServerInternal => Recovery::CaAway { retry_after },
        ProblemKind::Conflict | ProblemKind::OrderNotReady => Recovery::Resume { retry_after },
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

/// The CA says why it limits: without a time it has paused us until a person says otherwise.
fn limited(problem: &Problem, retry_after: Option<RetryAfter>, scope: LimitScope) -> Recovery {
    match retry_after {
        Some(retry_after) => Recovery::Wait { retry_after, scope },
        None => Recovery::Hold { url: problem.url_to_visit() },
    }
}

/// Something in front of the CA. It pauses nobody: a limit without a time is trouble on the way, and has the breaker's pauses.
fn unexplained(status: StatusCode, retry_after: Option<RetryAfter>, scope: LimitScope) -> Recovery {
    match retry_after {
        Some(retry_after) if status == StatusCode::TOO_MANY_REQUESTS => {
            Recovery::Wait { retry_after, scope }
        }
        Some(_) | None => Recovery::CaAway { retry_after },
    }
}

/// What became of an order that the CA ended, by the problem of one of its names or of the whole. It cannot be gone on with, so
/// that whatever else is wrong, an account, terms, a limit, is for the next order to tell.
pub(crate) fn rejected(kind: &ProblemKind) -> Recovery {
    match kind {
        ProblemKind::Caa
        | ProblemKind::Connection
        | ProblemKind::Dns
        | ProblemKind::IncorrectResponse
        | ProblemKind::Tls
        // the validator's: it read another text, or could not make sense of what it read
        | ProblemKind::Unauthorized
        | ProblemKind::Malformed
        | ProblemKind::Compound
        // whatever a validator says that it did not say before
        | ProblemKind::Unknown(_) => Recovery::Name,
        ProblemKind::AlreadyRevoked
        | ProblemKind::BadCsr
        | ProblemKind::BadPublicKey
        | ProblemKind::BadRevocationReason
        | ProblemKind::BadSignatureAlgorithm
        | ProblemKind::InvalidProfile
        | ProblemKind::RejectedIdentifier
        | ProblemKind::UnsupportedIdentifier => Recovery::Permanent,
        ProblemKind::AccountDoesNotExist
        | ProblemKind::AlreadyReplaced
        | ProblemKind::BadNonce
        | ProblemKind::Conflict
        | ProblemKind::ExternalAccountRequired
        | ProblemKind::InvalidContact
        | ProblemKind::OrderNotReady
        | ProblemKind::RateLimited
        | ProblemKind::ServerInternal
        | ProblemKind::UnsupportedContact
        | ProblemKind::UserActionRequired => Recovery::Fresh,
    }
}

#[cfg(test)]
mod tests;
