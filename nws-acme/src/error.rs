use http::{HeaderMap, StatusCode};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::link::links;
use crate::printable::excerpt;
use crate::{
    AccountUrl, BoxError, DirectoryUrl, InvalidUrl, LimitScope, Problem, ProblemKind, Recovery,
    RetryAfter, TransportError,
};

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
        /// What is limited, if it is a rate limit.
        scope: LimitScope,
    },
    /// The CA does not know the account; registering again with the same key is safe.
    #[error("the CA does not know the account: {problem}")]
    AccountDoesNotExist {
        /// The CA's words.
        problem: Box<Problem>,
    },
    /// The CA gives no account to a key, and will not by itself.
    #[error(
        "the CA has no account for this key, and makes none: {problem}; a person has to ask it why"
    )]
    NotRegistered {
        /// The CA's words.
        problem: Box<Problem>,
    },
    /// The CA, and nobody in front of it, has nothing at a URL and no words for it.
    #[error("the CA has nothing at {url}")]
    Absent {
        /// What was asked.
        url: String,
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
        /// What is limited, if it is a rate limit.
        scope: LimitScope,
    },
    /// A success of somebody who is not the CA: a page of something in front of it, for example.
    #[error("{url} answered with something that is no ACME: {excerpt:?}")]
    NotAcme {
        /// What was asked.
        url: String,
        /// The beginning of the body, made printable.
        excerpt: String,
        /// What is wrong with it.
        source: BoxError,
    },
    /// A success of the CA whose content is not what RFC 8555 says.
    #[error("{url} answered something else than was asked for: {excerpt:?}")]
    Unexpected {
        /// What was asked.
        url: String,
        /// The beginning of the body, made printable.
        excerpt: String,
        /// What is wrong with it.
        source: BoxError,
    },
    /// The CA named a URL that is not asked.
    #[error("the CA names a URL that is not to be asked")]
    Url {
        /// Why not.
        source: InvalidUrl,
    },
    /// The directory has a URL that is not asked.
    #[error("{member} in the directory {url} is not to be asked")]
    DirectoryMember {
        /// The configured URL.
        url: DirectoryUrl,
        /// Where in the directory.
        member: &'static str,
        /// Why not.
        source: InvalidUrl,
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
    /// The CA makes accounts only for those it knows from elsewhere, and none is configured; nothing was sent.
    #[error(
        "the CA at {url} makes no account without an external one; get a key id and an HMAC key from it, and configure both"
    )]
    ExternalAccountRequired {
        /// The configured URL.
        url: DirectoryUrl,
    },
    /// The directory has no URL for what was to be done; nothing was sent.
    #[error("the CA at {url} does not offer this: its directory has no {member}")]
    NotOffered {
        /// The configured URL.
        url: DirectoryUrl,
        /// What is absent.
        member: &'static str,
    },
    /// The new key of an account has another account already.
    #[error(
        "the new key cannot become that of the account, as it has another, {account}; make a fresh key"
    )]
    KeyTaken {
        /// The account that has the key.
        account: AccountUrl,
    },
    /// The CA has no account that could be taken over.
    #[error(
        "the CA at {url} knows no account of the imported key; is it the key of an account at this CA?"
    )]
    NotTakenOver {
        /// The configured URL.
        url: DirectoryUrl,
    },
    /// The key did not sign; nothing was sent.
    #[error("a request to {url} could not be signed with the account key")]
    Unsigned {
        /// What was to be asked.
        url: String,
    },
    /// The CA was found away a while ago and is left alone; nothing was sent.
    #[error("the CA is not asked before {}, as it was away: {reason}", date(*until))]
    Away {
        /// When it may be asked again.
        until: OffsetDateTime,
        /// The failure before, with its causes, in the CA's or the transport's words.
        reason: String,
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
        headers: &HeaderMap,
    ) -> Self {
        match Problem::from_json(body) {
            Some(problem) => Self::from_problem(url, status, problem, headers),
            None => Self::Unexplained {
                url,
                status,
                excerpt: excerpt(body),
                retry_after: RetryAfter::from_headers(headers),
                scope: LimitScope::of(headers, None),
            },
        }
    }

    pub(crate) fn from_problem(
        url: String,
        status: StatusCode,
        mut problem: Problem,
        headers: &HeaderMap,
    ) -> Self {
        // new terms are linked to at least (RFC 8555 §7.3.3)
        if problem.kind == ProblemKind::UserActionRequired && problem.instance.is_none() {
            problem.instance = links(headers, "terms-of-service").next().map(Into::into);
        }
        let problem = Box::new(problem);
        if problem.kind == ProblemKind::AccountDoesNotExist {
            return Self::AccountDoesNotExist { problem };
        }
        let retry_after = RetryAfter::from_headers(headers);
        let scope = LimitScope::of(headers, problem.detail.as_deref());
        Self::Refused { url, status, problem, retry_after, scope }
    }

    /// What a refusal means where an account is asked for: that neither a name nor asking once more can help.
    pub(crate) fn at_registration(self) -> Self {
        let recovery = self.recovery();
        match (self, recovery) {
            (
                Self::AccountDoesNotExist { problem } | Self::Refused { problem, .. },
                Recovery::Name
                | Recovery::Account
                | Recovery::Operator
                | Recovery::Fresh
                | Recovery::Permanent,
            ) if problem.kind != ProblemKind::RateLimited => Self::NotRegistered { problem },
            (failure, _) => failure,
        }
    }
}

fn date(at: OffsetDateTime) -> String {
    at.truncate_to_second().format(&Rfc3339).unwrap_or_else(|_| at.to_string())
}
