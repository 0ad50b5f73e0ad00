//! What edges, hosts and accounts are called.

use std::fmt;
use std::str::FromStr;

use super::address::{Host, port_number};

/// What an edge calls itself: the machine's own host name, unless it is given another.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct EdgeName(Option<Box<str>>);

impl EdgeName {
    /// As long as a label of DNS.
    const LONGEST: usize = 63;

    /// As a format of HAProxy.
    pub(super) fn in_haproxy(&self) -> &str {
        self.0.as_deref().unwrap_or("%[hostname]")
    }

    /// As a value of nginx.
    pub(super) fn in_nginx(&self) -> &str {
        self.0.as_deref().unwrap_or("$hostname")
    }
}

impl FromStr for EdgeName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let is_of_a_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let fits = (1..=Self::LONGEST).contains(&text.len()) && text.bytes().all(is_of_a_name);
        if fits { Ok(Self(Some(text.into()))) } else { Err(InvalidName::Edge) }
    }
}

/// The host that every edge sends validators to, where challenges are answered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CentralHost {
    scheme: &'static str,
    host: Host,
    port: Option<u16>,
}

impl CentralHost {
    /// The one port that is not 80 or 443 (Boulder follows to those alone).
    pub(super) fn odd_port(&self) -> Option<u16> {
        self.port.filter(|port| ![80, 443].contains(port))
    }
}

impl FromStr for CentralHost {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let (scheme, rest) = ["http", "https"]
            .into_iter()
            .find_map(|scheme| Some((scheme, text.strip_prefix(scheme)?.strip_prefix("://")?)))
            .ok_or(InvalidName::Central)?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            Some(_) | None => (rest, None),
        };
        let host = host.parse().map_err(|_| InvalidName::Central)?;
        let port = port.map(|port| port_number(port).map_err(|_| InvalidName::Central));
        Ok(Self { scheme, host, port: port.transpose()? })
    }
}

impl fmt::Display for CentralHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

/// The URI of an account or of a CA's directory, of characters that may stand in a comment and in a CAA record.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PlainUri(Box<str>);

impl FromStr for PlainUri {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"\"\\;<>`".contains(&byte);
        let fits = (1..=512).contains(&text.len()) && text.bytes().all(is_plain);
        if fits { Ok(Self(text.into())) } else { Err(InvalidName::Uri) }
    }
}

impl fmt::Display for PlainUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text names nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidName {
    /// No [`EdgeName`].
    #[error("an edge's name has 1 to {} of a-z, A-Z, 0-9, -, _ and .", EdgeName::LONGEST)]
    Edge,
    /// No [`CentralHost`].
    #[error(
        "the central host is a scheme and a host alone, for instance http://acme.platform.example"
    )]
    Central,
    /// No [`PlainUri`].
    #[error("a URI of 1 to 512 plain characters is expected")]
    Uri,
    /// No [`MapFile`](super::MapFile).
    #[error("a map is an absolute path of a-z, A-Z, 0-9, -, _, . and /, up to 255 characters")]
    Map,
}
