//! Which of its kinds of certificate a CA is asked for.

use std::fmt;
use std::str::FromStr;

/// The name of a profile, as a CA's directory lists it (draft-aaron-acme-profiles).
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Profile(Box<str>);

impl Profile {
    const LONGEST: usize = 64;

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Profile {
    type Err = InvalidProfile;

    fn from_str(text: &str) -> Result<Self, InvalidProfile> {
        let fits = (1..=Self::LONGEST).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_graphic());
        if fits { Ok(Self(text.into())) } else { Err(InvalidProfile { found: text.into() }) }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that cannot be the name of a profile.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "{found:?} is no profile; write its name as the CA's directory lists it, for example \"classic\""
)]
pub struct InvalidProfile {
    /// As written.
    pub found: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_a_profile_may_have() {
        let longest = "p".repeat(64);
        for name in ["classic", "tlsserver", "x/1!~", &longest] {
            assert_eq!(name.parse::<Profile>().unwrap().to_string(), name);
        }
        for found in ["", "two words", "tab\t", "größer", &"p".repeat(65)] {
            assert_eq!(found.parse::<Profile>(), Err(InvalidProfile { found: found.into() }));
        }
    }
}
