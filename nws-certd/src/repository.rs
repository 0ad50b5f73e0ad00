//! One mirror, off the runtime's threads.

use std::sync::Arc;
use std::time::Duration;

use nws_gitops::{
    Author, BranchName, CommitError, Edit, FetchError, GitError, Maintenance, Message, Mirror,
    PushError, ReadError, RepositoryName, Tip,
};
use time::OffsetDateTime;
use tokio::task::{JoinError, spawn_blocking};
use tracing::debug;

use crate::batch::Batch;

/// A repository as the daemon uses it; each call runs to its end on a thread that may block.
#[derive(Clone, Debug)]
pub(crate) struct Repository {
    pub(super) mirror: Arc<Mirror>,
    pub(super) author: Author,
    /// Where an earlier process saw it.
    pub(crate) left_at: Option<Tip>,
    pub(crate) habits: Habits,
}

/// How often a repository is looked at, and when there is a commit to it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Habits {
    pub(crate) poll: Duration,
    pub(crate) batch: Batch,
}

impl Repository {
    pub(crate) fn new(mirror: Mirror, author: Author, habits: Habits) -> Self {
        Self { left_at: mirror.tip(), mirror: Arc::new(mirror), author, habits }
    }

    /// Its name among several.
    pub(crate) fn name(&self) -> &RepositoryName {
        self.mirror.name()
    }

    /// The branch's name.
    pub(crate) fn branch(&self) -> &BranchName {
        &self.mirror.remote().branch
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

    /// Commits the edits on `tip` and pushes, if the branch is still there; `None` if they change nothing.
    pub(crate) async fn publish(
        &self,
        tip: Tip,
        edits: Vec<Edit>,
        message: Message,
        now: OffsetDateTime,
    ) -> Result<Option<Tip>, PublishError> {
        let (mirror, author) = (self.mirror.clone(), self.author.clone());
        let publish = move || {
            let commit = mirror
                .commit(&tip, &edits, &message, &author, now)
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
    #[error("publishing was broken off by a bug")]
    Panicked(#[source] JoinError),
}
