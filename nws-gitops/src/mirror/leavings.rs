//! What commands that were killed left lying about. Nobody but us writes to a mirror, so it is nobody else's.

use std::fs;

use super::Mirror;
use crate::GitError;

impl Mirror {
    /// Removes locks, which no other command would ever get past.
    pub(super) fn clear_locks(&self) {
        let branch = self.remote.branch.full();
        for locked in ["HEAD", "config", "packed-refs", "shallow", &branch] {
            let lock = self.bare().join(format!("{locked}.lock"));
            if fs::remove_file(&lock).is_ok() {
                tracing::info!(lock = %lock.display(), "lock of a killed git removed");
            }
        }
    }

    /// Removes packs that were half fetched or half joined, which may be as large as the repository. Of a pack's files the index
    /// gets its name last: without it the others are of no use, and `git repack` fails over them.
    pub(super) fn remove_half_packs(&self) {
        for file in fs::read_dir(self.bare().join("objects/pack")).into_iter().flatten().flatten() {
            let name = file.file_name();
            let begins = |with: &[u8]| name.as_encoded_bytes().starts_with(with);
            let has_no_index = begins(b"pack-") && !file.path().with_extension("idx").exists();
            if begins(b".tmp-") || begins(b"tmp_") || has_no_index {
                fs::remove_file(file.path()).ok();
            }
        }
    }
}

/// Whether git stumbled over a lock, in the words of its lockfile.c.
pub(super) fn is_locked(error: &GitError) -> bool {
    match error {
        GitError::Failed { said, .. } => said.contains(".lock': File exists"),
        GitError::Start { .. }
        | GitError::TooOld { .. }
        | GitError::NoVersion { .. }
        | GitError::Https(_)
        | GitError::TimedOut { .. } => false,
    }
}
