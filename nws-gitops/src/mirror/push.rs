//! Landing a commit, or learning why not.

use super::{Commit, FetchError, Mirror, ObjectError, Tip};
use crate::git::{Output, helps, words};
use crate::{BranchName, GitError, ObjectId, OutgoingKey, Remedy, RemoteUrl};

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
        self.check_parent(commit)?;
        if self.is_sealed {
            self.check_outgoing(commit)?;
        }
        let ours = Tip { commit: Some(commit.id) };
        let answer = match self.run_push(commit) {
            Ok(output) if output.status.success() => return Ok(self.landed(ours)),
            Ok(output) => Answer::of(&output.stdout(), &output.stderr()),
            Err(error @ (GitError::TimedOut { .. } | GitError::Https(_))) => Answer::lost(&error),
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
            Answer::Refused { reason, remedy } => PushError::Refused { branch, reason, remedy },
            Answer::Failed { reason, remedy } => PushError::Failed { branch, reason, remedy },
        })
    }

    fn run_push(&self, commit: &Commit) -> Result<Output, GitError> {
        let full = self.remote.branch.full();
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

    /// With a lease git takes any commit in the place of the tip, so that this one follows it is looked at and not believed.
    fn check_parent(&self, commit: &Commit) -> Result<(), PushError> {
        let stray = || PushError::Stray {
            commit: commit.id,
            branch: self.remote.branch.clone(),
            expected: commit.parent.commit,
        };
        let parents = self.parents(commit.id).map_err(|_| stray())?;
        let expected: Vec<_> = commit.parent.commit.into_iter().collect();
        if parents == expected { Ok(()) } else { Err(stray()) }
    }

    fn parents(&self, commit: ObjectId) -> Result<Vec<ObjectId>, ObjectError> {
        let repository = self.repository()?;
        let commit = repository.find_commit(commit.to_gix())?;
        Ok(commit.parent_ids().map(|parent| ObjectId::from_gix(parent.detach())).collect())
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
    Refused { reason: String, remedy: Option<Remedy> },
    /// Nothing was decided.
    Failed { reason: String, remedy: Option<Remedy> },
}

impl Answer {
    fn of(stdout: &str, stderr: &str) -> Self {
        let remedy = Remedy::of(stderr);
        let Some(summary) = stdout.lines().find_map(remote_rejection) else {
            let reason = words(stderr);
            // Whoever may not write is turned away before there is a branch to speak of.
            return match remedy {
                Some(Remedy::GrantWrite | Remedy::GrantAccess) => Self::Refused { reason, remedy },
                Some(_) | None => Self::Failed { reason, remedy },
            };
        };
        let reason = with_servers_words(summary, stderr);
        if is_passing(&reason) {
            Self::Failed { reason, remedy }
        } else {
            Self::Refused { reason, remedy }
        }
    }

    fn lost(error: &GitError) -> Self {
        Self::Failed { reason: error.to_string(), remedy: None }
    }
}

/// The reason in `!<TAB>from:to<TAB>[remote rejected] (reason)` (git-push(1), OUTPUT).
fn remote_rejection(line: &str) -> Option<&str> {
    let (_, summary) = line.strip_prefix("!\t")?.split_once('\t')?;
    summary.strip_prefix("[remote rejected] (")?.strip_suffix(')')
}

/// Whether the server found no fault with the commit, only with itself: a lock held by another push, a disk that is full, a
/// limit on one push, a part of it that does not answer.
fn is_passing(said: &str) -> bool {
    const WORDS: [&str; 8] = [
        "failed to update ref",
        "cannot lock ref",
        "failed to lock",
        "unpacker error",
        "missing necessary objects",
        "internal server error",
        "internal api unreachable",
        "api is not accessible",
    ];
    let said = said.to_lowercase();
    WORDS.iter().any(|words| said.contains(words))
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
    /// The commit does not follow the tip it is for, or is gone from the mirror: pushing it would lose what others wrote.
    #[error("{commit} does not follow {} on {branch} and is not pushed", named(expected))]
    Stray {
        /// The commit.
        commit: ObjectId,
        /// The branch.
        branch: BranchName,
        /// What should be its only parent.
        expected: Option<ObjectId>,
    },
    /// It would bring a private key in clear into a repository that is sealed.
    #[error(transparent)]
    Outgoing(#[from] OutgoingKey),
    /// What would be pushed cannot be read, so that nobody knows what is in it.
    #[error("cannot read what would be pushed to {branch}")]
    Unread {
        /// The branch.
        branch: BranchName,
        /// Why.
        source: ObjectError,
    },
    /// The server will not have this commit: a hook, a protected branch.
    #[error("the remote refused a push to {branch}: {reason}{}", helps(remedy))]
    Refused {
        /// The branch.
        branch: BranchName,
        /// The server's words.
        reason: String,
        /// What helps, if that is known.
        remedy: Option<Remedy>,
    },
    /// The server answers but took nothing, and gave no reason against the commit.
    #[error("push to {branch} failed: {reason}{}", helps(remedy))]
    Failed {
        /// The branch.
        branch: BranchName,
        /// What was said.
        reason: String,
        /// What helps, if that is known.
        remedy: Option<Remedy>,
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
            Self::Stray { .. }
            | Self::Unread { .. }
            | Self::Failed { .. }
            | Self::Unreachable { .. }
            | Self::Look { .. } => Recovery::Backoff,
            Self::Outgoing(_) | Self::Refused { .. } | Self::Git { .. } => Recovery::Operator,
        }
    }

    fn from_look(error: FetchError) -> Self {
        match error {
            FetchError::Unreachable { remote, source } => Self::Unreachable { remote, source },
            FetchError::Git { source } => Self::Git { source },
            other @ (FetchError::Gone { .. }
            | FetchError::Commit(_)
            | FetchError::Mirror(_)
            | FetchError::Objects(_)) => Self::Look { source: Box::new(other) },
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
    fn only_a_verdict_on_the_commit_is_final() {
        let rejected = |summary: &str| {
            format!("To x\n!\ta:refs/heads/main\t[remote rejected] ({summary})\nDone\n")
        };
        let cases = [
            (
                "GitHub, a protected branch",
                rejected("protected branch hook declined"),
                "remote: error: GH006: Protected branch update failed for refs/heads/main.        \nremote: error: At least 1 approving review is required.\n",
                "refused: protected branch hook declined; error: GH006: Protected branch update failed for refs/heads/main.; error: At least 1 approving review is required.",
            ),
            (
                "GitHub, a ruleset",
                rejected("push declined due to repository rule violations"),
                "remote: error: GH013: Repository rule violations found for refs/heads/main.\n",
                "refused: push declined due to repository rule violations; error: GH013: Repository rule violations found for refs/heads/main.",
            ),
            (
                "GitLab, a protected branch",
                rejected("pre-receive hook declined"),
                "remote: GitLab: You are not allowed to push code to protected branches on this project.\n",
                "refused: pre-receive hook declined; GitLab: You are not allowed to push code to protected branches on this project.",
            ),
            (
                "Gitea, a protected branch",
                rejected("pre-receive hook declined"),
                "remote: Gitea: Not allowed to push to protected branch main\n",
                "refused: pre-receive hook declined; Gitea: Not allowed to push to protected branch main",
            ),
            (
                "GitHub, a read-only key",
                String::new(),
                "ERROR: The key you are authenticating with has been marked as read only.\nfatal: Could not read from remote repository.\n",
                "refused: ERROR: The key you are authenticating with has been marked as read only.; give the deploy key or the token write access to the repository",
            ),
            (
                "a lock",
                rejected("failed to update ref"),
                "remote: error: cannot lock ref 'refs/heads/main'\n",
                "failed: failed to update ref; error: cannot lock ref 'refs/heads/main'",
            ),
            (
                "a limit of size",
                rejected("unpacker error"),
                "remote: fatal: pack exceeds maximum allowed size (4.00 MiB)\nerror: remote unpack failed: index-pack abnormal exit\n",
                "failed: unpacker error; fatal: pack exceeds maximum allowed size (4.00 MiB)",
            ),
            (
                "an outage of GitHub",
                rejected("Internal Server Error"),
                "",
                "failed: Internal Server Error",
            ),
            (
                "an outage of GitLab",
                rejected("pre-receive hook declined"),
                "remote: GitLab: Internal API unreachable\n",
                "failed: pre-receive hook declined; GitLab: Internal API unreachable",
            ),
            (
                "no verdict at all",
                "!\ta:refs/heads/main\t[remote failure] (remote failed to report status)\n".into(),
                "fatal: the remote end hung up unexpectedly\n",
                "failed: fatal: the remote end hung up unexpectedly",
            ),
        ];
        for (case, stdout, stderr, want) in cases {
            let said = match Answer::of(&stdout, stderr) {
                Answer::Refused { reason, remedy } => {
                    format!("refused: {reason}{}", helps(&remedy))
                }
                Answer::Failed { reason, remedy } => format!("failed: {reason}{}", helps(&remedy)),
            };
            assert_eq!(said, want, "{case}");
        }
    }
}
