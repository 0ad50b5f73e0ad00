//! A listener on a port of its own, and a git host.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use super::*;

pub(super) const SECRET: &str = "It's a Secret to Everybody";

pub(super) struct World {
    address: SocketAddr,
    hint: Arc<Notify>,
    stop: CancellationToken,
    server: JoinHandle<io::Result<()>>,
}

pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) text: String,
}

impl World {
    pub(super) async fn start() -> Self {
        Self::start_with(SECRET).await
    }

    pub(super) async fn start_with(secret: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (hint, stop) = (Arc::new(Notify::new()), CancellationToken::new());
        let webhook = Webhook {
            secret: WebhookSecret::new(secret.as_bytes()).unwrap(),
            branches: vec!["main".parse().unwrap()],
            hint: Arc::clone(&hint),
        };
        let server = tokio::spawn(serve(listener, webhook, stop.clone()));
        Self { address, hint, stop, server }
    }

    pub(super) async fn stop(self) {
        self.stop.cancel();
        self.server.await.unwrap().unwrap();
    }

    /// Whether there was a hint since the last time.
    pub(super) fn hinted(&self) -> bool {
        let mut notified = std::pin::pin!(self.hint.notified());
        notified.as_mut().enable()
    }

    pub(super) async fn post(&self, headers: &str, body: &str) -> Answer {
        self.ask(&format!(
            "POST /webhook HTTP/1.1\r\nHost: certd\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n\r\n{body}",
            body.len()
        ))
        .await
    }

    pub(super) async fn ask(&self, request: &str) -> Answer {
        let mut stream = self.open(request).await;
        let mut got = String::new();
        stream.read_to_string(&mut got).await.unwrap();
        let (head, text) = got.split_once("\r\n\r\n").unwrap();
        let status = head["HTTP/1.1 ".len()..][..3].parse().unwrap();
        Answer { status, head: head.into(), text: text.into() }
    }

    /// A connection that has sent so much, and stays open.
    pub(super) async fn open(&self, sent: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(sent.as_bytes()).await.unwrap();
        stream
    }
}
