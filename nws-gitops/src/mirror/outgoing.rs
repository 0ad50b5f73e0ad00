//! The look at what is about to leave.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use gix::bstr::ByteSlice;
use gix::diff::tree::recorder::Change;
use gix::diff::tree::{Recorder, State};
use gix::objs::TreeRefIter;
use zeroize::Zeroizing;

use super::commit::tree_of;
use super::{Commit, CommitError, Mirror, ObjectError, PushError, Tip};
use crate::delivery::{Content, Edit};
use crate::outgoing::{Outgoing, check};
use crate::{OutgoingKey, RepoPath, RepositoryName, parallel};

impl Mirror {
    /// Looks for private keys in clear that these edits would bring into the repository, as [`Mirror::commit`] does where it is
    /// [sealed](Mirror::sealed). What the branch exposes already in the same file is passed over.
    ///
    /// # Errors
    ///
    /// [`CommitError::Outgoing`] names the first; [`CommitError::Objects`] if a file of `tip` cannot be read.
    pub fn check_sealed(&self, tip: &Tip, edits: &[Edit]) -> Result<(), CommitError> {
        let written = edits.iter().filter_map(|edit| match &edit.content {
            Content::Write(bytes) => Some(Outgoing { path: &edit.path, bytes }),
            Content::Remove => None,
        });
        let found = check(&written.collect::<Vec<_>>(), |path| {
            let repository = self.repository()?;
            let entry = tree_of(&repository, tip)?.lookup_entry_by_path(path.as_str())?;
            let entry = entry.filter(|entry| entry.mode().is_blob());
            entry.map(|entry| blob(&repository, entry.object_id())).transpose()
        })?;
        refuse(found).map_err(CommitError::Outgoing)
    }

    /// The same for everything that a commit has and its parent has not, as it is in the mirror. [`Mirror::commit`] has looked already, so
    /// this finds only what came to be otherwise; then the mirror is made anew by the next fetch, and what was found is in it no
    /// more.
    pub(super) fn check_outgoing(&self, commit: &Commit) -> Result<(), PushError> {
        let found = self.find_outgoing(commit).map_err(|source| {
            self.suspect.store(true, Ordering::Relaxed);
            PushError::Unread { branch: self.remote.branch.clone(), source }
        })?;
        refuse(found).map_err(|key| {
            self.suspect.store(true, Ordering::Relaxed);
            PushError::Outgoing(key)
        })
    }

    fn find_outgoing(&self, commit: &Commit) -> Result<Option<OutgoingKey>, ObjectError> {
        let repository = self.repository()?;
        let changed = changed(&self.name, &repository, commit)?;
        let shared = repository.into_sync();
        let new = parallel::try_map(&changed, || {
            let repository = shared.to_thread_local();
            move |one: &Changed| blob(&repository, one.now)
        })?;
        let outgoing = changed.iter().zip(&new);
        let outgoing = outgoing.map(|(one, bytes)| Outgoing { path: &one.path, bytes });
        let before: BTreeMap<_, _> = changed.iter().map(|one| (&one.path, one.before)).collect();
        check(&outgoing.collect::<Vec<_>>(), |path| {
            let before = before.get(path).copied().flatten();
            before.map(|id| blob(&shared.to_thread_local(), id)).transpose()
        })
    }
}

fn refuse(found: Option<OutgoingKey>) -> Result<(), OutgoingKey> {
    found.map_or(Ok(()), Err)
}

/// A file that a commit writes.
struct Changed {
    path: RepoPath,
    now: gix::ObjectId,
    before: Option<gix::ObjectId>,
}

/// Links too: what they say is a blob that is pushed.
fn changed(
    name: &RepositoryName,
    repository: &gix::Repository,
    commit: &Commit,
) -> Result<Vec<Changed>, ObjectError> {
    let before = tree_of(repository, &commit.parent)?;
    let after = tree_of(repository, &Tip { commit: Some(commit.id) })?;
    let (mut found, hash) = (Recorder::default(), repository.object_hash());
    let (old, new) = (&before.data, &after.data);
    let (old, new) = (TreeRefIter::from_bytes(old, hash), TreeRefIter::from_bytes(new, hash));
    gix::diff::tree(old, new, State::default(), &repository.objects, &mut found)?;
    let changed = found.records.into_iter().filter_map(|one| match one {
        Change::Addition { entry_mode, oid, path, .. } => Some((entry_mode, oid, path, None)),
        Change::Modification { entry_mode, oid, path, previous_oid, .. } => {
            Some((entry_mode, oid, path, Some(previous_oid)))
        }
        Change::Deletion { .. } => None,
    });
    let blobs = changed.filter(|(mode, ..)| mode.is_blob_or_symlink());
    let named = blobs.map(|(_, now, path, before)| {
        let path = RepoPath::in_repository(name, &path.to_str_lossy());
        path.map(|path| Changed { path, now, before })
    });
    named.collect::<Result<_, _>>().map_err(|error| ObjectError { source: Box::new(error) })
}

fn blob(
    repository: &gix::Repository,
    id: gix::ObjectId,
) -> Result<Zeroizing<Vec<u8>>, ObjectError> {
    Ok(Zeroizing::new(repository.find_blob(id)?.take_data()))
}
