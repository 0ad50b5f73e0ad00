//! `cargo xtask test`: everything that must hold before a change is shown to anyone.

use std::process::ExitCode;

use anyhow::Result;

use crate::{e2e, ink, workspace};

pub(crate) async fn run() -> Result<ExitCode> {
    println!("{}", ink::bold("Unit, property and integration tests"));
    workspace::cargo(&["test", "--workspace", "--locked"]).await?;
    println!("\n{}", ink::bold("End-to-end scenarios"));
    e2e::run(e2e::Args::core()).await
}
