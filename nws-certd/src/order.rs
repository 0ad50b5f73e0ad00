//! One order, from its intent to the chain in the outbox.

mod caa;
mod counted;
mod journal;
mod key;
mod obstacles;
mod outcome;
mod outlook;
mod whereabouts;

use std::sync::Arc;
use std::time::Duration;

use nws_acme::{
    Account, AcmeError, CertificateId, Clock, OrderError, OrderSpec, Step as AcmeStep, obtain,
};
use nws_challenge::Answers;
use nws_expiry::allot::Kind;
use nws_expiry::budget::Exemption;
use nws_expiry::{Backoff, Failing, Issued, Leaf, PrivateKey, Profile, Reason, Validity};
use time::OffsetDateTime;
use tracing::{Instrument as _, debug, info_span};

pub(crate) use caa::{CaaFault, CaaZone, account_record, account_record_told, climb, remedy};
pub(crate) use outcome::Ended;
pub(crate) use outlook::{Looked, Lookout, Rigour};
pub(crate) use whereabouts::Whereabouts;

use self::journal::Recorded;
use self::outcome::OrderFailure;
use crate::authority::{Authority, Lease};
use crate::plan::Occasion;
use crate::store::{Blame, CertificateKey, OpenOrder, OrderId, Outlook, Span, Step, Store, Used};
use crate::vault::Vault;

/// What every order needs.
pub(crate) struct Ordering {
    /// The CAs, in the operator's order.
    pub(crate) authorities: Vec<Arc<Authority>>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) vault: Vault,
    pub(crate) answers: Answers,
    pub(crate) clock: Arc<dyn Clock>,
    /// Who knows what owners of names say of CAs.
    pub(crate) caa: Arc<dyn CaaZone>,
    /// Who looks before an order, if anybody does.
    pub(crate) lookout: Option<Lookout>,
    /// Where names lead.
    pub(crate) whereabouts: Whereabouts,
    /// How long failures are waited for.
    pub(crate) backoff: Backoff,
    /// How long one attempt may take.
    pub(crate) deadline: Duration,
    /// Whether a renewal is for the key of the certificate before.
    pub(crate) reuse_key: bool,
}

/// One attempt that is due.
#[derive(Clone)]
pub(crate) struct Attempt {
    /// What is ordered.
    pub(crate) certificate: CertificateKey,
    /// Why.
    pub(crate) reason: Reason,
    /// From whom.
    pub(crate) authority: Arc<Authority>,
    /// The order to go on with, if one is open.
    pub(crate) open: Option<OpenOrder>,
    /// What it is to replace, if the same CA issued that.
    pub(crate) predecessor: Option<Leaf>,
    /// Failures since the last success.
    pub(crate) failures: u32,
    /// How it fails, if it does.
    pub(crate) failing: Option<Failing>,
    /// How its names looked last.
    pub(crate) outlook: Outlook,
    /// From when to when what there is is valid.
    pub(crate) have: Option<Validity>,
    /// Whose turn it takes.
    pub(crate) tenant: Box<str>,
    /// What it is exempt from at its CA.
    pub(crate) exemption: Exemption,
    /// Whether it is for the key of the certificate before, whatever is configured.
    pub(crate) keeps_key: bool,
    /// Whether the CA is asked in spite of what keeps from it.
    pub(crate) in_spite: bool,
    /// What it uses of the CA's limits.
    pub(crate) uses: Vec<Used>,
    /// When it began.
    pub(crate) began: OffsetDateTime,
}

/// An order that has a place.
#[derive(Clone, Debug)]
pub(crate) struct UnderWay {
    /// What is ordered.
    pub(crate) certificate: CertificateKey,
    /// Whose turn it takes.
    pub(crate) tenant: Box<str>,
    /// What it is, where new things and renewals take turns.
    pub(crate) kind: Kind,
}

/// An order that is begun, here or at the CA.
struct Begun {
    order: OrderId,
    key: PrivateKey,
    profile: Option<Profile>,
}

impl Ordering {
    /// Runs one attempt to its end; whatever happens is in the store when this returns.
    pub(crate) async fn run(self: Arc<Self>, attempt: Attempt) -> Ended {
        let span = info_span!(
            "order",
            names = %attempt.certificate.names,
            ca = attempt.authority.directory(),
            reason = %attempt.reason,
            attempt = attempt.failures + 1,
            order = tracing::field::Empty,
            resumed = attempt.resumed().is_some_and(|open| open.url.is_some()),
        );
        async {
            let result = self.attempt(&attempt).await;
            self.conclude(&attempt, result).await
        }
        .instrument(span)
        .await
    }

    async fn attempt(&self, attempt: &Attempt) -> Result<(OrderId, Issued), OrderFailure> {
        let resume = attempt.resumed().and_then(|open| open.url.clone());
        let Begun { order, key, profile } = self.begin(attempt).await?;
        let failed = |error| OrderFailure::Acme { order, error };
        let account = self.account(attempt).await.map_err(failed)?;
        if resume.is_none() {
            self.ask_owners(attempt, order, &account).await?;
        }
        let deadline = self.clock.now() + self.deadline;
        let spec = OrderSpec {
            names: attempt.certificate.names.clone(),
            key,
            profile,
            chain: attempt.authority.terms.chain.clone(),
            replaces: attempt.predecessor.as_ref().and_then(CertificateId::of),
            resume,
            deadline,
        };
        let journal = Recorded { store: &*self.store, answers: &self.answers, order, deadline };
        let issued = obtain(&attempt.authority.ca, &account, &spec, &journal, &*self.clock).await;
        issued.map(|issued| (order, issued)).map_err(|error| OrderFailure::Order { order, error })
    }

    async fn account(&self, attempt: &Attempt) -> Result<Lease, AcmeError> {
        attempt.authority.account(&*self.store, &*self.clock).await
    }

    /// Whether the owners of the names let the CA issue for them, as far as they say and it tells what they call it.
    async fn ask_owners(
        &self,
        attempt: &Attempt,
        order: OrderId,
        account: &Account,
    ) -> Result<(), OrderFailure> {
        let ca = &attempt.authority.ca;
        let unread = |source| OrderError::Request { step: AcmeStep::Directory, source };
        let read = ca.read_directory(&*self.clock).await;
        read.map_err(|error| OrderFailure::Order { order, error: unread(error) })?;
        let identities = ca.caa_identities();
        if identities.is_empty() {
            return Ok(());
        }
        let names = &attempt.certificate.names;
        let verdict = caa::look(&self.caa, names, &identities, account.url()).await;
        verdict.map_err(|error| OrderFailure::Forbidden { order, error })
    }

    /// The key and intent: of the open order, or new and made durable.
    async fn begin(&self, attempt: &Attempt) -> Result<Begun, OrderFailure> {
        match &attempt.open {
            Some(open) if attempt.goes_on_with(open) => {
                let begun = self.go_on(open)?;
                self.use_again(attempt).await?;
                if !self.is_revoked(&begun.key).await? {
                    return Ok(begun);
                }
                let why =
                    "its key belongs to a certificate that is revoked; it is ordered for another"
                        .into();
                self.leave(attempt, open, why).await?;
                self.begin_anew(attempt).await
            }
            Some(open) => {
                self.leave(attempt, open, attempt.why_elsewhere()).await?;
                self.begin_anew(attempt).await
            }
            None => self.begin_anew(attempt).await,
        }
    }

    /// An order that was intended once, and that the CA did not make, is a new one there again.
    async fn use_again(&self, attempt: &Attempt) -> Result<(), OrderFailure> {
        if attempt.uses.is_empty() {
            return Ok(());
        }
        self.store.write(Step::Used(attempt.uses.clone())).await.map_err(OrderFailure::Store)
    }

    fn go_on(&self, open: &OpenOrder) -> Result<Begun, OrderFailure> {
        let der = self.vault.open_sealed(&open.sealed_key).map_err(OrderFailure::Seal)?;
        let key = PrivateKey::from_pkcs8_der(&der).map_err(OrderFailure::Key)?;
        Ok(Begun { order: open.id, key, profile: open.profile.clone() })
    }

    /// Ends an order that is not gone on with. A crash after it leaves no open order, and the next pass begins one.
    async fn leave(
        &self,
        attempt: &Attempt,
        open: &OpenOrder,
        why: String,
    ) -> Result<(), OrderFailure> {
        let now = self.clock.now();
        let ca = open.ca.as_deref().unwrap_or("a CA that was not noted");
        let error = format!("the order at {ca} is left, as {why}");
        if let Some(left) = self.authorities.iter().find(|authority| authority.directory() == ca) {
            left.give_back(&attempt.certificate);
        }
        debug!(order = %open.id, error, "order left");
        let span = Span { began: attempt.began, ended: now };
        let (order, blame) = (open.id, Blame::Nobody);
        self.store
            .write(Step::OrderEnded { order, error, blame, attempt: span, until: now })
            .await
            .map_err(OrderFailure::Store)
    }

    async fn begin_anew(&self, attempt: &Attempt) -> Result<Begun, OrderFailure> {
        let (certificate, at) = (attempt.certificate.clone(), self.clock.now());
        let key = self.key_for(attempt).await?;
        let order = OrderId::of(&key, at);
        let sealed_key = self.vault.seal(key.pkcs8_der()).map_err(OrderFailure::Seal)?;
        let ca = attempt.authority.directory().to_owned();
        let profile =
            certificate.profile.clone().or_else(|| attempt.authority.terms.profile.clone());
        let intended = profile.clone();
        // One in place of an order that was open was not planned as a new one.
        let uses = if attempt.is_new() { attempt.uses.clone() } else { attempt.take(at) };
        let step =
            Step::OrderIntended { order, certificate, sealed_key, ca, profile: intended, uses, at };
        self.store.write(step).await.map_err(OrderFailure::Store)?;
        Ok(Begun { order, key, profile })
    }
}

impl Attempt {
    /// Why an order at another CA is left: that cannot go on with it in time.
    fn why_elsewhere(&self) -> String {
        format!(
            "the certificate is needed before that CA can go on; it is ordered from {}",
            self.authority.directory()
        )
    }

    /// It, with what it uses of its CA's limits, which is counted from now on.
    pub(crate) fn counted(self, now: OffsetDateTime) -> Self {
        let uses = if self.is_new() { self.take(now) } else { Vec::new() };
        Self { uses, ..self }
    }

    fn take(&self, now: OffsetDateTime) -> Vec<Used> {
        self.authority.take(now, &self.certificate, self.exemption)
    }

    /// How much is left of what is served now, if something is.
    fn left(&self, now: OffsetDateTime) -> Option<time::Duration> {
        self.have.map(|have| have.not_after() - now)
    }

    /// Whether it asks its CA for a new order.
    pub(crate) fn is_new(&self) -> bool {
        self.resumed().is_none_or(|open| open.url.is_none())
    }

    /// It, as the daemon remembers it.
    pub(crate) fn under_way(&self) -> UnderWay {
        let kind = if self.have.is_some() { Kind::Renewal } else { Kind::New };
        UnderWay { certificate: self.certificate.clone(), tenant: self.tenant.clone(), kind }
    }

    /// What it is to the CA's limits for new orders, while it has made none.
    fn occasion(&self) -> Occasion {
        if self.have.is_some() { Occasion::Renewal } else { Occasion::First }
    }

    /// The open order, if it is at the CA that this attempt goes to.
    fn resumed(&self) -> Option<&OpenOrder> {
        self.open.as_ref().filter(|open| self.goes_on_with(open))
    }

    /// An order that was kept before CAs were told apart is at the only one there was.
    fn goes_on_with(&self, open: &OpenOrder) -> bool {
        open.ca.as_deref().is_none_or(|ca| ca == self.authority.directory())
    }
}
