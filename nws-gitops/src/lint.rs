//! What in a repository somebody should see to, whether or not anything is ordered for it.

use std::collections::BTreeMap;
use std::fmt;

use nws_expiry::RenewBefore;
use time::OffsetDateTime;

use crate::bundles::{Bundles, Touched};
use crate::{Inventory, RepoPath, WantKey};

mod clear_key;
mod fleet;
mod prospect;
mod reason;
mod secrets;

pub use clear_key::ClearKey;
pub(crate) use prospect::Prospect;
pub use reason::FindingReason;

/// What is judged: a repository as it is, and what would stand where in it once all is delivered.
#[derive(Debug)]
pub struct Facts {
    /// What it wants and holds.
    pub inventory: Inventory,
    /// What Fleet makes of it, once the files are there that go with our Secrets.
    pub bundles: Bundles,
    /// The private keys that anybody who reads it has.
    pub clear_keys: Vec<ClearKey>,
    /// Where each Secret is that is wanted or ours, or would be put.
    pub(crate) places: BTreeMap<WantKey, Vec<RepoPath>>,
}

impl Facts {
    /// Where a Secret is, or would be put; none if nothing says so. Of one with a file for each of several groups, the first.
    pub fn place(&self, key: &WantKey) -> Option<&RepoPath> {
        self.places.get(key)?.first()
    }

    /// What a renewal of each Secret does that is wanted or ours.
    pub fn renewals(&self) -> impl Iterator<Item = (&WantKey, Touched<'_>)> {
        let files =
            self.places.iter().flat_map(|(key, paths)| paths.iter().map(move |path| (key, path)));
        files.map(|(key, path)| (key, self.bundles.touched_by(path)))
    }
}

/// What is taken as it should be.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rules {
    /// How long before its end a certificate should be renewed by whoever looks after it; as our own are where nothing is said.
    pub renew_before: Option<RenewBefore>,
    /// Whether somebody has said that the repository may hold private keys in clear.
    pub may_hold_keys: bool,
}

/// Something that somebody should see to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The file, or the directory of a bundle; none for the top.
    pub place: Option<RepoPath>,
    /// The YAML document in it, the first being 1.
    pub document: Option<usize>,
    /// The field, as in `spec.tls[0].hosts[1]`.
    pub field: Option<String>,
    /// What it is, and the remedy.
    pub reason: FindingReason,
}

/// How bad a finding is; the worst first.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Severity {
    /// Something is not served as it is written, or is served no more, or is known to who should not know it.
    Error,
    /// It may be meant so, or will be an error.
    Warning,
}

impl Severity {
    /// In lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

impl Finding {
    /// Where it is, as in `apps/shop.yaml, document 1, spec.tls[0]`; the top is `.`.
    pub fn location(&self) -> String {
        let mut text = self.place.as_ref().map_or(".", RepoPath::as_str).to_owned();
        if let Some(document) = self.document {
            text += &format!(", document {document}");
        }
        if let Some(field) = &self.field {
            text += &format!(", {field}");
        }
        text
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.location(), self.reason)
    }
}

/// Judges a repository: the worst first, then by place. The same facts give the same findings.
pub fn lint(facts: &Facts, rules: &Rules, now: OffsetDateTime) -> Vec<Finding> {
    let mut findings: Vec<_> = facts.inventory.faults.iter().map(Finding::of_fault).collect();
    findings.extend(facts.clear_keys.iter().filter_map(|key| secrets::clear_key(key, rules)));
    findings.extend(secrets::keys_in_clear(rules));
    findings.extend(secrets::ending(&facts.inventory, rules, now));
    findings.extend(secrets::held_twice(&facts.inventory));
    findings.extend(fleet::renewals(facts));
    findings.extend(fleet::sizes(&facts.bundles));
    findings.sort_by_cached_key(|one| {
        let place = (one.place.clone(), one.document, one.field.clone());
        (one.severity, place, one.reason.to_string())
    });
    findings
}
