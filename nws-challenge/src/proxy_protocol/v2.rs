//! The binary form: twelve bytes nobody else sends, version and command, family, length, addresses, then what we have no use for.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{Found, Malformed};

pub(super) const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// Signature, version and command, family, and the length of what follows.
const FIXED: usize = 16;

/// Section 2.2 allows 64 KiB of extensions; addresses and what proxies usually add (a unique id, ALPN, TLS details) stay far below
/// 520 bytes, and no stranger shall make us keep more.
pub(super) const LONGEST: usize = FIXED + 520;

/// Reads what begins with `SIGNATURE`, or is a begin of it. Each byte is judged as soon as it is there.
pub(super) fn read(bytes: &[u8]) -> Result<Found, Malformed> {
    let rest = bytes.get(SIGNATURE.len()..).unwrap_or_default();
    let &[how, ref rest @ ..] = rest else { return Ok(None) };
    let command = Command::from_byte(how)?;
    let &[family, ref rest @ ..] = rest else { return Ok(None) };
    let family = Family::from_byte(family)?;
    let &[high, low, ref rest @ ..] = rest else { return Ok(None) };
    let length = usize::from(u16::from_be_bytes([high, low]));
    if length > LONGEST - FIXED {
        return Err(Malformed::Long(FIXED + length));
    }
    let source = match command {
        // "The receiver must discard the protocol block including the family": nothing but its length counts.
        Command::Local => Family::Unspecified,
        Command::Proxy => family,
    };
    if length < source.size() {
        return Err(Malformed::Short(length));
    }
    Ok(rest.get(..length).map(|block| (source.source(block), FIXED + length)))
}

enum Command {
    /// The proxy speaks for itself, as for a health check.
    Local,
    Proxy,
}

impl Command {
    fn from_byte(byte: u8) -> Result<Self, Malformed> {
        match (byte >> 4, byte & 0xf) {
            (2, 0) => Ok(Self::Local),
            (2, 1) => Ok(Self::Proxy),
            (2, command) => Err(Malformed::Command(command)),
            (version, _) => Err(Malformed::Version(version)),
        }
    }
}

enum Family {
    /// Not known, or not TCP over IP.
    Unspecified,
    Tcp4,
    Tcp6,
}

impl Family {
    fn from_byte(byte: u8) -> Result<Self, Malformed> {
        match byte {
            0x11 => Ok(Self::Tcp4),
            0x21 => Ok(Self::Tcp6),
            // UDP and Unix sockets: "other values must be accepted as unspecified" where there is no use for them.
            0x00 | 0x12 | 0x22 | 0x31 | 0x32 => Ok(Self::Unspecified),
            other => Err(Malformed::Family(other)),
        }
    }

    /// Two addresses and two ports.
    fn size(&self) -> usize {
        match self {
            Self::Unspecified => 0,
            Self::Tcp4 => 12,
            Self::Tcp6 => 36,
        }
    }

    /// Source address, destination address, source port, destination port.
    fn source(&self, block: &[u8]) -> Option<SocketAddr> {
        match self {
            Self::Unspecified => None,
            Self::Tcp4 => {
                let ip: [u8; 4] = *block.first_chunk()?;
                Some((Ipv4Addr::from(ip), port(block.get(8..)?)?).into())
            }
            Self::Tcp6 => {
                let ip: [u8; 16] = *block.first_chunk()?;
                Some((Ipv6Addr::from(ip), port(block.get(32..)?)?).into())
            }
        }
    }
}

fn port(bytes: &[u8]) -> Option<u16> {
    bytes.first_chunk().copied().map(u16::from_be_bytes)
}
