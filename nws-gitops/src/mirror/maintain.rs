//! Keeping the mirror small, since git is told not to do so by itself.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::Mirror;
use crate::GitError;

impl Mirror {
    /// How many loose objects make it worth while: about 10 MB and as many files.
    const MAX_LOOSE: usize = 2048;
    /// How many packs do: each look-up of an object goes through the indices of all.
    const MAX_PACKS: usize = 32;
    /// For how long what nothing points to is kept at least, beside twice the limit of one command.
    const KEPT: Duration = Duration::from_secs(60 * 60);

    /// Joins loose objects and packs into one, if there are many, and drops what nothing has pointed to for an hour: commits
    /// that lost their race, what was rewritten by force.
    ///
    /// It takes seconds in a large repository, and ends at the time limit of [`crate::Git`] unless it gets on; killed at any point,
    /// it leaves the mirror readable. A commit whose objects it dropped although it was still to be pushed fails to push, and is made
    /// again.
    ///
    /// # Errors
    ///
    /// What git said; the mirror works on as it is.
    pub fn maintain(&self) -> Result<Maintenance, GitError> {
        let before = self.stored();
        if before.loose < Self::MAX_LOOSE && before.packs < Self::MAX_PACKS {
            return Ok(Maintenance::NotNeeded);
        }
        self.remove_half_written();
        let age = Self::KEPT + 2 * self.git.timeout();
        let age = format!("{}.seconds.ago", age.as_secs());
        let (cruft, prune) = (format!("--cruft-expiration={age}"), format!("--expire={age}"));
        let repack = ["-d", "-l", "-q", "--cruft", &cruft, "--no-write-bitmap-index"];
        self.git.run("repack", &self.bare(), &repack)?;
        // Loose objects that were half written go too.
        self.git.run("prune", &self.bare(), &[&prune])?;
        Ok(Maintenance::Done { before, after: self.stored() })
    }

    /// Names are hashes, so one of the 256 directories stands for all, as in git's own `gc.auto`.
    fn stored(&self) -> Stored {
        let objects = self.bare().join("objects");
        Stored {
            loose: count(&objects.join("17"), |_| true) * 256,
            packs: count(&objects.join("pack"), |name| name.ends_with(".pack")),
        }
    }
}

/// How many entries of a directory are meant; one that cannot be read has none, as a new mirror has no such directory.
fn count(dir: &Path, means: fn(&str) -> bool) -> usize {
    let names = fs::read_dir(dir).into_iter().flatten().flatten();
    names.filter(|entry| entry.file_name().to_str().is_some_and(means)).count()
}

/// What [`Mirror::maintain`] did.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Maintenance {
    /// Nothing: there is little to join.
    NotNeeded,
    /// All of it.
    Done {
        /// What there was.
        before: Stored,
        /// What there is.
        after: Stored,
    },
}

/// How a mirror's objects are kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Stored {
    /// Objects in a file of their own, estimated.
    pub loose: usize,
    /// Packs.
    pub packs: usize,
}
