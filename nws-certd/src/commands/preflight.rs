//! `nws-certd preflight`.

use super::show;
use crate::args::Preflight;
use crate::control::{Control, PreflightBody};
use crate::failure::Failure;

/// Has the running daemon look, as its listener answers for it.
pub(super) async fn preflight(control: &Control, asked: Preflight) -> Result<(), Failure> {
    let Preflight { hosts, output } = asked;
    let report = control.preflight(PreflightBody { hosts }).await?;
    show(output, &report, |_| report.text())?;
    if report.is_ready { Ok(()) } else { Err(Failure::NotReady) }
}
