//! `GET /v1/cert.pem`: where a controller tells what is to be sealed to.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

const PATH: &str = "/v1/cert.pem";

pub(super) struct CertificateServer {
    address: SocketAddr,
    offered: Offered,
    _accepting: AbortOnDropHandle<()>,
}

type Offered = Arc<Mutex<String>>;

impl CertificateServer {
    pub(super) async fn start(address: SocketAddr, certificate: &str) -> Result<Self> {
        let listener = TcpListener::bind(address).await;
        let listener = listener.context("a sealed-secrets controller cannot listen")?;
        let offered = Arc::new(Mutex::new(certificate.to_owned()));
        let accepting = tokio::spawn(accept(listener, Arc::clone(&offered)));
        Ok(Self { address, offered, _accepting: AbortOnDropHandle::new(accepting) })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// PEM.
    pub(super) fn certificate(&self) -> String {
        self.offered.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn offer(&self, certificate: &str) {
        certificate.clone_into(&mut self.offered.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

async fn accept(listener: TcpListener, offered: Offered) {
    // Dropped with this task, and every connection with it.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let offered = Arc::clone(&offered);
        let service = service_fn(move |request| {
            let answer = answer(&request, &offered);
            async { Ok::<_, Infallible>(answer) }
        });
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new());
        connections.spawn(async move {
            // A client that breaks off is its own affair.
            let _broken_off = builder.serve_connection(TokioIo::new(stream), service).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

fn answer(request: &Request<Incoming>, offered: &Mutex<String>) -> Response<Full<Bytes>> {
    if request.method() != Method::GET || request.uri().path() != PATH {
        let mut response = Response::new(Full::default());
        *response.status_mut() = StatusCode::NOT_FOUND;
        return response;
    }
    Response::new(Full::from(offered.lock().unwrap_or_else(PoisonError::into_inner).clone()))
}
