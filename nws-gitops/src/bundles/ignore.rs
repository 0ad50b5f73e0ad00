//! What `.fleetignore` files keep out of bundles.

use std::collections::BTreeMap;

use gix::glob::wildmatch::Mode;

use super::{PackedFile, above};
use crate::RepoPath;

pub(super) const FILE_NAME: &str = ".fleetignore";

/// The patterns of each directory that has some. They hold at any depth below it.
#[derive(Debug)]
pub(super) struct Ignored(BTreeMap<Option<RepoPath>, Vec<String>>);

impl Ignored {
    pub(super) fn of(files: &[PackedFile]) -> Self {
        let files = files.iter().filter(|file| file.path.file_name() == FILE_NAME);
        let patterns = files.map(|file| {
            let text = file.text.as_deref().unwrap_or_default();
            (file.path.parent(), patterns(text).map(str::to_owned).collect())
        });
        Self(patterns.collect())
    }

    /// Whether the bundle in `dir` leaves the file out: only what stands in the bundle itself is asked.
    pub(super) fn contains(&self, dir: Option<&RepoPath>, path: &RepoPath) -> bool {
        let depth = above(path).take_while(|above| above.as_ref() != dir).count();
        let dirs = path.ancestors().take(depth).map(|dir| (dir, true));
        [(path.clone(), false)].into_iter().chain(dirs).enumerate().any(|(up, (part, is_dir))| {
            let asked = above(&part).take(depth + 1 - up);
            let mut patterns = asked.filter_map(|dir| self.0.get(&dir)).flatten();
            patterns.any(|pattern| matches(pattern, part.file_name(), is_dir))
        })
    }
}

fn patterns(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim_end).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// Fleet compares the last part alone; `dir/*` means the directory.
fn matches(pattern: &str, name: &str, is_dir: bool) -> bool {
    match pattern.strip_suffix("/*").filter(|dir| !dir.is_empty()) {
        Some(dir) => is_dir && dir == name,
        None => gix::glob::wildmatch(pattern.into(), name.into(), Mode::NO_MATCH_SLASH_LITERAL),
    }
}

/// The pattern that matches this name and no other.
pub(super) fn literal(name: &str) -> String {
    let mut pattern = String::with_capacity(name.len());
    for c in name.chars() {
        if matches!(c, '*' | '?' | '[') || (c == '#' && pattern.is_empty()) {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}
