//! Files for other groups of clusters than there are now, once every group has one of its own.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::written::{self, Written};
use crate::layout::keeps_resources;
use crate::{Delivered, Inventory, RepoPath, WantKey};

/// Secrets in one directory that every group of clusters has in a file of its own by now.
///
/// Their live objects belong to the bundles of those files, so unlike what nobody wants they are never let go: the files go as they
/// are, which leaves the objects alone. All at once, since what stayed behind would be applied once more, over what the groups have.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Superseded {
    /// The directory.
    pub dir: RepoPath,
    /// What is in it, by path.
    pub secrets: Vec<(WantKey, RepoPath)>,
    /// The bundle's own file, if it goes with them.
    pub(super) bundle: Option<RepoPath>,
}

/// All there are, by directory; `read` is asked for each of their files.
pub(super) fn superseded<E>(
    inventory: &Inventory,
    mut read: impl FnMut(&RepoPath) -> Result<Option<Zeroizing<Vec<u8>>>, E>,
) -> Result<Vec<Superseded>, E> {
    let mut all = Vec::new();
    for (dir, held) in candidates(inventory) {
        if are_as_written(&held, &mut read)? {
            all.extend(whole(inventory, dir, &held, &mut read)?);
        }
    }
    Ok(all)
}

/// By directory, those that groups there are now have by now, where every group has each of them.
fn candidates(inventory: &Inventory) -> BTreeMap<RepoPath, Vec<&Delivered>> {
    let mut by_dir = BTreeMap::<_, Vec<_>>::new();
    let ours = inventory.delivered.iter().filter(|held| held.ours);
    for held in ours.filter(|held| inventory.is_left_behind(held)) {
        let counting = inventory.held(&held.key());
        let has_moved = counting.is_some_and(|counting| !inventory.is_left_behind(counting));
        if let Some(dir) = held.path.parent().filter(|_| has_moved) {
            by_dir.entry(dir).or_default().push(held);
        }
    }
    let is_everywhere = |held: &&Delivered| {
        let all = inventory.held_everywhere(&held.key());
        all.is_some_and(|all| all.iter().all(|held| held.chain.is_some()))
    };
    by_dir.retain(|dir, held| held.iter().all(is_everywhere) && is_named_by_none(inventory, dir));
    by_dir
}

fn is_named_by_none(inventory: &Inventory, dir: &RepoPath) -> bool {
    and_above(dir).all(|dir| inventory.ground().kustomization_in(dir.as_ref()).is_none())
}

/// A directory and those it lies in, up to the top.
fn and_above(dir: &RepoPath) -> impl Iterator<Item = Option<RepoPath>> {
    [Some(dir.clone())].into_iter().chain(dir.ancestors().map(Some)).chain([None])
}

fn are_as_written<E>(
    held: &[&Delivered],
    read: &mut impl FnMut(&RepoPath) -> Result<Option<Zeroizing<Vec<u8>>>, E>,
) -> Result<bool, E> {
    for one in held {
        let written = read(&one.path)?.map(|text| written::of(&text, one));
        let is_as_written = matches!(written, Some(Written::Keeps | Written::Sealed));
        if !one.alone || !is_as_written {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What goes of a directory; nothing where clusters might take that for leave to delete the objects. They keep what says so itself,
/// and what is in a bundle that goes as a whole and says it.
fn whole<E>(
    inventory: &Inventory,
    dir: RepoPath,
    held: &[&Delivered],
    read: &mut impl FnMut(&RepoPath) -> Result<Option<Zeroizing<Vec<u8>>>, E>,
) -> Result<Option<Superseded>, E> {
    let (file, ground) = (RepoPath::within(Some(&dir), "fleet.yaml"), inventory.ground());
    let text = read(&file)?;
    let namespace = held.first().map_or("", |held| held.secret.namespace());
    let text = text.as_ref().and_then(|text| str::from_utf8(text).ok());
    let is_all = written::members(ground, &dir).len() == held.len();
    let goes = is_all && text.is_some_and(|text| keeps_resources(text, namespace));
    let is_of_no_bundle = and_above(&dir).all(|dir| ground.fleet_yaml_in(dir.as_ref()).is_none());
    if !goes && !is_of_no_bundle && !held.iter().all(|held| held.stays) {
        return Ok(None);
    }
    let secrets = held.iter().map(|held| (held.key(), held.path.clone())).collect();
    Ok(Some(Superseded { dir, secrets, bundle: goes.then_some(file) }))
}
