use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::store::Outlook;

/// What was seen of the names of a certificate before an order.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct PreflightReport {
    /// Since when nothing is ordered, as a CA would refuse.
    #[serde(with = "time::serde::rfc3339::option", default)]
    pub not_ready_since: Option<OffsetDateTime>,
    /// When the last look began that found so.
    #[serde(with = "time::serde::rfc3339::option", default)]
    pub looked_at: Option<OffsetDateTime>,
    /// How many looks in a row found so.
    pub looks_failed: u32,
    /// What a CA would refuse, and what helps.
    pub refused: Vec<String>,
    /// What a CA may get by, as of the last order.
    pub advice: Vec<String>,
}

impl PreflightReport {
    /// `None` where there is nothing to say.
    pub(super) fn of(outlook: &Outlook) -> Option<Self> {
        let Outlook { looks_failed, not_ready, advice } = outlook;
        let found = not_ready.as_ref();
        (found.is_some() || !advice.is_empty()).then(|| Self {
            not_ready_since: found.map(|found| found.since),
            looked_at: found.map(|found| found.at),
            looks_failed: *looks_failed,
            refused: found.map(|found| found.why.clone()).unwrap_or_default(),
            advice: advice.clone(),
        })
    }

    /// One line a finding.
    pub(crate) fn lines(&self) -> Vec<String> {
        let refused = self.refused.iter().map(|line| format!("refused: {line}"));
        refused.chain(self.advice.iter().map(|line| format!("advice: {line}"))).collect()
    }
}
