//! Where edges listen, and whom they ask.

use std::collections::BTreeSet;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

/// A host by its address or its name.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Host {
    Address(IpAddr),
    Name(Box<str>),
}

impl FromStr for Host {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        let bracketed = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        if let Some(inner) = bracketed {
            let address: Ipv6Addr = inner.parse().map_err(|_| InvalidAddress::Host)?;
            return Ok(Self::Address(address.into()));
        }
        match text.parse::<std::net::Ipv4Addr>() {
            Ok(address) => Ok(Self::Address(address.into())),
            Err(_) if is_host_name(text) => Ok(Self::Name(text.to_ascii_lowercase().into())),
            Err(_) => Err(InvalidAddress::Host),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(IpAddr::V4(address)) => address.fmt(f),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// Letters, digits and hyphens in labels (RFC 1123 §2.1); the last is no number, so that it is no address that was mistyped.
pub(super) fn is_host_name(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = text.rsplit('.').next().unwrap_or_default();
    text.len() <= 253
        && text.split('.').all(is_label)
        && !last.bytes().all(|byte| byte.is_ascii_digit())
}

/// A replica's challenge listener, as an edge reaches it.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Backend {
    host: Host,
    port: u16,
}

impl FromStr for Backend {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        let (host, port) = split(text)?;
        let host: Host = host.parse()?;
        match host {
            Host::Address(address) if address.is_unspecified() => Err(InvalidAddress::Everywhere),
            Host::Address(_) | Host::Name(_) => Ok(Self { host, port }),
        }
    }
}

impl TryFrom<SocketAddr> for Backend {
    type Error = InvalidAddress;

    fn try_from(address: SocketAddr) -> Result<Self, InvalidAddress> {
        address.to_string().parse()
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// The replicas: at least one, each once.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Backends(Vec<Backend>);

impl Backends {
    /// More replicas of one daemon than anybody runs; an edge that tries them all for a token that nobody has asks each of them.
    pub const MOST: usize = 16;

    /// Checks that there are some, and each once.
    ///
    /// # Errors
    ///
    /// [`InvalidBackends`] says which rule is broken.
    pub fn new(backends: Vec<Backend>) -> Result<Self, InvalidBackends> {
        if backends.is_empty() || backends.len() > Self::MOST {
            return Err(InvalidBackends::Number { found: backends.len() });
        }
        let mut seen = BTreeSet::new();
        match backends.iter().find(|backend| !seen.insert(*backend)) {
            Some(twice) => Err(InvalidBackends::Twice { backend: twice.to_string() }),
            None => Ok(Self(backends)),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Backend> {
        self.0.iter()
    }

    pub(super) fn count(&self) -> usize {
        self.0.len()
    }
}

/// Where an edge listens for HTTP in clear: a port, on one address or on all.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Listen {
    /// All of IPv4 where absent.
    pub(super) address: Option<IpAddr>,
    pub(super) port: u16,
}

impl FromStr for Listen {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        let (host, port) = split(text)?;
        if host.is_empty() || host == "*" {
            return Ok(Self { address: None, port });
        }
        match host.parse()? {
            Host::Address(address) => Ok(Self { address: Some(address), port }),
            Host::Name(_) => Err(InvalidAddress::Named),
        }
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.address {
            Some(address) => write!(f, "{}:{}", Host::Address(address), self.port),
            None => write!(f, ":{}", self.port),
        }
    }
}

fn split(text: &str) -> Result<(&str, u16), InvalidAddress> {
    let (host, port) = text.rsplit_once(':').ok_or(InvalidAddress::NoPort)?;
    Ok((host, port_number(port)?))
}

/// Digits alone: what else the parser of numbers takes, as a sign, is not copied into a configuration anyway, but is a slip.
pub(super) fn port_number(text: &str) -> Result<u16, InvalidAddress> {
    let port = text.parse().map_err(|_| InvalidAddress::Port)?;
    let is_port = port != 0 && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_port { Ok(port) } else { Err(InvalidAddress::Port) }
}

/// Why a text is no address of a listener.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidAddress {
    /// There is no colon.
    #[error("no port; write for instance 10.0.0.1:8089")]
    NoPort,
    /// What stands after the last colon is no port.
    #[error("the port is no number from 1 to 65535")]
    Port,
    /// What stands before it is no host.
    #[error("the host is neither an IP address nor a host name; IPv6 is written as [2001:db8::1]")]
    Host,
    /// Nobody can be asked on all addresses.
    #[error("an address that stands for all of a machine cannot be asked; write one of them")]
    Everywhere,
    /// Somebody listens on an address.
    #[error("listeners have an address, not a name; write for instance :80 or [::]:80")]
    Named,
}

/// Why several [`Backend`]s are no [`Backends`].
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidBackends {
    /// None, or too many.
    #[error("{found} backends, expected 1 to {}", Backends::MOST)]
    Number {
        /// How many there are.
        found: usize,
    },
    /// Asking twice finds no more.
    #[error("backend {backend} is named twice")]
    Twice {
        /// Which one.
        backend: String,
    },
}
