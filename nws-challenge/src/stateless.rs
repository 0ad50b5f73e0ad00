use std::collections::HashMap;
use std::fmt;

use crate::key_authorization::Thumbprint;

/// Which tokens are answered that no order has brought: a key authorization is but the token and the thumbprint of an account key, so it can
/// be told without having seen the challenge.
///
/// A replica that has not heard of an order yet, or that has lost what it knew, answers as well as any other. Whoever may use the account
/// key can then validate every name that is answered for, at any time, without leaving a trace in the table; what keeps others
/// from that is a CAA record with `accounturi` (RFC 8657).
///
/// Pure: a table of its owner's making. The answers of the table come first, since they hold the exact key authorization of an offered
/// challenge.
#[derive(Clone, Default, Eq, PartialEq)]
pub enum Stateless {
    /// None.
    #[default]
    Off,
    /// Those that are asked for at a known host, with its account's thumbprint.
    KnownHosts(Hosts),
    /// All, with a host's thumbprint where it has one of its own, else with that of the first account.
    Any {
        /// The account of all others.
        otherwise: Thumbprint,
        /// The hosts whose account is another.
        hosts: Hosts,
    },
}

impl Stateless {
    /// The thumbprint to answer with to a request for `host`: the `Host` header as sent, or `None` if there is no such header, or two.
    pub(crate) fn thumbprint(&self, host: Option<&str>) -> Option<&Thumbprint> {
        match self {
            Self::Off => None,
            Self::KnownHosts(hosts) => hosts.get(host?),
            Self::Any { otherwise, hosts } => {
                Some(host.and_then(|host| hosts.get(host)).unwrap_or(otherwise))
            }
        }
    }
}

/// How many there are, and no thumbprint: it is half of every answer.
impl fmt::Debug for Stateless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("Off"),
            Self::KnownHosts(hosts) => f.debug_tuple("KnownHosts").field(hosts).finish(),
            Self::Any { hosts, .. } => {
                f.debug_struct("Any").field("hosts", hosts).finish_non_exhaustive()
            }
        }
    }
}

/// Host names, each with the thumbprint of the account its orders are made by.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct Hosts(HashMap<Box<str>, Thumbprint>);

impl Hosts {
    /// A DNS name has at most 253 bytes; with a final dot, a colon and a port of five digits it is a `Host` header of 260.
    const LONGEST: usize = 260;

    /// The thumbprint for a `Host` header: its letters' case, its port and a final dot do not matter.
    fn get(&self, host: &str) -> Option<&Thumbprint> {
        if host.len() > Self::LONGEST {
            return None;
        }
        let name = host.rsplit_once(':').map_or(host, |(name, port)| {
            if port.bytes().all(|byte| byte.is_ascii_digit()) { name } else { host }
        });
        self.0.get(name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase().as_str())
    }
}

/// Names in lower case and A-label form, as DNS has them. Of a name that is there twice the last counts.
impl<N: Into<Box<str>>> FromIterator<(N, Thumbprint)> for Hosts {
    fn from_iter<I: IntoIterator<Item = (N, Thumbprint)>>(all: I) -> Self {
        Self(all.into_iter().map(|(name, thumbprint)| (name.into(), thumbprint)).collect())
    }
}

impl fmt::Debug for Hosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hosts({})", self.0.len())
    }
}

#[cfg(test)]
mod tests;
