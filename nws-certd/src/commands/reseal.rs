//! `nws-certd reseal`.

use super::show;
use crate::args::Reseal;
use crate::control::{Control, ResealBody};
use crate::failure::Failure;

/// Has sealed anew what is sealed to others than it would be now, and shows what that is.
pub(super) async fn reseal(control: &Control, reseal: Reseal) -> Result<(), Failure> {
    let Reseal { dry_run, reissue, output } = reseal;
    let report = control.reseal(ResealBody { dry_run, reissue }).await?;
    show(output, &report, |_| report.text())
}
