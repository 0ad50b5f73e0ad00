//! `nws-certd prune`.

use super::confirm::confirm;
use super::show;
use crate::args::Prune;
use crate::control::Control;
use crate::failure::Failure;
use crate::report::{UnwantedReport, unwanted_text};

/// Shows what nobody wants, and says that its removal is meant once somebody agrees.
pub(super) async fn prune(control: &Control, prune: Prune) -> Result<(), Failure> {
    let report = control.status().await?;
    show(prune.output, &report.unwanted, |_| unwanted_text(&report.unwanted))?;
    let asked: Vec<_> =
        report.unwanted.into_iter().filter(|one| !one.is_confirmed && goes(one)).collect();
    if asked.is_empty() {
        return Ok(());
    }
    confirm(
        &format!("Let {} of them be removed once their grace is over?", asked.len()),
        prune.confirm,
    )?;
    control.prune(asked).await.map(drop)?;
    Ok(())
}

/// What is on its way, or would be if it were not stopped.
fn goes(one: &UnwantedReport) -> bool {
    one.next.is_some() || one.is_stopped
}
