//! The mirror, off the runtime's threads.

use std::sync::Arc;

use nws_gitops::{
    Adoptable, Author, CommitError, Delivered, Discover, Edit, FetchError, GitError, Inventory,
    Maintenance, Message, Mirror, NotAdoptable, PushError, ReadError, RemovalPlan, RemovalStep,
    RepositoryName, Survey, Tip, WantKey, adoptable, removals,
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
    /// What it wants and holds.
    pub(crate) inventory: Arc<Inventory>,
}

impl View {
    /// The commit.
    pub(crate) fn tip(&self) -> Tip {
        self.inventory.tip(&RepositoryName::default())
    }
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
        let (mirror, discover) = (self.mirror.clone(), self.discover.clone());
        let read = move || {
            let tip = mirror.tip().unwrap_or(Tip { commit: None });
            let inventory = mirror.inventory(&tip, &discover).map_err(LookError::Read)?;
            Ok(View { inventory: Arc::new(inventory) })
        };
        spawn_blocking(read).await.map_err(LookError::Panicked)?
    }

    /// Fetches the branch, and says where it is now.
    pub(crate) async fn fetch(&self) -> Result<Tip, LookError> {
        let mirror = self.mirror.clone();
        let fetched = spawn_blocking(move || mirror.fetch()).await.map_err(LookError::Panicked)?;
        fetched.map_err(LookError::Fetch)
    }

    /// The view of another commit, which replaces the one that is seen; what they have in common is not read again. If it cannot be
    /// read, the view stays as it is.
    ///
    /// It costs a copy if somebody else holds on to what is seen.
    pub(crate) async fn see(&self, seen: &mut Option<View>, tip: Tip) -> Result<(), LookError> {
        match self.read(seen.take(), tip).await {
            Ok(view) => {
                *seen = Some(view);
                Ok(())
            }
            Err((view, error)) => {
                *seen = view;
                Err(error)
            }
        }
    }

    /// The view of another commit, beside the one that is seen.
    pub(crate) async fn view(&self, seen: Option<&View>, tip: Tip) -> Result<View, LookError> {
        self.read(seen.cloned(), tip).await.map_err(|(_, error)| error)
    }

    /// With an error, what was seen before comes back.
    async fn read(&self, seen: Option<View>, tip: Tip) -> Result<View, (Option<View>, LookError)> {
        let (mirror, discover) = (self.mirror.clone(), self.discover.clone());
        let read = move || match seen {
            Some(mut view) => match mirror.refresh(Arc::make_mut(&mut view.inventory), &tip) {
                Ok(()) => Ok(view),
                Err(error) => Err((Some(view), LookError::Read(error))),
            },
            None => match mirror.inventory(&tip, &discover) {
                Ok(inventory) => Ok(View { inventory: Arc::new(inventory) }),
                Err(error) => Err((None, LookError::Read(error))),
            },
        };
        spawn_blocking(read).await.map_err(|panic| (None, LookError::Panicked(panic)))?
    }

    /// What of ours nobody wants in the branch as seen.
    pub(crate) async fn survey(&self, view: &View) -> Result<Survey, LookError> {
        let (mirror, view) = (self.mirror.clone(), view.clone());
        let survey = move || Survey::of(&view.inventory, |path| mirror.text(&view.tip(), path));
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
        let (mirror, tip) = (self.mirror.clone(), view.tip());
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

    /// What the branch would want and hold with these edits; nothing is pushed.
    pub(crate) async fn trial(
        &self,
        view: &View,
        edits: Vec<Edit>,
        now: OffsetDateTime,
    ) -> Result<View, TrialError> {
        let (mirror, author, tip) = (self.mirror.clone(), self.author.clone(), view.tip());
        let message = Message::for_adoptions(&[]);
        let commit = move || mirror.commit(&tip, &edits, &message, &author, now);
        let commit = spawn_blocking(commit).await.map_err(TrialError::Panicked)?;
        match commit.map_err(TrialError::Commit)? {
            Some(commit) => {
                let tip = Tip { commit: Some(commit.id) };
                self.view(Some(view), tip).await.map_err(TrialError::Look)
            }
            None => Ok(view.clone()),
        }
    }

    /// What there is to adopt in these Secrets' files.
    pub(crate) async fn adoptable(&self, all: Vec<Delivered>) -> Result<Vec<Read>, LookError> {
        let mirror = self.mirror.clone();
        let read = move || {
            let each = all.into_iter().map(|held| {
                let file = mirror.file_of(&held)?;
                let read = adoptable(&held, &file);
                Ok((held, read))
            });
            each.collect::<Result<Vec<_>, _>>()
        };
        let read = spawn_blocking(read).await.map_err(LookError::Panicked)?;
        read.map_err(LookError::Read)
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

/// A Secret of somebody else, and what there is to adopt in it.
pub(crate) type Read = (Delivered, Result<Adoptable, NotAdoptable>);

/// Why it is not known what the branch would be.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TrialError {
    #[error("cannot commit")]
    Commit(#[source] CommitError),
    #[error(transparent)]
    Look(LookError),
    #[error("trying a commit was broken off by a bug")]
    Panicked(#[source] JoinError),
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
