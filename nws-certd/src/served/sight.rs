//! What one address shows, beside what it should.

use std::fmt;

use nws_expiry::DnsName;
use time::OffsetDateTime;

use super::Expected;
use crate::edges::{Edge, ProbeError};
use crate::failure::Causes;
use crate::report::instant;

/// What an address shows for a name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Sight {
    /// The certificate that was pushed, with what goes with it.
    Current,
    /// That certificate, without an intermediate one: many clients do not trust it.
    WrongChain,
    /// A certificate that is not for the name.
    WrongName,
    /// Another certificate for the name, commonly the one before.
    Another { ends: OffsetDateTime },
    /// Another one, of whose lifetime less than a tenth is left.
    EndsSoon { ends: OffsetDateTime },
    /// Another one, which has ended.
    Ended { ends: OffsetDateTime },
    /// None.
    Nothing { why: String },
    /// There is no way there from here, so nothing is known of it.
    OutOfReach,
}

impl Sight {
    /// What `edge` shows for `name` at `now`.
    pub(super) fn of(
        now: OffsetDateTime,
        name: &DnsName,
        edge: &Edge,
        expected: &Expected,
    ) -> Self {
        let shown = match &edge.served {
            Ok(shown) => shown,
            Err(ProbeError::Unreachable { .. }) => return Self::OutOfReach,
            Err(error) => return Self::Nothing { why: Causes(error).to_string() },
        };
        let (leaf, ends) = (&shown.leaf, shown.leaf.not_after());
        let is_whole = expected.intermediates.iter().all(|one| shown.others.contains(one));
        match leaf.fingerprint() == expected.leaf {
            true if is_whole => Self::Current,
            true => Self::WrongChain,
            false if !leaf.covers(name) => Self::WrongName,
            false if ends <= now => Self::Ended { ends },
            false if ends - now < (ends - leaf.not_before()) / 10 => Self::EndsSoon { ends },
            false => Self::Another { ends },
        }
    }

    /// Whether something is wrong there.
    pub(super) fn is_wrong(&self) -> bool {
        match self {
            Self::Current | Self::OutOfReach => false,
            Self::WrongChain
            | Self::WrongName
            | Self::Another { .. }
            | Self::EndsSoon { .. }
            | Self::Ended { .. }
            | Self::Nothing { .. } => true,
        }
    }

    /// The word for programs.
    pub(crate) const fn as_str(&self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::WrongChain => "wrong-chain",
            Self::WrongName => "wrong-name",
            Self::Another { .. } => "another",
            Self::EndsSoon { .. } => "ends-soon",
            Self::Ended { .. } => "ended",
            Self::Nothing { .. } => "nothing",
            Self::OutOfReach => "out-of-reach",
        }
    }
}

/// What it does, and what helps; after the address.
impl fmt::Display for Sight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const HELP: &str = "see whether its cluster has applied the commit, and the edge reloaded";
        match self {
            Self::Current => f.write_str("serves it"),
            Self::WrongChain => f.write_str(
                "serves it without the intermediate certificates, which many clients do not trust; have it load all of tls.crt",
            ),
            Self::WrongName => write!(f, "serves a certificate that is not for the name; {HELP}"),
            Self::Another { ends } => {
                write!(f, "serves another certificate, until {}; {HELP}", instant(*ends))
            }
            Self::EndsSoon { ends } => write!(
                f,
                "serves another certificate, which is about to end at {}; {HELP}",
                instant(*ends)
            ),
            Self::Ended { ends } => {
                write!(f, "serves a certificate that ended at {}; {HELP}", instant(*ends))
            }
            Self::Nothing { why } => f.write_str(why),
            Self::OutOfReach => {
                f.write_str("cannot be reached from here, so nothing is known of it")
            }
        }
    }
}

#[cfg(test)]
mod tests;
