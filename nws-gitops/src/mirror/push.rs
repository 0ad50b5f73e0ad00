//! Landing a commit, or learning why not.

use super::{Commit, FetchError, Mirror, Tip};
use crate::git::{Output, words};
use crate::{BranchName, GitError, ObjectId, RemoteUrl};

impl Mirror {
    /// Moves the remote's branch from the commit's parent to the commit, and nowhere else: a compare-and-swap.
    ///
    /// A push whose answer was lost is looked up before anything is said about it: if the branch is at our commit, it landed.
    /// The other way round, a branch that is no longer at the parent has moved, whatever words the server found for it.
    ///
    /// # Errors
    ///
    /// [`PushError::recovery`] says what to do about each.
    pub fn push(&self, commit: &Commit) -> Result<Tip, PushError> {
        let ours = Tip { commit: Some(commit.id) };
        let answer = match self.run_push(commit) {
            Ok(output) if output.status.success() => return Ok(self.landed(ours)),
            Ok(output) => Answer::of(&output),
            Err(GitError::TimedOut { command, after }) => {
                Answer::lost(&GitError::TimedOut { command, after })
            }
            Err(source) => return Err(PushError::Git { source }),
        };
        let found = self.look().map_err(PushError::from_look)?;
        if found == ours {
            return Ok(self.landed(ours));
        }
        let branch = self.remote.branch.clone();
        if found != commit.parent {
            return Err(PushError::Moved {
                branch,
                expected: commit.parent.commit,
                found: found.commit,
            });
        }
        Err(match answer {
            Answer::Refused { reason } => PushError::Refused { branch, reason },
            Answer::Failed { reason } => PushError::Failed { branch, reason },
        })
    }

    fn run_push(&self, commit: &Commit) -> Result<Output, GitError> {
        let full = self.remote.branch.full();
        // With a lease git takes any commit; that this one follows its parent is so by construction.
        let lease = match commit.parent.commit {
            Some(parent) => format!("--force-with-lease={full}:{parent}"),
            None => format!("--force-with-lease={full}:"),
        };
        let refspec = format!("{}:{full}", commit.id);
        self.git.output(
            "push",
            Some(&self.bare()),
            &["--porcelain", "--no-verify", &lease, "--", self.remote.url.as_str(), &refspec],
        )
    }

    /// The local branch only saves the next fetch; that it cannot be set shows there again.
    fn landed(&self, tip: Tip) -> Tip {
        if let Some(Err(error)) = tip.commit.map(|commit| self.set_tip(commit)) {
            tracing::debug!(
                error = &error as &dyn std::error::Error,
                "local branch not moved after push"
            );
        }
        tip
    }
}

/// What a push that failed had to say.
enum Answer {
    /// The server decided against it.
    Refused { reason: String },
    /// Nothing was decided.
    Failed { reason: String },
}

impl Answer {
    fn of(output: &Output) -> Self {
        let (stdout, stderr) = (output.stdout(), output.stderr());
        match stdout.lines().find_map(remote_rejection) {
            Some(summary) if !is_passing(summary) => {
                Self::Refused { reason: with_servers_words(summary, &stderr) }
            }
            Some(summary) => Self::Failed { reason: with_servers_words(summary, &stderr) },
            None => Self::Failed { reason: words(&stderr) },
        }
    }

    fn lost(error: &GitError) -> Self {
        Self::Failed { reason: error.to_string() }
    }
}

/// The reason in `!<TAB>from:to<TAB>[remote rejected] (reason)` (git-push(1), OUTPUT).
fn remote_rejection(line: &str) -> Option<&str> {
    let (_, summary) = line.strip_prefix("!\t")?.split_once('\t')?;
    summary.strip_prefix("[remote rejected] (")?.strip_suffix(')')
}

/// Reasons in which the server found no fault with the commit: a lock held by another push, a disk that is full.
fn is_passing(summary: &str) -> bool {
    [
        "failed to update ref",
        "cannot lock ref",
        "failed to lock",
        "unpacker error",
        "missing necessary objects",
    ]
    .iter()
    .any(|passing| summary.contains(passing))
}

fn with_servers_words(summary: &str, stderr: &str) -> String {
    let said: Vec<_> = stderr.lines().filter_map(|line| line.strip_prefix("remote:")).collect();
    words(&format!("{summary}\n{}", said.join("\n")))
}

/// Why a commit did not land.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    /// Somebody else was faster; their work stays.
    #[error(
        "branch {branch} moved from {} to {} while a commit was being made",
        named(expected),
        named(found)
    )]
    Moved {
        /// The branch.
        branch: BranchName,
        /// Where it was.
        expected: Option<ObjectId>,
        /// Where it is.
        found: Option<ObjectId>,
    },
    /// The server will not have this commit: a hook, a protected branch.
    #[error("the remote refused a push to {branch}: {reason}")]
    Refused {
        /// The branch.
        branch: BranchName,
        /// The server's words.
        reason: String,
    },
    /// The server answers but took nothing, and gave no reason against the commit.
    #[error("push to {branch} failed: {reason}")]
    Failed {
        /// The branch.
        branch: BranchName,
        /// What was said.
        reason: String,
    },
    /// The remote does not answer; whether the push landed is not known until it does.
    #[error("cannot reach {remote} to learn whether a push landed")]
    Unreachable {
        /// The repository.
        remote: RemoteUrl,
        /// What git said.
        source: GitError,
    },
    /// The `git` binary cannot be run.
    #[error("cannot run git")]
    Git {
        /// Why.
        source: GitError,
    },
    /// The remote's branch cannot be looked up.
    #[error("cannot look up the remote's branch after a push")]
    Look {
        /// Why.
        source: Box<FetchError>,
    },
}

impl PushError {
    /// What helps.
    pub fn recovery(&self) -> Recovery {
        match self {
            Self::Moved { .. } => Recovery::Rebuild,
            Self::Failed { .. } | Self::Unreachable { .. } | Self::Look { .. } => Recovery::Backoff,
            Self::Refused { .. } | Self::Git { .. } => Recovery::Operator,
        }
    }

    fn from_look(error: FetchError) -> Self {
        match error {
            FetchError::Unreachable { remote, source } => Self::Unreachable { remote, source },
            FetchError::Git { source } => Self::Git { source },
            other @ (FetchError::Commit(_) | FetchError::Mirror(_) | FetchError::Objects(_)) => {
                Self::Look { source: Box::new(other) }
            }
        }
    }
}

fn named(commit: &Option<ObjectId>) -> String {
    commit.map_or_else(|| "nothing".to_owned(), |id| id.to_string())
}

/// What helps against a failed push.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Recovery {
    /// Fetch, read again, build the commit on the new tip, and push that; at once.
    Rebuild,
    /// Wait a little, fetch, and do the same.
    Backoff,
    /// Only a person can help; show them the reason, and try again when they say so or after a long pause.
    Operator,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_decision_in_a_porcelain_line() {
        let cases = [
            (
                "!\tabc:refs/heads/main\t[remote rejected] (pre-receive hook declined)",
                Some("pre-receive hook declined"),
            ),
            (
                "!\tabc:refs/heads/main\t[remote rejected] (failed to update ref)",
                Some("failed to update ref"),
            ),
            ("!\tabc:refs/heads/main\t[rejected] (stale info)", None),
            ("!\tabc:refs/heads/main\t[rejected] (fetch first)", None),
            (" \tabc:refs/heads/main\t1111111..2222222", None),
            ("To /srv/gitops.git", None),
            ("Done", None),
        ];
        for (line, want) in cases {
            assert_eq!(remote_rejection(line), want, "{line}");
        }
    }

    #[test]
    fn a_servers_words_go_with_its_decision() {
        let stderr = "remote: certs are frozen        \nremote: ask ops        \nerror: failed to push some refs to '/srv'\n";
        assert_eq!(
            with_servers_words("pre-receive hook declined", stderr),
            "pre-receive hook declined; certs are frozen; ask ops"
        );
    }

    #[test]
    fn only_a_verdict_on_the_commit_is_final() {
        assert!(!is_passing("pre-receive hook declined"));
        assert!(!is_passing("protected branch hook declined"));
        assert!(is_passing("failed to update ref"));
        assert!(is_passing("unpacker error"));
    }
}
