//! One mirror, off the runtime's threads.

use std::sync::Arc;
use std::time::Duration;

use nws_gitops::{
    Author, BranchName, CommitError, Edit, FetchError, GitError, Maintenance, Message, Mirror,
    OutgoingKey, PushError, ReadError, RepositoryName, Tip,
};
use time::OffsetDateTime;
use tokio::task::{JoinError, spawn_blocking};
use tracing::debug;

use crate::batch::Batch;
use crate::store::StoreError;

/// A repository as the daemon uses it; each call runs to its end on a thread that may block.
#[derive(Clone, Debug)]
pub(crate) struct Repository {
    pub(super) mirror: Arc<Mirror>,
    pub(super) author: Author,
    /// Where an earlier process saw it.
    pub(crate) left_at: Option<Tip>,
    pub(crate) habits: Habits,
    /// Whether a person has said that keys may stand in clear beside Secrets of ours that are sealed.
    unseals: bool,
}

/// What a commit is made on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Base {
    pub(crate) tip: Tip,
    /// Whether it has Secrets of ours that are sealed.
    pub(crate) holds_sealed: bool,
}

/// How often a repository is looked at, and when there is a commit to it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Habits {
    pub(crate) poll: Duration,
    pub(crate) batch: Batch,
}

impl Repository {
    pub(crate) fn new(mirror: Mirror, author: Author, habits: Habits) -> Self {
        let left_at = mirror.tip();
        Self { left_at, mirror: Arc::new(mirror), author, habits, unseals: false }
    }

    /// The same with `git.unseal` as it is set.
    pub(crate) fn unsealing(self, unseals: bool) -> Self {
        Self { unseals, ..self }
    }

    /// Its name among several.
    pub(crate) fn name(&self) -> &RepositoryName {
        self.mirror.name()
    }

    /// The branch's name.
    pub(crate) fn branch(&self) -> &BranchName {
        &self.mirror.remote().branch
    }

    /// Whether our keys are written as they are, since `git.encryption` is none.
    pub(crate) fn has_keys_in_clear(&self) -> bool {
        !self.mirror.is_sealed()
    }

    /// Its name, where it has one.
    pub(crate) fn known_as(&self) -> Option<&str> {
        Some(self.name().as_str()).filter(|name| !name.is_empty())
    }

    /// What is said of it, with its name where there are several.
    pub(crate) fn says(&self, text: &str) -> String {
        self.known_as().map_or_else(|| text.into(), |name| format!("{name}: {text}"))
    }

    /// Fetches the branch, and says where it is now.
    pub(crate) async fn fetch(&self) -> Result<Tip, LookError> {
        let mirror = self.mirror.clone();
        let fetched = spawn_blocking(move || mirror.fetch()).await.map_err(LookError::Panicked)?;
        fetched.map_err(LookError::Fetch)
    }

    /// Tidies the mirror, if it is time to.
    pub(crate) async fn maintain(&self) -> Result<(), MaintainError> {
        let mirror = self.mirror.clone();
        let maintained =
            spawn_blocking(move || mirror.maintain()).await.map_err(MaintainError::Panicked)?;
        match maintained.map_err(MaintainError::Git)? {
            Maintenance::NotNeeded => {}
            done @ Maintenance::Done { .. } => debug!(?done, "mirror tidied"),
        }
        Ok(())
    }

    /// Commits the edits on `base` and pushes, if the branch is still there; `None` if they change nothing.
    pub(crate) async fn publish(
        &self,
        base: Base,
        edits: Vec<Edit>,
        message: Message,
        now: OffsetDateTime,
    ) -> Result<Option<Tip>, PublishError> {
        let (mirror, author) = (self.mirror.clone(), self.author.clone());
        let stays_sealed = base.holds_sealed && !self.unseals;
        let publish = move || {
            if stays_sealed {
                mirror.check_sealed(&base.tip, &edits).map_err(PublishError::unsealing)?;
            }
            let commit = mirror
                .commit(&base.tip, &edits, &message, &author, now)
                .map_err(PublishError::Commit)?;
            commit.map(|commit| mirror.push(&commit).map_err(PublishError::Push)).transpose()
        };
        spawn_blocking(publish).await.map_err(PublishError::Panicked)?
    }
}

/// Why the branch could not be looked at.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LookError {
    #[error("cannot fetch the branch")]
    Fetch(#[source] FetchError),
    #[error("cannot read the branch")]
    Read(#[source] ReadError),
    #[error("looking at the branch was broken off by a bug")]
    Panicked(#[source] JoinError),
}

/// Why the mirror was not tidied.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MaintainError {
    #[error("cannot tidy the mirror")]
    Git(#[source] GitError),
    #[error("tidying the mirror was broken off by a bug")]
    Panicked(#[source] JoinError),
}

/// Why certificates did not get into the branch.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PublishError {
    #[error("cannot commit")]
    Commit(#[source] CommitError),
    #[error("cannot push")]
    Push(#[source] PushError),
    #[error(
        "nothing is pushed, as the branch holds sealed secrets of nws-certd's, and a key in clear would stand beside them for good; set git.encryption as it was, or git.unseal = true if that is meant"
    )]
    Unseal(#[source] OutgoingKey),
    #[error(transparent)]
    State(StoreError),
    #[error("publishing was broken off by a bug")]
    Panicked(#[source] JoinError),
}

impl PublishError {
    fn unsealing(error: CommitError) -> Self {
        match error {
            CommitError::Outgoing(key) => Self::Unseal(key),
            other => Self::Commit(other),
        }
    }

    /// Whether what was to be pushed is in no branch for certain. Of one that moved that is not so: others may have followed ours.
    pub(crate) fn is_nowhere(&self) -> bool {
        match self {
            Self::Unseal(_)
            | Self::Commit(_)
            | Self::Push(PushError::Outgoing(_) | PushError::Refused { .. }) => true,
            Self::Push(
                PushError::Moved { .. }
                | PushError::Stray { .. }
                | PushError::Unread { .. }
                | PushError::Failed { .. }
                | PushError::Unreachable { .. }
                | PushError::Git { .. }
                | PushError::Look { .. },
            )
            | Self::State(_)
            | Self::Panicked(_) => false,
        }
    }

    /// What was to be pushed is the matter, so that only a person can help.
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        match self {
            Self::Unseal(_)
            | Self::Commit(CommitError::Outgoing(_))
            | Self::Push(PushError::Outgoing(_)) => Some(Refusal::Key),
            Self::Push(PushError::Refused { .. }) => Some(Refusal::Server),
            Self::Commit(
                CommitError::NotADirectory { .. }
                | CommitError::Objects(_)
                | CommitError::Sign(_)
                | CommitError::Disk { .. },
            )
            | Self::Push(
                PushError::Moved { .. }
                | PushError::Stray { .. }
                | PushError::Unread { .. }
                | PushError::Failed { .. }
                | PushError::Unreachable { .. }
                | PushError::Git { .. }
                | PushError::Look { .. },
            )
            | Self::State(_)
            | Self::Panicked(_) => None,
        }
    }
}

/// Who will not have a commit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Refusal {
    /// We, as a private key in clear would go with it.
    Key,
    /// The git host.
    Server,
}
