//! The files of a commit.

use std::borrow::Borrow as _;
use std::collections::BTreeMap;
use std::ops::Bound;

use crate::reader::Parsed;
use crate::{ObjectId, RepoPath};

/// A file that was read.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) path: RepoPath,
    pub(crate) blob: ObjectId,
    pub(crate) parsed: Parsed,
}

/// What stands at a path.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Entry {
    /// A manifest, or what else is read.
    Read(ObjectId),
    /// A file that is not read, a link, a submodule.
    Other,
    /// Nothing any more.
    Gone,
}

/// All files, whatever they hold.
#[derive(Clone, Debug, Default)]
pub(crate) struct Files(BTreeMap<RepoPath, Option<ObjectId>>);

impl Files {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Sets what stands at a path.
    pub(super) fn set(&mut self, path: &RepoPath, entry: Entry) {
        match entry {
            Entry::Read(blob) => self.0.insert(path.clone(), Some(blob)),
            Entry::Other => self.0.insert(path.clone(), None),
            Entry::Gone => self.0.remove(path),
        };
    }

    pub(crate) fn contains(&self, path: &RepoPath) -> bool {
        self.0.contains_key(path)
    }

    /// Whether it is one of those that are read.
    pub(super) fn is_read(&self, path: &RepoPath) -> bool {
        self.0.get(path).is_some_and(Option::is_some)
    }

    /// The blob of a file that is read.
    pub(super) fn blob(&self, path: &RepoPath) -> Option<ObjectId> {
        self.0.get(path).copied().flatten()
    }

    /// Everything below a directory, in the order of paths; none stands for the top.
    pub(crate) fn below(&self, dir: Option<&RepoPath>) -> impl Iterator<Item = &RepoPath> {
        let prefix = RepoPath::prefix(dir);
        let files = self.0.range::<str, _>((Bound::Included(&*prefix), Bound::Unbounded));
        let is_below = move |path: &&RepoPath| -> bool {
            let text: &str = (*path).borrow();
            text.starts_with(&prefix)
        };
        files.map(|(path, _)| path).take_while(is_below)
    }
}
