//! A small HTTP client: what the proxy asks the CA with, and what sets a world up.

use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use bytes::Bytes;
use http::header::USER_AGENT;
use http::{Method, Request, Response, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::{ClientConfig, RootCertStore};

/// Far above anything a CA sends; bounds what a broken one can make us keep.
const BODY_LIMIT: usize = 1 << 20;

/// Pebble answers nobody who does not say what he is.
const NAME: &str = "xtask";

#[derive(Clone)]
pub(crate) struct Http {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    limit: Duration,
}

impl Http {
    /// A client whose requests, bodies included, take at most `limit`.
    pub(crate) fn new(tls: ClientConfig, limit: Duration) -> Self {
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .build();
        Self { client: Client::builder(TokioExecutor::new()).build(connector), limit }
    }

    /// A client for listeners without TLS; it trusts nobody.
    pub(crate) fn in_clear(limit: Duration) -> Self {
        let nobody = RootCertStore::empty();
        let tls = ClientConfig::builder().with_root_certificates(nobody).with_no_client_auth();
        Self::new(tls, limit)
    }

    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> Result<Response<Bytes>> {
        let uri = request.uri().clone();
        let answer = tokio::time::timeout(self.limit, self.exchange(request)).await;
        answer
            .unwrap_or_else(|_| Err(anyhow!("no answer within {} s", self.limit.as_secs())))
            .with_context(|| format!("cannot ask {uri}"))
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<Response<Bytes>> {
        let (head, body) = self.client.request(request).await?.into_parts();
        let body =
            Limited::new(body, BODY_LIMIT).collect().await.map_err(|error| anyhow!(error))?;
        Ok(Response::from_parts(head, body.to_bytes()))
    }

    /// # Errors
    ///
    /// If there is no answer or another one than 200.
    pub(crate) async fn get(&self, uri: &Uri) -> Result<Bytes> {
        let request = Request::builder().uri(uri).header(USER_AGENT, NAME);
        self.expect_ok(request.body(Full::default())?).await
    }

    /// # Errors
    ///
    /// As [`Http::get`].
    pub(crate) async fn post(&self, uri: &Uri, json: &serde_json::Value) -> Result<Bytes> {
        let request = Request::builder().method(Method::POST).uri(uri).header(USER_AGENT, NAME);
        self.expect_ok(request.body(Full::from(json.to_string()))?).await
    }

    async fn expect_ok(&self, request: Request<Full<Bytes>>) -> Result<Bytes> {
        let uri = request.uri().clone();
        let (head, body) = self.send(request).await?.into_parts();
        let said = String::from_utf8_lossy(&body);
        ensure!(head.status.is_success(), "{uri} answered {}: {said}", head.status);
        Ok(body)
    }
}
