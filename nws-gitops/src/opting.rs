//! Which objects are served at all.

use std::str::FromStr;

/// The annotation by which any object that can want a certificate opts in or out, with `"true"` or `"false"`. A route that opts out
/// brings no hosts.
pub const ENABLED_ANNOTATION: &str = "nws-certd/enabled";

/// Which objects are served that do not say themselves.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Opting {
    /// All.
    #[default]
    All,
    /// None: only those that opt in, or whose issuer a CA stands for.
    OptedIn,
}

/// What the annotation says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Enabled {
    Yes,
    No,
}

impl FromStr for Enabled {
    type Err = InvalidEnabled;

    fn from_str(text: &str) -> Result<Self, InvalidEnabled> {
        match text.trim() {
            yes if yes.eq_ignore_ascii_case("true") => Ok(Self::Yes),
            no if no.eq_ignore_ascii_case("false") => Ok(Self::No),
            _ => Err(InvalidEnabled { found: text.into() }),
        }
    }
}

/// A text that says neither.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{found:?} is neither \"true\" nor \"false\"; write one of them, or remove the annotation")]
pub struct InvalidEnabled {
    /// As written.
    pub found: String,
}
