//! `cargo xtask fuzz`: whatever somebody commits or another client has left behind, it is read to its end, and what has to hold
//! does.
//!
//! The targets lie in `fuzz/`, their bodies in the crates (modules `fuzzing`). Where there is a nightly compiler, libFuzzer
//! drives them, and keeps what it learns in `target/xtask/fuzz`. Elsewhere the crates' tests of the same bodies run again and
//! again, on changed copies of what people write.

mod libfuzzer;
mod seeds;
mod stable;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::ValueEnum as _;

use crate::ink;
use libfuzzer::LibFuzzer;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Which targets to run; all unless some are named
    targets: Vec<Target>,
    /// How long each is run, in seconds
    #[arg(long, default_value_t = 60)]
    seconds: u64,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
enum Target {
    /// Any bytes as files of a repository
    Manifests,
    /// Any text as a rule of Traefik's
    Rule,
    /// Any bytes as files of certbot's and lego's folders
    Import,
    /// Any bytes as what a stranger sends to the challenge listener
    Challenge,
}

impl Target {
    fn name(self) -> &'static str {
        match self {
            Self::Manifests => "manifests",
            Self::Rule => "rule",
            Self::Import => "import",
            Self::Challenge => "challenge",
        }
    }

    /// The crate that has its body.
    fn package(self) -> &'static str {
        match self {
            Self::Manifests | Self::Rule => "nws-gitops",
            Self::Import => "nws-certd",
            Self::Challenge => "nws-challenge",
        }
    }
}

pub(crate) async fn run(args: Args) -> Result<ExitCode> {
    let targets = if args.targets.is_empty() { Target::value_variants() } else { &args.targets };
    let limit = Duration::from_secs(args.seconds);
    match LibFuzzer::find_or_install().await {
        Ok(fuzzer) => {
            for target in targets {
                fuzzer.build(*target).await?;
                tell(*target, &fuzzer.run(*target, limit).await?);
            }
        }
        Err(without) => {
            println!("{}", ink::dim(format!("without libFuzzer, as tests: {without:#}")));
            for target in targets {
                tell(*target, &stable::run(*target, limit).await?);
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A minute each where a nightly compiler is there; else nothing, as the tests have run already.
///
/// # Errors
///
/// As [`run`].
pub(crate) async fn in_ci() -> Result<ExitCode> {
    if libfuzzer::has_nightly().await {
        return run(Args { targets: Vec::new(), seconds: 60 }).await;
    }
    println!("there is no nightly compiler; the tests have run the same");
    Ok(ExitCode::SUCCESS)
}

fn tell(target: Target, done: &str) {
    println!("{} {:<10} {done}", ink::green("ok"), target.name());
}
