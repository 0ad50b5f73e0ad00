//! What edges are told, in the hands of the real HAProxy and nginx, before real listeners.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod program;

use std::num::NonZeroUsize;
use std::str::FromStr;

use nws_challenge::{
    Account, Answers, Backend, Backends, EdgeConfig, EdgeName, EdgeProgram, EdgeWay, Limits,
    Opening, OtherPaths, Preamble, Thumbprints,
};
use tokio::net::TcpListener;

use self::program::{Edge, Loopback};
use crate::world::{BODY, PATH, World};

const THUMBPRINT: &str = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";
const UNKNOWN: &str = "/.well-known/acme-challenge/LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX1";

fn of<T: FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

fn backends(addresses: &[std::net::SocketAddr]) -> Backends {
    let backend = |address: &std::net::SocketAddr| Backend::try_from(*address).unwrap();
    Backends::new(addresses.iter().map(backend).collect()).unwrap()
}

/// An edge that calls itself `edge-1`, and sends all else to https.
fn edge(loopback: &Loopback, way: EdgeWay) -> EdgeConfig {
    let (name, listen): (EdgeName, _) = (of("edge-1"), vec![of(&loopback.listen().to_string())]);
    EdgeConfig { name, listen, others: OtherPaths::ToHttps, way }
}

/// A replica that knows no token.
async fn replica_without() -> World {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    World::on(listener, Opening::Http, Answers::new(NonZeroUsize::MIN), Limits::default())
}

/// Both ways of asking replicas, with the program that does.
fn proxying(backends: Backends) -> [(EdgeProgram, EdgeWay); 2] {
    let haproxy = EdgeWay::Haproxy { backends: backends.clone(), preamble: Preamble::None };
    [(EdgeProgram::Haproxy, haproxy), (EdgeProgram::Nginx, EdgeWay::Nginx { backends })]
}

#[tokio::test]
async fn whichever_replica_has_the_token_is_found() {
    let (without, with) = (replica_without().await, World::start(Limits::default()).await);
    for (program, way) in proxying(backends(&[without.address, with.address])) {
        let loopback = Loopback::claim();
        let edge = Edge::start(program, &edge(&loopback, way), &loopback).await;
        // As many as begin at each of the replicas in turn.
        for _ in 0..6 {
            let response = edge.get(PATH).await;
            assert_eq!(response.status, "HTTP/1.1 200 OK", "{program:?}");
            assert_eq!(response.body, BODY, "{program:?}");
            assert_eq!(response.header("x-nws-edge"), Some("edge-1"), "{program:?}");
        }
        let response = edge.get(UNKNOWN).await;
        assert_eq!(response.status, "HTTP/1.1 404 Not Found", "{program:?}");
        assert_eq!(response.header("x-nws-edge"), Some("edge-1"), "{program:?}");
        let response = edge.get("/").await;
        assert_eq!(response.status, "HTTP/1.1 301 Moved Permanently", "{program:?}");
        assert_eq!(response.header("location"), Some("https://edge.example/"), "{program:?}");
    }
}

#[tokio::test]
async fn a_replica_that_is_down_is_passed_over() {
    let with = World::start(Limits::default()).await;
    let down = Loopback::claim().listen();
    for (program, way) in proxying(backends(&[down, with.address])) {
        let loopback = Loopback::claim();
        let edge = Edge::start(program, &edge(&loopback, way), &loopback).await;
        for _ in 0..6 {
            assert_eq!(edge.get(PATH).await.body, BODY, "{program:?}");
        }
    }
}

#[tokio::test]
async fn an_edge_without_replicas_still_says_which_it_is() {
    for (program, way) in proxying(backends(&[Loopback::claim().listen()])) {
        let loopback = Loopback::claim();
        let edge = Edge::start(program, &edge(&loopback, way), &loopback).await;
        let response = edge.get(PATH).await;
        assert!(response.status.starts_with("HTTP/1.1 50"), "{program:?}: {}", response.status);
        assert_eq!(response.header("x-nws-edge"), Some("edge-1"), "{program:?}");
    }
}

#[tokio::test]
async fn haproxy_says_who_the_client_is() {
    let replica = World::behind(Opening::ProxyHeader, Limits::default()).await;
    let way =
        EdgeWay::Haproxy { backends: backends(&[replica.address]), preamble: Preamble::Proxy };
    let loopback = Loopback::claim();
    let edge = Edge::start(EdgeProgram::Haproxy, &edge(&loopback, way), &loopback).await;
    assert_eq!(edge.get(PATH).await.body, BODY);
}

#[tokio::test]
async fn haproxy_answers_alone() {
    let thumbprints = Thumbprints::One(of(THUMBPRINT));
    let account = Account {
        ca: of("https://ca.example/directory"),
        uri: Some(of("https://ca.example/account/1")),
        thumbprint: of(THUMBPRINT),
        next: None,
    };
    let way = EdgeWay::HaproxyStateless { thumbprints, accounts: vec![account] };
    let loopback = Loopback::claim();
    let edge = Edge::start(EdgeProgram::Haproxy, &edge(&loopback, way), &loopback).await;
    let response = edge.get(PATH).await;
    assert_eq!((response.status.as_str(), response.body.as_str()), ("HTTP/1.1 200 OK", BODY));
    assert_eq!(response.header("x-nws-edge"), Some("edge-1"));
    let cases = [
        ("another token", UNKNOWN.to_owned(), "200 OK"),
        ("too short", "/.well-known/acme-challenge/abc".to_owned(), "404 Not Found"),
        ("markup", format!("{PATH}<b>"), "404 Not Found"),
        ("an escaped line break", format!("{PATH}%0d%0a"), "404 Not Found"),
        ("a folder in between", PATH.replace("challenge/", "challenge/a/"), "404 Not Found"),
        ("elsewhere", "/".to_owned(), "301 Moved Permanently"),
    ];
    for (case, path, want) in cases {
        assert_eq!(edge.get(&path).await.status, format!("HTTP/1.1 {want}"), "{case}");
    }
}

#[tokio::test]
async fn haproxy_tells_accounts_apart_by_host() {
    const OTHER: &str = "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s";
    let loopback = Loopback::claim();
    let map = loopback.file("accounts.map", &format!("edge.example {THUMBPRINT}\n"));
    let way = EdgeWay::HaproxyStateless {
        thumbprints: Thumbprints::ByHost { map: of(&map), otherwise: of(OTHER) },
        accounts: vec![],
    };
    let edge = Edge::start(EdgeProgram::Haproxy, &edge(&loopback, way), &loopback).await;
    assert_eq!(edge.get(PATH).await.body, BODY);
    let body = edge.get_of("Edge.Example:80", PATH).await.body;
    assert_eq!(body, BODY, "in any case, with a port");
    let body = edge.get_of("other.example", PATH).await.body;
    assert_eq!(body, BODY.replace(THUMBPRINT, OTHER));
}

#[tokio::test]
async fn a_validator_that_follows_comes_to_the_central_host() {
    let central = World::start(Limits::default()).await;
    for by in [EdgeProgram::Haproxy, EdgeProgram::Nginx] {
        let to = of(&format!("http://{}", central.address));
        let loopback = Loopback::claim();
        let edge = Edge::start(by, &edge(&loopback, EdgeWay::Redirect { to, by }), &loopback).await;
        let response = edge.get(&format!("{PATH}?a=b")).await;
        assert!(response.status.starts_with("HTTP/1.1 302 "), "{by:?}: {}", response.status);
        assert_eq!(response.header("x-nws-edge"), Some("edge-1"), "{by:?}");
        let location = response.header("location").unwrap();
        let path = location.strip_prefix(&format!("http://{}", central.address)).unwrap();
        assert_eq!(path, format!("{PATH}?a=b"), "{by:?}");
        assert_eq!(central.connect().await.get(path).await.body, BODY, "{by:?}");
        let response = edge.get("/").await;
        assert_eq!(response.header("location"), Some("https://edge.example/"), "{by:?}");
        assert_eq!(response.header("x-nws-edge"), None, "{by:?}: only challenges name the edge");
    }
}
