mod accounts;
mod key_change;
mod revocation;

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use instant_acme::AccountBuilder;
use time::{Duration, OffsetDateTime};
use tracing::debug;

use crate::breaker::{Breaker, End};
use crate::directory::{Cached, Directory};
use crate::exchange::{Exchange, Shared};
use crate::jws::Requests;
use crate::nonces::Nonces;
use crate::pace::Pace;
use crate::retry::{Retry, retry};
use crate::server_date::ServerDate;
use crate::{
    Account, AccountKey, AccountUrl, AcmeError, Availability, CertificateId, Clock, DirectoryUrl,
    Limits, RenewalInfo, Transport, renewal_info,
};

pub use self::revocation::{RevocationReason, UnknownRevocationReason};

/// One CA: where its directory is, how it is reached, and what we know of it.
///
/// Nothing is asked when it is made, so a daemon starts while its CA is away. Clones share the directory, and what is known of
/// the CA's availability.
#[derive(Clone)]
pub struct Ca(Arc<Inner>);

struct Inner {
    url: DirectoryUrl,
    transport: Arc<dyn Transport>,
    limits: Limits,
    directory: Cached,
    breaker: Arc<Breaker>,
    shared: Arc<Shared>,
}

impl Ca {
    /// The difference of two clocks, either way, that is no accident any more.
    ///
    /// A machine that keeps its clock by the network is right to a fraction of a second, and a date is cut to the second and some
    /// more seconds old where a CA is slow: half a minute is beyond both. It is far below what does harm, so there is time to act:
    /// certificates are commonly dated back by an hour, because of such clocks, and a window of renewal information is hours long.
    pub const CLOCK_SKEW: Duration = Duration::seconds(30);

    /// Names a CA, without asking it anything.
    pub fn new(directory: DirectoryUrl, transport: Arc<dyn Transport>, limits: Limits) -> Self {
        let (url, directory, breaker) = (directory, Cached::default(), Arc::default());
        let shared = Arc::new(Shared {
            pace: Pace::new(&limits),
            date: ServerDate::default(),
            nonces: Nonces::default(),
        });
        Self(Arc::new(Inner { url, transport, limits, directory, breaker, shared }))
    }

    /// Where its directory is.
    pub fn directory_url(&self) -> &DirectoryUrl {
        &self.0.url
    }

    /// Whether it may be asked at `now`; without having to ask it.
    ///
    /// Whoever begins orders should begin none while it is [`Availability::Away`], and one at [`Availability::Probe`].
    pub fn availability(&self, now: OffsetDateTime) -> Availability {
        self.0.breaker.look(now)
    }

    /// How far the CA's clock is ahead of one of ours that says `now`, by the date of its last answer; to the second, and not
    /// counting how long the answer was on its way. None if it has not said yet.
    ///
    /// Beyond [`Ca::CLOCK_SKEW`] somebody should look at our clock.
    pub fn clock_skew(&self, now: OffsetDateTime) -> Option<Duration> {
        self.0.shared.date.ahead_of(now)
    }

    /// Ends a pause before its time, because a person says so: what is [`Availability::Away`] becomes [`Availability::Probe`].
    /// The next pause, if there is one, is longer all the same.
    pub fn try_now(&self) {
        self.0.breaker.try_now();
    }

    /// Reads its directory, unless it was read before, for what that says of the CA: [`Self::caa_identities`], [`Self::profiles`].
    ///
    /// # Errors
    ///
    /// [`AcmeError`]; its `recovery` says what next.
    pub async fn read_directory(&self, clock: &dyn Clock) -> Result<(), AcmeError> {
        if self.0.directory.any().is_some() {
            return Ok(());
        }
        let deadline = clock.now() + self.0.limits.request * self.0.limits.tries;
        let begun = self.0.breaker.begin();
        let outcome = self.directory(self.retry(clock, deadline)).await;
        let end = outcome.as_ref().map_or_else(AcmeError::end, |_| End::Answered);
        self.0.breaker.end(begun, clock.now(), end);
        outcome.map(|_| ())
    }

    /// What CAA records call it, for [`caa::permits`](crate::caa::permits); empty if it does not say, or has not been asked yet.
    pub fn caa_identities(&self) -> Vec<String> {
        self.0.directory.any().map_or_else(Vec::new, |directory| directory.caa_identities)
    }

    /// The profiles it offers, sorted; none if it has not been asked yet.
    pub fn profiles(&self) -> Option<Vec<String>> {
        self.0.directory.any().map(|directory| directory.profiles)
    }

    /// When the CA wants a certificate of its own renewed (RFC 9773 §4.2), asked once; `None` if it has no such information.
    ///
    /// What comes of it says nothing about the CA: orders go on where this alone is away. While they do not
    /// ([`Self::availability`]), it is not asked for this either.
    ///
    /// # Errors
    ///
    /// [`AcmeError`]; [`renewal_info_retry`](crate::renewal_info_retry) says when to ask again.
    pub async fn renewal_info(
        &self,
        certificate: &CertificateId,
        clock: &dyn Clock,
    ) -> Result<Option<RenewalInfo>, AcmeError> {
        let now = clock.now();
        if let Availability::Away { until, reason, .. } = self.availability(now) {
            return Err(AcmeError::Away { until, reason });
        }
        let aside = Arc::new(Breaker::default());
        let retry = Retry { breaker: &aside, ..self.retry(clock, now + self.0.limits.request) };
        let directory = self.directory_over(&aside, retry).await?;
        let Some(base) = directory.url("renewalInfo").map(str::to_owned) else { return Ok(None) };
        let exchange = self.open(aside.clone(), Some((self.0.url.clone(), directory)));
        let url = renewal_info::location(&base, certificate);
        let document = retry.tries().bounded(exchange.get_json(&url)).await?;
        let told = RenewalInfo::read(&document, exchange.retry_after(), clock.now());
        debug!(certificate = %certificate, ?told, "renewal information read");
        Ok(Some(told))
    }

    /// An account whose URL was kept; nothing is asked.
    pub fn account(&self, key: &AccountKey, url: AccountUrl) -> Account {
        Account { key: key.clone(), url }
    }

    pub(crate) fn breaker(&self) -> &Breaker {
        &self.0.breaker
    }

    pub(crate) fn retry<'a>(&'a self, clock: &'a dyn Clock, deadline: OffsetDateTime) -> Retry<'a> {
        Retry { limits: &self.0.limits, clock, breaker: &self.0.breaker, deadline }
    }

    /// An undertaking beside orders; how it ends is what is known of the CA.
    async fn counted<T>(
        &self,
        clock: &dyn Clock,
        undertaking: impl Future<Output = Result<T, AcmeError>>,
    ) -> Result<T, AcmeError> {
        let begun = self.0.breaker.begin();
        let outcome = undertaking.await;
        let end = outcome.as_ref().map_or_else(AcmeError::end, |_| End::Answered);
        self.0.breaker.end(begun, clock.now(), end);
        if outcome.as_ref().is_err_and(|failure| failure.doubts(&self.0.url)) {
            self.distrust_directory();
        }
        outcome
    }

    /// Signed requests of our own, as long as the tries of one can take.
    async fn requests<'a>(&'a self, clock: &'a dyn Clock) -> Result<Requests<'a>, AcmeError> {
        let deadline = clock.now() + self.0.limits.request * self.0.limits.tries;
        let retry = self.retry(clock, deadline);
        let directory = self.directory(retry).await?;
        let exchange =
            self.open(self.0.breaker.clone(), Some((self.0.url.clone(), directory.clone())));
        Ok(Requests { retry, exchange, ca: &self.0.url, directory })
    }

    pub(crate) fn builder(&self, exchange: &Exchange) -> AccountBuilder {
        instant_acme::Account::builder_with_http(Box::new(exchange.clone()))
    }

    /// A new exchange that serves the directory, read again if it is no longer believed.
    pub(crate) async fn exchange(&self, retry: Retry<'_>) -> Result<Exchange, AcmeError> {
        let directory = self.directory(retry).await?;
        Ok(self.open(self.0.breaker.clone(), Some((self.0.url.clone(), directory))))
    }

    pub(crate) async fn directory(&self, retry: Retry<'_>) -> Result<Directory, AcmeError> {
        self.directory_over(&self.0.breaker, retry).await
    }

    async fn directory_over(
        &self,
        breaker: &Arc<Breaker>,
        retry: Retry<'_>,
    ) -> Result<Directory, AcmeError> {
        if let Some(directory) = self.0.directory.fresh(retry.clock.now()) {
            return Ok(directory);
        }
        match self.0.directory.any() {
            Some(old) => Ok(self.refresh(old, retry).await),
            None => {
                let exchange = self.open(breaker.clone(), None);
                let body = retry!(retry, exchange.get(self.0.url.as_str()))?;
                let directory = Directory::parse(&self.0.url, body)?;
                self.0.directory.put(&directory, retry.clock.now() + self.0.limits.directory);
                Ok(directory)
            }
        }
    }

    /// The directory read anew, or else the old one, which is better than none.
    ///
    /// One try, and what it meets says nothing about the CA: where the front page alone is away, orders go on.
    async fn refresh(&self, old: Directory, retry: Retry<'_>) -> Directory {
        if retry.is_away() {
            return old;
        }
        // whoever gives up meanwhile leaves the old one to the others for so long
        self.0.directory.lend(retry.clock.now() + self.0.limits.longest_poll);
        let aside = self.open(Arc::default(), None);
        let body = retry.tries().bounded(aside.get(self.0.url.as_str())).await;
        let (directory, believed) = match body.and_then(|body| Directory::parse(&self.0.url, body))
        {
            Ok(directory) => (directory, self.0.limits.directory),
            Err(failure) => {
                debug!(%failure, directory = %self.0.url, "directory cannot be read again; the old one is used");
                (old, self.0.limits.longest_poll)
            }
        };
        self.0.directory.put(&directory, retry.clock.now() + believed);
        directory
    }

    pub(crate) fn distrust_directory(&self) {
        self.0.directory.distrust();
    }

    fn open(
        &self,
        breaker: Arc<Breaker>,
        directory: Option<(DirectoryUrl, Directory)>,
    ) -> Exchange {
        let shared = self.0.shared.clone();
        Exchange::new(self.0.transport.clone(), self.0.limits, breaker, shared, directory)
    }
}

impl fmt::Debug for Ca {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ca").field("url", &self.0.url).finish_non_exhaustive()
    }
}
