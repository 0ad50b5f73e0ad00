//! Which branch of which repository.

use std::fmt;
use std::str::FromStr;

/// The branch that is read and written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Remote {
    /// The repository.
    pub url: RemoteUrl,
    /// Its branch.
    pub branch: BranchName,
}

/// Where a repository is: `ssh://`, `user@host:path`, `https://`, `file://` or an absolute path.
///
/// It carries no credentials, so it may stand in an argument list, a log line and a status page.
///
/// ```
/// use nws_gitops::{InvalidRemoteUrl, RemoteUrl};
///
/// assert!("git@git.example:org/gitops.git".parse::<RemoteUrl>().is_ok());
/// assert_eq!("https://token@git.example/gitops.git".parse::<RemoteUrl>(), Err(InvalidRemoteUrl::Credentials));
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct RemoteUrl(Box<str>);

impl RemoteUrl {
    /// The URL as git takes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether git goes there by `ssh`, and so needs a key and known hosts.
    pub fn is_ssh(&self) -> bool {
        self.0.starts_with("ssh://") || !(self.0.starts_with('/') || self.0.contains("://"))
    }

    /// Whether git goes there by https, where a token may be wanted.
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }
}

impl FromStr for RemoteUrl {
    type Err = InvalidRemoteUrl;

    fn from_str(text: &str) -> Result<Self, InvalidRemoteUrl> {
        if text.is_empty() || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(InvalidRemoteUrl::Characters);
        }
        match text.split_once("://") {
            Some(("https", rest)) => check_https(rest)?,
            Some(("ssh", rest)) => check_ssh(rest)?,
            Some(("file", rest)) if rest.starts_with('/') => {}
            Some((scheme, _)) => return Err(InvalidRemoteUrl::Scheme { scheme: scheme.into() }),
            None if text.starts_with('/') => {}
            None => check_scp_like(text)?,
        }
        Ok(Self(text.into()))
    }
}

/// A host's tokens are as often put into the user part as into the password, so neither is let in.
fn check_https(rest: &str) -> Result<(), InvalidRemoteUrl> {
    let host = rest.split('/').next().unwrap_or(rest);
    if host.contains('@') || rest.contains('?') {
        return Err(InvalidRemoteUrl::Credentials);
    }
    check_host(host)
}

fn check_ssh(rest: &str) -> Result<(), InvalidRemoteUrl> {
    let authority = rest.split('/').next().unwrap_or(rest);
    let (user, host) = authority.rsplit_once('@').unwrap_or(("git", authority));
    if user.contains(':') {
        return Err(InvalidRemoteUrl::Credentials);
    }
    check_host(user).and_then(|()| check_host(host))
}

/// `user@host:path` (gitglossary's "scp-like syntax"); a colon after a slash would be a relative path.
fn check_scp_like(text: &str) -> Result<(), InvalidRemoteUrl> {
    match text.split_once(':') {
        Some((authority, _)) if authority.contains('/') => Err(InvalidRemoteUrl::Relative),
        Some((_, path)) if path.contains('@') => Err(InvalidRemoteUrl::Credentials),
        Some((authority, _)) if authority.contains('@') => check_ssh(authority),
        Some(_) | None => Err(InvalidRemoteUrl::Relative),
    }
}

/// A leading hyphen would be an option to ssh.
fn check_host(host: &str) -> Result<(), InvalidRemoteUrl> {
    if host.is_empty() || host.starts_with('-') { Err(InvalidRemoteUrl::Host) } else { Ok(()) }
}

impl fmt::Display for RemoteUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text is no [`RemoteUrl`]; the text itself is left out, since it may hold a credential.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidRemoteUrl {
    /// A secret in a URL ends up in argument lists, logs and reflogs.
    #[error(
        "the repository's URL carries credentials; remove them from it and configure them apart"
    )]
    Credentials,
    /// Nothing git should be asked to speak here.
    #[error("the repository's URL has the scheme {scheme:?}; use ssh, https or file")]
    Scheme {
        /// As written.
        scheme: String,
    },
    /// Relative to what would depend on where the daemon was started.
    #[error("the repository's path is relative; write an absolute path, or user@host:path for ssh")]
    Relative,
    /// No host, or one that would be an option.
    #[error("the repository's URL names no host")]
    Host,
    /// Empty, or white space or control characters in it.
    #[error("the repository's URL is empty or has white space in it")]
    Characters,
}

/// The name of a branch, without `refs/heads/`, as `git check-ref-format --branch` lets it in.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct BranchName(Box<str>);

impl BranchName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The full name of its reference.
    pub fn full(&self) -> String {
        format!("refs/heads/{}", self.0)
    }
}

impl FromStr for BranchName {
    type Err = InvalidBranchName;

    fn from_str(text: &str) -> Result<Self, InvalidBranchName> {
        let full = format!("refs/heads/{text}");
        match gix::validate::reference::branch_name(full.as_str().into()) {
            Ok(_) if !text.starts_with('-') && text != "HEAD" => Ok(Self(text.into())),
            Ok(_) | Err(_) => Err(InvalidBranchName { found: text.into() }),
        }
    }
}

impl fmt::Display for BranchName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that git lets no branch be called.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{found:?} is no branch name (see git check-ref-format)")]
pub struct InvalidBranchName {
    /// As written.
    pub found: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_that_are_let_in() {
        for text in [
            "ssh://git@git.example/org/gitops.git",
            "ssh://git.example:2222/org/gitops.git",
            "git@git.example:org/gitops.git",
            "https://git.example/org/gitops.git",
            "file:///srv/gitops.git",
            "/srv/gitops.git",
        ] {
            assert_eq!(text.parse::<RemoteUrl>().unwrap().as_str(), text);
        }
    }

    #[test]
    fn urls_that_need_ssh() {
        let cases = [
            ("ssh://git.example/a.git", true),
            ("git@git.example:a.git", true),
            ("https://git.example/a.git", false),
            ("file:///srv/a.git", false),
            ("/srv/git@git.example:a.git", false),
        ];
        for (text, want) in cases {
            assert_eq!(text.parse::<RemoteUrl>().unwrap().is_ssh(), want, "{text}");
        }
    }

    #[test]
    fn urls_that_are_refused_and_why() {
        use InvalidRemoteUrl::{Characters, Credentials, Host, Relative, Scheme};
        let scheme = |scheme: &str| Scheme { scheme: scheme.into() };
        let cases = [
            ("a password", "https://me:hunter2@git.example/a.git", Credentials),
            ("a token as the user", "https://ghp_hunter2@git.example/a.git", Credentials),
            ("a token as a query", "https://git.example/a.git?access_token=hunter2", Credentials),
            ("a password over ssh", "ssh://git:hunter2@git.example/a.git", Credentials),
            ("a password, scp-like", "git:hunter2@git.example:a.git", Credentials),
            ("a helper program", "ext::sh -c whoami", Characters),
            ("a helper program, no blanks", "ext::whoami", Relative),
            ("clear text", "http://git.example/a.git", scheme("http")),
            ("git's own protocol", "git://git.example/a.git", scheme("git")),
            ("a file on another host", "file://srv/a.git", scheme("file")),
            ("a relative path", "srv/a.git", Relative),
            ("an option as a host", "ssh://-oProxyCommand=whoami/a.git", Host),
            ("an option as a user", "-oProxyCommand=whoami@git.example:a.git", Host),
            ("no host", "https:///a.git", Host),
            ("nothing", "", Characters),
        ];
        for (case, text, why) in cases {
            let error = text.parse::<RemoteUrl>().unwrap_err();
            assert_eq!(error, why, "{case}");
            assert!(!error.to_string().contains("hunter2"), "{case}");
        }
    }

    #[test]
    fn branch_names() {
        for text in ["main", "release/1.0", "ümlaut"] {
            assert_eq!(text.parse::<BranchName>().unwrap().full(), format!("refs/heads/{text}"));
        }
        for text in
            ["", "-f", "HEAD", "a..b", "a b", "a.lock", "/a", "a/", "a~1", "a:b", "@{u}", "a\\b"]
        {
            assert!(text.parse::<BranchName>().is_err(), "{text}");
        }
    }
}
