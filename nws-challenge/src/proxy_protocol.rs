//! The PROXY protocol of HAProxy, versions 1 and 2 (proxy-protocol.txt): a proxy says first whom it speaks for.
//!
//! Pure on bytes, and told nothing but what has come in so far. A listener either requires the header or does not know it: who
//! guesses lets a stranger choose the address he comes from.

mod v1;
mod v2;

use std::net::SocketAddr;

/// What the bytes at the begin of a connection are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Preamble {
    /// A header so far, and more of it has to come.
    Incomplete,
    /// A whole header.
    Header {
        /// Whom the proxy speaks for; nobody if it speaks for itself, as for a health check, or of what is no TCP connection.
        source: Option<SocketAddr>,
        /// The bytes of the header; what follows belongs to HTTP.
        consumed: usize,
    },
    /// Whatever else comes, no header will become of it.
    Malformed(Malformed),
}

/// Why a connection does not begin with a header.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum Malformed {
    #[error("connection does not begin with a PROXY header; its listener requires one")]
    Signature,
    #[error("PROXY header of version 1 does not end within {} bytes", v1::LONGEST)]
    Unending,
    #[error("PROXY header of version 1 for no known kind of connection")]
    Protocol,
    #[error("PROXY header of version 1 without two addresses and two ports")]
    Addresses,
    #[error("PROXY header of unknown version {0}")]
    Version(u8),
    #[error("PROXY header with unknown command {0}")]
    Command(u8),
    #[error("PROXY header for an unknown kind of connection, {0:#04x}")]
    Family(u8),
    #[error("PROXY header of {0} bytes, at most {max} are read", max = v2::LONGEST)]
    Long(usize),
    #[error("PROXY header of version 2 with {0} bytes, too few for its addresses")]
    Short(usize),
}

/// The most that has to be read before it is known what the bytes are.
pub(crate) const LONGEST: usize = v2::LONGEST;

/// What `bytes` begin with.
pub(crate) fn read(bytes: &[u8]) -> Preamble {
    let result = if begins(bytes, v1::SIGNATURE) {
        v1::read(bytes)
    } else if begins(bytes, v2::SIGNATURE) {
        v2::read(bytes)
    } else {
        Err(Malformed::Signature)
    };
    match result {
        Ok(Some((source, consumed))) => Preamble::Header { source, consumed },
        Ok(None) => Preamble::Incomplete,
        Err(malformed) => Preamble::Malformed(malformed),
    }
}

/// Whom a header speaks for and how long it is; nothing while more has to come.
type Found = Option<(Option<SocketAddr>, usize)>;

/// Whether `bytes` are a begin of `signature`, or begin with it.
fn begins(bytes: &[u8], signature: &[u8]) -> bool {
    bytes.iter().zip(signature).all(|(byte, wanted)| byte == wanted)
}

#[cfg(test)]
mod tests;
