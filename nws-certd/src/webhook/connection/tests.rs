use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::*;
use crate::webhook::{Webhook, WebhookSecret};

/// So small that a write ends only when the server has read nearly all of it.
const PIPE: usize = 1;

const HALF_A_HEAD: &str = "POST /webhook HTTP/1.1\r\nHost: edge\r\n";
const HALF_A_BODY: &str = "POST /webhook HTTP/1.1\r\nHost: edge\r\nX-GitHub-Event: push\r\n\
    Content-Type: application/json\r\nX-Hub-Signature-256: sha256=00\r\nContent-Length: 9\r\n\r\n{";
const WHOLE: &str = "GET /healthz HTTP/1.1\r\nHost: edge\r\n\r\n";

#[tokio::test(start_paused = true)]
async fn who_does_not_go_on_is_let_go() {
    let cases = [
        ("silent", "", HEAD, ""),
        ("half a head", HALF_A_HEAD, HEAD, ""),
        ("half a body", HALF_A_BODY, HEAD, "HTTP/1.1 408 Request Timeout\r\n"),
        ("idle after an answer", WHOLE, HEAD, "HTTP/1.1 200 OK\r\n"),
    ];
    for (case, sent, after, want) in cases {
        let start = Instant::now();
        let mut peer = Peer::connect();
        peer.send(sent).await;
        let got = peer.receive_all().await;
        assert!(got.starts_with(want), "{case}: {got}");
        assert_eq!(start.elapsed().as_secs(), after.as_secs(), "{case}");
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_keeps_a_place_for_ever() {
    let pause = Duration::from_secs(7);
    let mut peer = Peer::connect();
    let start = Instant::now();
    let mut answers = 0;
    while peer.is_answered(WHOLE).await {
        answers += 1;
        sleep(pause).await;
    }
    assert_eq!(answers, LIFETIME.as_secs().div_ceil(pause.as_secs()), "on one connection");
    assert!(start.elapsed() < LIFETIME + pause, "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_stop_cuts_who_does_not_finish() {
    let mut peer = Peer::connect();
    peer.send(HALF_A_HEAD).await;
    let start = Instant::now();
    peer.stop.cancel();
    assert!(matches!(peer.server.await.unwrap(), Err(EndedEarly::Cut)));
    assert_eq!(start.elapsed().as_secs(), DRAIN.as_secs());
}

struct Peer {
    stream: DuplexStream,
    stop: CancellationToken,
    server: JoinHandle<Result<(), EndedEarly>>,
}

impl Peer {
    fn connect() -> Self {
        let (stream, served) = tokio::io::duplex(PIPE);
        let stop = CancellationToken::new();
        let server = tokio::spawn({
            let (desk, stop) = (desk(), stop.clone());
            async move { converse(served, ([192, 0, 2, 1], 1).into(), &desk, &stop).await }
        });
        Self { stream, stop, server }
    }

    async fn send(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
    }

    async fn is_answered(&mut self, request: &str) -> bool {
        let mut got = String::new();
        if self.stream.write_all(request.as_bytes()).await.is_err() {
            return false;
        }
        while !got.ends_with("ok\n") {
            match self.stream.read_u8().await {
                Ok(byte) => got.push(char::from(byte)),
                Err(_) => return false,
            }
        }
        true
    }

    async fn receive_all(&mut self) -> String {
        let mut got = String::new();
        self.stream.read_to_string(&mut got).await.unwrap();
        got
    }
}

fn desk() -> Desk {
    Desk::new(Webhook {
        secret: WebhookSecret::new(b"a secret of the git host").unwrap(),
        branches: vec!["main".parse().unwrap()],
        hint: Arc::new(Notify::new()),
    })
}
