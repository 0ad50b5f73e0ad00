//! A CA behind an HTTP proxy: the real pool, a real proxy on the loopback.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use nws_acme::{AcmeError, Limits, Proxy, Recovery};

use crate::wire::{Manner, Server, cause, quick};

/// What a server behind the proxy says, and so shows that it was reached.
const SOMEBODY: Manner =
    Manner::Ends("HTTP/1.1 302 Found\r\nlocation: /directory\r\ncontent-length: 0\r\n\r\n");

/// A proxy that answers CONNECT with one line, and opens the way if that is a success.
struct Gate {
    address: SocketAddr,
    heads: Arc<Mutex<Vec<Vec<String>>>>,
}

impl Gate {
    fn start(answer: &'static str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let seen = heads.clone();
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let seen = seen.clone();
                std::thread::spawn(move || pass(connection?, answer, &seen));
            }
        });
        Self { address, heads }
    }

    fn proxy(&self, credentials: &str, direct: &str) -> Option<Proxy> {
        let url = format!("http://{credentials}{}", self.address);
        Some(Proxy::new(url.parse().unwrap(), direct))
    }

    fn heads(&self) -> Vec<Vec<String>> {
        self.heads.lock().unwrap().clone()
    }
}

fn pass(
    mut client: TcpStream,
    answer: &str,
    seen: &Mutex<Vec<Vec<String>>>,
) -> std::io::Result<()> {
    let head = BufReader::new(client.try_clone()?).lines().map_while(Result::ok);
    let head: Vec<_> = head.take_while(|line| !line.is_empty()).collect();
    let to = head[0].split(' ').nth(1).unwrap().to_owned();
    seen.lock().unwrap().push(head);
    write!(client, "HTTP/1.1 {answer}\r\n\r\n")?;
    if !answer.starts_with("200") {
        return Ok(());
    }
    let server = TcpStream::connect(to)?;
    let (mut up, mut down) = ((client.try_clone()?, server.try_clone()?), (server, client));
    std::thread::spawn(move || {
        std::io::copy(&mut up.0, &mut up.1)?;
        up.1.shutdown(Shutdown::Write)
    });
    std::io::copy(&mut down.0, &mut down.1)?;
    down.1.shutdown(Shutdown::Write)
}

#[tokio::test]
async fn a_proxy_that_says_nothing_is_not_waited_for_longer_than_a_ca() {
    let (server, gate) = (Server::start(SOMEBODY), Server::start(Manner::Silent));
    let url = format!("http://{}", gate.address).parse().unwrap();
    let soon = Limits { request: Duration::from_millis(200), ..quick() };
    let error = server.ask_through(Some(Proxy::new(url, "")), soon).await;
    assert_eq!(cause(&error), "timed out", "{error:?}");
}

fn causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| (*error).source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[tokio::test]
async fn the_ca_is_asked_through_the_proxy() {
    let (server, gate) = (Server::start(SOMEBODY), Gate::start("200 Connection established"));
    let error = server.ask_through(gate.proxy("me:pass%40word@", ""), quick()).await;
    assert_eq!(cause(&error), "no ACME", "{error:?}");
    let to = server.address;
    let head = [
        format!("CONNECT {to} HTTP/1.1"),
        format!("Host: {to}"),
        "Proxy-Authorization: Basic bWU6cGFzc0B3b3Jk".into(), // me:pass@word
    ];
    assert_eq!(gate.heads(), [head]);
}

#[tokio::test]
async fn a_host_that_is_named_as_direct_is_asked_without_it() {
    let (server, gate) = (Server::start(SOMEBODY), Gate::start("200 Connection established"));
    let error = server.ask_through(gate.proxy("", "192.0.2.1,127.0.0.0/8"), quick()).await;
    assert_eq!(cause(&error), "no ACME", "{error:?}");
    assert_eq!(gate.heads(), Vec::<Vec<String>>::new());
}

#[tokio::test]
async fn a_proxy_that_opens_no_way_is_named_and_its_password_is_not() {
    let cases = [
        ("407 Proxy Authentication Required", "proxy authorization required"),
        ("403 Forbidden", "unsuccessful"),
        ("502 Bad Gateway", "unsuccessful"),
    ];
    for (answer, why) in cases {
        let (server, gate) = (Server::start(SOMEBODY), Gate::start(answer));
        let error = server.ask_through(gate.proxy("me:secret@", ""), quick()).await;
        let AcmeError::Unreachable { .. } = &error else { panic!("{answer}: {error:?}") };
        let text = causes(&error);
        assert!(
            text.contains(&format!("no way through the proxy http://{}", gate.address)),
            "{text}"
        );
        assert!(text.ends_with(why), "{text}");
        assert!(!format!("{text} {error:?}").contains("secret"), "{error:?}");
        assert_eq!(error.recovery(), Recovery::CaAway { retry_after: None });
    }
}
