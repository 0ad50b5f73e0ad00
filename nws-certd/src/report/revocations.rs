use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::instant;
use crate::store::RevocationFacts;

/// A certificate that is to be revoked, or was.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct RevocationReport {
    /// Its serial number, in lower-case hexadecimal.
    pub serial: String,
    /// Its SHA-256, in lower-case hexadecimal.
    pub fingerprint: String,
    /// Its names.
    pub names: Vec<String>,
    /// The directory of the CA that revokes it.
    pub ca: String,
    /// Why, as RFC 5280 calls it.
    pub reason: String,
    /// Whether its successor is to be in place first.
    pub replacing: bool,
    /// When it was asked for.
    #[serde(with = "time::serde::rfc3339")]
    pub asked_at: OffsetDateTime,
    /// When it was revoked, if it is.
    #[serde(with = "time::serde::rfc3339::option")]
    pub revoked_at: Option<OffsetDateTime>,
    /// Where its successor is still to come, if that comes first.
    pub awaits: Vec<String>,
    /// The CA is not asked again before.
    #[serde(with = "time::serde::rfc3339::option")]
    pub wait_until: Option<OffsetDateTime>,
    /// What went wrong last.
    pub last_error: Option<String>,
}

impl RevocationReport {
    pub(crate) fn of(facts: &RevocationFacts, awaits: Vec<String>) -> Self {
        let leaf = &facts.wish.leaf;
        let names = leaf.names().map(|names| names.iter().map(ToString::to_string).collect());
        Self {
            serial: leaf.serial().to_string(),
            fingerprint: leaf.fingerprint().to_string(),
            names: names.unwrap_or_default(),
            ca: facts.wish.ca.clone(),
            reason: facts.wish.reason.to_string(),
            replacing: facts.wish.replacing,
            asked_at: facts.asked_at,
            revoked_at: facts.revoked_at,
            awaits,
            wait_until: facts.wait_until,
            last_error: facts.last_error.clone(),
        }
    }

    /// Where it stands, in a line.
    pub(crate) fn text(&self) -> String {
        let Self { serial, ca, reason, .. } = self;
        if let Some(at) = self.revoked_at {
            return format!("serial {serial} is revoked since {} ({reason})", instant(at));
        }
        let asked = format!("serial {serial} is to be revoked by {ca} ({reason})");
        match (&self.last_error, self.wait_until) {
            _ if !self.awaits.is_empty() => {
                format!("{asked}, once its successor is in {}", self.awaits.join(", "))
            }
            (Some(error), Some(until)) => {
                format!("{asked}, but not before {}: {error}", instant(until))
            }
            (Some(error), None) => format!("{asked}, but: {error}"),
            (None, _) => format!("{asked}, which is asked now"),
        }
    }
}
