//! Who may write in a place.

use std::fmt;
use std::str::FromStr;

use crate::inventory::Ground;
use crate::{InvalidRepoPath, RepoPath};

/// The annotation of a Secret that names whoever wanted it when it was written.
pub const OWNER_ANNOTATION: &str = "nws-certd/owner";

/// Whoever may write in a directory, which stands for him: that of the nearest `fleet.yaml`, else that of the file itself.
///
/// What one owner's files want in one Secret is united; one owner's file takes nothing from another.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Owner(Option<RepoPath>);

impl Owner {
    /// The owner of a file.
    pub(crate) fn of(path: &RepoPath, ground: &Ground) -> Self {
        let mut above = path.ancestors().map(Some).chain([None]);
        let bundle = above.find(|dir| ground.fleet_yaml_in(dir.as_ref()).is_some());
        Self(bundle.unwrap_or_else(|| path.parent()))
    }
}

/// The directory; `.` is the top of the repository, and `name:` that of one of several.
impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_ref().map_or(".", RepoPath::shown))
    }
}

impl FromStr for Owner {
    type Err = InvalidRepoPath;

    fn from_str(text: &str) -> Result<Self, InvalidRepoPath> {
        if text == "." {
            return Ok(Self(None));
        }
        let name = text.strip_suffix(':').and_then(|name| name.parse().ok());
        match name.as_ref().and_then(RepoPath::top_of) {
            Some(top) => Ok(Self(Some(top))),
            None => RepoPath::read_back(text).map(|dir| Self(Some(dir))),
        }
    }
}
