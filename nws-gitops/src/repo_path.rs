//! Where a file stands, and in which repository.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

use crate::RepositoryName;

/// The path of a file or directory in a repository: relative, UTF-8, with `/` between its parts.
///
/// No part is empty, `.`, `..` or `.git` in any spelling of case, so writing to it never leaves the tree.
///
/// Where there are several repositories, each has a name, and what stands in it is shown as `name:path`. Its top is then a
/// directory above all others, `name:`, and above that there is nothing: whatever goes up from a file ends in its repository. To
/// git only [`RepoPath::as_str`] means something.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct RepoPath(Box<str>);

/// What the text of a path in one of several repositories begins with, as no other path does; then it is as it is shown.
const NAMED: char = '\0';

impl RepoPath {
    /// A path in one of several repositories; in the only one, as [`RepoPath::from_str`] has it.
    ///
    /// # Errors
    ///
    /// [`InvalidRepoPath`] as for the only one.
    pub fn in_repository(name: &RepositoryName, path: &str) -> Result<Self, InvalidRepoPath> {
        Self::join(Self::top_of(name).as_ref(), path)
    }

    /// The top of one of several repositories; that of the only one is no path.
    pub fn top_of(name: &RepositoryName) -> Option<Self> {
        (!name.is_only()).then(|| Self(format!("{NAMED}{name}:").into()))
    }

    /// Reads what was written as it is shown. In an only repository, what looks as if it were in another reads as that.
    ///
    /// # Errors
    ///
    /// [`InvalidRepoPath`] as for any path.
    pub fn read_back(text: &str) -> Result<Self, InvalidRepoPath> {
        let named = text.split_once(':').and_then(|(name, path)| Some((name.parse().ok()?, path)));
        match named {
            Some((name, path)) => Self::in_repository(&name, path),
            None => text.parse(),
        }
    }

    /// The repository's name; empty for the only one.
    pub fn repository(&self) -> &str {
        self.split().0
    }

    /// The path in its repository, as text; empty for the top.
    pub fn as_str(&self) -> &str {
        self.split().1
    }

    /// As it is shown.
    pub(crate) fn shown(&self) -> &str {
        self.0.strip_prefix(NAMED).unwrap_or(&self.0)
    }

    fn split(&self) -> (&str, &str) {
        let named = self.0.strip_prefix(NAMED).and_then(|text| text.split_once(':'));
        named.unwrap_or(("", &self.0))
    }

    /// The same as if its repository were the only one.
    pub(crate) fn unnamed(&self) -> Self {
        Self(self.as_str().into())
    }

    /// The top of its repository, which is a path in one of several.
    pub(crate) fn top(&self) -> Option<Self> {
        let end = self.0.len() - self.as_str().len();
        self.0.get(..end).filter(|top| !top.is_empty()).map(|top| Self(top.into()))
    }

    /// Whether it is the top of one of several repositories.
    pub(crate) fn is_top(&self) -> bool {
        self.as_str().is_empty()
    }

    /// The last part.
    pub fn file_name(&self) -> &str {
        let path = self.as_str();
        path.rsplit('/').next().unwrap_or(path)
    }

    /// The directory it stands in; none for what stands at the top of the only repository, and for the top of another.
    pub fn parent(&self) -> Option<Self> {
        let path = self.as_str();
        let top = self.0.len() - path.len();
        let end = match path.rfind('/') {
            Some(at) => top + at,
            None if top == 0 || path.is_empty() => return None,
            None => top,
        };
        self.0.get(..end).map(|parent| Self(parent.into()))
    }

    /// The directories above it, the nearest first.
    pub fn ancestors(&self) -> impl Iterator<Item = Self> {
        std::iter::successors(self.parent(), Self::parent)
    }

    /// Whether it lies below this directory, however deep.
    pub fn is_below(&self, dir: &Self) -> bool {
        self.relative_to(Some(dir)).is_some_and(|rest| !rest.is_empty())
    }

    /// A file or directory in a directory, or at the top of the only repository; its name is known to be well-formed: one that
    /// Kubernetes lets in.
    pub(crate) fn within(dir: Option<&Self>, name: &str) -> Self {
        Self(format!("{}{name}", Self::prefix(dir)).into())
    }

    /// As [`Self::within`], whatever the name is.
    pub(crate) fn join(dir: Option<&Self>, name: &str) -> Result<Self, InvalidRepoPath> {
        check(name).map(|()| Self::within(dir, name))
    }

    /// What everything in a directory begins with, or at the top of the only repository.
    pub(crate) fn prefix(dir: Option<&Self>) -> String {
        match dir {
            Some(dir) if dir.is_top() => dir.0.to_string(),
            Some(dir) => format!("{}/", dir.0),
            None => String::new(),
        }
    }

    /// What leads from a directory, or from the top, to here.
    pub(crate) fn relative_to(&self, dir: Option<&Self>) -> Option<&str> {
        match dir {
            Some(dir) if dir.is_top() => self.0.strip_prefix(&*dir.0),
            Some(dir) => self.0.strip_prefix(&*dir.0)?.strip_prefix('/'),
            None => Some(self.as_str()),
        }
    }
}

impl FromStr for RepoPath {
    type Err = InvalidRepoPath;

    fn from_str(text: &str) -> Result<Self, InvalidRepoPath> {
        check(text).map(|()| Self(text.into()))
    }
}

fn check(text: &str) -> Result<(), InvalidRepoPath> {
    match text.split('/').find(|part| !is_part(part)) {
        Some(part) => Err(InvalidRepoPath { path: text.into(), part: part.into() }),
        None => Ok(()),
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

impl fmt::Display for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.shown())
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

    #[test]
    fn of_several_repositories_each_is_a_directory_with_nothing_above() {
        let name: RepositoryName = "apps-2".parse().unwrap();
        let path = RepoPath::in_repository(&name, "shop/web.yaml").unwrap();
        assert_eq!((path.repository(), path.as_str()), ("apps-2", "shop/web.yaml"));
        assert_eq!(
            (path.to_string().as_str(), path.file_name()),
            ("apps-2:shop/web.yaml", "web.yaml")
        );
        let above: Vec<_> = path.ancestors().map(|dir| dir.to_string()).collect();
        assert_eq!(above, ["apps-2:shop", "apps-2:"]);
        let top = RepoPath::top_of(&name).unwrap();
        assert!(top.is_top() && top.parent().is_none() && path.is_below(&top));
        assert_eq!(path.relative_to(Some(&top)), Some("shop/web.yaml"));
        assert_eq!(RepoPath::within(Some(&top), "a.yaml").to_string(), "apps-2:a.yaml");
        assert_eq!(RepoPath::within(Some(&top), "a.yaml").parent(), Some(top));
        assert_eq!(RepoPath::read_back("apps-2:shop/web.yaml").unwrap().parent(), path.parent());
        assert!(RepoPath::in_repository(&name, "../web.yaml").is_err());
    }

    #[test]
    fn a_colon_in_the_only_repository_is_a_letter() {
        let only = RepositoryName::default();
        let path = RepoPath::in_repository(&only, "apps:shop/web.yaml").unwrap();
        assert_eq!((path.repository(), path.as_str()), ("", "apps:shop/web.yaml"));
        assert_eq!(RepoPath::top_of(&only), None);
        assert_eq!(path.ancestors().last(), Some("apps:shop".parse().unwrap()));
        assert_eq!(RepoPath::read_back("Apps:shop/web.yaml").unwrap().repository(), "");
    }
}
