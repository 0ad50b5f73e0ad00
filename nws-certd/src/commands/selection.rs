//! Which certificates an operator means. Pure: a report and what was written in, certificates out.

mod conditions;

use std::cmp::Reverse;

use time::OffsetDateTime;

pub(super) use self::conditions::Filter;
pub(crate) use self::conditions::serial_of;
pub use self::conditions::{Condition, Conditions, InvalidConditions, SerialsError};
use crate::report::{CertificateReport, Report, instant};

/// The certificates that carry these names; all of them, or none if one name has none.
pub(super) fn with_hosts<'a>(
    report: &'a Report,
    hosts: &[String],
) -> Result<Vec<&'a CertificateReport>, SelectionError> {
    for host in hosts {
        if !report.certificates.iter().any(|one| one.names.contains(host)) {
            let closest = closest(report, host);
            return Err(SelectionError::Unwanted { host: host.clone(), closest });
        }
    }
    let carries = |one: &&CertificateReport| one.names.iter().any(|name| hosts.contains(name));
    Ok(report.certificates.iter().filter(carries).collect())
}

/// Of these certificates none may be in place: `issue` is for what is absent or waits.
pub(super) fn none_in_place(certificates: &[&CertificateReport]) -> Result<(), SelectionError> {
    let in_place = certificates
        .iter()
        .filter(|one| one.reason.is_none())
        .find_map(|one| Some((one.names.first()?, one.not_after?)));
    match in_place {
        None => Ok(()),
        Some((host, until)) => Err(SelectionError::InPlace { host: host.clone(), until }),
    }
}

/// What an incident concerns, most exposed first: what most Secrets hold, and of those what ends first.
pub(super) fn concerned<'a>(report: &'a Report, filter: &Filter) -> Vec<&'a CertificateReport> {
    let mut concerned: Vec<_> =
        report.certificates.iter().filter(|one| filter.concerns(one)).collect();
    concerned.sort_by_key(|one| (Reverse(one.deliveries.len()), one.not_after, &one.names));
    concerned
}

/// The name that is wanted and looks most like this one, if one does.
fn closest(report: &Report, host: &str) -> Option<String> {
    let names = report.certificates.iter().flat_map(|one| &one.names);
    let measured = names.map(|name| (distance(name, host), name));
    let (edits, name) = measured.min()?;
    (edits <= 1 + host.len() / 6).then(|| name.clone())
}

/// How many characters have to be put in, left out or changed to make one text of the other.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, a) in one.bytes().enumerate() {
        let mut next = vec![at + 1];
        for (b, pair) in other.bytes().zip(row.windows(2)) {
            let left = next.last().copied().unwrap_or(0) + 1;
            next.push(left.min(pair[1] + 1).min(pair[0] + usize::from(a != b)));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

/// Why nothing was done for what was named.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SelectionError {
    /// Nobody wants a certificate with this name.
    #[error("nothing was done: {}", unwanted(host, closest.as_deref()))]
    Unwanted {
        /// The name.
        host: String,
        /// A name like it that is wanted.
        closest: Option<String>,
    },
    /// It has a certificate.
    #[error(
        "nothing was done: {host} has a certificate until {}; for another in its place: nws-certd renew {host}",
        instant(*until)
    )]
    InPlace {
        /// The name.
        host: String,
        /// Its end.
        until: OffsetDateTime,
    },
    /// There is none to be revoked.
    #[error(
        "nothing was done: no certificate {of} is known; what there is: nws-certd status --json"
    )]
    NoCertificate {
        /// Of what.
        of: String,
    },
    /// There are several to be revoked.
    #[error(
        "nothing was done: several certificates {of} are known; say which with --serial: {serials}"
    )]
    Several {
        /// Of what.
        of: String,
        /// Their serial numbers.
        serials: String,
    },
    /// It cannot be revoked.
    #[error("nothing was done: {reason}")]
    Refused {
        /// Why.
        reason: String,
    },
    /// Nothing meets the conditions.
    #[error(
        "nothing was done: no certificate meets the conditions; see what there is: nws-certd status --json"
    )]
    Nothing,
    /// Whatever meets the conditions is held.
    #[error("nothing was done: all that meets the conditions is held, the first by {by}")]
    Held {
        /// By what, with the remedy.
        by: String,
    },
}

fn unwanted(host: &str, closest: Option<&str>) -> String {
    match closest {
        Some(name) => format!("nobody wants a certificate for {host}; did you mean {name}?"),
        None => format!(
            "nobody wants a certificate for {host}; what the repository says of it: nws-certd explain {host}"
        ),
    }
}

#[cfg(test)]
pub(super) mod tests;
