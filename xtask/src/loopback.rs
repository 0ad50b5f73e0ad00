//! Loopback addresses and ports that belong to one world alone.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, bail};

/// How many ports are tried until one is free everywhere it has to be.
const ATTEMPTS: u32 = 100;

/// A `127.a.b.0/24` of our own: worlds that run at the same time cannot take each other's ports.
pub(crate) struct Network {
    second: u8,
    third: u8,
    /// A port is free until its part listens, and the system would give it to the next part as well.
    given: Mutex<BTreeSet<u16>>,
}

impl Network {
    pub(crate) fn claim() -> Self {
        static NEXT: AtomicU8 = AtomicU8::new(1);
        // 127.16.0.0 and up: clear of 127.0.0.1 and of the resolvers that systems put on 127.0.0.53 and 127.0.1.1.
        let second = u8::try_from(std::process::id() % 224).unwrap_or_default() + 16;
        Self { second, third: NEXT.fetch_add(1, Ordering::Relaxed), given: Mutex::default() }
    }

    pub(crate) fn host(&self, last: u8) -> IpAddr {
        Ipv4Addr::new(127, self.second, self.third, last).into()
    }

    /// A TCP port that is free on all of `hosts`, and given to nobody else.
    pub(crate) fn free_port(&self, hosts: &[IpAddr]) -> Result<u16> {
        self.free(hosts, |address| TcpListener::bind(address).map(|_| ()))
    }

    /// A free TCP address on `host`.
    pub(crate) fn free_address(&self, host: IpAddr) -> Result<SocketAddr> {
        Ok(SocketAddr::new(host, self.free_port(&[host])?))
    }

    /// An address on `host` that is free for TCP and UDP, as a DNS server needs it.
    pub(crate) fn free_dns_address(&self, host: IpAddr) -> Result<SocketAddr> {
        let bind =
            |address| TcpListener::bind(address).and_then(|_| UdpSocket::bind(address)).map(|_| ());
        Ok(SocketAddr::new(host, self.free(&[host], bind)?))
    }

    fn free(
        &self,
        hosts: &[IpAddr],
        bind: impl Fn(SocketAddr) -> std::io::Result<()>,
    ) -> Result<u16> {
        let first = *hosts.first().context("a port was asked for on no address")?;
        for _ in 0..ATTEMPTS {
            let port = TcpListener::bind((first, 0)).and_then(|listener| listener.local_addr());
            let port = port.with_context(|| format!("cannot listen on {first}"))?.port();
            let free = hosts.iter().all(|host| bind((*host, port).into()).is_ok());
            if free && self.give(port) {
                return Ok(port);
            }
        }
        bail!("no port is free on all of {hosts:?}")
    }

    /// Whether `port` had not been given before.
    fn give(&self, port: u16) -> bool {
        self.given.lock().unwrap_or_else(PoisonError::into_inner).insert(port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_parts_get_the_same_port() {
        let network = Network::claim();
        // As many as make a second gift of one certain where the system draws from 7,000.
        let ports: BTreeSet<u16> =
            (0..1000).map(|_| network.free_address(network.host(1)).unwrap().port()).collect();
        assert_eq!(ports.len(), 1000);
    }
}
