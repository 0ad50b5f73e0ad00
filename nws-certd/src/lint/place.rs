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

/// A repository, and what is configured for it.
#[derive(Debug)]
pub(super) struct Place<'a> {
    whereabouts: Whereabouts,
    settings: Option<&'a GitSettings>,
}

/// On this machine or elsewhere.
#[derive(Debug)]
enum Whereabouts {
    /// The files on disk, or of a revision.
    Here { dir: PathBuf, rev: Option<String> },
    /// A branch behind a URL.
    There(Remote),
}

impl<'a> Place<'a> {
    /// What is a directory is one, whatever else its name might mean.
    pub(super) fn of(asked: &Lint, config: Option<&'a Config>) -> Result<Self, LintError> {
        let dir = &asked.repository;
        if dir.is_dir() {
            let settings = settings(asked, config, None)?;
            let (dir, rev) = (dir.clone(), asked.rev.clone());
            return Ok(Self { whereabouts: Whereabouts::Here { dir, rev }, settings });
        }
        let url = url(dir)?;
        let settings = settings(asked, config, Some(&url))?;
        let branch = match (&asked.rev, settings.map(|settings| &settings.remote)) {
            (Some(branch), _) => branch.parse().map_err(LintError::Branch)?,
            (None, Some(ours)) if ours.url == url => ours.branch.clone(),
            (None, _) => "main".parse().map_err(LintError::Branch)?,
        };
        Ok(Self { whereabouts: Whereabouts::There(Remote { url, branch }), settings })
    }

    /// Gives what is there to `look`. What comes from a URL is gone from this machine afterwards.
    pub(super) fn snapshot<T>(
        &self,
        path: OsString,
        look: impl FnOnce(Snapshot) -> Result<T, LintError>,
    ) -> Result<T, LintError> {
        let name = self.settings.map(|settings| settings.name.clone()).unwrap_or_default();
        match &self.whereabouts {
            Whereabouts::Here { dir, rev: None } => look(Snapshot::open(dir)?.named(name)),
            Whereabouts::Here { dir, rev: Some(rev) } => {
                look(Snapshot::open_at(dir, rev)?.named(name))
            }
            Whereabouts::There(remote) => {
                let dir = tempfile::tempdir().map_err(LintError::Disk)?;
                let git = git(self.settings, remote, dir.path(), path)?;
                let mirror = Mirror::open(&dir.path().join("mirror"), remote.clone(), git)?;
                let tip = mirror.fetch()?;
                if tip.commit.is_none() {
                    return Err(LintError::NoBranch { remote: remote.clone() });
                }
                look(Snapshot::of_mirror(&mirror, &tip)?.named(name))
            }
        }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.whereabouts {
            Whereabouts::Here { dir, .. } => write!(f, "{}", dir.display()),
            Whereabouts::There(remote) => write!(f, "{}", remote.url),
        }
    }
}

/// What is configured for it: of several repositories for the one that is named, else for the one of this URL.
fn settings<'a>(
    asked: &Lint,
    config: Option<&'a Config>,
    url: Option<&RemoteUrl>,
) -> Result<Option<&'a GitSettings>, LintError> {
    let all = config.map_or(&[][..], |config| &config.git);
    let found = match (&asked.configured_as, all) {
        (Some(name), all) => all.iter().find(|one| one.name == *name),
        (None, [] | [_]) => return Ok(all.first()),
        (None, all) => all.iter().find(|one| Some(&one.remote.url) == url),
    };
    let names = || all.iter().map(|one| one.name.to_string()).filter(|name| !name.is_empty());
    found.map(Some).ok_or_else(|| LintError::Which { names: names().collect() })
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

fn which(names: &[String]) -> String {
    match names {
        [] => "the configuration names no repository; leave out --as".to_owned(),
        names => format!(
            "the configuration has the repositories {}; say with --as which of them this is",
            names.join(", ")
        ),
    }
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
    /// It goes by one of several names in the configuration, or by none.
    #[error("{}", which(names))]
    Which {
        /// Those that are configured.
        names: Vec<String>,
    },
    /// Nobody says what is answered without an order.
    #[error(
        "--dns looks at what challenge.stateless of a configuration answers for, and there is none; name one with --config"
    )]
    NoConfiguration,
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
            | Self::Which { .. }
            | Self::Url(_)
            | Self::Branch(_)
            | Self::NoKey
            | Self::NoConfiguration
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
