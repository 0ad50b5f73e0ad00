//! One order, from its names to its certificate.

mod chain;
mod error;
mod journal;
mod machine;
mod spec;
mod validation;

use std::borrow::Cow;

use futures_util::future::try_join_all;
use http::StatusCode;
use instant_acme::{Identifier, NewOrder, Order};
use nws_expiry::{Chain, Issued};
use tracing::{Span, debug, info};

pub use self::chain::{InvalidPreferredChain, PreferredChain};
pub use self::error::{NameFailure, OrderError, Step};
pub use self::journal::{Journal, NotDurable};
use self::machine::{Machine, Next};
pub use self::spec::OrderSpec;
use self::validation::Offer;
use crate::breaker::End;
use crate::csr::signing_request;
use crate::exchange::Exchange;
use crate::retry::{Retry, retry};
use crate::{Account, AcmeError, Ca, Clock, OrderUrl, ProblemKind};

/// Obtains one certificate: makes or resumes the order, has every name validated, finalizes, downloads and checks.
///
/// Each step waits for `journal` to have what a crash after it would need. Ends at `spec.deadline` at the latest, but for the
/// journal's own time; an order that is open then stays so, to be resumed. While the CA is away ([`Ca::availability`]) it ends
/// at the first request, which is not made.
///
/// # Errors
///
/// [`OrderError`]; its `recovery` says what next.
pub async fn obtain(
    ca: &Ca,
    account: &Account,
    spec: &OrderSpec,
    journal: &dyn Journal,
    clock: &dyn Clock,
) -> Result<Issued, OrderError> {
    let csr = signing_request(&spec.key, &spec.names).map_err(OrderError::SigningRequest)?;
    let begun = ca.breaker().begin();
    let outcome = attempt(ca, account, spec, journal, ca.retry(clock, spec.deadline), &csr).await;
    ca.breaker().end(
        begun,
        clock.now(),
        outcome.as_ref().map_or_else(OrderError::end, |_| End::Answered),
    );
    outcome
}

async fn attempt(
    ca: &Ca,
    account: &Account,
    spec: &OrderSpec,
    journal: &dyn Journal,
    retry: Retry<'_>,
    csr: &[u8],
) -> Result<Issued, OrderError> {
    // an order that is there has its profile, whatever became of it since
    if spec.resume.is_none() {
        check_profile(ca, spec, retry).await?;
    }
    let exchange = ca.exchange(retry).await.map_err(at(Step::Directory))?;
    let run = Run { ca, account, spec, journal, retry, exchange };
    let outcome = run.obtain(csr).await;
    if let Err(OrderError::Request { source, .. }) = &outcome
        && source.doubts(ca.directory_url())
    {
        ca.distrust_directory();
    }
    debug!(requests = run.exchange.requests(), "exchange over");
    outcome
}

async fn check_profile(ca: &Ca, spec: &OrderSpec, retry: Retry<'_>) -> Result<(), OrderError> {
    let Some(profile) = &spec.profile else { return Ok(()) };
    let offered = ca.directory(retry).await.map_err(at(Step::Directory))?.profiles;
    if offered.iter().any(|name| name == profile.as_str()) {
        return Ok(());
    }
    Err(OrderError::UnknownProfile { profile: profile.clone(), offered })
}

fn at(step: Step) -> impl FnOnce(AcmeError) -> OrderError {
    move |source| OrderError::Request { step, source }
}

/// One running order.
struct Run<'a> {
    ca: &'a Ca,
    account: &'a Account,
    spec: &'a OrderSpec,
    journal: &'a dyn Journal,
    retry: Retry<'a>,
    exchange: Exchange,
}

/// A request of this order, tried as often as it is worth.
macro_rules! ask {
    ($run:expr, $step:expr, $call:expr) => {
        retry!($run.retry, async { $call.await.map_err(|error| $run.exchange.failure(error)) })
            .map_err(at($step))
    };
}

impl Run<'_> {
    async fn obtain(&self, csr: &[u8]) -> Result<Issued, OrderError> {
        let account = self.account.open(self.ca, &self.exchange).await;
        let account =
            account.map_err(|error| self.exchange.failure(error)).map_err(at(Step::Directory))?;
        let mut order = match &self.spec.resume {
            Some(url) => self.resume(&account, url).await?,
            None => self.create(&account).await?,
        };
        let url: OrderUrl = order
            .url()
            .parse()
            .map_err(|_| self.unexpected(Step::NewOrder, "no usable order URL"))?;
        Span::current().record("order", url.as_str());
        self.drive(&mut order, &url, csr).await?;
        let pem = self.download(&mut order).await?;
        let issued = self.check(&url, &pem)?;
        Ok(self.with_preferred_chain(&account, &url, issued).await)
    }

    async fn resume(
        &self,
        account: &instant_acme::Account,
        url: &OrderUrl,
    ) -> Result<Order, OrderError> {
        ask!(self, Step::Order, account.order(url.to_string()))
    }

    /// Makes the order known to the journal from the head of the answer, whatever becomes of its body.
    async fn create(&self, account: &instant_acme::Account) -> Result<Order, OrderError> {
        let made = self.make(account).await;
        let Some(url) = self.exchange.created_order() else {
            made?;
            return Err(self.unexpected(Step::NewOrder, "no usable order URL"));
        };
        self.journal.order_known(&url).await.map_err(OrderError::Journal)?;
        info!(order = %url, "order made");
        match made? {
            Some(order) => Ok(order),
            None => {
                debug!(order = %url, "looking at the order, as the answer does not show it as it was asked for");
                self.resume(account, &url).await
            }
        }
    }

    /// Asks for the order, as one that replaces a certificate if that is so; and for the same without saying so, if it may be that
    /// alone which the CA refuses (RFC 9773 §5). Whoever has an order open for the same names gets it then.
    async fn make(&self, account: &instant_acme::Account) -> Result<Option<Order>, OrderError> {
        let names: Vec<_> =
            self.spec.names.iter().map(|name| Identifier::Dns(name.to_string())).collect();
        let replaced = self.spec.replaces.as_ref().filter(|_| self.exchange.has_renewal_info());
        if let Some(replaced) = replaced {
            let new = self.new_order(&names).replaces(replaced.as_identifier());
            let _doubted = self.exchange.doubt_own_request();
            let made = retry!(self.retry, self.make_replacing(account, &new));
            match made.map_err(at(Step::NewOrder))? {
                Ok(order) => return Ok(order),
                Err(refusal) => {
                    debug!(%refusal, %replaced, "asking for the order without what it replaces");
                }
            }
        }
        ask!(self, Step::NewOrder, self.make_once(account, &self.new_order(&names)))
    }

    fn new_order<'a>(&'a self, names: &'a [Identifier]) -> NewOrder<'a> {
        let new = NewOrder::new(names);
        match &self.spec.profile {
            Some(profile) => new.profile(profile.as_str()),
            None => new,
        }
    }

    /// A refusal that may be for what the order replaces is an answer, and not asked for again.
    async fn make_replacing(
        &self,
        account: &instant_acme::Account,
        new: &NewOrder<'_>,
    ) -> Result<Result<Option<Order>, AcmeError>, AcmeError> {
        let made = self.make_once(account, new).await;
        match made.map_err(|error| self.exchange.failure(error)) {
            Err(refusal) if refusal.may_be_about_replacing() => Ok(Err(refusal)),
            outcome => outcome.map(Ok),
        }
    }

    /// `None` if the order was made, but the answer cannot be read, or does not say that it replaces what it should.
    async fn make_once(
        &self,
        account: &instant_acme::Account,
        new: &NewOrder<'_>,
    ) -> Result<Option<Order>, instant_acme::Error> {
        match account.new_order(new).await {
            Err(_) if self.exchange.created_order().is_some() => Ok(None),
            outcome => outcome.map(Some),
        }
    }

    /// Takes the order to `valid`.
    async fn drive(&self, order: &mut Order, url: &OrderUrl, csr: &[u8]) -> Result<(), OrderError> {
        let mut machine = Machine::new(self.spec.deadline);
        loop {
            let (now, status) = (self.retry.clock.now(), order.state().status);
            let next =
                machine.on_status(now, status, self.exchange.retry_after(), self.retry.limits);
            debug!(?status, ?next, "order looked at");
            match next {
                Next::Offer => self.offer(order, url).await?,
                Next::Poll { after } => {
                    tokio::time::sleep(after).await;
                    self.refresh(order).await?;
                }
                Next::Finalize => self.finalize(order, csr).await?,
                Next::Download => return Ok(()),
                Next::Rejected => return Err(self.rejected(order, url).await),
                Next::Leave { retry_after } => {
                    return Err(OrderError::Unfinished { order: url.clone(), retry_after });
                }
            }
        }
    }

    async fn refresh(&self, order: &mut Order) -> Result<(), OrderError> {
        ask!(self, Step::Order, async { order.refresh().await.map(drop) })
    }

    /// Every answer is in place before the first challenge is offered.
    async fn offer(&self, order: &mut Order, url: &OrderUrl) -> Result<(), OrderError> {
        self.count_authorizations(order, url)?;
        ask!(self, Step::Authorization, validation::read(order))?;
        let answers = validation::answers(order, self.account.thumbprint())?;
        let presented = answers.iter().map(|answer| match answer.offer {
            Offer::Due => self.journal.present(&answer.key_authorization),
            Offer::Made => self.journal.offered_before(&answer.key_authorization),
        });
        try_join_all(presented).await.map_err(OrderError::Journal)?;
        for answer in answers.iter().filter(|answer| answer.offer == Offer::Due) {
            self.offer_one(order, answer.at).await?;
        }
        Ok(())
    }

    /// They are not one for each name (RFC 8555 §7.1.3), but no CA has more than a hundred names in a certificate.
    fn count_authorizations(&self, order: &mut Order, url: &OrderUrl) -> Result<(), OrderError> {
        let (found, names) = (order.state().authorizations.len(), self.spec.names.iter().count());
        if (1..=names.max(100)).contains(&found) {
            return Ok(());
        }
        Err(OrderError::Authorizations { order: url.clone(), found, names })
    }

    /// A refusal is none if the challenge is being validated already, or the authorization was decided meanwhile: by an offer made
    /// before a crash for example, or one whose answer was lost.
    async fn offer_one(&self, order: &mut Order, place: usize) -> Result<(), OrderError> {
        let offered = ask!(self, Step::Challenge, validation::offer(order, place, &self.exchange));
        let Err(OrderError::Request { source: AcmeError::Refused { status, .. }, .. }) = &offered
        else {
            return offered;
        };
        if *status == StatusCode::CONFLICT {
            return Ok(());
        }
        // a failure of this question is no reason to give up the order; the refusal is, where the challenge is still to be offered
        let is_offered = ask!(self, Step::Authorization, validation::is_offered(order, place))?;
        if is_offered { Ok(()) } else { offered }
    }

    /// An order that is not ready to be finalized has been already, if an answer to an earlier try was lost.
    async fn finalize(&self, order: &mut Order, csr: &[u8]) -> Result<(), OrderError> {
        self.journal.finalizing(csr).await.map_err(OrderError::Journal)?;
        match ask!(self, Step::Finalize, order.finalize_csr(csr)) {
            Err(OrderError::Request { source: AcmeError::Refused { problem, .. }, .. })
                if problem.kind == ProblemKind::OrderNotReady =>
            {
                self.refresh(order).await
            }
            outcome => outcome,
        }
    }

    async fn rejected(&self, order: &mut Order, url: &OrderUrl) -> OrderError {
        let problem = order.state().error.as_ref().map(|problem| Box::new(problem.into()));
        let mut failures = Vec::new();
        let read = validation::failures(order, &self.exchange, &mut failures);
        if tokio::time::timeout(self.retry.left(), read).await.is_err() {
            debug!(order = %url, "no time was left to read why");
        }
        OrderError::Rejected { order: url.clone(), problem, failures }
    }

    async fn download(&self, order: &mut Order) -> Result<String, OrderError> {
        let pem = ask!(self, Step::Certificate, order.certificate())?;
        pem.ok_or_else(|| self.unexpected(Step::Certificate, "no certificate in a valid order"))
    }

    /// What is not the CA's answer leaves the order as it is: its certificate is there, behind whatever answered.
    fn check(&self, url: &OrderUrl, pem: &str) -> Result<Issued, OrderError> {
        let chain = Chain::from_pem(pem.as_bytes()).map_err(|source| {
            if self.exchange.is_from_the_ca() {
                OrderError::Chain { order: url.clone(), source }
            } else {
                at(Step::Certificate)(self.exchange.unexpected(source.into()))
            }
        })?;
        let issued =
            Issued::check(chain, self.spec.key.clone(), &self.spec.names, self.retry.clock.now())
                .map_err(|source| OrderError::Mismatch { order: url.clone(), source })?;
        debug!(order = %url, serial = %issued.leaf().serial(), not_after = %issued.leaf().not_after(), "certificate downloaded");
        Ok(issued)
    }

    fn unexpected(&self, step: Step, reason: impl Into<Cow<'static, str>>) -> OrderError {
        at(step)(self.exchange.unexpected(reason.into().into()))
    }
}
