//! Where the repository is.

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nws_gitops::{
    FetchError, Git, GitError, Https, HttpsError, InvalidBranchName, InvalidRemoteUrl, Mirror,
    MirrorError, Remote, RemoteUrl, Snapshot, SnapshotError, Ssh, SshError,
};

use super::Lint;
use crate::config::{Config, GitSettings};

/// Whoever waits for a clone of a large repository waits no longer.
const GIT_TIMEOUT: Duration = Duration::from_secs(10 * 60);

/// A repository on this machine or elsewhere.
#[derive(Debug)]
pub(super) enum Place {
    /// The files on disk, or of a revision.
    Here { dir: PathBuf, rev: Option<String> },
    /// A branch behind a URL.
    There(Remote),
}

impl Place {
    /// What is a directory is one, whatever else its name might mean.
    pub(super) fn of(asked: &Lint, config: Option<&Config>) -> Result<Self, LintError> {
        let dir = &asked.repository;
        if dir.is_dir() {
            return Ok(Self::Here { dir: dir.clone(), rev: asked.rev.clone() });
        }
        let url = url(dir)?;
        let branch = match (&asked.rev, config.map(|config| &config.git.remote)) {
            (Some(branch), _) => branch.parse().map_err(LintError::Branch)?,
            (None, Some(ours)) if ours.url == url => ours.branch.clone(),
            (None, _) => "main".parse().map_err(LintError::Branch)?,
        };
        Ok(Self::There(Remote { url, branch }))
    }

    /// Gives what is there to `look`. What comes from a URL is gone from this machine afterwards.
    pub(super) fn snapshot<T>(
        &self,
        config: Option<&Config>,
        path: OsString,
        look: impl FnOnce(Snapshot) -> Result<T, LintError>,
    ) -> Result<T, LintError> {
        match self {
            Self::Here { dir, rev: None } => look(Snapshot::open(dir)?),
            Self::Here { dir, rev: Some(rev) } => look(Snapshot::open_at(dir, rev)?),
            Self::There(remote) => {
                let dir = tempfile::tempdir().map_err(LintError::Disk)?;
                let git = git(config.map(|config| &config.git), remote, dir.path(), path)?;
                let mirror = Mirror::open(&dir.path().join("mirror"), remote.clone(), git)?;
                let tip = mirror.fetch()?;
                if tip.commit.is_none() {
                    return Err(LintError::NoBranch { remote: remote.clone() });
                }
                look(Snapshot::of_mirror(&mirror, &tip)?)
            }
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Here { dir, .. } => write!(f, "{}", dir.display()),
            Self::There(remote) => write!(f, "{}", remote.url),
        }
    }
}

/// A text that looks like one and is none may hold a credential, so it is not repeated.
fn url(text: &Path) -> Result<RemoteUrl, LintError> {
    match text.to_str().filter(|text| text.contains("://") || text.contains('@')) {
        Some(url) => url.parse().map_err(LintError::Url),
        None => Err(LintError::Nowhere { dir: text.into() }),
    }
}

/// The key is the configuration's, as nothing of the machine's own counts; the token, too, but for that repository alone.
fn git(
    settings: Option<&GitSettings>,
    remote: &Remote,
    home: &Path,
    path: OsString,
) -> Result<Git, LintError> {
    let git = Git::new(home, path, GIT_TIMEOUT);
    let git = match settings.and_then(|settings| settings.ssh.as_ref()) {
        Some(ssh) => git.with_ssh(Ssh::new(&ssh.key, &ssh.known_hosts)?),
        None if remote.url.is_ssh() => return Err(LintError::NoKey),
        None => git,
    };
    let git = match settings.filter(|settings| settings.remote.url == remote.url) {
        Some(GitSettings { https: Some(https), .. }) => {
            git.with_https(Https::new(&remote.url, https.clone())?)
        }
        Some(_) | None => git,
    };
    git.version()?;
    Ok(git)
}

/// Why a repository was not looked at.
#[derive(Debug, thiserror::Error)]
pub enum LintError {
    /// Nothing on this machine, and no URL.
    #[error("there is no directory {}, nor is that the URL of a repository; write ssh://, https:// or file:// before one", dir.display())]
    Nowhere {
        /// As written.
        dir: PathBuf,
    },
    /// Nothing that git is asked to go to.
    #[error(transparent)]
    Url(InvalidRemoteUrl),
    /// No branch has such a name.
    #[error("--rev")]
    Branch(#[source] InvalidBranchName),
    /// What is on this machine cannot be read.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// There is no key to go over ssh with.
    #[error(
        "a repository is reached over ssh with the key of [git.ssh] only; name a configuration that has it with --config, or clone the repository and lint that"
    )]
    NoKey,
    /// The key to go over ssh with.
    #[error("git.ssh: the repository cannot be reached over ssh")]
    Ssh(#[from] SshError),
    /// The token to go over https with.
    #[error("git.https: the repository cannot be reached over https")]
    Https(#[from] HttpsError),
    /// The git binary.
    #[error("cannot use git; a URL needs the git binary, 2.39 or newer, in PATH")]
    Git(#[from] GitError),
    /// There is no room for a clone.
    #[error("cannot make a directory for a clone; see that TMPDIR has room")]
    Disk(#[source] io::Error),
    /// The clone.
    #[error("cannot clone the repository")]
    Mirror(#[from] MirrorError),
    /// The git host.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// It has none of that name.
    #[error("{} has no branch {}; name one with --rev", remote.url, remote.branch)]
    NoBranch {
        /// What was asked for.
        remote: Remote,
    },
}

impl LintError {
    /// Whether something else should have been asked for.
    pub(crate) fn is_of_usage(&self) -> bool {
        match self {
            Self::Nowhere { .. }
            | Self::Url(_)
            | Self::Branch(_)
            | Self::NoKey
            | Self::NoBranch { .. }
            | Self::Snapshot(
                SnapshotError::NoRepository { .. } | SnapshotError::NoSuchRevision { .. },
            ) => true,
            Self::Snapshot(SnapshotError::File { .. } | SnapshotError::Objects { .. })
            | Self::Ssh(_)
            | Self::Https(_)
            | Self::Git(_)
            | Self::Disk(_)
            | Self::Mirror(_)
            | Self::Fetch(_) => false,
        }
    }

    /// Whether a file that the configuration names is at fault.
    pub(crate) fn is_of_configuration(&self) -> bool {
        matches!(self, Self::Ssh(_) | Self::Https(_))
    }
}
