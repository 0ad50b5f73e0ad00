//! Where a file stands in the repository.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

/// The path of a file or directory in the repository: relative, UTF-8, with `/` between its parts.
///
/// No part is empty, `.`, `..` or `.git` in any spelling of case, so writing to it never leaves the tree.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct RepoPath(Box<str>);

impl RepoPath {
    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last part.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The directory it stands in; none for what stands at the top.
    pub fn parent(&self) -> Option<Self> {
        self.0.rsplit_once('/').map(|(parent, _)| Self(parent.into()))
    }

    /// The directories above it, the nearest first.
    pub fn ancestors(&self) -> impl Iterator<Item = Self> {
        std::iter::successors(self.parent(), Self::parent)
    }

    /// Whether it lies below this directory, however deep.
    pub fn is_below(&self, dir: &Self) -> bool {
        self.0.strip_prefix(&*dir.0).is_some_and(|rest| rest.starts_with('/'))
    }

    /// A file or directory in a directory, or at the top; its name is known to be well-formed: one that Kubernetes lets in.
    pub(crate) fn within(dir: Option<&Self>, name: &str) -> Self {
        Self(dir.map_or_else(|| name.into(), |dir| format!("{dir}/{name}").into()))
    }

    /// What leads from a directory, or from the top, to here.
    pub(crate) fn relative_to(&self, dir: Option<&Self>) -> Option<&str> {
        match dir {
            Some(dir) => self.0.strip_prefix(&*dir.0)?.strip_prefix('/'),
            None => Some(&self.0),
        }
    }
}

impl FromStr for RepoPath {
    type Err = InvalidRepoPath;

    fn from_str(text: &str) -> Result<Self, InvalidRepoPath> {
        match text.split('/').find(|part| !is_part(part)) {
            Some(part) => Err(InvalidRepoPath { path: text.into(), part: part.into() }),
            None => Ok(Self(text.into())),
        }
    }
}

fn is_part(part: &str) -> bool {
    !matches!(part, "" | "." | "..")
        && !part.eq_ignore_ascii_case(".git")
        && !part.contains(['\0', '\\'])
}

/// Paths are ordered as their texts are.
impl Borrow<str> for RepoPath {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for RepoPath {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that is no [`RepoPath`].
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "{path:?} is no path in a repository, because of its part {part:?}; write it relative to the top, as in \"certs/shop\""
)]
pub struct InvalidRepoPath {
    /// As written.
    pub path: String,
    /// The part that does not belong.
    pub part: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_would_leave_the_tree_are_refused() {
        for text in [
            "",
            "/etc/passwd",
            "a//b",
            "a/",
            "../a",
            "a/./b",
            ".git/config",
            "a/.GIT/hooks",
            "a\\b",
            "a\0",
        ] {
            assert!(text.parse::<RepoPath>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_path_knows_its_directories() {
        let path: RepoPath = "certs/shop/shop-tls.yaml".parse().unwrap();
        assert_eq!(path.file_name(), "shop-tls.yaml");
        let above: Vec<_> = path.ancestors().map(|dir| dir.to_string()).collect();
        assert_eq!(above, ["certs/shop", "certs"]);
        let dir = |text: &str| text.parse::<RepoPath>().unwrap();
        for (other, below) in [("certs", true), ("certs/shop", true), ("cert", false)] {
            assert_eq!(path.is_below(&dir(other)), below, "{other}");
            let rest = path.relative_to(Some(&dir(other)));
            assert_eq!(rest.is_some(), below, "{other}");
        }
        assert!(!path.is_below(&path));
        assert_eq!(path.relative_to(None), Some(path.as_str()));
        assert_eq!(RepoPath::within(None, "certs").as_str(), "certs");
    }
}
