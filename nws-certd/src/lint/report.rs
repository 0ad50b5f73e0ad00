//! What a look at a repository came to.

use std::collections::BTreeSet;

use nws_expiry::DnsName;
use nws_gitops::{CaName, Facts, Finding, RepoPath, Severity, Snapshot, Source, Touched, Wanted};
use serde::Serialize;
use time::OffsetDateTime;

use super::place::Place;

/// Everything there is to say of a repository.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct LintReport {
    /// The directory or URL that was looked at.
    pub(crate) repository: String,
    /// Its commit; none for the files on disk.
    pub(crate) commit: Option<String>,
    /// The instant that certificates were judged for.
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) at: OffsetDateTime,
    /// How many files there are.
    pub(crate) files: usize,
    pub(crate) errors: usize,
    pub(crate) warnings: usize,
    /// The worst first, then by place.
    pub(crate) findings: Vec<FindingReport>,
    /// By target, namespace and name.
    pub(crate) wanted: Vec<WantedReport>,
}

/// Something that somebody should see to.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct FindingReport {
    /// `error` or `warning`.
    pub(crate) severity: &'static str,
    /// One word for all of a sort.
    pub(crate) kind: &'static str,
    /// The file, or the directory of a bundle; none for the top.
    pub(crate) path: Option<String>,
    /// The YAML document in it, the first being 1.
    pub(crate) document: Option<usize>,
    pub(crate) field: Option<String>,
    /// What it is, and the remedy.
    pub(crate) text: String,
    #[serde(skip)]
    pub(crate) location: String,
}

/// A Secret that manifests want.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct WantedReport {
    pub(crate) target: String,
    pub(crate) namespace: String,
    pub(crate) secret: String,
    pub(crate) names: Vec<DnsName>,
    /// The CAs it may come from; any where none is named.
    #[serde(skip)]
    pub(crate) cas: BTreeSet<CaName>,
    pub(crate) wanted_by: Vec<SourceReport>,
    /// Where it is, or would be put.
    pub(crate) path: Option<String>,
    /// Whether it is there.
    pub(crate) delivered: bool,
    /// The directories of the Fleet bundles that a renewal deploys anew, the nearest first; `.` is the top.
    pub(crate) bundles: Vec<String>,
    /// Those of them that put it into clusters.
    pub(crate) deployed_by: Vec<String>,
}

/// The place in a manifest that wants a Secret.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct SourceReport {
    pub(crate) path: String,
    pub(crate) document: usize,
    pub(crate) kind: &'static str,
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) field: String,
}

impl LintReport {
    pub(super) fn of(
        place: &Place,
        snapshot: &Snapshot,
        facts: &Facts,
        findings: &[Finding],
        at: OffsetDateTime,
    ) -> Self {
        let count = |severity| findings.iter().filter(|one| one.severity == severity).count();
        Self {
            repository: place.to_string(),
            commit: snapshot.tip().commit.map(|commit| commit.to_string()),
            at,
            files: snapshot.len(),
            errors: count(Severity::Error),
            warnings: count(Severity::Warning),
            findings: findings.iter().map(Into::into).collect(),
            wanted: facts
                .inventory
                .wanted
                .iter()
                .map(|want| WantedReport::of(want, facts))
                .collect(),
        }
    }

    /// Takes in more warnings: errors stay before them, and each is sorted by place.
    pub(super) fn warn(&mut self, warnings: Vec<FindingReport>) {
        self.warnings += warnings.len();
        self.findings.extend(warnings);
        let place = |one: &FindingReport| (one.severity != "error", one.path.clone(), one.document);
        self.findings.sort_by_key(place);
    }
}

impl From<&Finding> for FindingReport {
    fn from(finding: &Finding) -> Self {
        Self {
            severity: finding.severity.as_str(),
            kind: finding.reason.kind(),
            path: finding.place.as_ref().map(ToString::to_string),
            document: finding.document,
            field: finding.field.clone(),
            text: finding.reason.to_string(),
            location: finding.location(),
        }
    }
}

impl WantedReport {
    fn of(wanted: &Wanted, facts: &Facts) -> Self {
        let path = facts.place(&wanted.key);
        let touched = path.map(|path| facts.bundles.touched_by(path));
        Self {
            target: wanted.key.target.to_string(),
            namespace: wanted.key.secret.namespace().to_owned(),
            secret: wanted.key.secret.name().to_owned(),
            names: wanted.names.iter().cloned().collect(),
            cas: wanted.overrides.cas.clone(),
            wanted_by: wanted.sources.iter().map(Into::into).collect(),
            path: path.map(ToString::to_string),
            delivered: facts.inventory.held(&wanted.key).is_some(),
            bundles: touched.as_ref().map(holders).unwrap_or_default(),
            deployed_by: touched.as_ref().map(deployers).unwrap_or_default(),
        }
    }
}

impl From<&Source> for SourceReport {
    fn from(source: &Source) -> Self {
        Self {
            path: source.path.to_string(),
            document: source.document,
            kind: source.object.kind.as_str(),
            namespace: source.object.namespace.clone(),
            name: source.object.name.clone(),
            field: source.field.clone(),
        }
    }
}

fn holders(touched: &Touched<'_>) -> Vec<String> {
    touched.holders.iter().map(|bundle| dir(bundle.dir.as_ref())).collect()
}

fn deployers(touched: &Touched<'_>) -> Vec<String> {
    touched.deployers.iter().map(|bundle| dir(bundle.dir.as_ref())).collect()
}

fn dir(dir: Option<&RepoPath>) -> String {
    dir.map_or_else(|| ".".to_owned(), ToString::to_string)
}
