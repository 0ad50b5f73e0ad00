//! What happened to a certificate, for people to read; nothing is decided on it.

use std::net::IpAddr;
use std::str::FromStr;

use nws_acme::OrderUrl;
use nws_expiry::Fingerprint;
use nws_gitops::{ObjectId, RepoPath, WantKey};
use time::OffsetDateTime;

use super::OrderId;

/// What was tried for one certificate and where it was pushed.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct History {
    /// The newest attempts, oldest first.
    pub attempts: Vec<AttemptFacts>,
    /// The last push of each Secret that wants it.
    pub pushes: Vec<PushFacts>,
    /// Since when each address serves what.
    pub served: Vec<ServedFacts>,
}

/// From the begin of an attempt to its end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Span {
    /// When it began.
    pub began: OffsetDateTime,
    /// When it ended.
    pub ended: OffsetDateTime,
}

/// An attempt, or several in a row that ended alike.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AttemptFacts {
    /// The order it was made with.
    pub order: OrderId,
    /// Where the order is, once known.
    pub url: Option<OrderUrl>,
    /// From the begin of the first to the end of the last.
    pub span: Span,
    /// How many there were.
    pub times: u32,
    /// How each ended.
    pub outcome: AttemptOutcome,
    /// Why there was no certificate, in the CA's words where it said any.
    pub error: Option<String>,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AttemptOutcome {
    /// With a certificate.
    Issued,
    /// Without one yet; its order goes on.
    Waits,
    /// Without one; its order is over.
    Failed,
}

impl AttemptOutcome {
    /// The word it is stored and shown as.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Issued => "issued",
            Self::Waits => "waits",
            Self::Failed => "failed",
        }
    }
}

impl FromStr for AttemptOutcome {
    type Err = UnknownOutcome;

    fn from_str(text: &str) -> Result<Self, UnknownOutcome> {
        [Self::Issued, Self::Waits, Self::Failed]
            .into_iter()
            .find(|outcome| outcome.as_str() == text)
            .ok_or_else(|| UnknownOutcome { found: text.into() })
    }
}

/// A word that no attempt ends with.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{found:?} is no outcome of an attempt")]
pub struct UnknownOutcome {
    /// The word.
    pub found: String,
}

/// The last push of a certificate into one file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PushFacts {
    /// Which Secret.
    pub want: WantKey,
    /// Its file.
    pub path: RepoPath,
    /// The leaf.
    pub fingerprint: Fingerprint,
    /// The commit that brought it.
    pub commit: ObjectId,
    /// When.
    pub at: OffsetDateTime,
}

/// An address that was seen to serve a certificate.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ServedFacts {
    /// The address.
    pub address: IpAddr,
    /// The leaf.
    pub fingerprint: Fingerprint,
    /// When it was first seen to.
    pub at: OffsetDateTime,
}

/// What one look at the edges has brought.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SightFacts {
    /// The leaf.
    pub fingerprint: Fingerprint,
    /// The addresses that were not seen to serve it before.
    pub addresses: Vec<IpAddr>,
    /// Whether every address of every name serves it, for the first time.
    pub by_all: bool,
    /// When.
    pub at: OffsetDateTime,
}
