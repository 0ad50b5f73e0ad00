//! The listener as a validator, an edge and an attacker meet it, over real sockets.

mod edges;
mod world;

use std::io::ErrorKind;
use std::num::NonZeroUsize;
use std::time::Duration;

use nws_challenge::{Limits, Opening};
use tokio::net::{TcpListener, TcpStream};

use crate::world::{BODY, PATH, TOKEN, World};

#[tokio::test]
async fn a_validator_gets_the_key_authorization_byte_for_byte() {
    let world = World::start(Limits::default()).await;
    let mut peer = world.connect().await;
    peer.send(&format!("GET {PATH} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n"))
        .await;
    let response = peer.receive_all().await;
    assert_eq!(response.status, "HTTP/1.1 200 OK");
    assert_eq!(response.body, BODY);
    assert_eq!(response.header("content-length"), Some("87"));
    assert_eq!(response.header("content-type"), Some("text/plain"));
    assert_eq!(response.header("transfer-encoding"), None);
}

#[tokio::test]
async fn requests_come_in_several_dialects() {
    let cases = [
        ("HTTP/1.0", format!("GET {PATH} HTTP/1.0\r\n\r\n"), "HTTP/1.0 200 OK", BODY),
        ("bare line feeds", format!("GET {PATH} HTTP/1.0\n\n"), "HTTP/1.0 200 OK", BODY),
        ("query", format!("GET {PATH}?a=b HTTP/1.0\r\n\r\n"), "HTTP/1.0 200 OK", BODY),
        (
            "absolute form",
            format!("GET http://shop.example{PATH} HTTP/1.0\r\n\r\n"),
            "HTTP/1.0 200 OK",
            BODY,
        ),
        ("HEAD", format!("HEAD {PATH} HTTP/1.0\r\n\r\n"), "HTTP/1.0 200 OK", ""),
        ("health", "GET /healthz HTTP/1.0\r\n\r\n".to_owned(), "HTTP/1.0 200 OK", "ok"),
        ("elsewhere", "GET / HTTP/1.0\r\n\r\n".to_owned(), "HTTP/1.0 404 Not Found", "not found\n"),
        (
            "POST without its body",
            format!("POST {PATH} HTTP/1.0\r\nContent-Length: 1000000\r\n\r\n"),
            "HTTP/1.0 405 Method Not Allowed",
            "only GET and HEAD\n",
        ),
        ("no HTTP", "\x16\x03\x01\x02\r\n\r\n".to_owned(), "HTTP/1.1 400 Bad Request", ""),
    ];
    let world = World::start(Limits::default()).await;
    for (case, request, status, body) in cases {
        let mut peer = world.connect().await;
        peer.send(&request).await;
        let response = peer.receive_all().await;
        assert_eq!((response.status.as_str(), response.body.as_str()), (status, body), "{case}");
    }
}

#[tokio::test]
async fn head_tells_the_length_of_get() {
    let world = World::start(Limits::default()).await;
    let mut peer = world.connect().await;
    peer.send(&format!("HEAD {PATH} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")).await;
    let response = peer.receive_all().await;
    assert_eq!(response.header("content-length"), Some("87"));
    assert_eq!(response.body, "");
}

#[tokio::test]
async fn an_edge_keeps_its_connection_and_sees_changes_of_the_table() {
    let world = World::start(Limits::default()).await;
    let mut peer = world.connect().await;
    assert_eq!(peer.get(PATH).await.body, BODY);
    world.answers.withdraw(&TOKEN.parse().unwrap());
    assert_eq!(peer.get(PATH).await.status, "HTTP/1.1 404 Not Found");
    world.answer();
    assert_eq!(peer.get(PATH).await.body, BODY);
}

#[tokio::test]
async fn a_slow_sender_is_dropped() {
    let world =
        World::start(Limits { header_read: Duration::from_millis(20), ..Limits::default() }).await;
    for sent in ["", "GET ", "GET /healthz HTTP/1.1\r\nHost:"] {
        let mut peer = world.connect().await;
        peer.send(sent).await;
        peer.closed().await;
    }
}

#[tokio::test]
async fn a_head_beyond_the_limit_is_refused() {
    let limits = Limits { header_bytes: 1024, ..Limits::default() };
    let world = World::start(limits.clone()).await;
    let frame = "GET /healthz HTTP/1.0\r\nCookie: \r\n\r\n".len();
    let cases = [
        ("at the limit", limits.header_bytes - frame, "HTTP/1.0 200 OK"),
        (
            "one byte more",
            limits.header_bytes - frame + 1,
            "HTTP/1.1 431 Request Header Fields Too Large",
        ),
        ("far more", limits.header_bytes * 4, "HTTP/1.1 431 Request Header Fields Too Large"),
    ];
    for (case, length, status) in cases {
        let mut peer = world.connect().await;
        peer.send(&format!("GET /healthz HTTP/1.0\r\nCookie: {}\r\n\r\n", "x".repeat(length)))
            .await;
        assert_eq!(peer.receive_all().await.status, status, "{case}");
    }
}

#[tokio::test]
async fn a_newcomer_takes_the_place_of_who_is_waited_for_longest() {
    const PLACES: NonZeroUsize = NonZeroUsize::new(3).unwrap();
    // One thread, or who has a place where would be a matter of luck.
    let limits = Limits { connections: PLACES, threads: NonZeroUsize::MIN, ..Limits::default() };
    let world = World::start(limits).await;
    let mut slow = world.connect().await;
    slow.send("GET /healthz HTTP/1.1\r\n").await;
    let mut silent = world.connect().await;
    let mut edge = world.connect().await;
    assert_eq!(edge.get("/healthz").await.body, "ok");

    let mut validator = world.connect().await;
    assert_eq!(validator.get(PATH).await.body, BODY);
    slow.closed().await;
    let mut another = world.connect().await;
    assert_eq!(another.get(PATH).await.body, BODY);
    silent.closed().await;
    for mut kept in [edge, validator, another] {
        assert_eq!(kept.get("/healthz").await.body, "ok");
    }
}

#[tokio::test]
async fn validators_are_answered_among_many_more_slow_peers_than_places() {
    const PLACES: NonZeroUsize = NonZeroUsize::new(8).unwrap();
    let hour = Duration::from_secs(3600);
    let limits =
        Limits { connections: PLACES, header_read: hour, lifetime: hour, ..Limits::default() };
    let world = World::start(limits).await;
    let mut slow = Vec::new();
    for _ in 0..10 {
        for _ in 0..PLACES.get() {
            let mut peer = world.connect().await;
            peer.send("GET /healthz HTTP/1.1\r\nHost:").await;
            slow.push(peer);
        }
        assert_eq!(world.connect().await.get(PATH).await.body, BODY);
    }
}

#[tokio::test]
async fn a_proxy_says_whom_it_speaks_for() {
    let world = World::behind(Opening::ProxyHeader, Limits::default()).await;
    let cases = [
        ("version 1", "PROXY TCP4 192.0.2.1 198.51.100.2 56324 80\r\n"),
        ("for itself", "PROXY UNKNOWN\r\n"),
        ("version 2, for itself", "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"),
        ("version 2", "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0cabcdefghijkl"),
    ];
    for (case, header) in cases {
        let mut proxy = world.connect().await;
        proxy.send(header).await;
        assert_eq!(proxy.get(PATH).await.body, BODY, "{case}");
        assert_eq!(proxy.get(PATH).await.body, BODY, "{case}: once a connection");
        let mut at_once = world.connect().await;
        at_once.send(&format!("{header}GET {PATH} HTTP/1.0\r\n\r\n")).await;
        assert_eq!(at_once.receive_all().await.body, BODY, "{case}, in one piece");
    }
}

#[tokio::test]
async fn a_listener_requires_the_proxy_header_or_does_not_know_it() {
    let requires = World::behind(Opening::ProxyHeader, Limits::default()).await;
    let mut stranger = requires.connect().await;
    stranger.send("GET /healthz HTTP/1.0\r\n\r\n").await;
    stranger.closed().await;

    let direct = World::start(Limits::default()).await;
    let mut proxy = direct.connect().await;
    proxy.send("PROXY UNKNOWN\r\nGET /healthz HTTP/1.0\r\n\r\n").await;
    assert_eq!(proxy.receive_all().await.status, "HTTP/1.1 400 Bad Request");
}

#[tokio::test]
async fn a_slow_proxy_is_dropped() {
    let limits = Limits { header_read: Duration::from_millis(20), ..Limits::default() };
    let world = World::behind(Opening::ProxyHeader, limits).await;
    for sent in ["", "PROXY TCP4 ", "PROXY UNKNOWN\r\n", "PROXY UNKNOWN\r\nGET "] {
        let mut peer = world.connect().await;
        peer.send(sent).await;
        peer.closed().await;
    }
}

#[tokio::test]
async fn a_connection_does_not_live_for_ever() {
    let hour = Duration::from_secs(3600);
    let limits =
        Limits { lifetime: Duration::from_millis(20), header_read: hour, ..Limits::default() };
    let world = World::start(limits).await;
    world.connect().await.closed().await;
}

#[tokio::test]
async fn a_stop_finishes_what_runs_and_accepts_no_more() {
    // One thread, so that what was sent first is read first.
    let limits = Limits { threads: NonZeroUsize::MIN, ..Limits::default() };
    let world = World::start(limits).await;
    let address = world.address;
    let mut running = world.connect().await;
    running.send("GET /healthz HTTP/1.1\r\n").await;
    let mut idle = world.connect().await;
    // Accepted later and answered, so by now the server has read the first half of the running request too.
    assert_eq!(idle.get("/healthz").await.body, "ok");

    world.stop.cancel();
    idle.closed().await;
    let refused = TcpStream::connect(address).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);

    running.send("Host: edge\r\n\r\n").await;
    let response = running.receive_all().await;
    assert_eq!((response.status.as_str(), response.body.as_str()), ("HTTP/1.1 200 OK", "ok"));
    assert_eq!(response.header("connection"), Some("close"));
    world.ended().await.unwrap();
}

#[tokio::test]
async fn a_stop_does_not_wait_for_ever() {
    let drain = Duration::from_millis(20);
    let limits = Limits { drain, threads: NonZeroUsize::MIN, ..Limits::default() };
    let world = World::start(limits).await;
    let mut stuck = world.connect().await;
    stuck.send("GET /healthz HTTP/1.1\r\n").await;
    let mut fence = world.connect().await;
    assert_eq!(fence.get("/healthz").await.body, "ok");
    world.stop.cancel();
    world.ended().await.unwrap();
    stuck.closed().await;
}

#[tokio::test]
async fn nothing_is_left_after_a_stop() {
    let world = World::start(Limits::default()).await;
    let (address, answers) = (world.address, world.answers.clone());
    let mut peer = world.connect().await;
    assert_eq!(peer.get(PATH).await.body, BODY);
    world.stop.cancel();
    world.ended().await.unwrap();

    let again = World::on(
        TcpListener::bind(address).await.unwrap(),
        Opening::Http,
        answers,
        Limits::default(),
    );
    assert_eq!(again.connect().await.get(PATH).await.body, BODY);
}

#[tokio::test]
async fn dropping_the_server_ends_its_connections() {
    let world = World::start(Limits::default()).await;
    let mut peer = world.connect().await;
    assert_eq!(peer.get("/healthz").await.body, "ok");
    world.abort();
    peer.closed().await;
}
