//! Addresses that nobody reaches from the internet (RFC 6890 and its registries), and that lead into the networks of whoever asks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What a special address is for; `None` for one of the internet. IPv4 within IPv6 is judged as what it is.
///
/// ```
/// use nws_challenge::preflight::special::purpose;
///
/// assert_eq!(purpose("10.1.2.3".parse()?), Some("private"));
/// assert_eq!(purpose("::ffff:127.0.0.1".parse()?), Some("loopback"));
/// assert_eq!(purpose("2606:4700::6810:84e5".parse()?), None);
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
pub fn purpose(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => of_v4(address),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(mapped) => of_v4(mapped),
            None => of_v6(address),
        },
    }
}

fn of_v4(address: Ipv4Addr) -> Option<&'static str> {
    V4.iter()
        .find(|(block, bits, _)| is_in(address.to_bits(), block.to_bits(), 32 - bits))
        .map(|it| it.2)
}

fn of_v6(address: Ipv6Addr) -> Option<&'static str> {
    V6.iter()
        .find(|(block, bits, _)| is_in(address.to_bits(), block.to_bits(), 128 - bits))
        .map(|it| it.2)
}

fn is_in<T: std::ops::Shr<u32, Output = T> + PartialEq>(
    address: T,
    block: T,
    host_bits: u32,
) -> bool {
    address >> host_bits == block >> host_bits
}

/// IANA IPv4 Special-Purpose Address Registry, and multicast (RFC 5771). Boulder takes no address of the registry, those that are
/// globally reachable included (iana/ip.go).
const V4: [(Ipv4Addr, u32, &str); 18] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8, "\"this network\""),
    (Ipv4Addr::new(10, 0, 0, 0), 8, "private"),
    (Ipv4Addr::new(100, 64, 0, 0), 10, "shared (carrier-grade NAT)"),
    (Ipv4Addr::new(127, 0, 0, 0), 8, "loopback"),
    (Ipv4Addr::new(169, 254, 0, 0), 16, "link-local"),
    (Ipv4Addr::new(172, 16, 0, 0), 12, "private"),
    (Ipv4Addr::new(192, 0, 0, 0), 24, "protocol"),
    (Ipv4Addr::new(192, 0, 2, 0), 24, "documentation"),
    (Ipv4Addr::new(192, 31, 196, 0), 24, "DNS sink (AS112)"),
    (Ipv4Addr::new(192, 52, 193, 0), 24, "multicast relay (AMT)"),
    (Ipv4Addr::new(192, 88, 99, 0), 24, "6to4 relay"),
    (Ipv4Addr::new(192, 168, 0, 0), 16, "private"),
    (Ipv4Addr::new(192, 175, 48, 0), 24, "DNS sink (AS112)"),
    (Ipv4Addr::new(198, 18, 0, 0), 15, "benchmarking"),
    (Ipv4Addr::new(198, 51, 100, 0), 24, "documentation"),
    (Ipv4Addr::new(203, 0, 113, 0), 24, "documentation"),
    (Ipv4Addr::new(224, 0, 0, 0), 4, "multicast"),
    (Ipv4Addr::new(240, 0, 0, 0), 4, "reserved"),
];

/// IANA IPv6 Special-Purpose Address Registry, and multicast (RFC 4291). What leads on to IPv4 by a translator is left out as a
/// whole: whose network that is in depends on who asks.
const V6: [(Ipv6Addr, u32, &str); 16] = [
    (Ipv6Addr::UNSPECIFIED, 128, "unspecified"),
    (Ipv6Addr::LOCALHOST, 128, "loopback"),
    (Ipv6Addr::UNSPECIFIED, 96, "IPv4-compatible"),
    (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96, "NAT64"),
    (Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0), 48, "NAT64"),
    (Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 0), 64, "discard-only"),
    (Ipv6Addr::new(0x100, 0, 0, 1, 0, 0, 0, 0), 64, "dummy"),
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, "protocol"),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, "documentation"),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, "6to4"),
    (Ipv6Addr::new(0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0), 48, "DNS sink (AS112)"),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, "documentation"),
    (Ipv6Addr::new(0x5f00, 0, 0, 0, 0, 0, 0, 0), 16, "segment routing"),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, "unique local"),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, "link-local"),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, "multicast"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_every_block_are_special_and_their_neighbours_are_not() {
        for (block, bits, purpose_of) in V4 {
            let last = block.to_bits() | (u32::MAX.checked_shr(bits).unwrap_or(0));
            for one in [block.to_bits(), last] {
                let address = Ipv4Addr::from_bits(one);
                assert_eq!(purpose(address.into()), Some(purpose_of), "{address}");
                assert_eq!(purpose(address.to_ipv6_mapped().into()), Some(purpose_of), "{address}");
            }
        }
        for (block, bits, _) in V6 {
            let last = block.to_bits() | (u128::MAX.checked_shr(bits).unwrap_or(0));
            for one in [block.to_bits(), last] {
                let address = Ipv6Addr::from_bits(one);
                assert!(purpose(address.into()).is_some(), "{address}");
            }
        }
    }

    /// One address of each block that is easily left out, since the internet leads there, or since it is young.
    #[test]
    fn the_whole_registry_is_special() {
        for (address, want) in [
            ("192.31.196.1", "DNS sink (AS112)"),
            ("192.52.193.1", "multicast relay (AMT)"),
            ("192.175.48.1", "DNS sink (AS112)"),
            ("100:0:0:1::1", "dummy"),
            ("2001:1::1", "protocol"),
            ("2620:4f:8000::1", "DNS sink (AS112)"),
            ("3fff:fff::1", "documentation"),
            ("5f00:1::1", "segment routing"),
        ] {
            assert_eq!(purpose(address.parse().unwrap()), Some(want), "{address}");
        }
    }

    #[test]
    fn what_is_of_the_internet() {
        for address in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "172.15.255.255",
            "172.32.0.0",
            "192.167.255.255",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2001:200::",
            "100:0:0:2::1",
            "192.31.195.255",
            "192.175.49.0",
            "2606:4700::1",
            "2620:4f:8001::1",
            "5eff::1",
            "5f01::1",
            "2003::",
            "64:ff9b:2::",
            "fbff:ffff::",
            "::ffff:8.8.8.8",
        ] {
            assert_eq!(purpose(address.parse().unwrap()), None, "{address}");
        }
    }
}
