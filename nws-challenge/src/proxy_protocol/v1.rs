//! The line of text: `PROXY TCP4 192.0.2.1 198.51.100.2 56324 80`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{Found, Malformed};

pub(super) const SIGNATURE: &[u8] = b"PROXY ";

/// Section 2.1: 107 bytes are the longest line there is, with its line break.
pub(super) const LONGEST: usize = 107;

/// Reads what begins with `SIGNATURE`, or is a begin of it.
pub(super) fn read(bytes: &[u8]) -> Result<Found, Malformed> {
    let within = &bytes[..bytes.len().min(LONGEST)];
    let Some(end) = within.windows(2).position(|two| two == b"\r\n") else {
        return if within.len() < LONGEST { Ok(None) } else { Err(Malformed::Unending) };
    };
    // Something that is not ASCII is no address either.
    let line = str::from_utf8(&within[..end]).map_err(|_| Malformed::Addresses)?;
    let mut words = line.split(' ').skip(1);
    let source = match words.next() {
        // "The receiver must ignore anything presented before the CRLF": a proxy that speaks for itself.
        Some("UNKNOWN") => None,
        Some("TCP4") => Some(addresses::<Ipv4Addr>(words)?),
        Some("TCP6") => Some(addresses::<Ipv6Addr>(words)?),
        Some(_) | None => return Err(Malformed::Protocol),
    };
    Ok(Some((source, end + 2)))
}

/// Source and destination, then their ports; each must be there, and nothing else.
fn addresses<'a, A>(words: impl Iterator<Item = &'a str>) -> Result<SocketAddr, Malformed>
where
    A: std::str::FromStr + Into<IpAddr>,
{
    let words: Vec<_> = words.take(5).collect();
    let [source, destination, source_port, destination_port] = words[..] else {
        return Err(Malformed::Addresses);
    };
    let address = |text: &str| text.parse::<A>().map_err(|_| Malformed::Addresses);
    address(destination)?;
    port(destination_port)?;
    Ok(SocketAddr::new(address(source)?.into(), port(source_port)?))
}

/// Decimal, without sign and without zeros before it.
fn port(text: &str) -> Result<u16, Malformed> {
    let plain =
        text == "0" || text.bytes().next().is_some_and(|first| (b'1'..=b'9').contains(&first));
    let port = text.parse().ok().filter(|_| plain);
    port.ok_or(Malformed::Addresses)
}
