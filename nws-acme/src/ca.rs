use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use instant_acme::{AccountBuilder, Key};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tracing::{debug, info};

use crate::directory::{Cached, Directory};
use crate::exchange::Exchange;
use crate::retry::{Retry, retry};
use crate::{
    Account, AccountKey, AccountUrl, AcmeError, Clock, DirectoryUrl, InvalidUrl, Limits, Transport,
};

/// One CA: where its directory is, how it is reached, and what we know of it.
///
/// Nothing is asked when it is made, so a daemon starts while its CA is away. Clones share the directory.
#[derive(Clone)]
pub struct Ca(Arc<Inner>);

struct Inner {
    url: DirectoryUrl,
    transport: Arc<dyn Transport>,
    limits: Limits,
    directory: Cached,
}

/// That the operator has agreed to the CA's terms of service (RFC 8555 §7.3.3). Make one only where he did.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TermsAgreed;

impl Ca {
    /// Names a CA, without asking it anything.
    pub fn new(directory: DirectoryUrl, transport: Arc<dyn Transport>, limits: Limits) -> Self {
        Self(Arc::new(Inner { url: directory, transport, limits, directory: Cached::default() }))
    }

    /// Where its directory is.
    pub fn directory_url(&self) -> &DirectoryUrl {
        &self.0.url
    }

    /// Makes the key's account, or finds it: the same key always gives the same account (RFC 8555 §7.3.1).
    ///
    /// Keep the key durably before, and the account's URL after; a crash between them costs nothing.
    ///
    /// # Errors
    ///
    /// [`AcmeError`]; its `recovery` says what next.
    pub async fn register(
        &self,
        key: &AccountKey,
        _: TermsAgreed,
        clock: &dyn Clock,
    ) -> Result<Account, AcmeError> {
        let deadline = clock.now() + self.0.limits.request * self.0.limits.tries;
        let retry = Retry { limits: &self.0.limits, clock, deadline };
        let exchange = self.exchange(retry).await?;
        let id = retry!(retry, self.create(key, &exchange))?;
        let url: AccountUrl =
            id.parse().map_err(|error: InvalidUrl| exchange.unexpected(error.into()))?;
        info!(account = %url, "account registered");
        Ok(self.account(key, url))
    }

    async fn create(&self, key: &AccountKey, exchange: &Exchange) -> Result<String, AcmeError> {
        let der = PrivatePkcs8KeyDer::from(key.pkcs8_der().to_vec());
        let failure = |error| exchange.failure(error);
        let pair =
            (Key::from_pkcs8_der(der.clone_key()).map_err(failure)?, PrivateKeyDer::Pkcs8(der));
        let created = self.builder(exchange).create_from_key(pair, self.0.url.to_string()).await;
        created.map(|(account, _)| account.id().into()).map_err(failure)
    }

    /// An account whose URL was kept; nothing is asked.
    pub fn account(&self, key: &AccountKey, url: AccountUrl) -> Account {
        Account { key: key.clone(), url }
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.0.limits
    }

    pub(crate) fn builder(&self, exchange: &Exchange) -> AccountBuilder {
        instant_acme::Account::builder_with_http(Box::new(exchange.clone()))
    }

    /// A new exchange that serves the directory, read again if it is no longer believed.
    pub(crate) async fn exchange(&self, retry: Retry<'_>) -> Result<Exchange, AcmeError> {
        let directory = self.directory(retry).await?.body;
        Ok(self.open(Some((self.0.url.clone(), directory))))
    }

    pub(crate) async fn directory(&self, retry: Retry<'_>) -> Result<Directory, AcmeError> {
        let now = retry.clock.now();
        if let Some(directory) = self.0.directory.fresh(now) {
            return Ok(directory);
        }
        match (self.read_directory(retry).await, self.0.directory.any()) {
            (Ok(directory), _) => {
                self.0.directory.put(&directory, now + self.0.limits.directory);
                Ok(directory)
            }
            (Err(failure), Some(old)) => {
                debug!(%failure, directory = %self.0.url, "directory cannot be read again; the old one is used");
                Ok(old)
            }
            (Err(failure), None) => Err(failure),
        }
    }

    async fn read_directory(&self, retry: Retry<'_>) -> Result<Directory, AcmeError> {
        let exchange = self.open(None);
        let body = retry!(retry, exchange.get(self.0.url.as_str()))?;
        Directory::parse(&self.0.url, body)
    }

    pub(crate) fn distrust_directory(&self) {
        self.0.directory.distrust();
    }

    fn open(&self, directory: Option<(DirectoryUrl, Bytes)>) -> Exchange {
        Exchange::new(self.0.transport.clone(), self.0.limits, directory)
    }
}

impl fmt::Debug for Ca {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ca").field("url", &self.0.url).finish_non_exhaustive()
    }
}
