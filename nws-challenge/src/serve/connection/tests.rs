use std::num::NonZeroUsize;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::*;

/// So small that a write of the client ends only when the server has read nearly all of it.
const PIPE: usize = 1;

#[tokio::test(start_paused = true)]
async fn a_stop_lets_the_running_request_finish() {
    let mut peer = Peer::connect(Limits::default());
    peer.send("GET /healthz HTTP/1.1\r\n").await;
    peer.stop.cancel();
    peer.send("Host: edge\r\n\r\n").await;
    let response = peer.receive_all().await;
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
    assert!(response.ends_with("\r\n\r\nok"), "{response}");
    assert!(response.contains("connection: close\r\n"), "{response}");
    peer.ended().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn connections_end_in_bounded_time() {
    let seconds = Duration::from_secs;
    let limits = Limits {
        header_read: seconds(100),
        lifetime: seconds(60),
        drain: seconds(5),
        ..Limits::default()
    };
    let half = "GET /healthz HTTP/1.1\r\n";
    let whole = "GET /healthz HTTP/1.1\r\nHost: edge\r\n\r\n";
    let cases = [
        ("silent", "", limits.clone(), seconds(60)),
        ("half a head", half, limits.clone(), seconds(65)),
        ("idle after a response", whole, limits.clone(), seconds(60)),
        (
            "half a head, short read time",
            half,
            Limits { header_read: seconds(10), ..limits.clone() },
            seconds(10),
        ),
        (
            "idle, short read time",
            whole,
            Limits { header_read: seconds(10), ..limits },
            seconds(10),
        ),
    ];
    for (case, sent, limits, want) in cases {
        let start = Instant::now();
        let mut peer = Peer::connect(limits);
        peer.send(sent).await;
        peer.receive_all().await;
        assert_eq!(start.elapsed().as_secs(), want.as_secs(), "{case}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_cuts_who_does_not_finish() {
    let mut peer = Peer::connect(Limits::default());
    peer.send("GET /healthz HTTP/1.1\r\n").await;
    let start = Instant::now();
    peer.stop.cancel();
    assert!(matches!(peer.ended().await, Err(EndedEarly::Cut)));
    assert_eq!(start.elapsed().as_secs(), Limits::default().drain.as_secs());
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_idle_connections_at_once() {
    let cases =
        [("silent", ""), ("after a response", "GET /healthz HTTP/1.1\r\nHost: edge\r\n\r\n")];
    for (case, sent) in cases {
        let mut peer = Peer::connect(Limits::default());
        peer.send(sent).await;
        if !sent.is_empty() {
            peer.receive_until("ok").await;
        }
        let start = Instant::now();
        peer.stop.cancel();
        peer.ended().await.unwrap();
        assert_eq!(start.elapsed(), Duration::ZERO, "{case}");
    }
}

struct Peer {
    stream: DuplexStream,
    stop: CancellationToken,
    server: JoinHandle<Result<(), EndedEarly>>,
}

impl Peer {
    fn connect(limits: Limits) -> Self {
        let (stream, served) = tokio::io::duplex(PIPE);
        let stop = CancellationToken::new();
        let server = tokio::spawn({
            let (answers, stop) = (Answers::new(NonZeroUsize::MIN), stop.clone());
            async move {
                let heard = Heard::now();
                converse(served, Opening::Http, answers, &limits, &stop, &heard).await
            }
        });
        Self { stream, stop, server }
    }

    async fn send(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
    }

    async fn receive_until(&mut self, end: &str) {
        let mut got = String::new();
        while !got.ends_with(end) {
            got.push(char::from(self.stream.read_u8().await.unwrap()));
        }
    }

    async fn receive_all(&mut self) -> String {
        let mut got = String::new();
        self.stream.read_to_string(&mut got).await.unwrap();
        got
    }

    async fn ended(self) -> Result<(), EndedEarly> {
        self.server.await.unwrap()
    }
}
