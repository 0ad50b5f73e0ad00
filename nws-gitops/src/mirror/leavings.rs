//! What commands that were killed left lying about. Nobody but us writes to a mirror, so it is nobody else's.

use std::fs;
use std::path::{Path, PathBuf};

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

    /// Removes what was half fetched, half written or half joined, which may be as large as the repository, and fills a disk that
    /// has no room for it. Of a pack's files the index gets its name last: without it the others are of no use, and `git repack`
    /// fails over them.
    pub(super) fn remove_half_written(&self) {
        let objects = self.bare().join("objects");
        for file in files(&objects.join("pack")) {
            let name = file.file_name().unwrap_or_default().as_encoded_bytes();
            let has_no_index = name.starts_with(b"pack-") && !file.with_extension("idx").exists();
            if is_temporary(&file) || has_no_index {
                fs::remove_file(&file).ok();
            }
        }
        let loose = files(&objects).into_iter().flat_map(|dir| files(&dir)).chain(files(&objects));
        for file in loose.filter(|file| is_temporary(file)) {
            fs::remove_file(file).ok();
        }
    }
}

/// What is in a directory; nothing if it is none.
fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

/// As git calls what it has not finished (`tmp_pack_`, `tmp_idx_`, `tmp_obj_`, `.tmp-1234-pack-`), and gix (`.tmp`).
fn is_temporary(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().as_encoded_bytes();
    name.starts_with(b"tmp_") || name.starts_with(b".tmp")
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
