//! An honest validator, again and again.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, interval, timeout};

/// How often one asks.
const PAUSE: Duration = Duration::from_millis(10);
/// As long as Let's Encrypt waits.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long each waited; nothing for one that got no answer.
pub(super) async fn ask(
    at: SocketAddr,
    is_proxied: bool,
    lasts: Duration,
) -> Vec<Option<Duration>> {
    let (end, mut ticks) = (Instant::now() + lasts, interval(PAUSE));
    let mut waits = Vec::new();
    while Instant::now() < end {
        ticks.tick().await;
        let begun = Instant::now();
        let answered = timeout(PATIENCE, validate(at, is_proxied)).await;
        waits.push(matches!(answered, Ok(Ok(()))).then(|| begun.elapsed()));
    }
    waits
}

async fn validate(at: SocketAddr, is_proxied: bool) -> Result<()> {
    let token = format!("{:043}", 7);
    let mut stream = TcpStream::connect(at).await?;
    let header = if is_proxied { "PROXY TCP4 192.0.2.1 198.51.100.2 56324 80\r\n" } else { "" };
    let request = format!(
        "{header}GET /.well-known/acme-challenge/{token} HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut said = String::new();
    stream.read_to_string(&mut said).await?;
    let is_answer =
        said.starts_with("HTTP/1.1 200 OK\r\n") && said.contains(&format!("\r\n\r\n{token}."));
    ensure!(is_answer, "another answer: {said}");
    Ok(())
}
