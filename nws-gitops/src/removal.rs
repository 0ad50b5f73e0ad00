//! Secrets of ours that nobody wants any more: which they are, when they go, and how.
//!
//! A Secret is unwanted if no manifest wants it. It goes in two commits: the first takes `helm.sh/resource-policy: keep` from its
//! file, as else the clusters keep the live object for ever; the second removes the file. Whatever is wanted again at any moment
//! in between is kept as before. Here is only what a commit says and what follows from it; since when a Secret is unwanted, and
//! where its names lead, is for the caller to know.

mod decision;
mod edits;
mod hiding;
mod superseded;
mod written;

use std::collections::{BTreeMap, BTreeSet};

use nws_expiry::DnsNames;
use time::OffsetDateTime;
use zeroize::Zeroizing;

pub use decision::{Deletion, Fate, Fates, Known, TooMany, fates};
pub use edits::{Due, Removal, RemovalPlan, RemovalStep, removals};
pub use superseded::Superseded;

use self::written::{Bundle, Written};
use crate::layout::FleetYaml;
use crate::{Delivered, Inventory, RepoPath, WantKey};

/// What one commit says of Secrets of ours that are unwanted, or were.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// Those that nobody wants, by key.
    pub unwanted: Vec<Unwanted>,
    /// Those that somebody wants again, and whose file says that the live object goes with it.
    pub returned: Vec<(WantKey, RepoPath)>,
    /// Those that are for other groups of clusters than there are now, by directory.
    pub superseded: Vec<Superseded>,
    /// How many Secrets are ours.
    pub ours: usize,
    /// How many are wanted, ours or to be.
    pub wanted: usize,
    bundles: BTreeMap<RepoPath, Folder>,
}

/// A Secret of ours that nobody wants.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Unwanted {
    /// Which one.
    pub key: WantKey,
    /// Its file.
    pub path: RepoPath,
    /// The names of its certificate.
    pub names: Option<DnsNames>,
    /// When its certificate ends.
    pub not_after: Option<OffsetDateTime>,
    /// How far it is on its way.
    pub state: State,
}

/// How far a Secret is on its way out of the branch.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum State {
    /// The clusters keep the live object, whatever becomes of the file.
    Kept,
    /// The live object goes when the file does.
    LetGo,
    /// A person has to remove it.
    Left(Left),
}

impl State {
    /// The step after it, if that is ours to take.
    pub(crate) fn next(self) -> Option<RemovalStep> {
        match self {
            Self::Kept => Some(RemovalStep::LetGo),
            Self::LetGo => Some(RemovalStep::Remove),
            Self::Left(_) => None,
        }
    }
}

/// Why a file is not ours to remove; each says what to do.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Left {
    /// Somebody has changed it.
    #[error(
        "its file is not as nws-certd writes it; remove the file by hand, or take the change back"
    )]
    Edited,
    /// It is not alone in its file.
    #[error("its file holds other objects beside it; remove it there by hand")]
    Shared,
    /// Something else may name the file.
    #[error(
        "its file lies outside of the directory of its target's secrets, or beside a kustomization, where something may name it; remove it by hand"
    )]
    Elsewhere,
}

/// A directory that Fleet applies as one.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Folder {
    bundle: Bundle,
    /// The bundle's own file, as we write it.
    ours: String,
    /// The files in it, but for the bundle's own.
    members: Vec<RepoPath>,
}

impl Survey {
    /// Surveys one commit; `read` gives the text of a file of it, and is asked for few.
    ///
    /// # Errors
    ///
    /// What `read` fails with.
    pub fn of<E>(
        inventory: &Inventory,
        mut read: impl FnMut(&RepoPath) -> Result<Option<Zeroizing<Vec<u8>>>, E>,
    ) -> Result<Self, E> {
        let mut survey = Self { wanted: inventory.wanted.len(), ..Self::default() };
        let wanted: BTreeSet<_> = inventory.wanted.iter().map(|wanted| &wanted.key).collect();
        for (key, held) in ours(inventory) {
            survey.ours += 1;
            let is_wanted = wanted.contains(&key);
            if is_wanted && (held.stays || written::is_sops(held)) {
                continue;
            }
            let written = match read(&held.path)? {
                Some(text) => written::of(&text, held),
                None => Written::Otherwise,
            };
            if !is_wanted {
                survey.unwanted.push(unwanted(inventory, key, held, written));
            } else if written == Written::LetsGo && held.alone {
                survey.returned.push((key, held.path.clone()));
            } else {
                continue;
            }
            survey.look_at_bundle(inventory, held, &mut read)?;
        }
        survey.unwanted.sort_by(|one, other| one.key.cmp(&other.key));
        survey.weigh_bundles();
        survey.superseded = superseded::superseded(inventory, read)?;
        Ok(survey)
    }

    fn look_at_bundle<E>(
        &mut self,
        inventory: &Inventory,
        held: &Delivered,
        read: &mut impl FnMut(&RepoPath) -> Result<Option<Zeroizing<Vec<u8>>>, E>,
    ) -> Result<(), E> {
        let targets = inventory.targets();
        let collected = targets.collects(&held.target, &held.path);
        let Some(dir) = held.path.parent().filter(|_| collected) else {
            return Ok(());
        };
        if self.bundles.contains_key(&dir) {
            return Ok(());
        }
        let Some(place) = targets.place_of(&held.target, &held.path) else {
            return Ok(());
        };
        let (namespace, clusters) = (held.secret.namespace(), place.clusters);
        let text = read(&RepoPath::within(Some(&dir), "fleet.yaml"))?;
        let ours = FleetYaml { namespace, clusters, adopts: false };
        let (bundle, ours) = Bundle::of(text.as_ref().map(|text| text.as_slice()), ours);
        let members = written::members(inventory.ground(), &dir);
        self.bundles.insert(dir, Folder { bundle, ours, members });
        Ok(())
    }

    /// Fleet keeps the objects of a bundle that goes as a whole, if the bundle says so: what is its last to go is not let go yet
    /// while it does.
    fn weigh_bundles(&mut self) {
        for (dir, folder) in &self.bundles {
            if folder.bundle == Bundle::Keeps && self.is_all_let_go(folder) {
                let members =
                    self.unwanted.iter_mut().filter(|one| one.path.parent().as_ref() == Some(dir));
                members.for_each(|one| one.state = State::Kept);
            }
        }
    }

    fn is_all_let_go(&self, folder: &Folder) -> bool {
        let let_go = |path: &RepoPath| {
            self.unwanted.iter().any(|one| one.path == *path && one.state == State::LetGo)
        };
        !folder.members.is_empty() && folder.members.iter().all(let_go)
    }
}

/// Our Secrets, one for each key and group: the one that counts.
fn ours(inventory: &Inventory) -> impl Iterator<Item = (WantKey, &Delivered)> {
    let ours = inventory.delivered.iter().filter(|held| held.ours);
    ours.map(|held| (held.key(), held)).filter(|(key, held)| {
        let of_group = inventory.held_in(key, inventory.group_of(held));
        let counts = of_group.or_else(|| inventory.held(key));
        counts.is_some_and(|counts| counts.path == held.path)
    })
}

fn unwanted(inventory: &Inventory, key: WantKey, held: &Delivered, written: Written) -> Unwanted {
    let leaf = held.chain.as_ref().map(nws_expiry::Chain::leaf);
    let state = match written {
        _ if !held.alone => State::Left(Left::Shared),
        _ if !written::is_placed_by_us(inventory, held) => State::Left(Left::Elsewhere),
        Written::Keeps => State::Kept,
        Written::LetsGo | Written::Sealed => State::LetGo,
        Written::Otherwise => State::Left(Left::Edited),
    };
    Unwanted {
        key,
        path: held.path.clone(),
        names: leaf.and_then(|leaf| leaf.names().cloned()),
        not_after: leaf.map(nws_expiry::Leaf::not_after),
        state,
    }
}

#[cfg(test)]
mod tests;
