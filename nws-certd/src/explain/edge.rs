//! What one address serves, beside what it should.

use nws_expiry::DnsName;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::Chapter;
use crate::edges::{Edge, Shown};
use crate::failure::Causes;

/// One address of the name.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct EdgeReport {
    /// Address and port.
    pub address: String,
    /// Whether it serves what it should.
    pub serves: Serves,
    /// Whether what it serves is for this name.
    pub covers: bool,
    /// The SHA-256 of what it serves, in lower-case hexadecimal.
    pub fingerprint: Option<String>,
    /// When what it serves ends.
    #[serde(with = "time::serde::rfc3339::option")]
    pub not_after: Option<OffsetDateTime>,
    /// Who issued what it serves.
    pub issuer: Option<String>,
    /// Why nothing is known of it.
    pub error: Option<String>,
}

/// Whether an address serves what it should.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Serves {
    /// The newest certificate.
    Current,
    /// Another one.
    Other,
    /// None.
    Nothing,
}

impl EdgeReport {
    pub(super) fn of(edge: &Edge, name: &DnsName, wanted: &[Chapter]) -> Self {
        let address = edge.address.to_string();
        match &edge.served {
            Ok(Shown { leaf, .. }) => {
                let fingerprint = leaf.fingerprint().to_string();
                let mut current =
                    wanted.iter().filter_map(|one| one.certificate.fingerprint.as_ref());
                let is_current = current.any(|current| *current == fingerprint);
                Self {
                    address,
                    serves: if is_current { Serves::Current } else { Serves::Other },
                    covers: leaf.covers(name),
                    fingerprint: Some(fingerprint),
                    not_after: Some(leaf.not_after()),
                    issuer: Some(leaf.issuer()),
                    error: None,
                }
            }
            Err(error) => Self {
                address,
                serves: Serves::Nothing,
                covers: false,
                fingerprint: None,
                not_after: None,
                issuer: None,
                error: Some(Causes(error).to_string()),
            },
        }
    }
}
