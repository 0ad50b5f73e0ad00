//! What a developer of this workspace runs: the demo, the tests, the end-to-end scenarios, the house rules.
//!
//! Nothing here is needed in production, and nothing here imports the crates it tries: it drives the binary `nws-certd`,
//! a real ACME CA, real edges and real git, as an operator would.

#![expect(
    clippy::print_stdout,
    reason = "these are command-line tools: standard output is what they are for"
)]

mod bench;
mod chaos;
mod ci;
mod clock;
mod demo;
mod e2e;
mod files;
mod fuzz;
mod http;
mod ink;
mod interrupt;
mod leaks;
mod loopback;
mod peers;
mod process;
mod programs;
mod proxy;
mod table;
mod tests;
mod tidy;
mod tls;
mod tools;
mod wait;
mod workspace;
mod world;

use std::process::ExitCode;

use clap::Parser;

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    about = "Tools for developing nws-certd",
    version
)]
enum Command {
    /// Show the whole path on real parts: an Ingress is committed, two edges serve its certificate
    Demo(demo::Args),
    /// Run all unit, property and integration tests, the core end-to-end scenarios, and one seed of chaos
    Test,
    /// Run end-to-end scenarios: real CA, real edges, real git
    E2e(e2e::Args),
    /// Kill the daemon again and again while it works: nothing may be lost, nothing ordered twice
    Chaos(chaos::Args),
    /// Read whatever may be committed, or left behind by another client: with libFuzzer, or as tests without a nightly compiler
    Fuzz(fuzz::Args),
    /// Measure, beside what others need for the same
    #[command(subcommand)]
    Bench(bench::Bench),
    /// Check formatting, lints, documentation and house rules, then run `test`
    Ci,
    /// Check the house rules that no compiler knows
    Tidy,
    /// Find or install the programs that demo, tests and e2e need
    Tools,
}

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match Command::parse() {
        Command::Demo(args) => demo::run(args).await,
        Command::Test => interrupt::or(tests::run()).await,
        Command::E2e(args) => interrupt::or(e2e::run(args)).await,
        Command::Bench(bench) => interrupt::or(bench::run(bench)).await,
        Command::Fuzz(args) => interrupt::or(fuzz::run(args)).await,
        Command::Chaos(args) => interrupt::or(chaos::run(args)).await,
        Command::Ci => interrupt::or(ci::run()).await,
        Command::Tidy => tidy::run(&workspace::root()).map(|()| ExitCode::SUCCESS),
        Command::Tools => interrupt::or(tools::run()).await,
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("{} {error:#}", ink::red("error:"));
        ExitCode::FAILURE
    })
}
