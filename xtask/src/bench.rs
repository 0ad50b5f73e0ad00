//! `cargo xtask bench`: how fast, and at what cost, beside what others need for the same.

mod challenge;
mod cpu;
mod gitops;
mod hostile;
mod issue;
mod plan;
mod seal;
mod statistics;

use std::process::ExitCode;

use anyhow::Result;

#[derive(clap::Subcommand)]
pub(crate) enum Bench {
    /// Certificates per second and CPU per certificate, from a CA that does not make one wait
    Issue(issue::Args),
    /// Reading and writing a repository of ten thousand to a million manifests, beside gix alone, git and git2
    Gitops(gitops::Args),
    /// Processor time and memory for each certificate of a plan, for ten thousand to ten million
    Plan(plan::Args),
    /// Secrets sealed a second by one core, and ten thousand for one cluster
    Seal(seal::Args),
    /// Validators answered a second by one core, beside nginx and HAProxy
    Challenge(challenge::Args),
    /// How long honest validators wait while others do their worst
    Hostile(hostile::Args),
}

pub(crate) async fn run(bench: Bench) -> Result<ExitCode> {
    match bench {
        Bench::Issue(args) => issue::run(args).await,
        Bench::Gitops(args) => gitops::run(args).await,
        Bench::Plan(args) => plan::run(args).await,
        Bench::Seal(args) => seal::run(args).await,
        Bench::Challenge(args) => challenge::run(args).await,
        Bench::Hostile(args) => hostile::run(args).await,
    }
}
