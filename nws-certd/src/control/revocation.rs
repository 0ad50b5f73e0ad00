use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::revocation::Revocable;

/// A certificate that can be revoked, as it travels.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct RevocableReport {
    pub(crate) serial: String,
    pub(crate) fingerprint: String,
    pub(crate) names: Vec<String>,
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) not_before: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) not_after: OffsetDateTime,
    pub(crate) issuer: String,
    /// The directory of the CA, where it is known.
    pub(crate) ca: Option<String>,
    /// The files that hold it.
    pub(crate) paths: Vec<String>,
    /// Whether another has not taken its place yet.
    pub(crate) is_newest: bool,
    /// Whether it is what somebody who wants a certificate has.
    pub(crate) is_wanted: bool,
    /// Why it cannot be revoked as it is.
    pub(crate) refusal: Option<String>,
}

impl RevocableReport {
    pub(crate) fn of(one: &Revocable, configured: &[String], now: OffsetDateTime) -> Self {
        let leaf = &one.leaf;
        let names = leaf.names().map(|names| names.iter().map(ToString::to_string).collect());
        Self {
            serial: leaf.serial().to_string(),
            fingerprint: leaf.fingerprint().to_string(),
            names: names.unwrap_or_default(),
            not_before: leaf.not_before(),
            not_after: leaf.not_after(),
            issuer: leaf.issuer(),
            ca: one.ca.clone(),
            paths: one.paths.iter().map(ToString::to_string).collect(),
            is_newest: one.is_newest,
            is_wanted: !one.serves.is_empty(),
            refusal: one.at_ca(None, configured, now).err().map(|error| error.to_string()),
        }
    }
}

/// A certificate that is to be revoked.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct RevokeBody {
    pub(crate) fingerprint: String,
    /// As RFC 5280 calls it.
    pub(crate) reason: String,
    /// Whether its successor is to be in place first.
    pub(crate) replacing: bool,
    /// The directory of the CA, if it is not the one that is known.
    pub(crate) ca: Option<String>,
}
