//! The mirror, off the runtime's threads.

use std::sync::Arc;

use nws_gitops::{
    Author, CommitError, Discover, Edit, FetchError, GitError, Inventory, Maintenance, Message,
    Mirror, PushError, ReadError, RemovalPlan, RemovalStep, Survey, Tip, WantKey, removals,
};
use time::OffsetDateTime;
use tokio::task::{JoinError, spawn_blocking};
use tracing::debug;

/// The repository as the daemon uses it; each call runs to its end on a thread that may block.
#[derive(Clone, Debug)]
pub(crate) struct Repository {
    mirror: Arc<Mirror>,
    discover: Arc<Discover>,
    author: Author,
}

/// The inventory of one commit.
#[derive(Clone, Debug)]
pub(crate) struct View {
    /// The commit.
    pub(crate) tip: Tip,
    /// What it wants and holds.
    pub(crate) inventory: Arc<Inventory>,
}

impl Repository {
    pub(crate) fn new(mirror: Mirror, discover: Discover, author: Author) -> Self {
        Self { mirror: Arc::new(mirror), discover: Arc::new(discover), author }
    }

    /// The branch's name.
    pub(crate) fn branch(&self) -> &str {
        self.mirror.remote().branch.as_str()
    }

    /// The branch as last seen, without asking anyone.
    pub(crate) async fn last_seen(&self) -> Result<View, LookError> {
        let mirror = self.mirror.clone();
        let tip = spawn_blocking(move || mirror.tip()).await.map_err(LookError::Panicked)?;
        self.read(tip.unwrap_or(Tip { commit: None })).await
    }

    /// Fetches the branch and reads it; what `seen` holds already is not read again.
    pub(crate) async fn look(&self, seen: Option<&View>) -> Result<View, LookError> {
        let mirror = self.mirror.clone();
        let fetched = spawn_blocking(move || mirror.fetch()).await.map_err(LookError::Panicked)?;
        let tip = fetched.map_err(LookError::Fetch)?;
        match seen {
            Some(seen) if seen.tip == tip => Ok(seen.clone()),
            _ => self.read(tip).await,
        }
    }

    pub(crate) async fn read(&self, tip: Tip) -> Result<View, LookError> {
        let (mirror, discover) = (self.mirror.clone(), self.discover.clone());
        let read = spawn_blocking(move || mirror.inventory(&tip, &discover))
            .await
            .map_err(LookError::Panicked)?;
        Ok(View { tip, inventory: Arc::new(read.map_err(LookError::Read)?) })
    }

    /// What of ours nobody wants in the branch as seen.
    pub(crate) async fn survey(&self, view: &View) -> Result<Survey, LookError> {
        let (mirror, view) = (self.mirror.clone(), view.clone());
        let survey = move || Survey::of(&view.inventory, |path| mirror.text(&view.tip, path));
        let surveyed = spawn_blocking(survey).await.map_err(LookError::Panicked)?;
        surveyed.map_err(LookError::Read)
    }

    /// What has to be written for these steps, and to keep what is wanted again.
    pub(crate) async fn removals(
        &self,
        view: &View,
        survey: Survey,
        due: Vec<(WantKey, RemovalStep)>,
    ) -> Result<RemovalPlan, LookError> {
        let (mirror, tip) = (self.mirror.clone(), view.tip);
        let plan = move || removals(&survey, &due, |path| mirror.text(&tip, path));
        spawn_blocking(plan).await.map_err(LookError::Panicked)?.map_err(LookError::Read)
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
