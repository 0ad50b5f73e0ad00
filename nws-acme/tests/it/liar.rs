use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _};
use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, BodyStream, Full, StreamBody};
use nws_acme::{ResponseBody, Transport, TransportError};
use serde_json::Value;

/// An honest CA's answer, on its way to become a lie.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
}

/// How a body comes.
#[derive(Clone)]
pub(crate) enum Body {
    Whole(Bytes),
    /// The connection ends before it is whole.
    Broken,
    /// A kilobyte after the other.
    Endless,
    /// A byte each ten seconds.
    Trickling,
}

impl Answer {
    pub(crate) fn header(mut self, name: &'static str, value: &'static str) -> Self {
        let value = HeaderValue::from_static(value);
        self.headers.insert(HeaderName::from_static(name), value);
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.remove(name);
        self
    }

    pub(crate) fn status(mut self, status: u16) -> Self {
        self.status = StatusCode::from_u16(status).unwrap();
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = Body::Whole(body.into());
        self
    }

    pub(crate) fn coming(mut self, body: Body) -> Self {
        self.body = body;
        self
    }

    /// Whether it is a document with something at a JSON pointer.
    pub(crate) fn has(&self, pointer: &str) -> bool {
        self.document().is_some_and(|document| document.pointer(pointer).is_some())
    }

    fn document(&self) -> Option<Value> {
        let Body::Whole(body) = &self.body else { return None };
        serde_json::from_slice(body).ok()
    }

    /// Another value at a JSON pointer.
    pub(crate) fn with(self, pointer: &str, value: impl Into<Value>) -> Self {
        let mut document = self.document().unwrap();
        let (parent, member) = pointer.rsplit_once('/').unwrap();
        if let Some(Value::Object(parent)) = document.pointer_mut(parent) {
            parent.insert(member.into(), value.into());
        }
        self.body(document.to_string())
    }
}

/// What it makes of the answers at a path.
pub(crate) type Lie = Box<dyn Fn(Answer) -> Answer + Send + Sync>;

/// A CA that says one thing which is not so, and can be brought to stop it.
pub(crate) struct Liar {
    honest: Arc<dyn Transport>,
    at: &'static str,
    lie: Lie,
    stopped: AtomicBool,
    requests: AtomicUsize,
}

impl Liar {
    pub(crate) fn new(honest: Arc<dyn Transport>, at: &'static str, lie: Lie) -> Arc<Self> {
        let (stopped, requests) = (AtomicBool::new(false), AtomicUsize::new(0));
        Arc::new(Self { honest, at, lie, stopped, requests })
    }

    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
    }

    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Transport for Liar {
    async fn send(
        &self,
        request: Request<Bytes>,
    ) -> Result<Response<ResponseBody>, TransportError> {
        self.requests.fetch_add(1, Ordering::SeqCst);
        if request.uri().host() != Some("ca.test") || request.uri().scheme_str() != Some("https") {
            return Err(TransportError::Connect("no such host".into()));
        }
        let lies =
            request.uri().path().starts_with(self.at) && !self.stopped.load(Ordering::SeqCst);
        let (head, body) = self.honest.send(request).await?.into_parts();
        let body = Body::Whole(body.collect().await?.to_bytes());
        let mut answer = Answer { status: head.status, headers: head.headers, body };
        if lies {
            answer = (self.lie)(answer);
        }
        let mut response = Response::new(answer.body.stream());
        (*response.status_mut(), *response.headers_mut()) = (answer.status, answer.headers);
        Ok(response)
    }
}

impl Body {
    fn stream(self) -> ResponseBody {
        let frames = |length| {
            let part = Full::new(Bytes::from(vec![b'x'; length]));
            BodyStream::new(part.map_err(|never| match never {}))
        };
        match self {
            Self::Whole(bytes) => Full::new(bytes).map_err(|never| match never {}).boxed_unsync(),
            Self::Broken => {
                let error = TransportError::Broken("end of file before message length".into());
                StreamBody::new(frames(100).chain(stream::iter([Err(error)]))).boxed_unsync()
            }
            Self::Endless => {
                let kilobytes = stream::repeat_with(move || frames(1024)).flatten();
                StreamBody::new(kilobytes).boxed_unsync()
            }
            Self::Trickling => {
                let bytes = stream::repeat_with(move || frames(1)).flatten().then(|byte| async {
                    tokio::time::sleep(Duration::from_secs(10)).await;
                    byte
                });
                StreamBody::new(bytes).boxed_unsync()
            }
        }
    }
}
