//! The proxy between us and the git host.

use std::fmt;
use std::str::FromStr;

/// Where an HTTP proxy is: `http://host:port`, or `https://` where the proxy itself is spoken to over TLS.
///
/// TLS runs through it to the git host, so it sees no more than the host's name. It carries no credentials.
///
/// ```
/// use nws_gitops::{HttpsProxy, InvalidHttpsProxy};
///
/// assert!("http://proxy.example:3128".parse::<HttpsProxy>().is_ok());
/// assert_eq!("http://me:pw@proxy.example:3128".parse::<HttpsProxy>(), Err(InvalidHttpsProxy::Credentials));
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HttpsProxy(Box<str>);

impl HttpsProxy {
    /// The URL as git takes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for HttpsProxy {
    type Err = InvalidHttpsProxy;

    fn from_str(text: &str) -> Result<Self, InvalidHttpsProxy> {
        let text = text.strip_suffix('/').unwrap_or(text);
        let Some(("http" | "https", authority)) = text.split_once("://") else {
            return Err(InvalidHttpsProxy::Scheme);
        };
        if authority.contains('@') {
            return Err(InvalidHttpsProxy::Credentials);
        }
        let can_stand = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
        if !authority.chars().all(can_stand) {
            return Err(InvalidHttpsProxy::Host);
        }
        match authority.rsplit_once(':') {
            Some((host, port)) if is_host(host) && is_port(port) => Ok(Self(text.into())),
            Some((_, port)) if is_port(port) => Err(InvalidHttpsProxy::Host),
            Some(_) | None => Err(InvalidHttpsProxy::Port),
        }
    }
}

fn is_host(host: &str) -> bool {
    !host.is_empty() && !host.starts_with('-') && (host.starts_with('[') || !host.contains(':'))
}

fn is_port(port: &str) -> bool {
    port.parse::<u16>().is_ok_and(|port| port > 0)
}

impl fmt::Display for HttpsProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text names no proxy; it is not repeated, since a password may stand in it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidHttpsProxy {
    /// Spoken to otherwise, or no URL.
    #[error("is no URL of a proxy; write one of http or https, as in http://proxy.example:3128")]
    Scheme,
    /// They would stand in the environment of git.
    #[error(
        "carries credentials, which cannot be kept secret there; let the proxy admit this machine without"
    )]
    Credentials,
    /// No host, or a path.
    #[error("names no host alone; write it as in http://proxy.example:3128")]
    Host,
    /// Clients differ in what they take for the default.
    #[error("has no port; write one, as in http://proxy.example:3128")]
    Port,
}
