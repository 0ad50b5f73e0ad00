//! Several repositories with one inventory.

use std::collections::HashMap;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::commit::tree_of;
use super::listing::{ROOM, changes};
use super::read::read;
use super::{Mirror, ReadError, Tip};
use crate::discover::Discover;
use crate::inventory::{Delivered, File, Inventory, Tips};
use crate::{ObjectId, RepoPath, parallel};

/// The mirrors of all repositories, whose files make one inventory.
///
/// ```no_run
/// use nws_gitops::{Discover, Mirror, Mirrors, Tips};
/// # fn pass(apps: Mirror, certs: Mirror) -> Result<(), Box<dyn std::error::Error>> {
/// let all = [apps.named("apps".parse()?), certs.named("certs".parse()?)];
/// let mirrors = Mirrors::of(all.map(std::sync::Arc::new));
/// let mut tips = Tips::new();
/// for mirror in mirrors.iter() {
///     tips.insert(mirror.name().clone(), mirror.fetch()?);
/// }
/// let inventory = mirrors.inventory(&tips, &Discover::default())?;
/// inventory.wanted.iter().for_each(|wanted| println!("{}: {}", wanted.key, wanted.names));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Mirrors(Arc<[Arc<Mirror>]>);

impl Mirrors {
    /// All mirrors, each with a name of its own.
    pub fn of(mirrors: impl IntoIterator<Item = Arc<Mirror>>) -> Self {
        Self(mirrors.into_iter().collect())
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Mirror> {
        self.0.iter().map(Arc::as_ref)
    }

    /// What the repositories want and hold at these tips.
    ///
    /// # Errors
    ///
    /// As [`Mirror::inventory`].
    pub fn inventory(&self, tips: &Tips, discover: &Discover) -> Result<Inventory, ReadError> {
        let mut inventory = Inventory::empty(discover);
        self.refresh(&mut inventory, tips)?;
        Ok(inventory)
    }

    /// Makes an inventory that of other commits, for the price of what differs; a repository that `tips` does not name stays where it
    /// was.
    ///
    /// # Errors
    ///
    /// As [`Mirror::inventory`]; then what could not be read stays that of the commits it was.
    pub fn refresh(&self, inventory: &mut Inventory, tips: &Tips) -> Result<(), ReadError> {
        refresh(&self.iter().collect::<Vec<_>>(), inventory, tips)
    }

    /// The text of a file; none if it is not there. It may hold a key, so it is wiped on drop.
    ///
    /// # Errors
    ///
    /// As [`Mirror::text`].
    pub fn text(
        &self,
        inventory: &Inventory,
        path: &RepoPath,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, ReadError> {
        self.with(path).map_or(Ok(None), |mirror| mirror.text(&inventory.tip(mirror.name()), path))
    }

    /// The file of a Secret, which may hold a key, so it is wiped on drop; none if its repository is none of these.
    ///
    /// # Errors
    ///
    /// As [`Mirror::inventory`].
    pub fn file_of(&self, held: &Delivered) -> Result<Option<Zeroizing<Vec<u8>>>, ReadError> {
        self.with(&held.path).map(|mirror| mirror.file_of(held)).transpose()
    }

    fn with(&self, path: &RepoPath) -> Option<&Mirror> {
        self.iter().find(|mirror| mirror.name().as_str() == path.repository())
    }
}

/// Brings an inventory to these tips, one repository after the other.
pub(super) fn refresh(
    mirrors: &[&Mirror],
    inventory: &mut Inventory,
    tips: &Tips,
) -> Result<(), ReadError> {
    for mirror in mirrors {
        if let Some(tip) = tips.get(mirror.name()) {
            advance(mirrors, mirror, inventory, tip)?;
        }
    }
    Ok(())
}

/// What changes in one repository may bear on files of another, as a route on a Gateway does, so all are at hand.
fn advance(
    mirrors: &[&Mirror],
    mirror: &Mirror,
    inventory: &mut Inventory,
    tip: &Tip,
) -> Result<(), ReadError> {
    let repository = mirror.repository().map_err(|error| mirror.unreadable(error))?;
    let base = inventory.tip(mirror.name());
    // Of a branch that was rewritten the commit before may be gone.
    let before = tree_of(&repository, &base).ok().filter(|_| inventory.is_whole());
    let Some(before) = before else {
        return begin_anew(mirrors, mirror, inventory, tip);
    };
    let after = tree_of(&repository, tip).map_err(|error| mirror.unreadable(error))?;
    let changes = changes(mirror.name(), &before, &after, ROOM);
    let changes = changes.map_err(|error| mirror.unreadable(error))?;
    inventory.change(mirror.name(), *tip, &changes, |files| read_all(mirrors, files))
}

/// Reads everything again, and the one repository at this tip.
fn begin_anew(
    mirrors: &[&Mirror],
    mirror: &Mirror,
    inventory: &mut Inventory,
    tip: &Tip,
) -> Result<(), ReadError> {
    let (mut anew, mut tips) = (inventory.begin_anew(), inventory.tips.clone());
    tips.insert(mirror.name().clone(), *tip);
    refresh(mirrors, &mut anew, &tips)?;
    *inventory = anew;
    Ok(())
}

/// Files of whatever repositories; those that say nothing are left out.
fn read_all(mirrors: &[&Mirror], files: &[(RepoPath, ObjectId)]) -> Result<Vec<File>, ReadError> {
    let mut opened = HashMap::new();
    for mirror in mirrors {
        let is_asked = |(path, _): &(RepoPath, _)| path.repository() == mirror.name().as_str();
        if files.iter().any(is_asked) {
            let repository = mirror.repository().map_err(|error| mirror.unreadable(error))?;
            opened.insert(mirror.name().as_str(), (*mirror, repository.into_sync()));
        }
    }
    let read = parallel::try_map(files, || {
        let opened = opened.iter();
        let opened = opened.map(|(name, (mirror, at))| (*name, (*mirror, at.to_thread_local())));
        let opened: HashMap<_, _> = opened.collect();
        move |(path, blob): &(RepoPath, ObjectId)| match opened.get(path.repository()) {
            Some((mirror, at)) => read(at, path, *blob).map_err(|error| mirror.unreadable(error)),
            None => Ok(None),
        }
    })?;
    Ok(read.into_iter().flatten().collect())
}
