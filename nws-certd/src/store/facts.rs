//! What the store knows, as a pass reads it.

use std::collections::BTreeMap;
use std::sync::Arc;

use nws_acme::{OrderUrl, RevocationReason};
use nws_expiry::{Chain, Failing, Fingerprint, Leaf, Profile, Window};
use nws_gitops::{Known, WantKey};
use time::OffsetDateTime;

use super::{CertificateKey, Obstacle, OrderId, ReadBack};
use crate::vault::Sealed;

/// Everything a pass needs to know.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The account at each CA.
    pub accounts: Vec<AccountFacts>,
    /// Every certificate there is a row of.
    pub certificates: Vec<CertificateFacts>,
    /// Every open order.
    pub orders: Vec<OpenOrder>,
    /// What keeps orders from CAs; what is over may still be among them.
    pub obstacles: Vec<Obstacle>,
    /// What CAs said of when to renew.
    pub renewals: Vec<RenewalFacts>,
    /// What is to be revoked, and what was, by when it was asked for.
    pub revocations: Vec<RevocationFacts>,
    /// What of ours nobody wants.
    pub unwanted: BTreeMap<WantKey, Known>,
    /// What files of ours are known by.
    pub read_back: ReadBack,
    /// Since when everything is to be sealed anew that is sealed to others than it would be now, if it is.
    pub sealing_anew_since: Option<OffsetDateTime>,
}

/// The account at one CA.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AccountFacts {
    /// The CA's directory.
    pub directory: String,
    /// Where the account is.
    pub url: String,
    /// The thumbprint of its key; `None` where it was not kept yet.
    pub thumbprint: Option<String>,
    /// When we ended it.
    pub ended_at: Option<OffsetDateTime>,
}

/// What is known of one certificate.
#[derive(Clone, Debug)]
pub struct CertificateFacts {
    /// Which one.
    pub key: CertificateKey,
    /// The newest issued chain; its key is had by [`Store::outbox`](super::Store::outbox).
    pub issued: Option<IssuedFacts>,
    /// Failures since the last success.
    pub failures: u32,
    /// Not to be tried again before.
    pub wait_until: Option<OffsetDateTime>,
    /// What went wrong last, in the CA's words where it said any.
    pub last_error: Option<String>,
    /// When an operator asked for another one; what was issued before is to be replaced.
    pub asked_at: Option<OffsetDateTime>,
    /// When the first of those failures was.
    pub failing_since: Option<OffsetDateTime>,
    /// That nothing is ordered for it, if that is so.
    pub parked: Option<Parked>,
    /// How its names looked when they were last looked at before an order.
    pub outlook: Outlook,
    /// The leaf that every edge was last seen to serve, and since when.
    pub served: Option<(Fingerprint, OffsetDateTime)>,
}

impl CertificateFacts {
    /// How it fails, if it does.
    pub fn failing(&self) -> Option<Failing> {
        let (since, is_parked) = (self.failing_since?, self.parked.is_some());
        let failures = self.failures.saturating_add(self.outlook.looks_failed);
        Some(Failing { since, failures, is_parked })
    }
}

/// How the names of a certificate looked to us as they would to a CA.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Outlook {
    /// Looks in a row that found that a CA would refuse, since the last order.
    pub looks_failed: u32,
    /// What the last of those found, while nothing was ordered since.
    pub not_ready: Option<NotReady>,
    /// What a CA may get by, as of the last order; one line each.
    pub advice: Vec<String>,
}

/// That nothing is ordered for a certificate, as a CA would refuse.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NotReady {
    /// Since when.
    pub since: OffsetDateTime,
    /// When the last look began.
    pub at: OffsetDateTime,
    /// What is in the way and what helps, one line each.
    pub why: Vec<String>,
}

/// That nothing is ordered for a certificate, as one of its names has left.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Parked {
    /// Since when.
    pub since: OffsetDateTime,
    /// Which name leads where, and what helps.
    pub why: String,
}

/// A stored chain.
#[derive(Clone, Debug)]
pub struct IssuedFacts {
    /// The chain.
    pub chain: Chain,
    /// When it was stored.
    pub at: OffsetDateTime,
    /// The directory of the CA that issued it, where that was kept.
    pub ca: Option<String>,
    /// The profile it was issued with; `None` for the CA's default.
    pub profile: Option<Profile>,
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
    /// The directory of the CA it is at.
    pub ca: Option<String>,
    /// The profile it asks for.
    pub profile: Option<Profile>,
}

/// What a CA last said of when to renew a certificate (RFC 9773), and when it is to be asked again.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RenewalFacts {
    /// The leaf.
    pub fingerprint: Fingerprint,
    /// When to renew it; `None` where the CA never said.
    pub window: Option<Window>,
    /// Where the CA tells people why.
    pub explanation_url: Option<String>,
    /// When it was last asked.
    pub asked_at: OffsetDateTime,
    /// Not to be asked again before.
    pub next_at: OffsetDateTime,
    /// Failures since it last answered.
    pub failures: u32,
    /// What went wrong last.
    pub last_error: Option<String>,
}

/// An operator's wish that a certificate be revoked.
#[derive(Clone, Debug)]
pub struct Revocation {
    /// The certificate.
    pub leaf: Leaf,
    /// The same as DER, as the CA wants it.
    pub der: Arc<[u8]>,
    /// The directory of the CA that issued it.
    pub ca: String,
    /// Why.
    pub reason: RevocationReason,
    /// Whether its successor is to be in place first.
    pub replacing: bool,
}

/// A wish, and what became of it.
#[derive(Clone, Debug)]
pub struct RevocationFacts {
    /// The wish.
    pub wish: Revocation,
    /// When it was made.
    pub asked_at: OffsetDateTime,
    /// Failures so far.
    pub failures: u32,
    /// Not to be tried again before.
    pub wait_until: Option<OffsetDateTime>,
    /// What went wrong last, in the CA's words where it said any.
    pub last_error: Option<String>,
    /// When the CA said that it is revoked.
    pub revoked_at: Option<OffsetDateTime>,
}

/// A certificate that was replaced.
#[derive(Clone, Debug)]
pub struct Previous {
    /// Which one.
    pub key: CertificateKey,
    /// Its chain.
    pub chain: Chain,
    /// The directory of the CA that issued it, where that was kept.
    pub ca: Option<String>,
}
