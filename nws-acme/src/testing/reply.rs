use bytes::Bytes;
use http::{Response, header};
use http_body_util::{BodyExt as _, Full, StreamBody};
use serde_json::{Value, json};

use crate::{ProblemKind, ResponseBody, TransportError};

/// An answer before it is HTTP.
pub(super) struct Reply {
    status: u16,
    kind: &'static str,
    body: Bytes,
    headers: Vec<(&'static str, String)>,
}

impl Reply {
    pub(super) fn json(status: u16, value: &Value) -> Self {
        Self::text(status, value.to_string())
    }

    pub(super) fn empty(status: u16) -> Self {
        Self { status, kind: "application/octet-stream", body: Bytes::new(), headers: Vec::new() }
    }

    pub(super) fn chain(pem: String) -> Self {
        Self {
            status: 200,
            kind: "application/pem-certificate-chain",
            body: pem.into(),
            headers: Vec::new(),
        }
    }

    /// JSON, or what should be.
    pub(super) fn text(status: u16, text: String) -> Self {
        Self { status, kind: "application/json", body: text.into(), headers: Vec::new() }
    }

    pub(super) fn page(status: u16, text: &'static str) -> Self {
        Self { status, kind: "text/html", body: text.into(), headers: Vec::new() }
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<Option<String>>) -> Self {
        self.headers.extend(value.into().map(|value| (name, value)));
        self
    }

    pub(super) fn whole(self) -> Response<ResponseBody> {
        let body = Full::new(self.body.clone()).map_err(|never| match never {}).boxed_unsync();
        self.response(body)
    }

    /// The head of the answer, and a body that breaks.
    pub(super) fn broken(self) -> Response<ResponseBody> {
        let reset = futures_util::stream::iter([Err(TransportError::Broken(
            "connection reset by peer".into(),
        ))]);
        self.response(StreamBody::new(reset).boxed_unsync())
    }

    #[expect(
        clippy::expect_used,
        reason = "the fake CA's own headers; a broken one is a broken test"
    )]
    fn response(self, body: ResponseBody) -> Response<ResponseBody> {
        let response =
            Response::builder().status(self.status).header(header::CONTENT_TYPE, self.kind);
        let headers = self.headers.into_iter();
        headers
            .fold(response, |response, (name, value)| response.header(name, value))
            .body(body)
            .expect("headers")
    }
}

/// A problem document on its way out.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    status: u16,
    pub(super) kind: ProblemKind,
    pub(super) detail: String,
}

impl Refusal {
    pub(super) fn new(status: u16, kind: ProblemKind, detail: &str) -> Self {
        Self { status, kind, detail: detail.into() }
    }

    pub(super) fn is_not_found(&self) -> bool {
        self.status == 404
    }

    pub(super) fn document(&self) -> Value {
        let kind = format!("urn:ietf:params:acme:error:{}", self.kind);
        json!({ "type": kind, "detail": self.detail, "status": self.status })
    }
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        Self { kind: "application/problem+json", ..Self::json(refusal.status, &refusal.document()) }
    }
}
