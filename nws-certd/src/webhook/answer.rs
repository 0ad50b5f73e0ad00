//! One request, one answer.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use http_body_util::Full;
use hyper::body::{Body as HttpBody, Bytes};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response};
use nws_gitops::BranchName;
use tokio::time::Instant;
use tracing::{debug, info, warn};

use super::event::{Event, Kind};
use super::intake::Intake;
use super::outcome::{Ignored, Refusal, Taken};
use super::payload;
use super::refusals::Refusals;
use super::signature::Claims;
use super::{Webhook, said};

const PUSHES: &str = "/webhook";
const HEALTH: &str = "/healthz";

/// What the connections share.
pub(super) struct Desk {
    webhook: Webhook,
    references: BTreeSet<String>,
    intake: Intake,
    refusals: Refusals,
}

impl Desk {
    pub(super) fn new(webhook: Webhook) -> Self {
        let references = webhook.branches.iter().map(BranchName::full).collect();
        Self { webhook, references, intake: Intake::new(), refusals: Refusals::default() }
    }

    pub(super) async fn answer<B>(
        &self,
        request: Request<B>,
        peer: SocketAddr,
    ) -> Response<Full<Bytes>>
    where
        B: HttpBody<Data = Bytes> + Unpin,
    {
        match self.take(request).await {
            Ok(taken) => respond(taken.status(), taken.text(&said(&self.webhook.branches))),
            Err(refusal) => {
                self.log(refusal, peer);
                let mut response = respond(refusal.status(), refusal.to_string());
                if let Refusal::Method { allowed } = refusal {
                    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
                }
                response
            }
        }
    }

    async fn take<B>(&self, request: Request<B>) -> Result<Taken, Refusal>
    where
        B: HttpBody<Data = Bytes> + Unpin,
    {
        match (request.uri().path(), request.method()) {
            (PUSHES, &Method::POST) => self.receive(request).await,
            (PUSHES, _) => Err(Refusal::Method { allowed: "POST" }),
            (HEALTH, &Method::GET | &Method::HEAD) => Ok(Taken::Health),
            (HEALTH, _) => Err(Refusal::Method { allowed: "GET, HEAD" }),
            _ => Err(Refusal::Path),
        }
    }

    /// Nobody who offers no proof makes us read a body, and nobody whose proof is wrong makes us understand one.
    async fn receive<B>(&self, request: Request<B>) -> Result<Taken, Refusal>
    where
        B: HttpBody<Data = Bytes> + Unpin,
    {
        let (head, body) = request.into_parts();
        let event = Event::of(&head.headers)?;
        let claims = Claims::of(&head.headers).ok_or(Refusal::Signature)?;
        let body = self.intake.read(body).await?;
        if !claims.hold(&self.webhook.secret, body.as_bytes()) {
            return Err(Refusal::Signature);
        }
        let taken = self.understand(event, body.as_bytes())?;
        if taken == Taken::Push {
            info!(provider = %event.provider, reference = self.reference(), "push noted");
            self.webhook.hint.notify_one();
        } else {
            debug!(provider = %event.provider, kind = ?event.kind, ?taken, "webhook delivery ignored");
        }
        Ok(taken)
    }

    /// Ours, as they are logged.
    fn reference(&self) -> String {
        self.references.iter().map(String::as_str).collect::<Vec<_>>().join(" or ")
    }

    fn understand(&self, event: Event, body: &[u8]) -> Result<Taken, Refusal> {
        match event.kind {
            Kind::Ping => return Ok(Taken::Ignored(Ignored::Ping)),
            Kind::Other => return Ok(Taken::Ignored(Ignored::Event)),
            Kind::Push => {}
        }
        let reference = payload::reference(event.format, body).ok_or(Refusal::Unreadable)?;
        Ok(if self.references.contains(&reference) {
            Taken::Push
        } else if reference.starts_with("refs/tags/") {
            Taken::Ignored(Ignored::Tag)
        } else {
            Taken::Ignored(Ignored::OtherReference)
        })
    }

    fn log(&self, refusal: Refusal, peer: SocketAddr) {
        match refusal {
            Refusal::Path | Refusal::Method { .. } => {
                debug!(%peer, reason = %refusal, "webhook request refused");
            }
            Refusal::Provider
            | Refusal::ContentType
            | Refusal::Signature
            | Refusal::TooLarge { .. }
            | Refusal::Slow
            | Refusal::Broken
            | Refusal::Busy
            | Refusal::Unreadable => {
                if let Some(count) = self.refusals.count(Instant::now()) {
                    warn!(%peer, count, reason = %refusal, "webhook deliveries refused; this is the last of them");
                }
            }
        }
    }
}

fn respond(status: hyper::StatusCode, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(text + "\n")));
    *response.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, plain);
    response
}
