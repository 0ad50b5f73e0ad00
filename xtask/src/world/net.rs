//! The addresses of a world.

use std::net::SocketAddr;

use anyhow::Result;

use crate::loopback::Network;

/// The last number of the central host's address, if a world has one.
pub(super) const CENTRAL: u8 = 4;

/// Where a world's listeners are.
pub(super) struct Net {
    pub(super) network: Network,
    /// The daemon's challenge listener.
    pub(super) challenge: SocketAddr,
    /// Ports that all edges share, as they share 80 and 443 outside.
    pub(super) http: u16,
    pub(super) https: u16,
}

impl Net {
    pub(super) fn claim() -> Result<Self> {
        let network = Network::claim();
        let edges = [network.host(2), network.host(3), network.host(CENTRAL)];
        let challenge = network.free_address(network.host(1))?;
        let (http, https) = (network.free_port(&edges)?, network.free_port(&edges)?);
        Ok(Self { network, challenge, http, https })
    }

    /// A free address for one of the world's own parts.
    pub(super) fn part(&self) -> Result<SocketAddr> {
        self.network.free_address(self.network.host(1))
    }
}
