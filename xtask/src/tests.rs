//! `cargo xtask test`: everything that must hold before a change is shown to anyone.

use std::process::ExitCode;

use anyhow::Result;

use crate::{chaos, e2e, ink, tools, workspace};

pub(crate) async fn run() -> Result<ExitCode> {
    println!("{}", ink::bold("Unit, property and integration tests"));
    tools::for_tests().await?;
    workspace::cargo(&["test", "--workspace", "--locked"]).await?;
    println!("\n{}", ink::bold("End-to-end scenarios"));
    let scenarios = e2e::run(e2e::Args::core()).await?;
    println!("\n{}", ink::bold("Chaos"));
    let chaos = chaos::run(chaos::Args::one()).await?;
    // Scenarios that failed come first: they are easier to understand.
    Ok(if scenarios == ExitCode::SUCCESS { chaos } else { scenarios })
}
