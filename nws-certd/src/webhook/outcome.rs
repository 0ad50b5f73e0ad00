//! What a request comes to.

use hyper::StatusCode;

/// What was asked for in the right way.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Taken {
    /// A question whether anybody is here.
    Health,
    /// A push of our branch.
    Push,
    /// Something that is none of our business.
    Ignored(Ignored),
}

/// Why a delivery with a right signature changes nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Ignored {
    Ping,
    Event,
    Tag,
    OtherReference,
}

impl Taken {
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::Push => StatusCode::ACCEPTED,
            Self::Health | Self::Ignored(_) => StatusCode::OK,
        }
    }

    pub(super) fn text(&self, branch: &str) -> String {
        match self {
            Self::Health => "ok".into(),
            Self::Push => format!("the push of {branch} is noted"),
            Self::Ignored(Ignored::Ping) => format!("ignored: a ping; a push of {branch} is noted"),
            Self::Ignored(Ignored::Event) => "ignored: not a push of a branch".into(),
            Self::Ignored(Ignored::Tag) => "ignored: a tag was pushed".into(),
            Self::Ignored(Ignored::OtherReference) => {
                format!("ignored: another branch than {branch} was pushed")
            }
        }
    }
}

/// Why a request was turned away; as text, what its sender may know.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("there is nothing here; deliver to /webhook")]
    Path,
    #[error("only {allowed} is possible here")]
    Method { allowed: &'static str },
    #[error(
        "no event header of GitHub, GitLab, Gitea, Forgejo or Gogs; choose one of them as the webhook's kind"
    )]
    Provider,
    #[error("choose application/json as the webhook's content type")]
    ContentType,
    #[error(
        "the signature is missing or wrong; compare the webhook's secret with the file of webhook.secret_file"
    )]
    Signature,
    #[error("the body is larger than {largest} bytes; the next poll finds the push")]
    TooLarge { largest: usize },
    #[error("the body took too long")]
    Slow,
    #[error("the body broke off")]
    Broken,
    #[error("too many deliveries at once; deliver again, or wait for the next poll")]
    Busy,
    #[error("the body is no push event with a ref")]
    Unreadable,
}

impl Refusal {
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::Path => StatusCode::NOT_FOUND,
            Self::Method { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::Provider | Self::Broken | Self::Unreadable => StatusCode::BAD_REQUEST,
            Self::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Signature => StatusCode::UNAUTHORIZED,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}
