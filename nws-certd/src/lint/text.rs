//! The same as people read it.

use std::collections::BTreeMap;

use comfy_table::{Cell, Color};
use nws_expiry::DnsName;

use super::report::{LintReport, WantedReport};
use crate::report::{Colour, table};

/// The findings, what is wanted if that is asked for, and one line of all.
pub(crate) fn lint_text(report: &LintReport, with_wanted: bool, colour: Colour) -> String {
    let wanted = if with_wanted { wanted(report, colour) } else { String::new() };
    format!("{}{wanted}{}", findings(report, colour), summary(report))
}

fn findings(report: &LintReport, colour: Colour) -> String {
    let mut table = table(["SEVERITY", "KIND", "PLACE", "WHAT"], colour);
    for finding in &report.findings {
        let severe = if finding.severity == "error" { Color::Red } else { Color::Yellow };
        table.add_row([
            Cell::new(finding.severity).fg(severe),
            Cell::new(finding.kind),
            Cell::new(&finding.location),
            Cell::new(&finding.text),
        ]);
    }
    if report.findings.is_empty() { String::new() } else { format!("{}\n", table.trim_fmt()) }
}

fn wanted(report: &LintReport, colour: Colour) -> String {
    let mut table = table(["SECRET", "HOSTS", "FILE", "BUNDLES", "WANTED BY"], colour);
    for want in &report.wanted {
        let sources = want.wanted_by.iter();
        let sources =
            sources.map(|by| format!("{} ({} {}/{})", by.path, by.kind, by.namespace, by.name));
        table.add_row([
            Cell::new(secret(want)),
            Cell::new(names(want)),
            Cell::new(file(want)),
            Cell::new(or_dash(want.bundles.join(", "))),
            Cell::new(sources.collect::<Vec<_>>().join(", ")),
        ]);
    }
    if report.wanted.is_empty() { String::new() } else { format!("{}\n", table.trim_fmt()) }
}

fn secret(want: &WantedReport) -> String {
    let name = format!("{}/{}", want.namespace, want.secret);
    if want.target == "default" { name } else { format!("{}:{name}", want.target) }
}

fn names(want: &WantedReport) -> String {
    want.names.iter().map(DnsName::as_str).collect::<Vec<_>>().join(", ")
}

fn file(want: &WantedReport) -> String {
    match &want.path {
        Some(path) if want.delivered => path.clone(),
        Some(path) => format!("{path} (not there yet)"),
        None => "-".into(),
    }
}

fn or_dash(text: String) -> String {
    if text.is_empty() { "-".into() } else { text }
}

fn summary(report: &LintReport) -> String {
    let verdict = match (report.errors, report.warnings) {
        (0, 0) => "nothing to see to".to_owned(),
        (0, warnings) => count(warnings, "warning"),
        (errors, 0) => count(errors, "error"),
        (errors, warnings) => format!("{}, {}", count(errors, "error"), count(warnings, "warning")),
    };
    let there = report.wanted.iter().filter(|want| want.delivered).count();
    format!(
        "{verdict}: {}{}, {there} of them there; {} {}\n",
        count(report.wanted.len(), "secret"),
        by_kind(report),
        count(report.files, "file"),
        match report.commit.as_deref() {
            Some(commit) => format!("at {}", commit.get(..12).unwrap_or(commit)),
            None => "on disk".into(),
        }
    )
}

/// As ` wanted by 3 Ingress, 1 Gateway`.
fn by_kind(report: &LintReport) -> String {
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for source in report.wanted.iter().flat_map(|want| &want.wanted_by) {
        *kinds.entry(source.kind).or_default() += 1;
    }
    let kinds: Vec<_> = kinds.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    let by = if kinds.is_empty() { String::new() } else { format!(" by {}", kinds.join(", ")) };
    format!(" wanted{by}")
}

fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
