//! What has to survive: vault and journal.
//!
//! Git says what is wanted and what was delivered; the store keeps what git cannot: certificates with their sealed keys until
//! they are delivered, orders under way, failures and waits, challenge answers. Each [`Step`] is durable when
//! [`Store::write`] returns, and is written before the next one is taken; what a crash after it leaves stands beside it.

mod accounts;
mod answers;
mod attempts;
mod budget;
mod facts;
mod history;
mod imported;
mod load;
mod migrate;
mod obstacle;
mod outlook;
mod parking;
mod read_back;
mod renewals;
mod reseal;
mod revocations;
mod sealing_anew;
mod served;
mod sqlite;
mod step;
mod unwanted;
mod wants;
mod write;

use std::fmt;
use std::io;
use std::path::PathBuf;

use async_trait::async_trait;
use nws_challenge::KeyAuthorization;
use nws_expiry::{Chain, DnsNames, Fingerprint, KeyType, PrivateKey, Profile};
use nws_gitops::{Provenance, WantKey};
use time::OffsetDateTime;

pub use budget::Used;
pub use facts::{
    AccountFacts, CertificateFacts, Facts, IssuedFacts, NotReady, OpenOrder, Outlook, Parked,
    Previous, RenewalFacts, Revocation, RevocationFacts,
};
pub use history::{
    AttemptFacts, AttemptOutcome, History, PushFacts, ServedFacts, SightFacts, Span, UnknownOutcome,
};
pub use imported::Imported;
pub(crate) use migrate::{copy_database, newest_schema};
pub use obstacle::{Obstacle, ObstacleKind, Stand, UnknownObstacle};
pub use read_back::{Origin, ReadBack, Trust};
pub use reseal::ResealError;
pub(crate) use reseal::reseal_database;
pub use sqlite::SqliteStore;
pub use step::{Blame, Step};
pub use unwanted::UnwantedRow;

use crate::vault::Sealed;

/// Which certificate: its names, the kind of its key, and its profile.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct CertificateKey {
    /// Its names.
    pub names: DnsNames,
    /// The kind of its key.
    pub key_type: KeyType,
    /// The CA's profile that is asked for; whatever the CA is configured with where absent.
    pub profile: Option<Profile>,
}

impl fmt::Display for CertificateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.profile {
            None => write!(f, "{} ({})", self.names, self.key_type),
            Some(profile) => write!(f, "{} ({}, {profile})", self.names, self.key_type),
        }
    }
}

/// Which order: a SHA-256 of the public key it is for and the instant it was begun, as a key may be used again.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct OrderId(pub(crate) Fingerprint);

impl OrderId {
    /// The id of the order for this key that is begun at `at`.
    pub fn of(key: &PrivateKey, at: OffsetDateTime) -> Self {
        let at = at.unix_timestamp_nanos().to_be_bytes();
        Self(Fingerprint::of(&[key.public_key(), &at].concat()))
    }
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
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

/// A stored certificate with its key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Outgoing {
    /// Its chain.
    pub chain: Chain,
    /// The key that belongs to it.
    pub sealed_key: Sealed,
    /// Who issued it, and how.
    pub provenance: Provenance,
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
    async fn outbox(&self, certificate: &CertificateKey) -> Result<Option<Outgoing>, StoreError>;

    /// The certificates before the newest ones.
    async fn previous(&self) -> Result<Vec<Previous>, StoreError>;

    /// What was used of the CAs' limits: all that was kept, though some of it may be whole again.
    async fn levels(&self) -> Result<Vec<Used>, StoreError>;

    /// Whether a certificate for this public key (DER SubjectPublicKeyInfo) is to be revoked, or was.
    async fn is_key_of_revoked(&self, public_key: &[u8]) -> Result<bool, StoreError>;

    /// What was tried for a certificate and where it was pushed, oldest first.
    async fn history(&self, certificate: &CertificateKey) -> Result<History, StoreError>;

    /// What this installation is known by: what was kept at its first start, and that is `first` if this is the first.
    ///
    /// The instants at which certificates are renewed are spread by it, so it must not change while they live.
    async fn installation(&self, first: &str) -> Result<String, StoreError>;

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
    /// A newer program has changed the schema, in a way that this one does not know.
    #[error("the state database {} is of a newer nws-certd (state version {found}; this one knows {known}); run that one again, or restore a backup that this one has made", file.display())]
    Newer {
        /// The file.
        file: PathBuf,
        /// The version of its schema.
        found: i64,
        /// The newest that this program knows.
        known: i64,
    },
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
