//! A report as people read it: aligned columns, nothing else.

use comfy_table::presets::NOTHING;
use comfy_table::{Cell, Color, ContentArrangement, Table};
use time::OffsetDateTime;
use time::macros::format_description;

use super::{
    BranchReport, CertificateReport, Report, RevocationReport, Stage, TroubleWith, UnwantedReport,
};

/// `nws-certd status`.
pub(crate) fn status_text(report: &Report, colour: Colour) -> String {
    let mut table = table(["HOSTS", "STAGE", "NOT AFTER", "NEXT", "SECRETS", "LAST ERROR"], colour);
    for certificate in &report.certificates {
        table.add_row([
            Cell::new(hosts(certificate)),
            stage(certificate.stage),
            Cell::new(certificate.not_after.map_or_else(|| "-".into(), instant)),
            Cell::new(format!("{} {}", certificate.next.what, instant(certificate.next.at))),
            Cell::new(secrets(certificate)),
            Cell::new(certificate.last_error.as_deref().unwrap_or("-")),
        ]);
    }
    format!("{}{}{}", heading(report), body(&table, &report.certificates), notes(report))
}

/// `nws-certd plan`.
pub(crate) fn plan_text(report: &Report, colour: Colour) -> String {
    let (to_do, kept): (Vec<_>, Vec<_>) =
        report.certificates.iter().cloned().partition(|one| one.reason.is_some());
    let rest = [kept_text(&kept), wake_text(report), limits_text(report, colour)].concat();
    format!("{}{}{rest}{}", heading(report), to_do_text(report, &to_do, colour), notes(report))
}

fn to_do_text(report: &Report, to_do: &[CertificateReport], colour: Colour) -> String {
    let mut table = table(["HOSTS", "STAGE", "ORDER AT", "WHY", "WAITS FOR", "SECRETS"], colour);
    for certificate in to_do {
        table.add_row([
            Cell::new(hosts(certificate)),
            stage(certificate.stage),
            Cell::new(order_at(certificate, report.at)),
            Cell::new(certificate.reason.as_deref().unwrap_or("-")),
            Cell::new(waits_for(certificate, report.at)),
            Cell::new(secrets(certificate)),
        ]);
    }
    body(&table, to_do)
}

fn kept_text(kept: &[CertificateReport]) -> String {
    let next = kept.iter().map(|one| one.next.at).min();
    next.map_or_else(String::new, |at| {
        let kept = count(kept.len());
        format!("{kept} kept as they are; the next is looked at {}\n", instant(at))
    })
}

fn wake_text(report: &Report) -> String {
    let at = report.wake_at.map(instant);
    at.map_or_else(String::new, |at| format!("next wake-up {at}\n"))
}

/// What is left of what CAs allow; nothing where nothing is known of that.
fn limits_text(report: &Report, colour: Colour) -> String {
    let mut table = table(["LEFT", "OF", "FOR", "ONE MORE AT", "CA"], colour);
    let each = report.cas.iter().flat_map(|ca| ca.limits.iter().map(move |limit| (ca, limit)));
    for (ca, limit) in each.clone() {
        table.add_row([
            Cell::new(limit.left),
            Cell::new(&limit.allows),
            Cell::new(limit.what()),
            Cell::new(instant(limit.more_at)),
            Cell::new(&ca.directory),
        ]);
    }
    if each.count() == 0 { String::new() } else { format!("{}\n", table.trim_fmt()) }
}

fn order_at(certificate: &CertificateReport, now: OffsetDateTime) -> String {
    match certificate.next.at {
        _ if certificate.is_held_back() => "-".into(),
        at if at <= now => "now".into(),
        at => instant(at),
    }
}

fn waits_for(certificate: &CertificateReport, now: OffsetDateTime) -> &str {
    match &certificate.last_error {
        _ if certificate.is_held_back() => "its hold",
        Some(error) if now < certificate.next.at => error,
        Some(_) | None => "-",
    }
}

/// `nws-certd sync`.
pub(crate) fn sync_text(report: &Report) -> String {
    let pushed = report.certificates.iter().filter(|one| one.stage.is_in_branch()).count();
    let rest = report.certificates.len() - pushed;
    format!(
        "{}{} in place, {rest} under way, {} reported\n",
        heading(report),
        count(pushed),
        faults(report.faults.len())
    )
}

/// Whether colours are written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Colour {
    /// The reader is a terminal.
    Terminal,
    /// The reader is a file or another program.
    Plain,
}

fn heading(report: &Report) -> String {
    let is_read = !report.troubles.iter().any(|trouble| trouble.with == TroubleWith::Fetch);
    let line = |branch: &BranchReport| {
        let of = branch.repository.as_ref().map_or_else(String::new, |name| format!("{name}: "));
        let at = match branch.tip.as_deref() {
            Some(tip) => format!("at {}", &tip[..tip.len().min(12)]),
            None if is_read => "at no commit yet".into(),
            None => "not read yet".into(),
        };
        let clear = if branch.keys_in_clear { ", keys in clear" } else { "" };
        format!("{of}branch {} {at}, {}{clear}\n", branch.name, instant(report.at))
    };
    match &report.branches[..] {
        [] => line(&report.branch),
        several => several.iter().map(line).collect(),
    }
}

/// `nws-certd prune`.
pub(crate) fn unwanted_text(all: &[UnwantedReport]) -> String {
    match all {
        [] => "every secret is wanted\n".into(),
        all => all.iter().map(unwanted).collect(),
    }
}

fn unwanted(one: &UnwantedReport) -> String {
    format!("unwanted: {}\n", one.text())
}

fn notes(report: &Report) -> String {
    // What went wrong with one is a trouble.
    let open = |one: &&RevocationReport| one.revoked_at.is_none() && one.last_error.is_none();
    let open = report.revocations.iter().filter(open);
    let lines = open.map(|one| format!("revocation: {}, {}\n", one.names.join(" "), one.text()));
    let troubles = report.troubles.iter().map(|trouble| format!("trouble: {}\n", trouble.text));
    let holds = report.certificates.iter().flat_map(holds);
    let met = report.obstacles().into_iter().map(|(ca, met)| format!("{}\n", met.line(ca)));
    lines
        .chain(report.unwanted.iter().map(unwanted))
        .chain([report.sealing.lines()])
        .chain(troubles)
        .chain(holds)
        .chain(report.certificates.iter().flat_map(stale))
        .chain(met)
        .chain(report.faults.iter().map(|fault| format!("fault: {}\n", fault.text)))
        .collect()
}

/// The edges that serve something else although clusters have had their time.
fn stale(certificate: &CertificateReport) -> impl Iterator<Item = String> {
    let served = certificate.served.iter().filter(|served| served.is_late);
    served.flat_map(|served| &served.wrong).map(|wrong| format!("edge: {}\n", wrong.text))
}

fn holds(certificate: &CertificateReport) -> impl Iterator<Item = String> {
    let names = certificate.names.join(", ");
    certificate.holds.iter().map(move |hold| format!("held: {names}: by {}\n", hold.text))
}

fn body(table: &Table, rows: &[CertificateReport]) -> String {
    if rows.is_empty() { "nothing to order\n".into() } else { format!("{}\n", table.trim_fmt()) }
}

/// A table without lines, with these columns.
pub(crate) fn table<const N: usize>(header: [&str; N], colour: Colour) -> Table {
    let mut table = Table::new();
    table
        .load_style(NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(header);
    match colour {
        Colour::Terminal => table.enforce_styling(),
        Colour::Plain => table.force_no_tty(),
    };
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table
}

fn stage(stage: Stage) -> Cell {
    Cell::new(stage.as_str()).fg(match stage {
        Stage::Held | Stage::Preflight | Stage::Waiting => Color::Red,
        Stage::Wanted | Stage::Ordering | Stage::Issued | Stage::Parked => Color::Yellow,
        Stage::Pushed | Stage::Served => Color::Green,
    })
}

fn hosts(certificate: &CertificateReport) -> String {
    match certificate.names.as_slice() {
        [] => "-".into(),
        [one] => one.clone(),
        [first, rest @ ..] => format!("{first} +{}", rest.len()),
    }
}

fn secrets(certificate: &CertificateReport) -> String {
    let names =
        certificate.deliveries.iter().map(|one| format!("{}/{}", one.namespace, one.secret));
    names.collect::<Vec<_>>().join(", ")
}

pub(crate) fn count(certificates: usize) -> String {
    if certificates == 1 { "1 certificate".into() } else { format!("{certificates} certificates") }
}

fn faults(faults: usize) -> String {
    if faults == 1 { "1 fault".into() } else { format!("{faults} faults") }
}

/// As people read it: UTC, to the second.
pub(crate) fn instant(at: OffsetDateTime) -> String {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]Z");
    at.to_offset(time::UtcOffset::UTC).format(&format).unwrap_or_else(|_| at.to_string())
}

#[cfg(test)]
mod tests;
