//! What has to survive: vault and journal.
//!
//! Git says what is wanted and what was delivered; the store keeps what git cannot: certificates with their sealed keys until
//! they are delivered, orders under way, failures and waits, challenge answers. Each [`Step`] is durable when
//! [`Store::write`] returns, and is written before the next one is taken; what a crash after it leaves stands beside it.

mod attempts;
mod history;
mod load;
mod migrate;
mod sqlite;
mod write;

use std::fmt;
use std::io;

use async_trait::async_trait;
use nws_acme::OrderUrl;
use nws_challenge::KeyAuthorization;
use nws_expiry::{Chain, DnsNames, Fingerprint, KeyType};
use nws_gitops::{ObjectId, RepoPath, WantKey};
use time::OffsetDateTime;

pub use history::{AttemptFacts, AttemptOutcome, History, PushFacts, Span, UnknownOutcome};
pub use sqlite::SqliteStore;

use crate::vault::Sealed;

/// Which certificate: its names and the kind of its key.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct CertificateKey {
    /// Its names.
    pub names: DnsNames,
    /// The kind of its key.
    pub key_type: KeyType,
}

impl fmt::Display for CertificateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.names, self.key_type)
    }
}

/// Which order: the SHA-256 of the public key it is for, as every order has a key of its own.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct OrderId(pub(crate) Fingerprint);

impl OrderId {
    /// The id of the order for this key.
    pub fn of(key: &nws_expiry::PrivateKey) -> Self {
        Self(Fingerprint::of(key.public_key()))
    }
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Everything a pass needs to know.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The account at each CA: directory and account URL.
    pub accounts: Vec<(String, String)>,
    /// Every certificate there is a row of.
    pub certificates: Vec<CertificateFacts>,
    /// Every open order.
    pub orders: Vec<OpenOrder>,
}

/// What is known of one certificate.
#[derive(Clone, Debug)]
pub struct CertificateFacts {
    /// Which one.
    pub key: CertificateKey,
    /// The newest issued chain; its key is had by [`Store::outbox`].
    pub issued: Option<IssuedFacts>,
    /// Failures since the last success.
    pub failures: u32,
    /// Not to be tried again before.
    pub wait_until: Option<OffsetDateTime>,
    /// What went wrong last, in the CA's words where it said any.
    pub last_error: Option<String>,
}

/// A stored chain.
#[derive(Clone, Debug)]
pub struct IssuedFacts {
    /// The chain.
    pub chain: Chain,
    /// When it was stored.
    pub at: OffsetDateTime,
}

/// An order that was begun and has not ended.
#[derive(Clone, Debug)]
pub struct OpenOrder {
    /// Which one.
    pub id: OrderId,
    /// What it is for.
    pub certificate: CertificateKey,
    /// The key it is for.
    pub sealed_key: Sealed,
    /// When it was begun.
    pub started_at: OffsetDateTime,
    /// Its URL at the CA, once known.
    pub url: Option<OrderUrl>,
}

/// A want as the newest commit has it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct WantRow {
    /// Which Secret.
    pub key: WantKey,
    /// The certificate for it.
    pub certificate: CertificateKey,
    /// The file and field that ask for it.
    pub source: String,
}

/// One durable step.
#[derive(Clone, Debug)]
pub enum Step {
    /// The CA said where the account is. A crash before it: registering again with the same key gives the same account.
    Account {
        /// The CA's directory.
        directory: String,
        /// The account's URL; `None` after the CA no longer knew it.
        url: Option<String>,
    },
    /// What is wanted, all of it, as of one commit. A crash before it: the next pass reads it again.
    Wanted(Vec<WantRow>),
    /// Key and intent, before newOrder. A crash after it: the same key is ordered for again.
    OrderIntended {
        /// Its id.
        order: OrderId,
        /// What it is for.
        certificate: CertificateKey,
        /// The key it is for.
        sealed_key: Sealed,
        /// When.
        at: OffsetDateTime,
    },
    /// The order's URL, before anything else of the answer is read. A crash after it: the order is resumed by URL.
    OrderKnown {
        /// Which order.
        order: OrderId,
        /// Where it is.
        url: OrderUrl,
    },
    /// A key authorization, before the CA is told to look. A crash after it: it is answered again from the first request on.
    Offered {
        /// The key authorization.
        key_authorization: KeyAuthorization,
        /// Answered until then.
        until: OffsetDateTime,
    },
    /// The CSR, before finalize. A crash after it: the order is `processing` or `valid`; it is polled and downloaded.
    Finalizing {
        /// Which order.
        order: OrderId,
        /// The CSR in DER.
        csr: Vec<u8>,
    },
    /// The chain, before any commit: the outbox. A crash after it: the next pass commits it.
    Issued {
        /// Which order.
        order: OrderId,
        /// The chain, checked against key, names and dates.
        chain: Chain,
        /// The attempt that brought it; stored when that ended.
        attempt: Span,
    },
    /// The order goes on, but not before `until`. A crash before it: it is resumed at once.
    OrderWaits {
        /// Which order.
        order: OrderId,
        /// What went wrong.
        error: String,
        /// Whether it counts as the name's failure.
        blame: Blame,
        /// The attempt.
        attempt: Span,
        /// Not before.
        until: OffsetDateTime,
    },
    /// The order is over without a certificate; a fresh one may be begun after `until`.
    OrderEnded {
        /// Which order.
        order: OrderId,
        /// What went wrong.
        error: String,
        /// Whether it counts as the name's failure.
        blame: Blame,
        /// The attempt, with which it ended.
        attempt: Span,
        /// Not before.
        until: OffsetDateTime,
    },
    /// The branch has the certificate in this file. A crash before it: the next pass sees the leaf in git.
    Delivered {
        /// Which Secret.
        want: WantKey,
        /// Its file.
        path: RepoPath,
        /// The leaf.
        fingerprint: Fingerprint,
        /// The commit that brought it.
        commit: ObjectId,
        /// When.
        at: OffsetDateTime,
    },
    /// Answers that are over are forgotten.
    AnswersForgotten {
        /// Those until then.
        until: OffsetDateTime,
    },
}

/// Whose failure it was.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Blame {
    /// The name's: its waits grow.
    Name,
    /// Not the name's: nothing is counted.
    Nobody,
}

/// The state, in some engine.
///
/// Consistency: steps are applied in the order of their calls, each whole or not at all. Durability: when [`Self::write`]
/// returns, the step survives a power cut. Fencing: a store that was opened later makes every write on an order by this one fail
/// with [`StoreError::Fenced`], which is final: the worker stops.
#[async_trait]
pub trait Store: fmt::Debug + Send + Sync {
    /// Everything a pass needs to know.
    async fn load(&self) -> Result<Facts, StoreError>;

    /// The answers that are not over at `now`, with the end of each.
    async fn answers(
        &self,
        now: OffsetDateTime,
    ) -> Result<Vec<(KeyAuthorization, OffsetDateTime)>, StoreError>;

    /// The newest chain of a certificate and the sealed key that belongs to it.
    async fn outbox(
        &self,
        certificate: &CertificateKey,
    ) -> Result<Option<(Chain, Sealed)>, StoreError>;

    /// What was tried for a certificate and where it was pushed, oldest first.
    async fn history(&self, certificate: &CertificateKey) -> Result<History, StoreError>;

    /// Makes one step durable.
    async fn write(&self, step: Step) -> Result<(), StoreError>;
}

/// Why the store did not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The engine: a full disk, a damaged file.
    #[error("the state database failed")]
    Engine(#[source] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("the state database cannot be migrated")]
    Migrate(#[source] sqlx::migrate::MigrateError),
    /// A copy from before a migration could not be kept.
    #[error("cannot keep a copy of the state database before it is migrated")]
    Copy(#[source] io::Error),
    /// Another process took the order over, or it has ended.
    #[error("order {order} is not this process's any more")]
    Fenced {
        /// Which order.
        order: OrderId,
    },
    /// There is an open order for the certificate already.
    #[error("there is an open order for {certificate} already")]
    OrderOpen {
        /// Which certificate.
        certificate: CertificateKey,
    },
    /// A row that this version cannot read.
    #[error("the state database has a {what} that cannot be read: {reason}")]
    Unreadable {
        /// What.
        what: &'static str,
        /// Why.
        reason: String,
    },
    /// The writer has stopped, because the daemon is stopping.
    #[error("the state database is closed")]
    Closed,
}

#[cfg(test)]
mod conformance;
