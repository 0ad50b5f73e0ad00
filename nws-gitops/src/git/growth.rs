//! Whether a command that takes long gets on.

use std::fs;
use std::path::{Path, PathBuf};

/// How much is in the objects of a repository, looked at now and then.
///
/// What git does without writing, as resolving the deltas of a pack that has come, does not count: it has one limit for itself.
pub(super) struct Growth {
    objects: PathBuf,
    seen: u64,
}

impl Growth {
    /// The least that has to be added between two looks, in bytes: no more than a modem carries in ten minutes, so that what falls
    /// short of it has stopped.
    const LEAST: u64 = 1 << 20;

    /// As much as there is now.
    pub(super) fn of(git_dir: &Path) -> Self {
        let objects = git_dir.join("objects");
        Self { seen: size(&objects), objects }
    }

    /// Whether enough was added since the last look.
    pub(super) fn goes_on(&mut self) -> bool {
        let before = std::mem::replace(&mut self.seen, size(&self.objects));
        self.seen >= before.saturating_add(Self::LEAST)
    }
}

/// The bytes in a directory and those below it; what goes away meanwhile is not counted.
fn size(dir: &Path) -> u64 {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let sizes = entries.filter_map(|entry| {
        let meta = entry.metadata().ok()?;
        Some(if meta.is_dir() { size(&entry.path()) } else { meta.len() })
    });
    sizes.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_added_anywhere_counts_and_a_trickle_does_not() {
        let dir = tempfile::tempdir().unwrap();
        let pack = dir.path().join("objects/pack");
        fs::create_dir_all(&pack).unwrap();
        let add = |name: &str, bytes| fs::File::create(pack.join(name)).unwrap().set_len(bytes);
        add("pack-a", 5 << 20).unwrap();
        let mut growth = Growth::of(dir.path());
        assert!(!growth.goes_on(), "what was there before");
        add("tmp_pack", Growth::LEAST - 1).unwrap();
        assert!(!growth.goes_on(), "a trickle");
        add("tmp_pack", 2 * Growth::LEAST - 1).unwrap();
        assert!(growth.goes_on());
        assert!(!growth.goes_on(), "since the last look");
        fs::remove_file(pack.join("pack-a")).unwrap();
        assert!(!growth.goes_on(), "less than before");
        fs::File::create(dir.path().join("objects/tmp_obj")).unwrap().set_len(1 << 20).unwrap();
        assert!(growth.goes_on(), "from there on");
    }
}
