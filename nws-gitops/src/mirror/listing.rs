//! What differs in the files of two commits, as far as there is room for it.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use gix::bstr::{BStr, ByteSlice};
use gix::diff::tree::{Error, Recorder, State, Visit, recorder, visit};
use gix::objs::TreeRefIter;
use gix::objs::tree::EntryMode;

use super::ObjectError;
use super::read::Unreadable;
use crate::inventory::{Change, Entry};
use crate::reader::Format;
use crate::{ObjectId, RepoPath, RepositoryName};

/// Room for some seven million paths of fifty bytes. A few trees that name each other again and again stand for more files than
/// any memory holds, and are a kilobyte to push.
pub(super) const ROOM: usize = 1 << 30;

/// What an entry takes beside its path.
const ENTRY: usize = 100;

/// What differs; subtrees that are the same are passed over.
pub(super) fn changes(
    name: &RepositoryName,
    before: &gix::Tree<'_>,
    after: &gix::Tree<'_>,
    room: usize,
) -> Result<Vec<Change>, Unreadable> {
    let (mut listing, hash) =
        (Listing { found: Recorder::default(), room }, after.repo.object_hash());
    let (old, new) = (&before.data, &after.data);
    let (old, new) = (TreeRefIter::from_bytes(old, hash), TreeRefIter::from_bytes(new, hash));
    match gix::diff::tree(old, new, State::default(), &after.repo.objects, &mut listing) {
        Ok(()) => {}
        Err(Error::Cancelled) => return Err(Unreadable::TooManyFiles),
        Err(error) => return Err(ObjectError::from(error).into()),
    }
    // A path is named twice where a file takes another's place.
    let (gone, there): (Vec<_>, Vec<_>) = listing
        .found
        .records
        .iter()
        .filter_map(|found| change(name, found))
        .partition(|(_, entry)| *entry == Entry::Gone);
    let all: BTreeMap<_, _> = gone.into_iter().chain(there).collect();
    Ok(all.into_iter().collect())
}

struct Listing {
    found: Recorder,
    /// What is left of it, in bytes.
    room: usize,
}

impl Visit for Listing {
    fn pop_front_tracked_path_and_set_current(&mut self) {
        self.found.pop_front_tracked_path_and_set_current();
    }

    fn push_back_tracked_path_component(&mut self, component: &BStr) {
        self.found.push_back_tracked_path_component(component);
    }

    fn push_path_component(&mut self, component: &BStr) {
        self.found.push_path_component(component);
    }

    fn pop_path_component(&mut self) {
        self.found.pop_path_component();
    }

    fn visit(&mut self, change: visit::Change) -> visit::Action {
        let action = self.found.visit(change);
        let path = self.found.records.last().map_or(0, |record| path(record).len());
        match self.room.checked_sub(path + ENTRY) {
            Some(left) => {
                self.room = left;
                action
            }
            None => ControlFlow::Break(()),
        }
    }
}

fn path(found: &recorder::Change) -> &BStr {
    use recorder::Change::{Addition, Deletion, Modification};
    match found {
        Addition { path, .. } | Modification { path, .. } | Deletion { path, .. } => path.as_ref(),
    }
}

fn change(name: &RepositoryName, found: &recorder::Change) -> Option<Change> {
    use recorder::Change::{Addition, Deletion, Modification};
    match found {
        Addition { entry_mode, oid, path, .. } | Modification { entry_mode, oid, path, .. } => {
            let path = repo_path(name, path.as_ref(), *entry_mode)?;
            let entry = entry(&path, *entry_mode, oid);
            Some((path, entry))
        }
        Deletion { entry_mode, path, .. } => {
            Some((repo_path(name, path.as_ref(), *entry_mode)?, Entry::Gone))
        }
    }
}

/// No RepoPath, no place for us: a path that is not UTF-8 or could not be checked out either.
fn repo_path(name: &RepositoryName, path: &BStr, mode: EntryMode) -> Option<RepoPath> {
    let path = path.to_str().ok().filter(|_| !mode.is_tree())?;
    RepoPath::in_repository(name, path).ok()
}

fn entry(path: &RepoPath, mode: EntryMode, blob: &gix::oid) -> Entry {
    match Format::of(path).filter(|_| mode.is_blob()) {
        Some(_) => Entry::Read(ObjectId::from_gix(blob.to_owned())),
        None => Entry::Other,
    }
}

#[cfg(test)]
mod tests {
    use gix::objs::Tree;
    use gix::objs::tree::{self, EntryKind};

    use super::*;

    fn tree(
        repository: &gix::Repository,
        kind: EntryKind,
        entries: &[(&str, gix::ObjectId)],
    ) -> gix::ObjectId {
        let entry = |(name, oid): &(&str, gix::ObjectId)| tree::Entry {
            mode: kind.into(),
            filename: (*name).into(),
            oid: *oid,
        };
        let entries = entries.iter().map(entry).collect();
        repository.write_object(&Tree { entries }).unwrap().detach()
    }

    fn listed(
        repository: &gix::Repository,
        tree: gix::ObjectId,
        room: usize,
    ) -> Result<usize, Unreadable> {
        let after = repository.find_tree(tree).unwrap();
        changes(&RepositoryName::default(), &repository.empty_tree(), &after, room)
            .map(|changes| changes.len())
    }

    /// Ten trees that stand for ten thousand million files, and a path that is longer than any disk.
    #[test]
    fn a_few_trees_that_stand_for_more_files_than_there_is_room_for() {
        let dir = tempfile::tempdir().unwrap();
        let repository = gix::init_bare(dir.path()).unwrap();
        let blob = repository.write_blob("kind: Ingress\n").unwrap().detach();
        let flat = tree(&repository, EntryKind::Blob, &[("a.yaml", blob), ("b.yaml", blob)]);
        assert_eq!(listed(&repository, flat, 1000).unwrap(), 2);
        assert!(matches!(listed(&repository, flat, 200), Err(Unreadable::TooManyFiles)));
        let names = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
        let wide = (0..10).fold(flat, |below, _| {
            tree(&repository, EntryKind::Tree, &names.map(|name| (name, below)))
        });
        assert!(matches!(listed(&repository, wide, 1_000_000), Err(Unreadable::TooManyFiles)));
        let deep = (0..1_000)
            .fold(flat, |below, _| tree(&repository, EntryKind::Tree, &[("deeper", below)]));
        assert!(matches!(listed(&repository, deep, 1_000_000), Err(Unreadable::TooManyFiles)));
    }
}
