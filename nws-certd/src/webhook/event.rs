//! Who delivers what, as the headers say.

use std::fmt;

use hyper::HeaderMap;
use hyper::header::CONTENT_TYPE;

use super::outcome::Refusal;

/// A kind of git host.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Provider {
    Forgejo,
    Gitea,
    Gogs,
    GitLab,
    GitHub,
}

/// Whose event header is whose; Forgejo sends those of Gitea, Gogs and GitHub too, and Gitea those of Gogs and GitHub.
const EVENT_HEADERS: [(&str, Provider); 5] = [
    ("x-forgejo-event", Provider::Forgejo),
    ("x-gitea-event", Provider::Gitea),
    ("x-gogs-event", Provider::Gogs),
    ("x-gitlab-event", Provider::GitLab),
    ("x-github-event", Provider::GitHub),
];

/// What happened.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    Push,
    Ping,
    Other,
}

/// How the body holds the event.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Format {
    Json,
    /// `payload=` and the JSON, percent-encoded.
    Form,
}

/// What the headers of a delivery say of its body.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Event {
    pub(super) provider: Provider,
    pub(super) kind: Kind,
    pub(super) format: Format,
}

impl Event {
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Refusal> {
        let named = EVENT_HEADERS
            .iter()
            .find_map(|&(header, provider)| Some((provider, headers.get(header)?)));
        let (provider, event) = named.ok_or(Refusal::Provider)?;
        let content_type = headers.get(CONTENT_TYPE).map_or(&b""[..], |value| value.as_bytes());
        let format = provider.format(content_type).ok_or(Refusal::ContentType)?;
        Ok(Self { provider, kind: provider.kind(event.as_bytes()), format })
    }
}

impl Provider {
    fn kind(self, event: &[u8]) -> Kind {
        match (self, event) {
            (Self::GitLab, b"Push Hook") => Kind::Push,
            (Self::Forgejo | Self::Gitea | Self::Gogs | Self::GitHub, b"push") => Kind::Push,
            (Self::GitHub, b"ping") => Kind::Ping,
            (Self::Forgejo | Self::Gitea | Self::Gogs | Self::GitLab | Self::GitHub, _) => {
                Kind::Other
            }
        }
    }

    /// Forms are GitHub's alone: it signs them as they are sent, while Gitea and its kin sign the JSON before it is encoded.
    fn format(self, content_type: &[u8]) -> Option<Format> {
        let essence = content_type.split(|&byte| byte == b';').next()?.trim_ascii();
        match self {
            _ if essence.eq_ignore_ascii_case(b"application/json") => Some(Format::Json),
            Self::GitHub if essence.eq_ignore_ascii_case(b"application/x-www-form-urlencoded") => {
                Some(Format::Form)
            }
            Self::Forgejo | Self::Gitea | Self::Gogs | Self::GitLab | Self::GitHub => None,
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Forgejo => "forgejo",
            Self::Gitea => "gitea",
            Self::Gogs => "gogs",
            Self::GitLab => "gitlab",
            Self::GitHub => "github",
        })
    }
}
