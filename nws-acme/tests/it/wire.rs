//! What a server does below HTTP, or against it: the real pool and a real listener, whose CA never says a sensible word.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use nws_acme::testing::RuntimeClock;
use nws_acme::{AccountKey, AcmeError, Ca, Limits, Pool, Proxy, Recovery, Roots, TransportError};
use rcgen::{CertificateParams, KeyPair};
use rustls::crypto::aws_lc_rs;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use time::macros::datetime;

use crate::world::registration;

/// What the server does with a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Manner {
    /// Takes it and says nothing, not even hello.
    Silent,
    /// Ends it at once.
    Gone,
    /// Answers in clear.
    Plain,
    /// Reads the request, sends this, and then nothing more, with the connection left open.
    Stalls(&'static str),
    /// Reads the request, sends this, and ends.
    Ends(&'static str),
    /// Reads the request, sends this, and then the same line for ever.
    Floods(&'static str),
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    root: CertificateDer<'static>,
    connections: Arc<AtomicUsize>,
}

impl Server {
    pub(crate) fn start(manner: Manner) -> Self {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([Ipv4Addr::LOCALHOST.to_string()]).unwrap();
        let root = params.self_signed(&key).unwrap().der().clone();
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![root.clone()],
                PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
            )
            .unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let (address, config) = (listener.local_addr().unwrap(), Arc::new(config));
        let connections = Arc::new(AtomicUsize::new(0));
        let accepted = connections.clone();
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                accepted.fetch_add(1, Ordering::SeqCst);
                let config = config.clone();
                // a client that leaves in the middle is what most of this is about
                std::thread::spawn(move || serve(connection?, config, manner));
            }
        });
        Self { address, root, connections }
    }

    async fn ask(&self, limits: Limits) -> AcmeError {
        self.ask_through(None, limits).await
    }

    pub(crate) async fn ask_through(&self, proxy: Option<Proxy>, limits: Limits) -> AcmeError {
        let pool = Pool::new(Roots::Only(vec![self.root.clone()]), proxy).unwrap();
        let url = format!("https://{}/directory", self.address).parse().unwrap();
        let ca = Ca::new(url, Arc::new(pool), limits);
        let clock = RuntimeClock::starting_at(datetime!(2026-03-02 0:00 UTC));
        ca.register(&AccountKey::generate().unwrap(), &registration(), &clock).await.unwrap_err()
    }
}

fn serve(
    mut connection: TcpStream,
    config: Arc<ServerConfig>,
    manner: Manner,
) -> std::io::Result<()> {
    match manner {
        Manner::Silent => wait(&mut connection),
        Manner::Gone => Ok(()),
        Manner::Plain => connection.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        Manner::Stalls(text) => {
            let mut connection = begin(connection, config, text)?;
            wait(&mut connection)
        }
        Manner::Ends(text) => {
            let mut connection = begin(connection, config, text)?;
            connection.conn.send_close_notify();
            connection.flush()
        }
        Manner::Floods(text) => {
            let mut connection = begin(connection, config, text)?;
            loop {
                connection.write_all(b"x-nothing: and nothing again\r\n")?;
            }
        }
    }
}

fn begin(
    connection: TcpStream,
    config: Arc<ServerConfig>,
    text: &str,
) -> std::io::Result<StreamOwned<ServerConnection, TcpStream>> {
    let tls = ServerConnection::new(config).map_err(std::io::Error::other)?;
    let mut connection = StreamOwned::new(tls, connection);
    connection.read_exact(&mut [0; 16])?;
    connection.write_all(text.as_bytes())?;
    connection.flush()?;
    Ok(connection)
}

/// Until the client has gone.
fn wait(connection: &mut impl Read) -> std::io::Result<()> {
    while connection.read(&mut [0; 1024])? > 0 {}
    Ok(())
}

pub(crate) fn cause(error: &AcmeError) -> &'static str {
    match error {
        AcmeError::Unreachable { source, .. } => match source {
            TransportError::Connect(_) => "connect",
            TransportError::Broken(_) => "broken",
            TransportError::TimedOut { .. } => "timed out",
            TransportError::TooLong { .. } => "too long",
        },
        AcmeError::NotAcme { .. } => "no ACME",
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn whatever_a_server_does_a_request_has_an_end() {
    let soon = Limits { request: Duration::from_millis(200), ..quick() };
    let cases = [
        (Manner::Silent, soon, "timed out", 3),
        (Manner::Stalls(""), soon, "timed out", 3),
        (Manner::Stalls("HTTP/1.1 200 OK\r\nConte"), soon, "timed out", 3),
        (Manner::Stalls("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"), soon, "timed out", 3),
        (Manner::Gone, quick(), "connect", 3),
        (Manner::Plain, quick(), "connect", 3),
        (Manner::Ends("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"), quick(), "broken", 3),
        (
            Manner::Ends("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz"),
            quick(),
            "broken",
            3,
        ),
        (Manner::Ends("220 mail.example ESMTP\r\n"), quick(), "broken", 3),
        (Manner::Floods("HTTP/1.1 200 OK\r\n"), quick(), "broken", 3),
        (Manner::Floods("HTTP/1.1 200 OK\r\n\r\n"), quick(), "too long", 1),
        (
            Manner::Ends("HTTP/1.1 302 Found\r\nlocation: /directory\r\ncontent-length: 0\r\n\r\n"),
            quick(),
            "no ACME",
            1,
        ),
    ];
    for (manner, limits, want, connections) in cases {
        let server = Server::start(manner);
        let error = server.ask(limits).await;
        assert_eq!(cause(&error), want, "{manner:?}: {error:?}");
        assert!(server.connections.load(Ordering::SeqCst) <= connections, "{manner:?}");
        assert_eq!(error.recovery(), Recovery::CaAway { retry_after: None }, "{manner:?}");
    }
}

/// As always, but for the pauses.
pub(crate) fn quick() -> Limits {
    Limits { first_pause: Duration::from_millis(1), ..Limits::default() }
}
