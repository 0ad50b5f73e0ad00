use http::StatusCode;

use crate::printable::excerpt;
use crate::{BoxError, DirectoryUrl, Problem, ProblemKind, RetryAfter, TransportError};

/// Why a request to a CA did not bring what was asked for, after all its tries.
///
/// What to do about it says [`AcmeError::recovery`].
#[derive(Debug, thiserror::Error)]
pub enum AcmeError {
    /// No whole answer.
    #[error("no answer from {url}")]
    Unreachable {
        /// What was asked.
        url: String,
        /// Why.
        source: TransportError,
    },
    /// The CA refused, and said why.
    #[error("{url} answered {}: {problem}", status.as_u16())]
    Refused {
        /// What was asked.
        url: String,
        /// The HTTP status.
        status: StatusCode,
        /// The CA's words.
        problem: Box<Problem>,
        /// When to ask again, if it was said.
        retry_after: Option<RetryAfter>,
    },
    /// The CA does not know the account; registering again with the same key is safe.
    #[error("the CA does not know the account: {problem}")]
    AccountDoesNotExist {
        /// The CA's words.
        problem: Box<Problem>,
    },
    /// An error without a problem document: something in front of the CA, or a CA in trouble.
    #[error("{url} answered {} without saying why: {excerpt:?}", status.as_u16())]
    Unexplained {
        /// What was asked.
        url: String,
        /// The HTTP status.
        status: StatusCode,
        /// The beginning of the body, made printable.
        excerpt: String,
        /// When to ask again, if it was said.
        retry_after: Option<RetryAfter>,
    },
    /// A success whose content is not what RFC 8555 says.
    #[error("{url} answered something else than was asked for: {excerpt:?}")]
    Unexpected {
        /// What was asked.
        url: String,
        /// The beginning of the body, made printable.
        excerpt: String,
        /// What is wrong with it.
        source: BoxError,
    },
    /// The directory URL leads to something else.
    #[error("{url} is no ACME directory: it has no {missing}; the answer begins {excerpt:?}")]
    NotADirectory {
        /// The configured URL.
        url: DirectoryUrl,
        /// The first member that is absent.
        missing: &'static str,
        /// The beginning of the body, made printable.
        excerpt: String,
    },
    /// The time for the whole undertaking was over.
    #[error("the deadline passed before the CA answered")]
    Deadline,
}

impl AcmeError {
    /// An error status, told apart by what the body says.
    pub(crate) fn from_status(
        url: String,
        status: StatusCode,
        body: &[u8],
        retry_after: Option<RetryAfter>,
    ) -> Self {
        match Problem::from_json(body).map(Box::new) {
            Some(problem) => Self::from_problem(url, status, problem, retry_after),
            None => Self::Unexplained { url, status, excerpt: excerpt(body), retry_after },
        }
    }

    pub(crate) fn from_problem(
        url: String,
        status: StatusCode,
        problem: Box<Problem>,
        retry_after: Option<RetryAfter>,
    ) -> Self {
        if problem.kind == ProblemKind::AccountDoesNotExist {
            return Self::AccountDoesNotExist { problem };
        }
        Self::Refused { url, status, problem, retry_after }
    }
}
