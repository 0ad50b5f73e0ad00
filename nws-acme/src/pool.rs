use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper_rustls::{ConfigBuilderExt as _, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::connect::{Connect, HttpConnector};
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;

use crate::proxy::NoWay;
use crate::{Proxy, ProxyUrl, ResponseBody, Transport, TransportError};

/// Whom to believe that a CA's API is what it says it is.
#[derive(Clone, Debug, Default)]
pub enum Roots {
    /// What the machine trusts.
    #[default]
    Platform,
    /// These and no others, for a private CA.
    Only(Vec<CertificateDer<'static>>),
}

/// One pool of TLS connections, for all CAs and orders: HTTP/1.1 and HTTP/2, `https` only, through a [`Proxy`] where one is named.
///
/// Names its TLS provider itself, so no process-wide default has to be installed before.
#[derive(Clone, Debug)]
pub struct Pool {
    direct: Connections<HttpConnector>,
    proxied: Option<(Proxy, Connections<Tunnel<HttpConnector>>)>,
}

type Connections<C> = Client<HttpsConnector<C>, Full<Bytes>>;

impl Pool {
    const CONNECT: Duration = Duration::from_secs(10);
    /// Load balancers in front of CAs drop idle connections after a minute or more; we go first.
    const IDLE: Duration = Duration::from_secs(45);
    /// How soon a dead HTTP/2 connection is noticed; without it each request would wait for its time-out on the same one.
    const PING: Duration = Duration::from_secs(15);

    /// Makes an empty pool.
    ///
    /// # Errors
    ///
    /// [`PoolError`] if the roots cannot be used.
    pub fn new(roots: Roots, proxy: Option<Proxy>) -> Result<Self, PoolError> {
        let tls = tls(roots)?;
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        http.set_connect_timeout(Some(Self::CONNECT));
        let proxied = proxy.map(|proxy| {
            let through = tunnel(proxy.url(), http.clone());
            (proxy, Self::connections(tls.clone(), through))
        });
        Ok(Self { direct: Self::connections(tls, http), proxied })
    }

    fn connections<C>(tls: ClientConfig, connector: C) -> Connections<C>
    where
        HttpsConnector<C>: Connect + Clone,
    {
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_only()
            .enable_http1()
            .enable_http2()
            .wrap_connector(connector);
        Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Self::IDLE)
            .http2_keep_alive_interval(Self::PING)
            .http2_keep_alive_timeout(Self::PING)
            .build(https)
    }
}

/// A way through a proxy by CONNECT (RFC 9110 §9.3.6).
fn tunnel(proxy: &ProxyUrl, http: HttpConnector) -> Tunnel<HttpConnector> {
    let tunnel = Tunnel::new(proxy.uri().clone(), http);
    match proxy.authorization() {
        Some(authorization) => tunnel.with_auth(authorization.clone()),
        None => tunnel,
    }
}

fn tls(roots: Roots) -> Result<ClientConfig, PoolError> {
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(PoolError::Tls)?;
    let builder = match roots {
        Roots::Platform => builder.try_with_platform_verifier().map_err(PoolError::Platform)?,
        Roots::Only(certificates) => builder.with_root_certificates(store(certificates)?),
    };
    Ok(builder.with_no_client_auth())
}

fn store(certificates: Vec<CertificateDer<'static>>) -> Result<RootCertStore, PoolError> {
    let mut store = RootCertStore::empty();
    for (at, certificate) in certificates.into_iter().enumerate() {
        store.add(certificate).map_err(|source| PoolError::Root { at, source })?;
    }
    if store.is_empty() { Err(PoolError::NoRoots) } else { Ok(store) }
}

#[async_trait]
impl Transport for Pool {
    async fn send(
        &self,
        request: Request<Bytes>,
    ) -> Result<Response<ResponseBody>, TransportError> {
        let request = request.map(Full::new);
        let through = self.proxied.as_ref().filter(|(proxy, _)| proxy.is_for(request.uri()));
        let response = match through {
            Some((proxy, connections)) => {
                let proxy = || Some(proxy.url().clone());
                connections.request(request).await.map_err(|error| failure(error, proxy()))
            }
            None => self.direct.request(request).await.map_err(|error| failure(error, None)),
        }?;
        Ok(response
            .map(|body| body.map_err(|error| TransportError::Broken(error.into())).boxed_unsync()))
    }
}

fn failure(error: Error, proxy: Option<ProxyUrl>) -> TransportError {
    match (error.is_connect(), proxy) {
        (true, Some(proxy)) => {
            TransportError::Connect(NoWay { proxy, source: error.into() }.into())
        }
        (true, None) => TransportError::Connect(error.into()),
        (false, _) => TransportError::Broken(error.into()),
    }
}

/// Why there is no [`Pool`].
#[derive(Debug, thiserror::Error)]
pub enum PoolError {
    /// The provider lacks a protocol version.
    #[error("TLS cannot be set up")]
    Tls(#[source] rustls::Error),
    /// The machine's own roots.
    #[error(
        "the machine's trusted roots cannot be used; install ca-certificates or name roots of your own"
    )]
    Platform(#[source] rustls::Error),
    /// One of the given roots.
    #[error("root certificate {at} cannot be used")]
    Root {
        /// Its place; the first is 0.
        at: usize,
        /// Why.
        source: rustls::Error,
    },
    /// An empty list of roots, which would trust nobody.
    #[error("no root certificate is given")]
    NoRoots,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_are_checked_when_the_pool_is_made() {
        assert!(matches!(Pool::new(Roots::Only(vec![]), None), Err(PoolError::NoRoots)));
        let junk = Roots::Only(vec![CertificateDer::from(vec![1, 2, 3])]);
        assert!(matches!(Pool::new(junk, None), Err(PoolError::Root { at: 0, .. })));
    }

    #[tokio::test]
    async fn plain_http_is_not_spoken() {
        let key = rcgen::KeyPair::generate().unwrap();
        let root = rcgen::CertificateParams::default().self_signed(&key).unwrap();
        let pool = Pool::new(Roots::Only(vec![root.der().clone()]), None).unwrap();
        let request = Request::get("http://127.0.0.1:1/").body(Bytes::new()).unwrap();
        assert!(matches!(pool.send(request).await, Err(TransportError::Connect(_))));
    }
}
