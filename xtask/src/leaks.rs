//! No private key stands anywhere but where it belongs: everything that a scenario has left is searched for every key that was in
//! play, in whatever way one is written, and for keys that nobody here knows in what the daemon has written.
//!
//! What is found is told by the file and by whose key it is, never by the key.

mod keys;
mod needles;
mod places;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aho_corasick::AhoCorasick;
use anyhow::{Context, Result, ensure};

use crate::process;

use places::Places;

/// Listing every object of a repository.
const LISTED: Duration = Duration::from_secs(60);

/// What to look for, and whose it is.
pub(crate) struct Needle {
    whose: String,
    bytes: Vec<u8>,
}

/// Searches a folder of a world that has ended.
///
/// # Errors
///
/// If a key is where it does not belong, which is told without it; or if there is nothing to look for, as then nothing was tried.
pub(crate) async fn check(git: &Path, folder: &Path) -> Result<()> {
    let places = Places::of(folder)?;
    let known = Search::for_all(keys::in_play(&places)?)?;
    ensure!(!known.needles.is_empty(), "no private key is known that could be looked for");
    let any = Search::for_all(needles::of_any_key())?;
    for file in places.files() {
        if places.is_home(file) {
            continue;
        }
        let bytes = match fs::read(file) {
            Ok(bytes) => bytes,
            // Whatever ended last has taken it away.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => Err(error).with_context(|| format!("cannot read {}", file.display()))?,
        };
        known.expect_none(&bytes, &file.display().to_string())?;
        if places.is_of_daemon(file) {
            any.expect_none(&bytes, &file.display().to_string())?;
        }
    }
    for repository in places.sealed_repositories() {
        let objects = objects(git, &repository).await?;
        known.expect_none(&objects, &format!("an object of {}", repository.display()))?;
    }
    Ok(())
}

struct Search {
    needles: Vec<Needle>,
    automaton: AhoCorasick,
}

impl Search {
    fn for_all(needles: Vec<Needle>) -> Result<Self> {
        let automaton = AhoCorasick::new(needles.iter().map(|needle| &needle.bytes))?;
        Ok(Self { needles, automaton })
    }

    fn expect_none(&self, bytes: &[u8], place: &str) -> Result<()> {
        let found = self.automaton.find(bytes).map(|found| &self.needles[found.pattern()]);
        ensure!(found.is_none(), "{place} has {}", found.map_or("", |needle| &needle.whose));
        Ok(())
    }
}

/// Every object that a repository has, one after the other, whoever may still reach it.
async fn objects(git: &Path, repository: &Path) -> Result<Vec<u8>> {
    let mut command = process::isolated(git);
    command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
    command.arg("--git-dir").arg(repository);
    command.args(["cat-file", "--batch-all-objects", "--batch", "--buffer"]);
    process::output(command, LISTED).await
}

/// A file or folder below another, as it is called from there.
fn below<'a>(path: &'a Path, folder: &Path) -> &'a Path {
    path.strip_prefix(folder).unwrap_or(path)
}

/// Every file below a folder.
fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let entries = fs::read_dir(folder);
    for entry in entries.with_context(|| format!("cannot list {}", folder.display()))? {
        let (kind, path) = entry.and_then(|entry| Ok((entry.file_type()?, entry.path())))?;
        if kind.is_dir() {
            walk(&path, files)?;
        } else if kind.is_file() {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
