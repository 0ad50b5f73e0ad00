mod accounts;
mod certificates;
mod orders;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, Request, Response};
use time::Duration;

use super::endpoint::Endpoint;
use super::faults::{Faults, Outage};
use super::issuer::Issuer;
use super::jws::{Signed, malformed};
use super::reply::{Refusal, Reply};
use super::state::{HOST, State, url};
use super::validator::Validator;
use crate::{Clock, DirectoryUrl, OrderUrl, ProblemKind, ResponseBody, Transport, TransportError};

/// A whole CA in the process, reached by its [`transport`](Self::transport).
pub struct FakeCa {
    clock: Arc<dyn Clock>,
    validator: Box<dyn Validator>,
    issuer: Issuer,
    lifetime: Duration,
    state: Mutex<State>,
}

impl FakeCa {
    /// A CA whose certificates live 90 days from the clock's now.
    pub fn new(clock: Arc<dyn Clock>, validator: impl Validator) -> Arc<Self> {
        Self::with_lifetime(clock, validator, 90 * Duration::DAY)
    }

    /// A CA whose certificates live as long as said.
    ///
    /// # Panics
    ///
    /// If the machine has no randomness for its keys.
    #[expect(clippy::expect_used, reason = "a test without a CA has nothing to go on with")]
    pub fn with_lifetime(
        clock: Arc<dyn Clock>,
        validator: impl Validator,
        lifetime: Duration,
    ) -> Arc<Self> {
        let issuer = Issuer::new(clock.now()).expect("keys for the fake CA");
        Arc::new(Self {
            clock,
            validator: Box::new(validator),
            issuer,
            lifetime,
            state: Mutex::default(),
        })
    }

    /// How its clients reach it.
    pub fn transport(self: &Arc<Self>) -> Arc<dyn Transport> {
        self.clone()
    }

    /// Where its directory is.
    #[expect(clippy::missing_panics_doc, clippy::expect_used, reason = "a constant")]
    pub fn directory_url(&self) -> DirectoryUrl {
        format!("{HOST}{}", Endpoint::Directory.path()).parse().expect("a constant URL")
    }

    /// The root that its chains end at, as PEM.
    pub fn roots_pem(&self) -> &str {
        self.issuer.root_pem()
    }

    /// Changes how it misbehaves from now on.
    pub fn faults(&self, change: impl FnOnce(&mut Faults)) {
        change(&mut self.state().faults);
    }

    /// How often an endpoint was asked, failures and connections refused included.
    pub fn count(&self, endpoint: Endpoint) -> usize {
        self.state().counts.get(&endpoint).copied().unwrap_or_default()
    }

    /// How often it was asked for anything.
    pub fn requests(&self) -> usize {
        self.state().counts.values().sum()
    }

    /// How many orders were made, each counted once however often it was asked for.
    pub fn orders(&self) -> usize {
        self.state().orders_made
    }

    /// Whether an order can still be gone on with: it exists, and is not invalid.
    pub fn is_open(&self, order: &OrderUrl) -> bool {
        let state = self.state();
        let mut ids = state.orders.keys();
        ids.any(|id| url(Endpoint::Order, *id) == order.as_str() && state.status(*id) != "invalid")
    }

    /// Loses all nonces, as a CA does that gives out very many.
    pub fn forget_nonces(&self) {
        self.state().nonces.clear();
    }

    /// Loses all orders. Their URLs are not used again.
    pub fn forget_orders(&self) {
        self.state().orders.clear();
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer(
        &self,
        (endpoint, id): (Endpoint, usize),
        request: &Request<Bytes>,
    ) -> Result<Reply, Refusal> {
        if self.state().fails() {
            return Err(Refusal::new(
                500,
                ProblemKind::ServerInternal,
                "the fake CA was told to fail",
            ));
        }
        match (endpoint, request.method()) {
            (Endpoint::Directory, &Method::GET) => Ok(Reply::json(200, &self.directory())),
            (Endpoint::RenewalInfo, &Method::GET) => {
                let path = request.uri().path();
                self.renewal_info(path.strip_prefix(endpoint.path()).unwrap_or_default())
            }
            (Endpoint::NewNonce, &Method::HEAD) => Ok(Reply::empty(200)),
            (Endpoint::NewNonce, &Method::GET) => Ok(Reply::empty(204)),
            (_, &Method::POST) => self.post(endpoint, id, &self.signed(request)?).await,
            _ => Err(Refusal::new(405, ProblemKind::Malformed, "method not allowed")),
        }
    }

    fn signed(&self, request: &Request<Bytes>) -> Result<Signed, Refusal> {
        let header = |name| request.headers().get(name).map(|value| value.as_bytes());
        if header("content-type") != Some(b"application/jose+json") {
            return Err(Refusal::new(
                415,
                ProblemKind::Malformed,
                "the content type is not application/jose+json",
            ));
        }
        if header("user-agent").is_none() {
            return Err(malformed("no User-Agent"));
        }
        let signed = Signed::parse(request.body(), &request.uri().to_string())?;
        self.state().spend(&signed.nonce)?;
        Ok(signed)
    }

    async fn post(&self, endpoint: Endpoint, id: usize, signed: &Signed) -> Result<Reply, Refusal> {
        // the two that a key can sign which is no account's
        if endpoint == Endpoint::NewAccount {
            return self.new_account(signed);
        }
        if endpoint == Endpoint::RevokeCert {
            return self.revoke(signed);
        }
        let account = self.state().account(signed)?;
        match endpoint {
            Endpoint::Account => self.account(account, id, signed),
            Endpoint::KeyChange => self.key_change(account, signed),
            Endpoint::NewOrder => self.new_order(account, &signed.object()?),
            Endpoint::Order => signed.empty().and_then(|()| self.order(account, id)),
            Endpoint::Authorization => {
                signed.empty().and_then(|()| self.authorization(account, id))
            }
            Endpoint::Challenge => self.challenge(account, id, &signed.object()?).await,
            Endpoint::Finalize => self.finalize(account, id, &signed.object()?),
            Endpoint::Certificate => signed.empty().and_then(|()| self.certificate(id, 0)),
            Endpoint::Alternate => signed.empty().and_then(|()| self.certificate(id / 10, id % 10)),
            Endpoint::Directory
            | Endpoint::NewNonce
            | Endpoint::NewAccount
            | Endpoint::RenewalInfo
            | Endpoint::RevokeCert => Err(not_found()),
        }
    }

    fn refuse(&self, refusal: Refusal) -> Reply {
        if self.state().faults.not_found_without_a_word && refusal.is_not_found() {
            return Reply::empty(404);
        }
        refusal.into()
    }

    /// Once: whether the answer of this endpoint breaks.
    fn breaks(&self, endpoint: Endpoint) -> bool {
        let broken = &mut self.state().faults.break_answer_of;
        broken.take_if(|broken| *broken == endpoint).is_some()
    }
}

#[async_trait]
impl Transport for FakeCa {
    async fn send(
        &self,
        request: Request<Bytes>,
    ) -> Result<Response<ResponseBody>, TransportError> {
        let Some(route) = Endpoint::of(request.uri().path()) else {
            return Ok(Reply::from(not_found()).whole());
        };
        let outage = self.state().count(route.0);
        match outage {
            None => {}
            Some(Outage::Refused) => {
                return Err(TransportError::Connect("connection refused".into()));
            }
            Some(Outage::Hang) => return std::future::pending().await,
            Some(Outage::Busy { retry_after }) => {
                return Ok(Reply::page(503, "<html>\nbusy</html>")
                    .with("retry-after", retry_after)
                    .whole());
            }
        }
        let instead = self.state().instead(route.0);
        let reply = match instead {
            Some(answer) if answer.is_from_the_ca() => answer.reply(),
            Some(answer) => return Ok(answer.reply().whole()),
            None => {
                self.answer(route, &request).await.unwrap_or_else(|refusal| self.refuse(refusal))
            }
        };
        let reply = reply.with("replay-nonce", self.state().nonce());
        Ok(if self.breaks(route.0) { reply.broken() } else { reply.whole() })
    }
}

fn owned(owner: Option<usize>, account: usize) -> Result<(), Refusal> {
    match owner {
        Some(owner) if owner == account => Ok(()),
        Some(_) => Err(Refusal::new(403, ProblemKind::Unauthorized, "another account's")),
        None => Err(not_found()),
    }
}

fn not_found() -> Refusal {
    Refusal::new(404, ProblemKind::Malformed, "no such resource")
}

#[cfg(test)]
mod tests;
