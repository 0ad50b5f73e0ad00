//! One certificate from one ACME CA (RFC 8555), by HTTP-01.
//!
//! The way through: a [`Pool`] of connections, through a [`Proxy`] if need be, and a [`DirectoryUrl`] make a [`Ca`]; an
//! [`AccountKey`], made before any request, registers an [`Account`] there, with what the CA wants to know ([`Registration`]);
//! [`obtain`] takes an [`OrderSpec`] through authorizations, challenges and finalizing to an [`Issued`](nws_expiry::Issued),
//! telling a [`Journal`] what has to be durable before each step. What went wrong is an [`OrderError`] or [`AcmeError`], and
//! [`Recovery`] says what to do about it.
//!
//! Where there are several, [`choice::choose`] says which one an order goes to, and [`caa::permits`] which are not allowed to take it;
//! [`caa::names_account`] tells whether other accounts there are kept out.
//! Afterwards the CA is asked when it wants the certificate renewed ([`Ca::renewal_info`]), by the certificate's [`CertificateId`];
//! the same tells the CA which certificate an order succeeds.
//!
//! An account can be found by its key, given other contacts or another key, and ended; one of another client is taken over by its
//! [`ImportedKey`]. What it was issued can be revoked ([`Ca::revoke`]). These requests are signed here; those of an order by
//! instant-acme.
//!
//! A CA that is in trouble is left alone for a while, by all who share the [`Ca`]; [`Ca::availability`] says so before anything is
//! begun. They share its [`Limits`] too: no more requests are under way, or go out in a second to one of its endpoints ([`Rates`]),
//! however many orders there are. What the CA's answers say of the time is compared with ours by [`Ca::clock_skew`].
//!
//! Absent on purpose: files, git, the store behind the journal, the listener that answers challenges, and the clock, which is
//! somebody else's [`Clock`]. When to order is not decided here either.
//!
//! The `testing` feature has an in-process CA without sockets, `testing::FakeCa`.

mod clock;
pub use clock::Clock;
mod url;
pub use url::{AccountUrl, DirectoryUrl, InvalidUrl, OrderUrl};
mod account_key;
pub use account_key::{AccountKey, InvalidAccountKey};
mod rsa_account_key;
pub use rsa_account_key::RsaAccountKey;
mod imported_key;
pub use imported_key::ImportedKey;
mod certificate_key;
pub use certificate_key::{KeyGenerationError, generate_key};
mod certificate_id;
pub use certificate_id::{CertificateId, InvalidCertificateId};
mod csr;
mod der;

mod transport;
pub use transport::{BoxError, ResponseBody, Transport, TransportError};
mod proxy;
pub use proxy::{InvalidProxyUrl, Proxy, ProxyUrl};
mod pool;
pub use pool::{Pool, PoolError, Roots};
mod rates;
pub use rates::{Rate, Rates};
mod limits;
pub use limits::Limits;

mod link;
mod printable;
mod problem;
pub use problem::{Problem, ProblemKind, Subproblem};
mod retry_after;
pub use retry_after::RetryAfter;
mod limit_scope;
pub use limit_scope::LimitScope;
mod error;
pub use error::AcmeError;
mod recovery;
pub use recovery::Recovery;

mod breaker;
pub use breaker::Availability;
mod directory;
mod endpoint;
mod exchange;
mod nonces;
mod pace;
mod retry;
mod server_date;

pub mod caa;
pub mod choice;

mod renewal_info;
pub use renewal_info::{RenewalInfo, renewal_info_retry};

mod jws;

mod contact;
pub use contact::{Contact, InvalidContact};
mod external_account;
pub use external_account::{ExternalAccount, InvalidExternalAccount};
mod registration;
pub use registration::{Registration, TermsAgreed};

mod ca;
pub use ca::{Ca, RevocationReason, UnknownRevocationReason};
mod account;
pub use account::Account;
pub use nws_expiry::{InvalidProfile, Profile};
mod order;
pub use order::{
    InvalidPreferredChain, Journal, NameFailure, NotDurable, OrderError, OrderSpec, PreferredChain,
    Step, obtain,
};

#[cfg(feature = "testing")]
pub mod testing;
