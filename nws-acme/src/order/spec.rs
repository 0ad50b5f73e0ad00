use std::fmt;
use std::str::FromStr;

use nws_expiry::{DnsNames, PrivateKey};
use time::OffsetDateTime;

use crate::OrderUrl;

/// Which certificate is wanted, and where its order stands.
#[derive(Clone, Debug)]
pub struct OrderSpec {
    /// The names, all of which the certificate will have, and no other.
    pub names: DnsNames,
    /// The certificate's key, kept durably before; a resumed order needs the one it was begun with.
    pub key: PrivateKey,
    /// The CA's profile; its default if none is named.
    pub profile: Option<Profile>,
    /// An order to go on with, if one is known.
    pub resume: Option<OrderUrl>,
    /// When to give up for now; the order stays open.
    pub deadline: OffsetDateTime,
}

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
