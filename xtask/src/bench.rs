//! `cargo xtask bench`: how fast, and at what cost, beside what others need for the same.

mod cpu;
mod issue;
mod statistics;

use std::process::ExitCode;

use anyhow::Result;

#[derive(clap::Subcommand)]
pub(crate) enum Bench {
    /// Certificates per second and CPU per certificate, from a CA that does not make one wait
    Issue(issue::Args),
}

pub(crate) async fn run(bench: Bench) -> Result<ExitCode> {
    match bench {
        Bench::Issue(args) => issue::run(args).await,
    }
}
