//! One request to one address, as a CA's validator makes it.

mod heard;

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONNECTION, HOST, LOCATION, USER_AGENT};
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use nws_challenge::preflight::{Answer, Ask, Failure, LONGEST_BODY, Scheme};
use rustix::io::Errno;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;

use self::heard::Heard;
use crate::edges;
use crate::failure::Causes;

/// For one request (Boulder: 10 s for each dial).
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest response head: an edge adds a few hundred bytes.
const LONGEST_HEAD: usize = 16 * 1024;
/// The longest name of an edge that is told.
const LONGEST_EDGE: usize = 64;
/// What an edge may call itself.
const EDGE: &str = "x-nws-edge";

/// Makes requests of validators.
#[derive(Clone, Debug)]
pub(crate) struct Probe {
    tls: Arc<ClientConfig>,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Heeded {
    pub(super) answer: Answer,
    /// What the edge calls itself.
    pub(super) edge: Option<String>,
}

impl Probe {
    /// # Errors
    ///
    /// If TLS cannot be set up.
    pub(crate) fn new() -> Result<Self, rustls::Error> {
        let mut tls = edges::unverified()?;
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { tls: Arc::new(tls) })
    }

    /// Takes 10 s at most, and ends at `deadline`.
    pub(super) async fn ask(&self, ask: &Ask, deadline: Instant) -> Heeded {
        let until = deadline.min(Instant::now() + PATIENCE);
        let connected = match timeout_at(until, TcpStream::connect(ask.address)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return failed(not_connected(&error)),
            Err(_elapsed) => return failed(Failure::ConnectTimeout),
        };
        match timeout_at(until, self.converse(connected, ask)).await {
            Ok(Ok(heeded)) => heeded,
            Ok(Err(failure)) => failed(failure),
            Err(_elapsed) => failed(Failure::Silent),
        }
    }

    async fn converse(&self, stream: TcpStream, ask: &Ask) -> Result<Heeded, Failure> {
        match ask.scheme {
            Scheme::Http => exchange(stream, ask).await,
            Scheme::Https => {
                let no_tls =
                    |error: &dyn std::error::Error| Failure::Tls { why: error.to_string() };
                let server = ServerName::try_from(ask.server_name.clone());
                let server = server.map_err(|error| no_tls(&error))?;
                let connector = TlsConnector::from(self.tls.clone());
                let stream = connector.connect(server, stream).await;
                exchange(stream.map_err(|error| no_tls(&error))?, ask).await
            }
        }
    }
}

fn failed(failure: Failure) -> Heeded {
    Heeded { answer: Answer::Failed(failure), edge: None }
}

fn not_connected(error: &io::Error) -> Failure {
    match error.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::CONNREFUSED) => Failure::Refused,
        // A host that is down is told so by the router before it, or by nobody. "Administratively prohibited", which is how firewalls
        // refuse IPv6, comes as ACCESS.
        Some(Errno::TIMEDOUT | Errno::HOSTUNREACH | Errno::ACCESS) => Failure::ConnectTimeout,
        // No route, no IPv6 on this host or for this process, or a rule of this host's own.
        Some(
            Errno::NETUNREACH
            | Errno::NETDOWN
            | Errno::ADDRNOTAVAIL
            | Errno::AFNOSUPPORT
            | Errno::PERM,
        ) => Failure::Unroutable,
        Some(_) | None => Failure::Cut { why: error.to_string() },
    }
}

async fn exchange<T>(stream: T, ask: &Ask) -> Result<Heeded, Failure>
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (stream, heard) = Heard::through(stream);
    let cut = |error: hyper::Error| match error {
        _ if heard.is_http2() => Failure::Http2,
        error if error.is_parse() => Failure::NotHttp { why: error.to_string() },
        error => Failure::Cut { why: Causes(&error).to_string() },
    };
    let mut http1 = http1::Builder::new();
    let shaken = http1.max_buf_size(LONGEST_HEAD).handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = shaken.map_err(cut)?;
    let asked = async {
        let response = sender.send_request(request(ask)?).await.map_err(cut)?;
        take(response).await.map_err(cut)
    };
    let mut asked = pin!(asked);
    tokio::select! {
        biased;
        answer = asked.as_mut() => answer,
        // The connection ends with the answer that it brings, or with the error that the request is told.
        _ended = connection => asked.await,
    }
}

/// As Boulder asks, but for the name (va/http.go).
fn request(ask: &Ask) -> Result<Request<Empty<Bytes>>, Failure> {
    let request = Request::get(&ask.path_and_query)
        .header(HOST, &ask.authority)
        .header(USER_AGENT, concat!("nws-certd/", env!("CARGO_PKG_VERSION"), " (pre-flight)"))
        .header(ACCEPT, "*/*")
        .header(CONNECTION, "close");
    request.body(Empty::new()).map_err(|error| Failure::NotHttp { why: error.to_string() })
}

/// Reads no more than a validator does.
async fn take(response: Response<Incoming>) -> Result<Heeded, hyper::Error> {
    let (head, mut incoming) = response.into_parts();
    let mut body = Vec::new();
    while body.len() < LONGEST_BODY
        && let Some(frame) = incoming.frame().await
    {
        if let Ok(data) = frame?.into_data() {
            let room = LONGEST_BODY - body.len();
            body.extend_from_slice(data.get(..room).unwrap_or(&data));
        }
    }
    let location = text(&head.headers, LOCATION.as_str(), usize::MAX);
    let answer = Answer::Response { status: head.status.as_u16(), location, body };
    Ok(Heeded { answer, edge: text(&head.headers, EDGE, LONGEST_EDGE) })
}

/// A header that is text, as it may be shown.
fn text(headers: &HeaderMap, name: &str, longest: usize) -> Option<String> {
    let text = headers.get(name)?.to_str().ok()?;
    Some(text.chars().filter(|one| !one.is_control()).take(longest).collect())
}

#[cfg(test)]
mod tests;
