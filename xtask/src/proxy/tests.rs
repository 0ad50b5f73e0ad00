//! The proxy between a real client and a small CA that answers what it was asked.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::join_all;
use hyper::server::conn::http1;
use tokio::task::yield_now;

use super::*;

struct Setup {
    proxy: CaProxy,
    client: Http,
    _upstream: AbortOnDropHandle<()>,
}

impl Setup {
    async fn start() -> Self {
        let ca = ListenerCa::generate().unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let identity = ca.issue(&[address.ip().to_string()]).unwrap();
        let mut server = identity.server().unwrap();
        server.alpn_protocols.clear();
        let upstream = tokio::spawn(upstream(listener, TlsAcceptor::from(Arc::new(server))));
        let proxy = CaProxy::start(&ca, address).await.unwrap();
        let client = Http::new(tls::client_trusting(&ca.pem()).unwrap(), Duration::from_secs(10));
        Self { proxy, client, _upstream: AbortOnDropHandle::new(upstream) }
    }

    async fn get(&self, path: &str) -> Result<String> {
        let uri = self.proxy.directory().replace("/dir", path).parse()?;
        Ok(String::from_utf8(self.client.get(&uri).await?.into())?)
    }
}

/// Answers with the Host header and the path; with 409 if newOrder is not alone.
async fn upstream(listener: TcpListener, tls: TlsAcceptor) {
    let ordering = Arc::new(AtomicBool::new(false));
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let (tls, ordering) = (tls.clone(), Arc::clone(&ordering));
        connections.spawn(async move {
            let stream = tls.accept(stream).await.unwrap();
            let service = service_fn(|request| echo(request, Arc::clone(&ordering)));
            http1::Builder::new().serve_connection(TokioIo::new(stream), service).await
        });
    }
}

async fn echo(
    request: Request<Incoming>,
    ordering: Arc<AtomicBool>,
) -> io::Result<Response<Full<Bytes>>> {
    let is_order = request.uri().path() == "/order-plz";
    let mut met = ordering.swap(is_order, Ordering::SeqCst);
    for _ in 0..50 {
        yield_now().await;
        met |= ordering.load(Ordering::SeqCst) != is_order;
    }
    ordering.store(false, Ordering::SeqCst);
    let host = request.headers()[HOST].to_str().unwrap();
    let mut response = Response::new(Full::from(format!("{host} {}", request.uri())));
    if met {
        *response.status_mut() = StatusCode::CONFLICT;
    }
    Ok(response)
}

#[tokio::test]
async fn the_ca_sees_the_host_that_the_client_asked() {
    let setup = Setup::start().await;
    let seen = setup.get("/my-order/1?x=y").await.unwrap();
    assert_eq!(seen, format!("localhost:{} /my-order/1?x=y", setup.proxy.port));
    assert_eq!(setup.proxy.count(Endpoint::Order), 1);
    assert_eq!(setup.proxy.count(Endpoint::NewOrder), 0);
}

#[tokio::test]
async fn new_orders_never_meet_authorizations() {
    let setup = Setup::start().await;
    let paths = ["/order-plz", "/authZ/1", "/order-plz", "/my-order/1", "/authZ/2"].repeat(8);
    for answer in join_all(paths.iter().map(|path| setup.get(path))).await {
        answer.unwrap();
    }
}

#[tokio::test]
async fn an_injected_answer_comes_in_place_of_the_cas() {
    let setup = Setup::start().await;
    let busy = Response::builder().status(503).body(Bytes::from("busy")).unwrap();
    let fault = Fault {
        scope: Scope::Only(Endpoint::Nonce),
        effect: Effect::Answer(busy),
        times: Times::Count(1),
    };
    setup.proxy.inject(fault);
    assert!(setup.get("/nonce-plz").await.unwrap_err().to_string().contains("503"));
    setup.get("/nonce-plz").await.unwrap();
}

#[tokio::test]
async fn a_proxy_that_refuses_is_as_good_as_absent_until_cleared() {
    let setup = Setup::start().await;
    setup.get("/dir").await.unwrap();
    let fault =
        Fault { scope: Scope::Everything, effect: Effect::Refuse, times: Times::UntilCleared };
    setup.proxy.inject(fault);
    for _ in 0..3 {
        setup.get("/dir").await.unwrap_err();
    }
    setup.proxy.clear_faults();
    setup.get("/dir").await.unwrap();
}
