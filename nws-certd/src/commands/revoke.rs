//! `nws-certd revoke`.

use std::fmt::Write as _;

use super::confirm::confirm;
use super::selection::{SelectionError, serial_of};
use super::{note, show, write};
use crate::args::{Revoke, RevokedBy};
use crate::control::{Control, RevocableReport, RevokeBody};
use crate::failure::Failure;
use crate::report::instant;

pub(super) async fn revoke(control: &Control, revoke: Revoke) -> Result<(), Failure> {
    let all = control.revocable().await?;
    let one = select(&all, &revoke.by)?;
    if let Some(reason) = one.refusal.clone().filter(|_| revoke.ca.is_none()) {
        return Err(SelectionError::Refused { reason }.into());
    }
    let shown = text(one, &revoke);
    if revoke.output.json {
        note(&shown);
    } else {
        write(&shown)?;
    }
    confirm("Revoke it?", revoke.yes)?;
    let body = RevokeBody {
        fingerprint: one.fingerprint.clone(),
        reason: revoke.reason.to_string(),
        replacing: revoke.replace,
        ca: revoke.ca,
    };
    let report = control.revoke(body).await?;
    let stands = report.revocations.iter().find(|known| known.fingerprint == one.fingerprint);
    show(revoke.output, &stands, |_| stands.map_or_else(String::new, |one| one.text() + "\n"))
}

/// The one certificate that is meant.
fn select<'a>(
    all: &'a [RevocableReport],
    by: &RevokedBy,
) -> Result<&'a RevocableReport, SelectionError> {
    let is_meant = |one: &&RevocableReport| match (&by.host, &by.serial) {
        (Some(host), _) => one.is_newest && one.names.contains(host),
        (None, Some(serial)) => serial_of(&one.serial).as_ref() == Some(serial),
        (None, None) => false,
    };
    let meant: Vec<_> = all.iter().filter(is_meant).collect();
    match meant.as_slice() {
        [one] => Ok(one),
        [] => Err(SelectionError::NoCertificate { of: by.to_string() }),
        [..] => {
            let serials = meant.iter().map(|one| one.serial.as_str()).collect::<Vec<_>>();
            Err(SelectionError::Several { of: by.to_string(), serials: serials.join(", ") })
        }
    }
}

/// What is about to be done, for people.
fn text(one: &RevocableReport, revoke: &Revoke) -> String {
    let RevocableReport { serial, issuer, .. } = one;
    let ca = revoke.ca.as_deref().or(one.ca.as_deref()).unwrap_or("a CA that is not known");
    let mut text = format!("serial {serial}, by {issuer}\n");
    let mut line = |line: String| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {line}");
    };
    line(format!("for {}", one.names.join(", ")));
    line(format!("from {} until {}", instant(one.not_before), instant(one.not_after)));
    if one.paths.is_empty() {
        line("in no file of the branch".into());
    }
    one.paths.iter().for_each(|path| line(format!("in {path}")));
    line(format!(
        "to be revoked by {ca}, for the reason {}, {}",
        revoke.reason,
        when(one, revoke.replace)
    ));
    text
}

fn when(one: &RevocableReport, replace: bool) -> &'static str {
    match (replace, one.is_wanted) {
        (true, true) => "once another is pushed in its place",
        (true, false) => "once its successor is pushed wherever it is wanted",
        (false, true) => "at once; another is ordered in its place meanwhile",
        (false, false) => "at once; nobody is given another in its place",
    }
}

#[cfg(test)]
mod tests;
