//! A front: what stands before the daemon's challenge listener in a small world, in place of edges.
//!
//! It takes the CA's requests, and tries each at the daemon until it is answered, as HAProxy does with `retry-on conn-failure
//! empty-response`. So a validation that meets a daemon which is being restarted is late, and not lost.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_util::task::AbortOnDropHandle;

use crate::http::Http;

/// Less than the fifteen seconds that Pebble waits.
const PATIENCE: Duration = Duration::from_secs(12);
const PAUSE: Duration = Duration::from_millis(50);
/// One try; a daemon that is killed while it answers lets go of the connection at once.
const TRY: Duration = Duration::from_secs(5);

pub(super) struct Front {
    address: SocketAddr,
    _accepting: AbortOnDropHandle<()>,
}

struct Shared {
    daemon: SocketAddr,
    http: Http,
    delays: Mutex<Box<dyn FnMut() -> Duration + Send>>,
}

impl Front {
    pub(super) async fn start(
        address: SocketAddr,
        daemon: SocketAddr,
        delays: Box<dyn FnMut() -> Duration + Send>,
    ) -> Result<Self> {
        let listener = TcpListener::bind(address).await.context("the front cannot listen")?;
        let (http, delays) = (Http::in_clear(TRY), Mutex::new(delays));
        let accepting = accept(listener, Arc::new(Shared { daemon, http, delays }));
        Ok(Self { address, _accepting: AbortOnDropHandle::new(tokio::spawn(accepting)) })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    // Dropped with this task, and every connection with it.
    let mut connections = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(connections.spawn(serve(stream, Arc::clone(&shared)))),
            Err(error) => {
                eprintln!("the front cannot accept: {error}");
                sleep(PAUSE).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    let service = service_fn(|request| answer(request, Arc::clone(&shared)));
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new());
    // A CA that breaks off is its own affair: what comes of it is seen in its order.
    let _broken_off = builder.serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(
    request: Request<Incoming>,
    shared: Arc<Shared>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path();
    sleep(shared.delay()).await;
    let deadline = Instant::now() + PATIENCE;
    loop {
        match shared.ask(path).await {
            Ok(answer) => return Ok(answer.map(Full::new)),
            Err(_) if Instant::now() < deadline => sleep(PAUSE).await,
            Err(error) => return Ok(unavailable(&error)),
        }
    }
}

impl Shared {
    fn delay(&self) -> Duration {
        self.delays.lock().unwrap_or_else(PoisonError::into_inner)()
    }

    async fn ask(&self, path: &str) -> Result<Response<Bytes>> {
        let request = Request::get(format!("http://{}{path}", self.daemon)).body(Full::default())?;
        self.http.send(request).await
    }
}

fn unavailable(error: &anyhow::Error) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(format!("front: {error:#}\n")));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response
}
