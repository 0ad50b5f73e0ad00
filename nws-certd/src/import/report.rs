//! What became of each certificate, for people and for programs.

use comfy_table::Cell;
use nws_expiry::Leaf;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::Useless;
use crate::failure::Causes;
use crate::plan::Planned;
use crate::report::{Colour, count, instant, table};

/// What an import came to, or would.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct ImportReport {
    /// Whether nothing was done.
    pub(crate) dry_run: bool,
    /// The commit that adopts what was taken from the branch.
    pub(crate) commit: Option<String>,
    pub(crate) certificates: Vec<ImportedReport>,
}

/// What became of one certificate.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct ImportedReport {
    /// Where it was found.
    pub(crate) source: String,
    pub(crate) names: Vec<String>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub(crate) not_after: Option<OffsetDateTime>,
    /// The SHA-256 of its leaf.
    pub(crate) fingerprint: Option<String>,
    pub(crate) outcome: ImportOutcome,
    /// The Secrets it is for.
    pub(crate) secrets: Vec<String>,
    /// Why it was not taken, or what is to be known of how it was.
    pub(crate) detail: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ImportOutcome {
    /// It is ours now, or would be.
    Taken,
    /// It was before.
    There,
    /// It is of no use.
    Left,
    /// It cannot be used.
    Refused,
}

impl ImportOutcome {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::There => "there",
            Self::Left => "left",
            Self::Refused => "refused",
        }
    }
}

impl ImportedReport {
    pub(crate) fn refused(source: &str, leaf: Option<&Leaf>, why: &dyn std::error::Error) -> Self {
        Self::without_secrets(source, leaf, ImportOutcome::Refused, Causes(why).to_string())
    }

    pub(crate) fn left(source: &str, leaf: &Leaf, why: &Useless) -> Self {
        Self::without_secrets(source, Some(leaf), ImportOutcome::Left, why.to_string())
    }

    pub(crate) fn taken(source: &str, leaf: &Leaf, planned: &Planned) -> Self {
        let secrets = planned.wants.iter().map(|want| want.key.to_string()).collect();
        Self { secrets, ..Self::of(source, Some(leaf), ImportOutcome::Taken) }
    }

    pub(crate) fn there(source: &str, leaf: &Leaf, planned: &Planned) -> Self {
        Self { outcome: ImportOutcome::There, ..Self::taken(source, leaf, planned) }
    }

    pub(crate) fn without_secrets(
        source: &str,
        leaf: Option<&Leaf>,
        outcome: ImportOutcome,
        detail: String,
    ) -> Self {
        Self { detail: Some(detail), ..Self::of(source, leaf, outcome) }
    }

    fn of(source: &str, leaf: Option<&Leaf>, outcome: ImportOutcome) -> Self {
        let names = leaf.and_then(Leaf::names).into_iter().flatten();
        Self {
            source: source.into(),
            names: names.map(ToString::to_string).collect(),
            not_after: leaf.map(Leaf::not_after),
            fingerprint: leaf.map(|leaf| leaf.fingerprint().to_string()),
            outcome,
            secrets: Vec::new(),
            detail: None,
        }
    }
}

impl ImportReport {
    pub(crate) fn count(&self, outcome: ImportOutcome) -> usize {
        self.certificates.iter().filter(|one| one.outcome == outcome).count()
    }
}

/// `nws-certd import`.
pub(crate) fn import_text(report: &ImportReport, colour: Colour) -> String {
    let mut table = table(["FOUND IN", "HOSTS", "NOT AFTER", "OUTCOME", "SECRETS", "WHY"], colour);
    for one in &report.certificates {
        let or_dash = |text: String| if text.is_empty() { "-".into() } else { text };
        table.add_row([
            Cell::new(&one.source),
            Cell::new(or_dash(one.names.join(" "))),
            Cell::new(one.not_after.map_or_else(|| "-".into(), instant)),
            Cell::new(one.outcome.as_str()),
            Cell::new(or_dash(one.secrets.join(" "))),
            Cell::new(one.detail.as_deref().unwrap_or("-")),
        ]);
    }
    let rows = if report.certificates.is_empty() {
        String::new()
    } else {
        format!("{}\n", table.trim_fmt())
    };
    format!("{rows}{}\n", summary(report))
}

fn summary(report: &ImportReport) -> String {
    let of = |outcome| report.count(outcome);
    let taken = count(of(ImportOutcome::Taken));
    let done = match (report.dry_run, &report.commit) {
        (true, _) => format!("{taken} would be taken over, and nothing was done"),
        (false, Some(commit)) => {
            format!("{taken} taken over, in commit {}", &commit[..commit.len().min(12)])
        }
        (false, None) => format!("{taken} taken over"),
    };
    format!(
        "{done}; {} there already, {} left, {} refused",
        of(ImportOutcome::There),
        of(ImportOutcome::Left),
        of(ImportOutcome::Refused)
    )
}
