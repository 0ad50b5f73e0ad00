//! What the edges of a host name serve.
//!
//! Every address of a name is asked, since each cluster may serve something else. We look and do not trust: the handshake accepts any
//! certificate, sends nothing, and what it shows is only reported.

mod addresses;
mod onlooker;
mod probe;
mod serving;

use std::net::{IpAddr, SocketAddr};

use nws_expiry::DnsName;
use rustls_pki_types::ServerName;
use tokio::task::JoinSet;

pub(crate) use addresses::{AddressZone, Addresses, LookupError};
use probe::Probe;
pub(crate) use probe::{ProbeError, Shown, unverified};
pub(crate) use serving::NotServed;

use crate::resolver::{Resolver, ResolverError};

/// The most addresses of a name that are asked; more than any DNS answer over UDP holds.
const MOST: usize = 32;

/// Finds the edges of a name, and looks at them.
#[derive(Debug)]
pub(crate) struct Edges {
    resolver: Resolver,
    probe: Probe,
    https_port: u16,
    /// The addresses that are ours, if that is known.
    ours: Vec<IpAddr>,
}

/// One address of a name, and what it served just now.
#[derive(Debug)]
pub(crate) struct Edge {
    /// The address, with the port that was asked.
    pub(crate) address: SocketAddr,
    /// What it showed.
    pub(crate) served: Result<Shown, ProbeError>,
}

impl Edges {
    /// Asks `resolvers`, or those of the system if there are none, and connects to `https_port`.
    ///
    /// # Errors
    ///
    /// [`EdgesError`] if the system does not say whom to ask, or TLS cannot be set up.
    pub(crate) fn new(https_port: u16, resolvers: &[SocketAddr]) -> Result<Self, EdgesError> {
        let resolver = Resolver::new(resolvers)?;
        let probe = Probe::new().map_err(EdgesError::Tls)?;
        Ok(Self { resolver, probe, https_port, ours: Vec::new() })
    }

    /// The same with the addresses that are ours; any is, where there are none.
    pub(crate) fn with_ours(self, ours: Vec<IpAddr>) -> Self {
        Self { ours, ..self }
    }

    /// Every address of the name, and the certificate each serves; in the order of the addresses, IPv4 first.
    ///
    /// Takes a few seconds at most: all addresses are asked at the same time. Where there are more than 32, the first are asked.
    ///
    /// # Errors
    ///
    /// [`LookupError`] if no address is known. What is wrong at one address stands there.
    pub(crate) async fn look(&self, name: &DnsName) -> Result<Vec<Edge>, LookupError> {
        self.look_if(name, |_| true).await
    }

    /// The same of those of its addresses alone that are ours, which may be none.
    ///
    /// # Errors
    ///
    /// As [`Self::look`].
    pub(crate) async fn look_at_ours(&self, name: &DnsName) -> Result<Vec<Edge>, LookupError> {
        self.look_if(name, |ip| self.ours.is_empty() || self.ours.contains(ip)).await
    }

    async fn look_if(
        &self,
        name: &DnsName,
        is_asked: impl Fn(&IpAddr) -> bool,
    ) -> Result<Vec<Edge>, LookupError> {
        let server = ServerName::try_from(name.as_str().to_owned())
            .map_err(|_| LookupError::Wildcard { name: name.clone() })?;
        let addresses = self.resolver.addresses(name).await?;
        let asked = addresses.all.into_iter().filter(is_asked).take(MOST);
        let asked: JoinSet<Edge> = asked.map(|ip| self.edge(ip, server.clone())).collect();
        let mut edges = asked.join_all().await;
        edges.sort_by_key(|edge| edge.address);
        Ok(edges)
    }

    fn edge(&self, ip: IpAddr, server: ServerName<'static>) -> impl Future<Output = Edge> + use<> {
        let (probe, address) = (self.probe.clone(), SocketAddr::new(ip, self.https_port));
        async move { Edge { address, served: probe.ask(address, server).await } }
    }
}

/// Why nothing can be looked at.
#[derive(Debug, thiserror::Error)]
pub enum EdgesError {
    /// The resolver.
    #[error(transparent)]
    Resolver(#[from] ResolverError),
    /// TLS does not start.
    #[error("cannot set up TLS")]
    Tls(#[source] rustls::Error),
}

#[cfg(test)]
pub(crate) mod tests;
