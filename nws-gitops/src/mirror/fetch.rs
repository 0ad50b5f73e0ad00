//! Where the remote's branch is now.

use std::path::PathBuf;
use std::sync::atomic::Ordering;

use super::leavings::is_locked;
use super::{Mirror, MirrorError, ObjectError, Tip};
use crate::object_id::{InvalidObjectId, ObjectId};
use crate::{GitError, Remote, RemoteUrl};

impl Mirror {
    /// Brings the mirror to the remote's branch, wherever that went, and says where it is.
    ///
    /// A branch that does not exist yet is an answer, not an error. A copy found damaged is rebuilt on the way.
    ///
    /// # Errors
    ///
    /// [`FetchError::Gone`] if the branch was there before, and the mirror stays as it was; [`FetchError::Unreachable`] where waiting
    /// helps; the others are this machine's.
    pub fn fetch(&self) -> Result<Tip, FetchError> {
        if self.read_tip().is_err() {
            self.rebuild()?;
        }
        let remote = self.look()?;
        let Some(commit) = remote.commit else {
            return self.not_gone(remote);
        };
        if self.suspect.load(Ordering::Relaxed) {
            self.rebuild()?;
        }
        if self.tip() == Some(Tip { commit: Some(commit) }) {
            return Ok(remote);
        }
        self.fetch_branch()?;
        self.read_tip().map(|commit| Tip { commit }).map_err(FetchError::from)
    }

    /// A branch that was deleted is not taken for an empty one, in which nobody wants anything any more.
    fn not_gone(&self, absent: Tip) -> Result<Tip, FetchError> {
        match self.tip().and_then(|tip| tip.commit) {
            Some(was) => {
                Err(FetchError::Gone { remote: self.remote.clone(), was, mirror: self.dir.clone() })
            }
            None => Ok(absent),
        }
    }

    /// Where the remote's branch is, without bringing its objects.
    pub(super) fn look(&self) -> Result<Tip, FetchError> {
        let full = self.remote.branch.full();
        let listed = self
            .git
            .run("ls-remote", &self.bare(), &["--refs", "--", self.remote.url.as_str(), &full])
            .map_err(|source| self.unreachable(source))?;
        // The pattern also matches refs that merely end in it.
        let found =
            listed.lines().filter_map(|line| line.split_once('\t')).find(|(_, name)| *name == full);
        let commit = found.map(|(id, _)| id.parse::<ObjectId>()).transpose()?;
        Ok(Tip { commit })
    }

    /// The remote has just answered, so a fetch that fails here may be the copy's fault; then it is made anew.
    fn fetch_branch(&self) -> Result<(), FetchError> {
        let fetched = match self.run_fetch() {
            Err(error) if is_locked(&error) => {
                self.clear_locks();
                self.run_fetch()
            }
            Err(GitError::Failed { .. }) if !self.is_whole() => {
                self.rebuild()?;
                self.run_fetch()
            }
            result => result,
        };
        if fetched.is_err() {
            // What is half there may be what fills the disk.
            self.remove_half_written();
        }
        fetched.map_err(|source| self.unreachable(source))
    }

    fn run_fetch(&self) -> Result<(), GitError> {
        let full = self.remote.branch.full();
        let refspec = format!("+{full}:{full}");
        self.git
            .run(
                "fetch",
                &self.bare(),
                &[
                    "--quiet",
                    "--no-tags",
                    "--no-write-fetch-head",
                    "--no-auto-maintenance",
                    "--",
                    self.remote.url.as_str(),
                    &refspec,
                ],
            )
            .map(drop)
    }

    /// Whether every object that the branch needs is there; takes seconds in a large repository. Doubt is no reason to fetch
    /// all of it again.
    fn is_whole(&self) -> bool {
        let options = ["--connectivity-only", "--no-dangling", "--no-progress"];
        !matches!(self.git.run("fsck", &self.bare(), &options), Err(GitError::Failed { .. }))
    }

    /// A git that cannot be started is no fault of the remote.
    pub(super) fn unreachable(&self, source: GitError) -> FetchError {
        match source {
            GitError::Start { .. } | GitError::TooOld { .. } | GitError::NoVersion { .. } => {
                FetchError::Git { source }
            }
            GitError::TimedOut { .. } | GitError::Https(_) | GitError::Failed { .. } => {
                FetchError::Unreachable { remote: self.remote.url.clone(), source }
            }
        }
    }
}

/// Why the remote's branch is not known.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The remote does not answer, or not to us.
    #[error("cannot fetch from {remote}")]
    Unreachable {
        /// The repository.
        remote: RemoteUrl,
        /// What git said.
        source: GitError,
    },
    /// The remote answers, and has no such branch any more.
    #[error(
        "branch {} is gone from {}, where it was at {was}; push it again, or, if it is to begin anew, delete {}",
        remote.branch,
        remote.url,
        mirror.display()
    )]
    Gone {
        /// The repository and the branch.
        remote: Remote,
        /// Where it was last seen.
        was: ObjectId,
        /// The copy that remembers it.
        mirror: PathBuf,
    },
    /// The `git` binary cannot be run.
    #[error("cannot run git")]
    Git {
        /// Why.
        source: GitError,
    },
    /// The branch is at something that is no SHA-1.
    #[error("the remote names its branch's commit in a way that is not understood")]
    Commit(#[from] InvalidObjectId),
    /// The mirror cannot be rebuilt.
    #[error("cannot rebuild the mirror")]
    Mirror(#[from] MirrorError),
    /// What was fetched cannot be read.
    #[error("cannot read what was fetched")]
    Objects(#[from] ObjectError),
}
