//! Where Fleet begins to look for bundles.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use gix::glob::wildmatch::Mode;

use super::above;
use crate::RepoPath;

/// One of the `spec.paths` of a GitRepo: a directory, or a pattern of Go's `filepath.Glob` for several; `.` is the top.
///
/// ```
/// use nws_gitops::FleetPath;
///
/// assert_eq!("./certs/*/".parse::<FleetPath>()?.to_string(), "certs/*");
/// assert!("../elsewhere".parse::<FleetPath>().is_err());
/// # Ok::<(), nws_gitops::InvalidFleetPath>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FleetPath(Option<RepoPath>);

impl FleetPath {
    fn matches(&self, dir: Option<&RepoPath>) -> bool {
        match (&self.0, dir) {
            (None, dir) => dir.is_none(),
            (Some(_), None) => false,
            (Some(pattern), Some(dir)) => gix::glob::wildmatch(
                pattern.as_str().into(),
                dir.as_str().into(),
                Mode::NO_MATCH_SLASH_LITERAL,
            ),
        }
    }
}

impl FromStr for FleetPath {
    type Err = InvalidFleetPath;

    fn from_str(text: &str) -> Result<Self, InvalidFleetPath> {
        let path = text.strip_prefix("./").unwrap_or(text);
        match path.strip_suffix('/').unwrap_or(path) {
            "." | "" if !text.is_empty() => Ok(Self(None)),
            path => path
                .parse()
                .map(|path| Self(Some(path)))
                .map_err(|_| InvalidFleetPath { found: text.into() }),
        }
    }
}

impl fmt::Display for FleetPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_ref().map_or(".", RepoPath::as_str))
    }
}

/// A text that can be no path of a GitRepo.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "{found:?} is no directory of a repository; write it as spec.paths of the GitRepo has it, as in \"certs/*\", or \".\" for the top"
)]
pub struct InvalidFleetPath {
    /// As written.
    pub found: String,
}

/// The directories that these name, among those that hold something.
pub(super) fn named(paths: &[FleetPath], files: &[RepoPath]) -> BTreeSet<Option<RepoPath>> {
    let mut dirs = BTreeSet::new();
    for file in files {
        // What stands above a directory that is known is known too.
        let _ = above(file).take_while(|dir| dirs.insert(dir.clone())).count();
    }
    dirs.retain(|dir| paths.iter().any(|path| path.matches(dir.as_ref())));
    dirs
}
