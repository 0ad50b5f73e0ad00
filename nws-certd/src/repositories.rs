//! All repositories, and what is seen in them together.

use std::sync::Arc;

use nws_gitops::{
    Adoptable, CommitError, Delivered, Discover, Due, Edit, Inventory, Message, Mirrors,
    NotAdoptable, RemovalPlan, RepoPath, RepositoryName, Survey, Tip, Tips, adoptable, removals,
};
use time::OffsetDateTime;
use tokio::task::{JoinError, JoinSet, spawn_blocking};
use zeroize::Zeroizing;

use crate::repository::{Base, LookError, Repository};

/// The repositories as the daemon uses them; each call runs to its end on a thread that may block.
#[derive(Clone, Debug)]
pub(crate) struct Repositories {
    each: Arc<[Repository]>,
    mirrors: Mirrors,
    discover: Arc<Discover>,
}

/// The inventory of one commit of each.
#[derive(Clone, Debug)]
pub(crate) struct View {
    /// What they want and hold.
    pub(crate) inventory: Arc<Inventory>,
}

impl View {
    /// The commits.
    pub(crate) fn tips(&self) -> &Tips {
        &self.inventory.tips
    }

    /// What a commit to a repository is made on.
    pub(crate) fn base(&self, of: &Repository) -> Base {
        let holds_sealed = self.inventory.holds_sealed(of.name());
        Base { tip: self.inventory.tip(of.name()), holds_sealed }
    }
}

impl Repositories {
    /// At least one; of several each has a name of its own.
    pub(crate) fn new(each: Vec<Repository>, discover: Discover) -> Self {
        let mirrors = Mirrors::of(each.iter().map(|one| one.mirror.clone()));
        Self { each: each.into(), mirrors, discover: Arc::new(discover) }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Repository> {
        self.each.iter()
    }

    pub(crate) fn get(&self, at: usize) -> Option<&Repository> {
        self.each.get(at)
    }

    /// Where the one of a name stands among them.
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        self.each.iter().position(|one| one.name().as_str() == name)
    }

    /// Whether there is more than one, or one that has a name all the same.
    pub(crate) fn are_named(&self) -> bool {
        self.each.iter().any(|one| !one.name().is_only())
    }

    /// Fetches these at once, so that one that is slow to answer holds up no other.
    pub(crate) async fn fetch(&self, which: &[usize]) -> Vec<(usize, Result<Tip, LookError>)> {
        let mut fetching = JoinSet::new();
        for (at, one) in which.iter().filter_map(|&at| Some((at, self.get(at)?.clone()))) {
            fetching.spawn(async move { (at, one.fetch().await) });
        }
        let mut fetched = fetching.join_all().await;
        fetched.sort_by_key(|(at, _)| *at);
        fetched
    }

    /// The branches as last seen, without asking anyone.
    pub(crate) async fn last_seen(&self) -> Result<View, LookError> {
        let left_at =
            |one: &Repository| (one.name().clone(), one.left_at.unwrap_or(Tip { commit: None }));
        self.view(None, self.each.iter().map(left_at).collect()).await
    }

    /// The view of other commits, which replaces the one that is seen; what they have in common is not read again. What cannot be
    /// read stays as it is.
    ///
    /// It costs a copy if somebody else holds on to what is seen.
    pub(crate) async fn see(&self, seen: &mut Option<View>, tips: Tips) -> Result<(), LookError> {
        match self.read(seen.take(), tips).await {
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

    /// The view of other commits, beside the one that is seen.
    pub(crate) async fn view(&self, seen: Option<&View>, tips: Tips) -> Result<View, LookError> {
        self.read(seen.cloned(), tips).await.map_err(|(_, error)| error)
    }

    /// With an error, what was seen before comes back.
    async fn read(
        &self,
        seen: Option<View>,
        tips: Tips,
    ) -> Result<View, (Option<View>, LookError)> {
        let (mirrors, discover) = (self.mirrors.clone(), self.discover.clone());
        let read = move || match seen {
            Some(mut view) => match mirrors.refresh(Arc::make_mut(&mut view.inventory), &tips) {
                Ok(()) => Ok(view),
                Err(error) => Err((Some(view), LookError::Read(error))),
            },
            None => match mirrors.inventory(&tips, &discover) {
                Ok(inventory) => Ok(View { inventory: Arc::new(inventory) }),
                Err(error) => Err((None, LookError::Read(error))),
            },
        };
        spawn_blocking(read).await.map_err(|panic| (None, LookError::Panicked(panic)))?
    }

    /// The text of a file in the branches as seen; none if it is not there.
    pub(crate) async fn text(
        &self,
        view: &View,
        path: RepoPath,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, LookError> {
        let (mirrors, view) = (self.mirrors.clone(), view.clone());
        let read = move || mirrors.text(&view.inventory, &path);
        spawn_blocking(read).await.map_err(LookError::Panicked)?.map_err(LookError::Read)
    }

    /// What of ours nobody wants in the branches as seen.
    pub(crate) async fn survey(&self, view: &View) -> Result<Survey, LookError> {
        let (mirrors, view) = (self.mirrors.clone(), view.clone());
        let survey =
            move || Survey::of(&view.inventory, |path| mirrors.text(&view.inventory, path));
        let surveyed = spawn_blocking(survey).await.map_err(LookError::Panicked)?;
        surveyed.map_err(LookError::Read)
    }

    /// What has to be written for what is due, and to keep what is wanted again.
    pub(crate) async fn removals(
        &self,
        view: &View,
        survey: Survey,
        due: Due,
    ) -> Result<RemovalPlan, LookError> {
        let (mirrors, view) = (self.mirrors.clone(), view.clone());
        let plan = move || removals(&survey, &due, |path| mirrors.text(&view.inventory, path));
        spawn_blocking(plan).await.map_err(LookError::Panicked)?.map_err(LookError::Read)
    }

    /// What would be wanted and held with these edits in their repositories; nothing is pushed.
    pub(crate) async fn trial(
        &self,
        view: &View,
        edits: Vec<Edit>,
        now: OffsetDateTime,
    ) -> Result<View, TrialError> {
        let mut tips = Tips::new();
        for one in self.iter() {
            let of_one = edits.iter().filter(|edit| is_in(edit, one.name())).cloned().collect();
            let tip = view.inventory.tip(one.name());
            if let Some(commit) = try_one(one, tip, of_one, now).await? {
                tips.insert(one.name().clone(), commit);
            }
        }
        self.view(Some(view), tips).await.map_err(TrialError::Look)
    }

    /// What there is to adopt in these Secrets' files.
    pub(crate) async fn adoptable(&self, all: Vec<Delivered>) -> Result<Vec<Read>, LookError> {
        let mirrors = self.mirrors.clone();
        let read = move || {
            let each = all.into_iter().map(|held| {
                let file = mirrors.file_of(&held)?.unwrap_or_default();
                let read = adoptable(&held, &file);
                Ok((held, read))
            });
            each.collect::<Result<Vec<_>, _>>()
        };
        let read = spawn_blocking(read).await.map_err(LookError::Panicked)?;
        read.map_err(LookError::Read)
    }
}

/// Whether an edit is one to this repository.
pub(crate) fn is_in(edit: &Edit, name: &RepositoryName) -> bool {
    edit.path.repository() == name.as_str()
}

/// A commit that nobody will ever see; `None` if it would change nothing.
async fn try_one(
    one: &Repository,
    tip: Tip,
    edits: Vec<Edit>,
    now: OffsetDateTime,
) -> Result<Option<Tip>, TrialError> {
    let (mirror, author) = (one.mirror.clone(), one.author.clone());
    let message = Message::for_adoptions(&[]);
    let commit = move || mirror.commit(&tip, &edits, &message, &author, now);
    let commit = spawn_blocking(commit).await.map_err(TrialError::Panicked)?;
    let commit = commit.map_err(TrialError::Commit)?;
    Ok(commit.map(|commit| Tip { commit: Some(commit.id) }))
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
