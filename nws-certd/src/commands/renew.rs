//! `nws-certd renew` and `nws-certd issue`.

use super::confirm::confirm;
use super::incident::Incident;
use super::progress::{Awaited, follow};
use super::selection::{Filter, SelectionError, concerned, none_in_place, with_hosts};
use super::{note, show};
use crate::args::{Issue, Output, Renew};
use crate::control::{Control, Identity};
use crate::failure::Failure;
use crate::report::{CertificateReport, Report, count, status_text};

pub(super) async fn renew(control: &Control, renew: Renew) -> Result<(), Failure> {
    if renew.all {
        return replace(control, renew).await;
    }
    let report = control.status().await?;
    ask_for(control, with_hosts(&report, &renew.hosts)?, renew.output).await
}

pub(super) async fn issue(control: &Control, issue: Issue) -> Result<(), Failure> {
    let report = control.status().await?;
    let certificates = with_hosts(&report, &issue.hosts)?;
    none_in_place(&certificates)?;
    ask_for(control, certificates, issue.output).await
}

/// Has them ordered now, and shows how they stand after that.
async fn ask_for(
    control: &Control,
    certificates: Vec<&CertificateReport>,
    output: Output,
) -> Result<(), Failure> {
    let asked: Vec<_> = certificates.into_iter().map(Identity::from).collect();
    let mut report: Report = control.renew(asked.clone()).await?;
    report.certificates.retain(|one| asked.contains(&Identity::from(one)));
    report.faults.clear();
    show(output, &report, |colour| status_text(&report, colour))
}

/// Replaces whatever an incident concerns.
async fn replace(control: &Control, renew: Renew) -> Result<(), Failure> {
    let filter = Filter::open(renew.conditions).map_err(Failure::Serials)?;
    let report = control.status().await?;
    let concerned = concerned(&report, &filter);
    if concerned.is_empty() {
        return Err(SelectionError::Nothing.into());
    }
    let incident = Incident::of(&report, &concerned);
    if let (true, Some(hold)) = (incident.certificates.is_empty(), incident.first_hold()) {
        return Err(SelectionError::Held { by: hold.to_owned() }.into());
    }
    show(renew.output, &incident, |_| incident.text())?;
    confirm(&format!("Replace {}?", count(incident.certificates.len())), renew.yes)?;
    let asked = incident.certificates.iter().map(Identity::from).collect();
    control.renew(asked).await?;
    if renew.no_wait {
        note("asked for; see how it gets on: nws-certd status\n");
        return Ok(());
    }
    follow(control, &Awaited::of(&incident.certificates)).await
}
