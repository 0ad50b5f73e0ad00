use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::header::{LOCATION, USER_AGENT};
use http::response::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt as _, Limited};
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};
use serde_json::Value;
use tracing::debug;

use crate::breaker::{Breaker, Failure, Outcome};
use crate::directory::Directory;
use crate::endpoint::Endpoint;
use crate::link::{links, resolve};
use crate::nonces::{self, Nonces, REPLAY_NONCE};
use crate::pace::Pace;
use crate::printable::{Printable, excerpt};
use crate::server_date::ServerDate;
use crate::{
    AcmeError, BoxError, DirectoryUrl, Limits, OrderUrl, Problem, ProblemKind, RetryAfter,
    Transport, TransportError,
};

const USER_AGENT_NAME: &str = concat!("nws-certd/", env!("CARGO_PKG_VERSION"), " (+instant-acme)");

/// The requests of one undertaking, one after the other, over a transport that all share.
///
/// It sees what instant-acme drops: the status and headers of each answer. An error status never reaches instant-acme, which
/// would read any body as JSON; it becomes an [`AcmeError`] here and travels through as that. Only `badNonce` is let through,
/// because instant-acme answers it with the fresh nonce it carries.
#[derive(Clone)]
pub(crate) struct Exchange(Arc<Inner>);

struct Inner {
    transport: Arc<dyn Transport>,
    limits: Limits,
    breaker: Arc<Breaker>,
    shared: Arc<Shared>,
    directory: Option<(DirectoryUrl, Directory)>,
    last: Mutex<Last>,
    requests: AtomicU32,
    doubts_itself: AtomicBool,
}

/// While it lives, a refusal may be the request's fault, though its status blames the CA: the breaker hears of none.
pub(crate) struct Doubted<'a>(&'a AtomicBool);

impl Drop for Doubted<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// What all exchanges with one CA have in common, whatever they are about.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) pace: Pace,
    pub(crate) date: ServerDate,
    pub(crate) nonces: Nonces,
}

/// What the last answer said; the body only once it was whole.
#[derive(Clone, Default)]
struct Last {
    url: String,
    /// Whether the request was signed.
    signed: bool,
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Exchange {
    /// `directory` is served in place of asking for it, and says which hosts are the CA's.
    pub(crate) fn new(
        transport: Arc<dyn Transport>,
        limits: Limits,
        breaker: Arc<Breaker>,
        shared: Arc<Shared>,
        directory: Option<(DirectoryUrl, Directory)>,
    ) -> Self {
        Self(Arc::new(Inner {
            transport,
            limits,
            breaker,
            shared,
            directory,
            last: Mutex::default(),
            requests: AtomicU32::new(0),
            doubts_itself: AtomicBool::new(false),
        }))
    }

    /// A plain GET, for what needs no account.
    pub(crate) async fn get(&self, url: &str) -> Result<Bytes, AcmeError> {
        let request = request(Method::GET, url, Bytes::new())?;
        Ok(self.ask(request).await?.into_body())
    }

    /// A plain GET for a JSON document.
    pub(crate) async fn get_json(&self, url: &str) -> Result<Value, AcmeError> {
        let body = self.get(url).await?;
        serde_json::from_slice(&body).map_err(|error| self.unexpected(error.into()))
    }

    /// Whether the CA says when to renew, and so wants to hear what an order replaces (RFC 9773 §5).
    pub(crate) fn has_renewal_info(&self) -> bool {
        self.0
            .directory
            .as_ref()
            .is_some_and(|(_, directory)| directory.url("renewalInfo").is_some())
    }

    /// The next requests may be refused for what they say of a replaced certificate.
    pub(crate) fn doubt_own_request(&self) -> Doubted<'_> {
        self.0.doubts_itself.store(true, Ordering::Relaxed);
        Doubted(&self.0.doubts_itself)
    }

    /// How many requests went out.
    pub(crate) fn requests(&self) -> u32 {
        self.0.requests.load(Ordering::Relaxed)
    }

    /// When the last answer wants the next request.
    pub(crate) fn retry_after(&self) -> Option<RetryAfter> {
        RetryAfter::from_headers(&self.last().headers)
    }

    /// Whether the last answer was a success.
    pub(crate) fn succeeded(&self) -> bool {
        self.last().status.is_success()
    }

    /// The headers of the last answer; none while a request is under way.
    pub(crate) fn headers(&self) -> HeaderMap {
        self.last().headers
    }

    /// Whether the last answer is the CA's own.
    pub(crate) fn is_from_the_ca(&self) -> bool {
        self.last().is_from_the_ca()
    }

    /// The order that the last answer made (RFC 8555 §7.4), even if its body never came whole.
    pub(crate) fn created_order(&self) -> Option<OrderUrl> {
        let last = self.last();
        let location = last.headers.get(LOCATION).filter(|_| last.status.is_success())?;
        let url = location.to_str().ok()?;
        self.check(url).ok()?;
        url.parse().ok()
    }

    /// Where the last answer says that the same is to be had otherwise (RFC 8555 §7.4.2).
    pub(crate) fn alternates(&self) -> Vec<String> {
        let last = self.last();
        let targets = links(&last.headers, "alternate");
        targets.filter_map(|target| resolve(&last.url, target)).collect()
    }

    /// The last answer's body, empty if it never came whole.
    pub(crate) fn body(&self) -> Bytes {
        self.last().body
    }

    /// That a URL is the CA's, as far as it is known which are.
    pub(crate) fn check(&self, url: &str) -> Result<(), AcmeError> {
        let Some((_, directory)) = &self.0.directory else { return Ok(()) };
        directory.check(url).map_err(|source| AcmeError::Url { source })
    }

    /// What an error of instant-acme means, now that the last answer is known.
    pub(crate) fn failure(&self, error: Error) -> AcmeError {
        let last = self.last();
        match error {
            Error::Other(source) => match source.downcast() {
                Ok(failure) => *failure,
                Err(source) => last.unexpected(source),
            },
            Error::Api(problem) => {
                let problem = Problem::from(&problem);
                AcmeError::from_problem(last.url, last.status, problem, &last.headers)
            }
            error => last.unexpected(error.into()),
        }
    }

    /// The last answer was a success, but not what was asked for.
    pub(crate) fn unexpected(&self, source: BoxError) -> AcmeError {
        self.last().unexpected(source)
    }

    fn last(&self) -> Last {
        self.0.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn remember(&self, last: Last) {
        *self.0.last.lock().unwrap_or_else(PoisonError::into_inner) = last;
    }

    /// Every request passes here; what it meets is what the breaker knows of the CA.
    pub(crate) async fn ask(&self, request: Request<Bytes>) -> Result<Response<Bytes>, AcmeError> {
        self.check(&request.uri().to_string())?;
        self.0.breaker.admit()?;
        let Shared { pace, nonces, .. } = &*self.0.shared;
        let directory = self.0.directory.as_ref().map(|(_, directory)| directory);
        let endpoint = Endpoint::of(request.method(), request.uri(), directory);
        let _place = if endpoint == Endpoint::NewNonce {
            tokio::select! {
                biased;
                nonce = nonces.take() => return Ok(nonces::answer(nonce)),
                place = pace.admit(endpoint) => place,
            }
        } else {
            pace.admit(endpoint).await
        };
        // while this one waited, others may have found the CA away
        let begun = self.0.breaker.admit()?;
        let signed = request.method() == Method::POST;
        let outcome = self.send(request).await;
        let doubted = self.0.doubts_itself.load(Ordering::Relaxed);
        let met = match &outcome {
            Err(failure) if doubted && failure.may_be_about_replacing() => Outcome::Heard,
            Err(failure) if failure.is_an_outage() => {
                Failure::of(failure, failure.recovery()).map_or(Outcome::Heard, Outcome::Failed)
            }
            Ok(_) | Err(_) if signed && self.is_from_the_ca() => Outcome::Answered,
            Ok(_) | Err(_) => Outcome::Heard,
        };
        self.0.breaker.settle(begun, met);
        outcome
    }

    async fn send(&self, mut request: Request<Bytes>) -> Result<Response<Bytes>, AcmeError> {
        let (method, url) = (request.method().clone(), request.uri().to_string());
        request.headers_mut().insert(USER_AGENT, HeaderValue::from_static(USER_AGENT_NAME));
        self.remember(Last { url: url.clone(), ..Last::default() });
        self.0.requests.fetch_add(1, Ordering::Relaxed);
        let after = self.0.limits.request;
        let answer = tokio::time::timeout(after, self.whole(&url, request))
            .await
            .unwrap_or(Err(TransportError::TimedOut { after }))
            .map_err(|source| self.no_answer(&url, source))?;
        debug!(%method, url, status = answer.status().as_u16(), "request answered");
        accept(url, answer)
    }

    /// An endless answer of the CA itself is about what was asked; others are about the way to it.
    fn no_answer(&self, url: &str, source: TransportError) -> AcmeError {
        match source {
            TransportError::TooLong { .. } if self.is_from_the_ca() => {
                self.unexpected(source.into())
            }
            TransportError::Connect(_)
            | TransportError::Broken(_)
            | TransportError::TimedOut { .. }
            | TransportError::TooLong { .. } => AcmeError::Unreachable { url: url.into(), source },
        }
    }

    /// The head is kept before the body is read: a crash or a broken body must not lose the URL of an order.
    async fn whole(
        &self,
        url: &str,
        request: Request<Bytes>,
    ) -> Result<Response<Bytes>, TransportError> {
        let signed = request.method() == Method::POST;
        let (head, body) = self.0.transport.send(request).await?.into_parts();
        let mut last = Last { signed, ..Last::of(url, &head) };
        if last.is_from_the_ca() {
            self.0.shared.date.hear(&head.headers);
        }
        self.remember(last.clone());
        let limit = self.0.limits.body;
        let body =
            Limited::new(body, limit).collect().await.map_err(|error| match error.downcast() {
                Ok(broken) => *broken,
                Err(_) => TransportError::TooLong { limit },
            })?;
        last.body = body.to_bytes();
        self.remember(last.clone());
        Ok(Response::from_parts(head, last.body))
    }
}

impl Last {
    fn of(url: &str, head: &Parts) -> Self {
        Self {
            url: url.into(),
            status: head.status,
            headers: head.headers.clone(),
            ..Self::default()
        }
    }

    fn is_from_the_ca(&self) -> bool {
        has_nonce(&self.headers)
    }

    /// The cause is kept as text: a parser repeats what it read, however long and whatever it is.
    fn unexpected(self, source: BoxError) -> AcmeError {
        let (is_from_the_ca, excerpt) = (self.is_from_the_ca(), excerpt(&self.body));
        let source = Printable(&source.to_string()).to_string().into();
        if is_from_the_ca {
            AcmeError::Unexpected { url: self.url, excerpt, source }
        } else {
            AcmeError::NotAcme { url: self.url, excerpt, source }
        }
    }
}

/// The nonce of the last answer goes to the next exchange: a request that had used it would have had another answer, or none. Only
/// what was signed is answered with nonces by all CAs, and by themselves.
impl Drop for Inner {
    fn drop(&mut self) {
        let last = self.last.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(nonce) = last.headers.remove(REPLAY_NONCE).filter(|_| last.signed) {
            self.shared.nonces.put(nonce);
        }
    }
}

/// Whatever stands in front of a CA has no nonces to give (RFC 8555 §6.5).
fn has_nonce(headers: &HeaderMap) -> bool {
    headers.contains_key(REPLAY_NONCE)
}

fn accept(url: String, answer: Response<Bytes>) -> Result<Response<Bytes>, AcmeError> {
    let status = answer.status();
    if !(status.is_client_error() || status.is_server_error()) || is_bad_nonce(&answer) {
        return Ok(answer);
    }
    let is_from_the_ca = has_nonce(answer.headers());
    Err(match AcmeError::from_status(url, status, answer.body(), answer.headers()) {
        // as Pebble says that it has no such order
        AcmeError::Unexplained {
            url, status: StatusCode::NOT_FOUND | StatusCode::GONE, ..
        } if is_from_the_ca => AcmeError::Absent { url },
        failure => failure,
    })
}

/// A request whose URL somebody else named.
pub(crate) fn request(
    method: Method,
    url: &str,
    body: impl Into<Bytes>,
) -> Result<Request<Bytes>, AcmeError> {
    Request::builder().method(method).uri(url).body(body.into()).map_err(|error| {
        AcmeError::NotAcme { url: url.into(), excerpt: String::new(), source: error.into() }
    })
}

pub(crate) fn is_bad_nonce(answer: &Response<Bytes>) -> bool {
    answer.status() == StatusCode::BAD_REQUEST
        && Problem::from_json(answer.body())
            .is_some_and(|problem| problem.kind == ProblemKind::BadNonce)
}

impl HttpClient for Exchange {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let exchange = self.clone();
        Box::pin(async move {
            let answer = match exchange.served(&request) {
                Some(directory) => Response::new(directory),
                None => {
                    let (head, body) = request.into_parts();
                    let Ok(body) = body.collect().await;
                    exchange
                        .ask(Request::from_parts(head, body.to_bytes()))
                        .await
                        .map_err(|error| Error::Other(error.into()))?
                }
            };
            let (parts, body) = answer.into_parts();
            Ok(BytesResponse { parts, body: Box::new(body) })
        })
    }
}

impl Exchange {
    fn served(&self, request: &Request<BodyWrapper<Bytes>>) -> Option<Bytes> {
        let (url, directory) = self.0.directory.as_ref()?;
        let asked = url.as_str().parse::<Uri>().is_ok_and(|url| url == *request.uri());
        (request.method() == Method::GET && asked).then(|| {
            let (url, body) = (url.to_string(), directory.body.clone());
            self.remember(Last { url, body: body.clone(), ..Last::default() });
            body
        })
    }
}
