//! The same bodies as tests of their crates, for a stable compiler.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::Target;
use crate::{process, workspace};

/// Cases of one run: some seconds.
const CASES: u32 = 2_000;
/// For building, and for one run more than fits.
const BUILDING: Duration = Duration::from_secs(3600);

/// Runs a target's test again and again for so long, each time with other cases. Returns what was done.
///
/// # Errors
///
/// If something does not hold, with the smallest input that shows it.
pub(super) async fn run(target: Target, limit: Duration) -> Result<String> {
    let mut building = test(target);
    building.arg("--no-run");
    process::output(building, BUILDING).await?;
    let (begun, mut cases) = (tokio::time::Instant::now(), 0);
    while begun.elapsed() < limit {
        let mut command = test(target);
        command.arg(format!("fuzzing::tests::{}", target.name()));
        command.env("PROPTEST_CASES", CASES.to_string());
        let output = process::ended(command, BUILDING).await?;
        let said = String::from_utf8_lossy(&output.stdout);
        anyhow::ensure!(output.status.success(), "{} does not hold:\n{said}", target.name());
        said.contains("1 passed").then_some(()).context("there is no such test")?;
        cases += CASES;
    }
    Ok(format!("{cases} cases as a test"))
}

fn test(target: Target) -> Command {
    let mut command = process::of_user(Path::new("cargo"));
    command.args(["test", "--quiet", "--lib", "--package", target.package()]);
    command.current_dir(workspace::root());
    command
}
