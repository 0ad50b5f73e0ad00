//! From what is to go, or to stay after all, to file edits.

use std::collections::{BTreeMap, BTreeSet};

use zeroize::Zeroizing;

use super::written::{self, Bundle};
use super::{Folder, Survey};
use crate::{Content, Edit, RepoPath, WantKey};

/// One step of a Secret on its way out of the branch, or back.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum RemovalStep {
    /// The file goes, and with it the live object.
    Remove,
    /// The live object is to go when the file does.
    LetGo,
    /// It is wanted again: the live object is to stay whatever becomes of the file.
    Keep,
    /// The file goes, and the live object is that of another by now.
    Move,
}

impl RemovalStep {
    pub(crate) const ALL: [Self; 4] = [Self::Remove, Self::LetGo, Self::Keep, Self::Move];

    /// As machines read it: `remove`, `let-go`, `keep` or `move`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Remove => "remove",
            Self::LetGo => "let-go",
            Self::Keep => "keep",
            Self::Move => "move",
        }
    }

    pub(crate) fn verb(self) -> &'static str {
        match self {
            Self::Remove => "remove",
            Self::LetGo => "let go of",
            Self::Keep => "keep",
            Self::Move => "move",
        }
    }
}

/// A step that edits take.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Removal {
    /// Of which Secret.
    pub key: WantKey,
    /// Its file.
    pub path: RepoPath,
    /// Which step.
    pub step: RemovalStep,
}

/// What is to be done now.
#[derive(Clone, Debug, Default)]
pub struct Due {
    /// The steps of Secrets that nobody wants.
    pub steps: Vec<(WantKey, RemovalStep)>,
    /// The directories of [`Survey::superseded`] that go.
    pub superseded: Vec<RepoPath>,
}

/// What has to be written so that the steps are taken. Applied and planned again, it is empty.
#[derive(Clone, Debug, Default)]
pub struct RemovalPlan {
    /// The files to write or remove, by path.
    pub edits: Vec<Edit>,
    /// The steps these edits take, by key.
    pub removals: Vec<Removal>,
}

/// Plans what is `due`, and that everything stays which is wanted again, into the commit that was surveyed. `read` gives the text
/// of a file of it.
///
/// With the last Secret of a bundle goes the `fleet.yaml` that we wrote, and before that what it says of keeping the live objects.
///
/// # Errors
///
/// What `read` fails with.
pub fn removals<E>(
    survey: &Survey,
    due: &Due,
    mut read: impl FnMut(&RepoPath) -> Result<Option<Zeroizing<Vec<u8>>>, E>,
) -> Result<RemovalPlan, E> {
    let steps: BTreeMap<_, _> = due.steps.iter().cloned().collect();
    let step = |key: &WantKey, path: &RepoPath, step| Removal {
        key: key.clone(),
        path: path.clone(),
        step,
    };
    let going = survey.unwanted.iter().filter_map(|one| {
        let asked = *steps.get(&one.key)?;
        (one.state.next() == Some(asked)).then(|| step(&one.key, &one.path, asked))
    });
    let back = survey.returned.iter().map(|(key, path)| step(key, path, RemovalStep::Keep));
    let moved = || survey.superseded.iter().filter(|one| due.superseded.contains(&one.dir));
    let secrets = moved().flat_map(|one| &one.secrets);
    let moving = secrets.map(|(key, path)| step(key, path, RemovalStep::Move));
    let mut removals: Vec<_> = going.chain(back).chain(moving).collect();
    removals.sort_by(|one, other| one.key.cmp(&other.key));
    let mut files = BTreeMap::new();
    for removal in &removals {
        let content = match (removal.step, read(&removal.path)?) {
            (RemovalStep::Remove | RemovalStep::Move, _) => Content::Remove,
            (_, None) => continue,
            (RemovalStep::LetGo, Some(text)) => Content::Write(written::let_go(&text)),
            (RemovalStep::Keep, Some(text)) => Content::Write(written::kept(&text)),
        };
        files.insert(removal.path.clone(), content);
    }
    files.extend(survey.bundle_edits(&removals));
    files.extend(moved().filter_map(|one| Some((one.bundle.clone()?, Content::Remove))));
    let edits = files.into_iter().map(|(path, content)| Edit { path, content }).collect();
    Ok(RemovalPlan { edits, removals })
}

impl Survey {
    fn bundle_edits(&self, removals: &[Removal]) -> Vec<(RepoPath, Content)> {
        let of = |step| {
            let taken = removals.iter().filter(move |removal| removal.step == step);
            taken.map(|removal| &removal.path).collect::<BTreeSet<_>>()
        };
        let (gone, mut let_go) = (of(RemovalStep::Remove), of(RemovalStep::LetGo));
        let is_let_go = |one: &&super::Unwanted| one.state == super::State::LetGo;
        let_go.extend(self.unwanted.iter().filter(is_let_go).map(|one| &one.path));
        let edit = |(dir, folder): (&RepoPath, &Folder)| {
            let content = folder.content_after(&gone, &let_go)?;
            Some((RepoPath::within(Some(dir), "fleet.yaml"), content))
        };
        self.bundles.iter().filter_map(edit).collect()
    }
}

impl Folder {
    /// What becomes of the bundle's own file, if anything does.
    fn content_after(
        &self,
        gone: &BTreeSet<&RepoPath>,
        let_go: &BTreeSet<&RepoPath>,
    ) -> Option<Content> {
        let mut rest = self.members.iter().filter(|member| !gone.contains(member)).peekable();
        let is_empty = rest.peek().is_none();
        let goes = rest.all(|member| let_go.contains(member));
        let write = |text: String| Some(Content::Write(Zeroizing::new(text.into_bytes())));
        match self.bundle {
            Bundle::Theirs => None,
            Bundle::Keeps | Bundle::LetsGo if is_empty => Some(Content::Remove),
            Bundle::Keeps if goes => write(written::letting_go(&self.ours)),
            Bundle::LetsGo if !goes => write(self.ours.clone()),
            Bundle::Keeps | Bundle::LetsGo => None,
        }
    }
}
