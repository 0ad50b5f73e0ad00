//! The CA proxy: all of a world's ACME traffic goes through it.
//!
//! It keeps the Host header, since a request's signature covers its URL and the CA builds its URLs from that header; so
//! the client never sees another address than the proxy's. On the way through it
//!
//! - keeps newOrder apart from the requests that read authorizations and orders, because Pebble locks up for good when
//!   they meet (a lock-order inversion in every version up to 2.10.1);
//! - counts requests by endpoint, so that a scenario can say "no order was made";
//! - keeps a [`Ledger`] of orders: what was asked for, and what became of it;
//! - limits new orders on request: see [`Allowance`];
//! - breaks things on request: see [`Fault`].

mod allowance;
mod endpoint;
mod fault;
mod jws;
mod ledger;
mod tally;

pub(crate) use endpoint::Endpoint;
pub(crate) use fault::{Effect, Fault, Scope, Times};
pub(crate) use ledger::{Ledger, Standing};

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use bytes::Bytes;
use http::header::HOST;
use http::uri::{Authority, Scheme};
use http::{HeaderValue, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::RwLock;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::http::Http;
use crate::proxy::allowance::Allowance;
use crate::proxy::fault::Faults;
use crate::proxy::tally::{Issuance, Tally};
use crate::tls::{self, ListenerCa};

/// Longer than any sound answer of the CA, shorter than the patience of a test.
const UPSTREAM_LIMIT: Duration = Duration::from_secs(15);

/// ACME requests are a few kilobytes.
const BODY_LIMIT: usize = 1 << 20;

/// A running proxy; it ends when dropped.
pub(crate) struct CaProxy {
    port: u16,
    shared: Arc<Shared>,
    _accepting: AbortOnDropHandle<()>,
}

impl CaProxy {
    /// Listens on a free port of 127.0.0.1 under the name `localhost` and passes everything on to `upstream`; both ends
    /// are certified by `ca`.
    pub(crate) async fn start(ca: &ListenerCa, upstream: SocketAddr) -> Result<Self> {
        let server =
            ca.issue(&["localhost".to_owned(), Ipv4Addr::LOCALHOST.to_string()])?.server()?;
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("the proxy cannot listen")?;
        let port = listener.local_addr()?.port();
        let shared = Arc::new(Shared {
            upstream: upstream.to_string().parse()?,
            http: Http::new(tls::client_trusting(&ca.pem())?, UPSTREAM_LIMIT),
            gate: RwLock::new(()),
            tally: Tally::default(),
            ledger: Ledger::default(),
            faults: Faults::default(),
            allowance: Allowance::default(),
        });
        let accepting = accept(listener, TlsAcceptor::from(Arc::new(server)), Arc::clone(&shared));
        Ok(Self { port, shared, _accepting: AbortOnDropHandle::new(tokio::spawn(accepting)) })
    }

    /// The ACME directory as the client is to know it.
    pub(crate) fn directory(&self) -> String {
        format!("https://localhost:{}/dir", self.port)
    }

    /// How many requests for `endpoint` have arrived, faulted ones included.
    pub(crate) fn count(&self, endpoint: Endpoint) -> u64 {
        self.shared.tally.requests_for(endpoint)
    }

    /// How often anyone has tried to reach the CA: all requests, and the connections that were refused.
    pub(crate) fn knocks(&self) -> u64 {
        self.shared.tally.knocks()
    }

    /// How many orders the CA has made.
    pub(crate) fn orders(&self) -> usize {
        self.shared.tally.orders()
    }

    /// Certificates that were handed out, and how long that took.
    pub(crate) fn issuance(&self) -> Issuance {
        self.shared.tally.issuance()
    }

    /// Counts certificates from nought again, and time from the next order.
    pub(crate) fn forget_issuance(&self) {
        self.shared.tally.forget_issuance();
    }

    /// What became of each order.
    pub(crate) fn ledger(&self) -> &Ledger {
        &self.shared.ledger
    }

    /// Adds a fault; where several fit a request, the oldest strikes.
    pub(crate) fn inject(&self, fault: Fault) {
        self.shared.faults.add(fault);
    }

    /// From now on the CA takes `most` new orders at once, and one more after each `every`.
    pub(crate) fn allow(&self, most: u32, every: Duration) {
        self.shared.allowance.set(most, every);
    }

    /// How many new orders it has refused since.
    pub(crate) fn refused(&self) -> u32 {
        self.shared.allowance.refused()
    }

    /// Ends all faults. Requests that hang go on hanging until their client gives up.
    pub(crate) fn clear_faults(&self) {
        self.shared.faults.clear();
    }
}

struct Shared {
    upstream: Authority,
    http: Http,
    /// Exclusive for newOrder, shared for what reads authorizations and orders.
    gate: RwLock<()>,
    tally: Tally,
    ledger: Ledger,
    faults: Faults,
    allowance: Allowance,
}

async fn accept(listener: TcpListener, tls: TlsAcceptor, shared: Arc<Shared>) {
    // Dropped with this task, and every connection with it.
    let mut connections = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) if !shared.faults.refuse_connections() => {
                connections.spawn(serve(stream, tls.clone(), Arc::clone(&shared)));
            }
            Ok(_) => shared.tally.turned_away(),
            Err(error) => {
                eprintln!("the CA proxy cannot accept: {error}");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(stream: TcpStream, tls: TlsAcceptor, shared: Arc<Shared>) {
    // A client that breaks off its handshake or its connection is its own affair: the scenario sees what comes of it.
    let Ok(stream) = tls.accept(stream).await else { return };
    let closed = CancellationToken::new();
    let service = service_fn(|request| answer(request, Arc::clone(&shared), closed.clone()));
    let builder = auto::Builder::new(TokioExecutor::new());
    tokio::select! {
        biased;
        () = closed.cancelled() => {}
        _broken_off = builder.serve_connection(TokioIo::new(stream), service) => {}
    }
}

async fn answer(
    request: Request<Incoming>,
    shared: Arc<Shared>,
    closed: CancellationToken,
) -> io::Result<Response<Full<Bytes>>> {
    let path = request.uri().path().to_owned();
    let endpoint = Endpoint::of(&path);
    shared.tally.request(endpoint);
    shared.ledger.asked(endpoint, &path);
    match shared.faults.strike(endpoint) {
        None => {}
        Some(Effect::Refuse) => {
            // Over HTTP/2 an error ends one request only, and the connection would be as good as ever.
            if shared.faults.refuse_connections() {
                closed.cancel();
            }
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Some(Effect::Hang) => std::future::pending().await,
        Some(Effect::Answer(response)) => return Ok(response.map(Full::new)),
    }
    if endpoint == Endpoint::NewOrder
        && let Some(refusal) = shared.allowance.refusal()
    {
        return Ok(refusal.map(Full::new));
    }
    // On a task of its own, so that it goes on when a client that is killed lets go of the connection: what the CA does is to be
    // seen, and what it is still at must not meet what the gate keeps from it.
    let asked = tokio::spawn(async move { shared.ask(endpoint, &path, request).await });
    let answer = asked.await.unwrap_or_else(|error| Err(error.into()));
    Ok(answer.unwrap_or_else(|error| bad_gateway(&error)).map(Full::new))
}

impl Shared {
    async fn ask(
        &self,
        endpoint: Endpoint,
        path: &str,
        request: Request<Incoming>,
    ) -> Result<Response<Bytes>> {
        let (head, body) = request.into_parts();
        let body = Limited::new(body, BODY_LIMIT).collect().await;
        let body = body.map_err(|error| anyhow::anyhow!(error))?.to_bytes();
        let request = self.readdressed(Request::from_parts(head, Full::new(body.clone())))?;
        let answer = self.gated(endpoint, request).await?;
        self.tally.answer(endpoint, &answer);
        self.ledger.answered(endpoint, path, &body, &answer);
        Ok(answer)
    }

    async fn gated(
        &self,
        endpoint: Endpoint,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Bytes>> {
        match endpoint {
            Endpoint::NewOrder => {
                let _alone = self.gate.write().await;
                self.http.send(request).await
            }
            Endpoint::Authorization
            | Endpoint::Challenge
            | Endpoint::Order
            | Endpoint::Orders
            | Endpoint::Finalize => {
                let _beside_others = self.gate.read().await;
                self.http.send(request).await
            }
            Endpoint::Directory
            | Endpoint::Nonce
            | Endpoint::NewAccount
            | Endpoint::Account
            | Endpoint::Certificate
            | Endpoint::Revocation
            | Endpoint::KeyChange
            | Endpoint::RenewalInfo
            | Endpoint::Other => self.http.send(request).await,
        }
    }

    fn readdressed(&self, request: Request<Full<Bytes>>) -> Result<Request<Full<Bytes>>> {
        let (mut head, body) = request.into_parts();
        // HTTP/2 carries the host in the URI; the CA is asked over HTTP/1.1, where it is a header.
        if let Some(authority) = head.uri.authority() {
            head.headers.insert(HOST, HeaderValue::from_str(authority.as_str())?);
        }
        let mut target = head.uri.into_parts();
        target.scheme = Some(Scheme::HTTPS);
        target.authority = Some(self.upstream.clone());
        head.uri = Uri::from_parts(target)?;
        head.version = http::Version::HTTP_11;
        Ok(Request::from_parts(head, body))
    }
}

fn bad_gateway(error: &anyhow::Error) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(format!("CA proxy: {error:#}\n")));
    *response.status_mut() = StatusCode::BAD_GATEWAY;
    response
}

#[cfg(test)]
mod tests;
