//! When addresses began to serve a certificate.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::store::ServedFacts;

/// An address that was seen to serve a certificate.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ArrivalReport {
    /// The address.
    pub address: String,
    /// The SHA-256 of the certificate, in lower-case hexadecimal.
    pub fingerprint: String,
    /// When it was first seen to.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// How long after the push, where that push is known; in seconds.
    pub lag_seconds: Option<i64>,
}

impl ArrivalReport {
    pub(super) fn of(facts: ServedFacts, pushed_at: Option<OffsetDateTime>) -> Self {
        Self {
            address: facts.address.to_string(),
            fingerprint: facts.fingerprint.to_string(),
            at: facts.at,
            lag_seconds: pushed_at.map(|pushed| (facts.at - pushed).whole_seconds()),
        }
    }
}
