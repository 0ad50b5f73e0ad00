use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::sync::DropGuard;

use super::*;
use crate::config::StatelessAnswers;

#[tokio::test]
async fn each_listener_takes_what_its_setting_says() {
    let world = World::start().await;
    let (direct, proxied) = ("GET /healthz HTTP/1.0\r\n\r\n", "PROXY UNKNOWN\r\n");
    let proxied = format!("{proxied}{direct}");
    let cases = [
        ("HTTP", 0, direct, Some("HTTP/1.0 200 OK")),
        ("a PROXY header where none is known", 0, &proxied, Some("HTTP/1.1 400 Bad Request")),
        ("a PROXY header", 1, &proxied, Some("HTTP/1.0 200 OK")),
        ("HTTP where a PROXY header is required", 1, direct, None),
    ];
    for (case, to, sent, want) in cases {
        assert_eq!(world.ask(to, sent).await.as_deref(), want, "{case}");
    }
}

#[tokio::test]
async fn an_address_that_is_taken_is_named_with_its_setting() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap();
    let settings = ChallengeSettings { listen_proxy_protocol: vec![address], ..anywhere() };
    let error = listen_to_validators(&settings).unwrap_err();
    let want = format!(
        "challenge.listen_proxy_protocol: cannot listen on {address}; free it, or choose another"
    );
    assert_eq!(error.to_string(), want);
}

fn anywhere() -> ChallengeSettings {
    let address = "127.0.0.1:0".parse().unwrap();
    ChallengeSettings {
        listen: vec![address],
        listen_proxy_protocol: vec![address],
        stateless: StatelessAnswers::Off,
    }
}

struct World {
    addresses: Vec<SocketAddr>,
    _stop: DropGuard,
}

impl World {
    async fn start() -> Self {
        let stop = CancellationToken::new();
        let mut addresses = Vec::new();
        for (listener, opening) in listen_to_validators(&anywhere()).unwrap() {
            addresses.push(listener.local_addr().unwrap());
            let answers = Answers::new(std::num::NonZeroUsize::MIN);
            tokio::spawn(answer(listener, opening, answers, stop.clone()));
        }
        Self { addresses, _stop: stop.drop_guard() }
    }

    /// The first line that comes back, if any does.
    async fn ask(&self, listener: usize, sent: &str) -> Option<String> {
        let mut stream = TcpStream::connect(self.addresses[listener]).await.unwrap();
        stream.write_all(sent.as_bytes()).await.unwrap();
        let mut got = Vec::new();
        // Whoever is refused may see the connection reset.
        let _ = stream.read_to_end(&mut got).await;
        String::from_utf8(got).unwrap().lines().next().map(str::to_owned)
    }
}
