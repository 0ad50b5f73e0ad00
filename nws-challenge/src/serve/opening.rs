//! What a connection begins with.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncReadExt};

use crate::proxy_protocol::{self, Malformed, Preamble};

/// What every connection of a listener begins with. Never guessed: a listener that would take a PROXY header or none lets any stranger
/// say where he comes from, and one that passes headers to HTTP answers 400 to a proxy that sends them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Opening {
    /// The request.
    Http,
    /// A PROXY header of version 1 or 2, as `send-proxy` and `send-proxy-v2` of HAProxy write it; then the request. A connection
    /// without one ends.
    ProxyHeader,
}

/// What a proxy has said, and what came in with it.
#[derive(Debug)]
pub(super) struct Opened {
    /// Whom it speaks for.
    pub(super) source: Option<SocketAddr>,
    /// The begin of the first request.
    pub(super) rest: Vec<u8>,
}

/// Reads a PROXY header. How long that may take is up to the caller; how much is kept is bounded.
pub(super) async fn read(io: &mut (impl AsyncRead + Unpin)) -> Result<Opened, NotOpened> {
    let mut bytes = Vec::with_capacity(proxy_protocol::LONGEST);
    loop {
        // `Incomplete` is said of less than the longest header alone, so there is room, and each round reads or ends.
        if (&mut *io).take(room(&bytes)).read_buf(&mut bytes).await? == 0 {
            return Err(NotOpened::Ended);
        }
        match proxy_protocol::read(&bytes) {
            Preamble::Incomplete => {}
            Preamble::Header { source, consumed } => {
                return Ok(Opened { source, rest: bytes.split_off(consumed) });
            }
            Preamble::Malformed(malformed) => return Err(NotOpened::Malformed(malformed)),
        }
    }
}

fn room(bytes: &[u8]) -> u64 {
    proxy_protocol::LONGEST.saturating_sub(bytes.len()).try_into().unwrap_or(0)
}

/// Why a connection has no PROXY header.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotOpened {
    #[error("connection ended before its PROXY header did")]
    Ended,
    #[error(transparent)]
    Malformed(Malformed),
    #[error(transparent)]
    Fault(#[from] io::Error),
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::*;

    #[tokio::test]
    async fn a_header_is_parted_from_the_request_wherever_it_is_split() {
        let whole = b"PROXY TCP4 192.0.2.1 198.51.100.2 56324 80\r\nGET / HTTP/1.1\r\n\r\n";
        for pipe in [1, 7, 64, 1024] {
            let (mut peer, mut served) = tokio::io::duplex(pipe);
            let sent = tokio::spawn(async move { peer.write_all(whole).await.map(|()| peer) });
            let Opened { source, mut rest } = read(&mut served).await.unwrap();
            assert_eq!(source, Some("192.0.2.1:56324".parse().unwrap()), "{pipe}");
            let missing = b"GET / HTTP/1.1\r\n\r\n".len() - rest.len();
            let mut more = vec![0; missing];
            served.read_exact(&mut more).await.unwrap();
            rest.append(&mut more);
            assert_eq!(rest, b"GET / HTTP/1.1\r\n\r\n", "{pipe}");
            sent.await.unwrap().unwrap();
        }
    }

    #[tokio::test]
    async fn a_connection_without_a_header_is_refused() {
        let cases: [(&str, &[u8], &str); 3] = [
            ("nothing", b"", "connection ended before its PROXY header did"),
            ("half of one", b"PROXY TCP4 ", "connection ended before its PROXY header did"),
            (
                "HTTP",
                b"GET / HTTP/1.1\r\n\r\n",
                "connection does not begin with a PROXY header; its listener requires one",
            ),
        ];
        for (case, sent, want) in cases {
            let refused = read(&mut &*sent).await.unwrap_err();
            assert_eq!(refused.to_string(), want, "{case}");
        }
    }
}
