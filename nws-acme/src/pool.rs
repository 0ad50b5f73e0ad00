use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper_rustls::{ConfigBuilderExt as _, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;

use crate::{ResponseBody, Transport, TransportError};

/// Whom to believe that a CA's API is what it says it is.
#[derive(Clone, Debug, Default)]
pub enum Roots {
    /// What the machine trusts.
    #[default]
    Platform,
    /// These and no others, for a private CA.
    Only(Vec<CertificateDer<'static>>),
}

/// One pool of TLS connections, for all CAs and orders: HTTP/1.1 and HTTP/2, `https` only.
///
/// Names its TLS provider itself, so no process-wide default has to be installed before.
#[derive(Clone, Debug)]
pub struct Pool {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

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
    pub fn new(roots: Roots) -> Result<Self, PoolError> {
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        http.set_connect_timeout(Some(Self::CONNECT));
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(tls(roots)?)
            .https_only()
            .enable_http1()
            .enable_http2()
            .wrap_connector(http);
        let client = Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Self::IDLE)
            .http2_keep_alive_interval(Self::PING)
            .http2_keep_alive_timeout(Self::PING)
            .build(https);
        Ok(Self { client })
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
        let response = self.client.request(request.map(Full::new)).await.map_err(|error| {
            if error.is_connect() {
                TransportError::Connect(error.into())
            } else {
                TransportError::Broken(error.into())
            }
        })?;
        Ok(response
            .map(|body| body.map_err(|error| TransportError::Broken(error.into())).boxed_unsync()))
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
        assert!(matches!(Pool::new(Roots::Only(vec![])), Err(PoolError::NoRoots)));
        let junk = Roots::Only(vec![CertificateDer::from(vec![1, 2, 3])]);
        assert!(matches!(Pool::new(junk), Err(PoolError::Root { at: 0, .. })));
    }

    #[tokio::test]
    async fn plain_http_is_not_spoken() {
        let key = rcgen::KeyPair::generate().unwrap();
        let root = rcgen::CertificateParams::default().self_signed(&key).unwrap();
        let pool = Pool::new(Roots::Only(vec![root.der().clone()])).unwrap();
        let request = Request::get("http://127.0.0.1:1/").body(Bytes::new()).unwrap();
        assert!(matches!(pool.send(request).await, Err(TransportError::Connect(_))));
    }
}
