//! What was seen of a certificate at the edges, as operators see it.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::Scene;
use crate::plan::Planned;
use crate::served::{Seen, Wrong};

/// What was seen of one certificate at the addresses of its names.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ServedReport {
    /// When they were last looked at.
    #[serde(with = "time::serde::rfc3339::option")]
    pub looked_at: Option<OffsetDateTime>,
    /// When all of them first served it.
    #[serde(with = "time::serde::rfc3339::option")]
    pub served_at: Option<OffsetDateTime>,
    /// Whether clusters have had their time (`edges.served_within`).
    pub is_late: bool,
    /// The addresses that do not serve what they should.
    pub wrong: Vec<WrongReport>,
}

/// An address that does not serve what it should.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct WrongReport {
    /// The host name.
    pub host: String,
    /// Address and port; none where no address of the name is known.
    pub address: Option<String>,
    /// `another`, `ends-soon`, `ended`, `wrong-name`, `wrong-chain` or `nothing`.
    pub what: String,
    /// Name, address, what is wrong and what helps.
    pub text: String,
}

impl From<Seen> for ServedReport {
    fn from(seen: Seen) -> Self {
        let Seen { looked_at, served_at, wrong, is_late } = seen;
        Self { looked_at, served_at, is_late, wrong: wrong.iter().map(Into::into).collect() }
    }
}

impl From<&Wrong> for WrongReport {
    fn from(wrong: &Wrong) -> Self {
        let Wrong { name, address, sight } = wrong;
        Self {
            host: name.to_string(),
            address: address.map(|address| address.to_string()),
            what: sight.as_str().into(),
            text: wrong.to_string(),
        }
    }
}

impl Scene<'_> {
    pub(super) fn seen_of(&self, planned: &Planned) -> Option<Seen> {
        (self.seen)(&planned.key, planned.have.as_ref()?.fingerprint())
    }

    /// Whether every edge serves it, as far as was seen last.
    pub(super) fn is_served(&self, planned: &Planned) -> bool {
        let seen = self.seen_of(planned);
        seen.is_some_and(|seen| seen.served_at.is_some() && seen.wrong.is_empty())
    }
}
