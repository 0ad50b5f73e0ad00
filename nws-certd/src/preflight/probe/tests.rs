use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;

/// Somebody who says this to whoever asks, and leaves; the request is what was heard.
async fn saying(said: Vec<u8>) -> (SocketAddr, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let heard = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        stream.write_all(&said).await.unwrap();
        String::from_utf8(head).unwrap()
    });
    (address, heard)
}

fn request_of(address: SocketAddr) -> Ask {
    Ask {
        address,
        scheme: Scheme::Http,
        authority: "shop.example".into(),
        server_name: "shop.example".into(),
        path_and_query: "/.well-known/acme-challenge/x?y".into(),
    }
}

async fn heeded(ask: &Ask) -> Heeded {
    Probe::new().unwrap().ask(ask, Instant::now() + PATIENCE).await
}

async fn answer(said: &[u8]) -> Heeded {
    let (address, heard) = saying(said.to_vec()).await;
    let heeded = heeded(&request_of(address)).await;
    let heard = heard.await.unwrap();
    assert!(heard.starts_with("GET /.well-known/acme-challenge/x?y HTTP/1.1\r\n"), "{heard}");
    assert!(heard.to_lowercase().contains("host: shop.example\r\n"), "{heard}");
    heeded
}

fn response(status: u16, location: Option<&str>, body: &str) -> Answer {
    Answer::Response { status, location: location.map(Into::into), body: body.into() }
}

#[tokio::test]
async fn what_is_heard_of_whatever_answers() {
    let long = format!("HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n{}", "x".repeat(5000));
    let cases: &[(&str, &[u8], Answer)] = &[
        (
            "with a length",
            b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
            response(200, None, "ok"),
        ),
        ("until it closes", b"HTTP/1.0 200 OK\r\n\r\nok", response(200, None, "ok")),
        (
            "in pieces",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n",
            response(200, None, "ok"),
        ),
        (
            "a redirect",
            b"HTTP/1.1 302 Found\r\nlocation: http://acme.example/\r\ncontent-length: 0\r\n\r\n",
            response(302, Some("http://acme.example/"), ""),
        ),
        ("no more than a validator reads", long.as_bytes(), response(200, None, &"x".repeat(128))),
    ];
    for (case, said, want) in cases {
        assert_eq!(answer(said).await.answer, *want, "{case}");
    }
}

#[tokio::test]
async fn what_is_no_http_is_told_apart() {
    let failure = async |said: &[u8]| match answer(said).await.answer {
        Answer::Failed(failure) => failure,
        Answer::Response { status, .. } => panic!("a response: {status}"),
    };
    let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    assert_eq!(failure(&settings).await, Failure::Http2);
    let ssh = failure(b"SSH-2.0-OpenSSH_9.2\r\n").await;
    assert!(matches!(ssh, Failure::NotHttp { .. }), "{ssh:?}");
    for (case, said) in [
        ("nothing", &b""[..]),
        ("half a head", b"HTTP/1.1 200 OK\r\ncont"),
        ("half a body", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok"),
    ] {
        let cut = failure(said).await;
        assert!(matches!(cut, Failure::Cut { .. }), "{case}: {cut:?}");
    }
}

#[tokio::test]
async fn an_edge_says_what_it_is_called() {
    let said = |name: &str| {
        format!("HTTP/1.1 404 Not Found\r\nx-nws-edge: {name}\r\ncontent-length: 0\r\n\r\n")
    };
    let cases = [("edge-1", Some("edge-1".to_owned())), ("", Some(String::new()))];
    for (name, want) in cases {
        assert_eq!(answer(said(name).as_bytes()).await.edge, want);
    }
    let long = answer(said(&"e".repeat(100)).as_bytes()).await.edge.unwrap();
    assert_eq!(long.len(), LONGEST_EDGE);
    assert_eq!(answer(said("caf\u{e9}").as_bytes()).await.edge, None, "it is no text");
}

#[tokio::test]
async fn where_nobody_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    assert_eq!(heeded(&request_of(address)).await.answer, Answer::Failed(Failure::Refused));
}

#[test]
fn what_no_connection_comes_of() {
    let cases = [
        ("nobody listens", Errno::CONNREFUSED, Failure::Refused),
        ("a host is down", Errno::HOSTUNREACH, Failure::ConnectTimeout),
        ("the kernel gives up", Errno::TIMEDOUT, Failure::ConnectTimeout),
        ("a firewall refuses IPv6", Errno::ACCESS, Failure::ConnectTimeout),
        ("no route", Errno::NETUNREACH, Failure::Unroutable),
        ("the interface is down", Errno::NETDOWN, Failure::Unroutable),
        ("no IPv6 address here", Errno::ADDRNOTAVAIL, Failure::Unroutable),
        ("no IPv6 for this process", Errno::AFNOSUPPORT, Failure::Unroutable),
        ("this host's own firewall", Errno::PERM, Failure::Unroutable),
    ];
    for (case, errno, want) in cases {
        assert_eq!(not_connected(&errno.into()), want, "{case}");
    }
    let ours = not_connected(&Errno::MFILE.into());
    assert!(matches!(ours, Failure::Cut { .. }), "it lets nothing pass: {ours:?}");
}

#[tokio::test]
async fn a_redirect_to_https_that_speaks_none() {
    let (address, _heard) = saying(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()).await;
    let ask = Ask { scheme: Scheme::Https, ..request_of(address) };
    let answer = Probe::new().unwrap().ask(&ask, Instant::now() + Duration::from_secs(1)).await;
    assert!(
        matches!(answer.answer, Answer::Failed(Failure::Tls { .. } | Failure::Silent)),
        "{answer:?}"
    );
}
