//! What an edge is told, so that challenges reach whoever answers them.
//!
//! Everything that comes from outside is a type that cannot say anything else in the language it is written into: no quotes, no line
//! breaks, no `%`, `#` or `;` gets through any of the parsers.

mod address;
mod haproxy;
mod names;
mod nginx;
mod stateless;

pub use address::{Backend, Backends, InvalidAddress, InvalidBackends, Listen};
pub use names::{CentralHost, EdgeName, InvalidName, PlainUri};
pub use stateless::{Account, MapFile, Thumbprints};

/// One edge: what it is called, where it listens, and what it does with what comes in there.
///
/// ```
/// use nws_challenge::{Backends, EdgeConfig, EdgeName, EdgeWay, OtherPaths, Preamble};
///
/// let backends = Backends::new(vec!["10.0.0.1:8089".parse()?, "10.0.0.2:8089".parse()?])?;
/// let edge = EdgeConfig {
///     name: EdgeName::default(),
///     listen: vec![":80".parse()?],
///     others: OtherPaths::ToHttps,
///     way: EdgeWay::Haproxy { backends, preamble: Preamble::None },
/// };
/// assert!(edge.text().contains("server nws2 10.0.0.2:8089"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct EdgeConfig {
    /// What the edge calls itself in `X-NWS-Edge`.
    pub name: EdgeName,
    /// Where it listens for HTTP in clear.
    pub listen: Vec<Listen>,
    /// What becomes of other paths there.
    pub others: OtherPaths,
    /// How challenges are answered.
    pub way: EdgeWay,
}

/// How an edge comes to the answers of challenges.
#[derive(Clone, Debug)]
pub enum EdgeWay {
    /// HAProxy asks the replicas.
    Haproxy {
        /// Where they listen.
        backends: Backends,
        /// What each connection to them begins with.
        preamble: Preamble,
    },
    /// HAProxy answers by itself.
    HaproxyStateless {
        /// With whose thumbprints.
        thumbprints: Thumbprints,
        /// The accounts they are of, for whoever reads it.
        accounts: Vec<Account>,
    },
    /// nginx asks the replicas.
    Nginx {
        /// Where they listen.
        backends: Backends,
    },
    /// Whoever asks is sent to a host where they are answered.
    Redirect {
        /// The host.
        to: CentralHost,
        /// What the edge is.
        by: EdgeProgram,
    },
}

/// What an edge does with paths that are of no challenge.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OtherPaths {
    /// What it is told elsewhere.
    Untouched,
    /// It sends them to https.
    ToHttps,
}

/// What a connection to a replica begins with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Preamble {
    /// The request.
    None,
    /// Who the client is, by the PROXY protocol (version 2).
    Proxy,
}

/// What an edge runs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum EdgeProgram {
    /// HAProxy, 2.6 or newer.
    Haproxy,
    /// nginx, 1.18 or newer.
    Nginx,
}

impl EdgeConfig {
    /// The configuration, with comments for whoever puts it in place.
    pub fn text(&self) -> String {
        match &self.way {
            EdgeWay::Haproxy { backends, preamble } => haproxy::proxying(self, backends, *preamble),
            EdgeWay::HaproxyStateless { thumbprints, accounts } => {
                stateless::stateless(self, thumbprints, accounts)
            }
            EdgeWay::Nginx { backends } => nginx::proxying(self, backends),
            EdgeWay::Redirect { to, by: EdgeProgram::Haproxy } => haproxy::redirecting(self, to),
            EdgeWay::Redirect { to, by: EdgeProgram::Nginx } => nginx::redirecting(self, to),
        }
    }
}

#[cfg(test)]
mod tests;
