//! `cargo xtask bench plan`: what it costs to plan for ten thousand to ten million certificates.
//!
//! Each size has a process of its own, and rounds are interleaved; what is told are medians. Times are the processor's for the one
//! thread that plans, so what else the machine does counts little.
//!
//! - `from nothing` is the first plan: when each certificate becomes due, the agenda, and which orders Let's Encrypt's limits let go.
//! - `again` is the next one, after a hundred changes.
//! - `bytes each` is what the process has grown by, so what the planner keeps, names included, and what it has not given back.
//! - `new` is the worst case: nothing has a certificate yet, so all are due, a few go, and the rest is told when.

mod report;

use std::num::NonZeroUsize;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::{ink, process, workspace};

use report::Measured;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// How many certificates there are
    #[arg(long, value_delimiter = ',', default_value = "10000,100000,1000000,10000000")]
    certificates: Vec<NonZeroUsize>,
    /// How many are all new
    #[arg(long, default_value = "1000000")]
    new: NonZeroUsize,
    /// How many rounds; medians are told
    #[arg(long, default_value = "3")]
    rounds: NonZeroUsize,
}

/// For ten million certificates on a slow machine.
const LIMIT: Duration = Duration::from_secs(600);
/// The least that is measured, of which the hundred changes are still a small part.
const LEAST: usize = 2000;

/// What certificates there are.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Mix {
    /// Of all ages, a few of them due.
    Mixed,
    /// None yet.
    New,
}

impl Mix {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Mixed => "mixed",
            Self::New => "new",
        }
    }
}

/// What one run tells.
#[derive(Clone, Copy, Deserialize)]
struct Sample {
    scratch_s: f64,
    again_s: f64,
    bytes: u32,
    go: usize,
    later: usize,
}

pub(crate) async fn run(args: Args) -> Result<ExitCode> {
    let bench = workspace::build_optimized_bench("nws-expiry", "plan").await?;
    let mixed = args.certificates.iter().map(|count| (Mix::Mixed, count.get()));
    let cases: Vec<_> = mixed.chain([(Mix::New, args.new.get())]).collect();
    let least = cases.iter().map(|(_, count)| *count).min().unwrap_or(LEAST);
    anyhow::ensure!(least >= LEAST, "{least} certificates are too few, {LEAST} are the least");
    let mut samples: Vec<Vec<Sample>> = vec![Vec::new(); cases.len()];
    for round in 1..=args.rounds.get() {
        for ((mix, count), samples) in cases.iter().zip(&mut samples) {
            let sample = measure(&bench, *mix, *count).await?;
            let text = format!(
                "round {round}: {count} {}: {:.3} s from nothing, {:.2} ms again, {} bytes each",
                mix.as_str(),
                sample.scratch_s,
                sample.again_s * 1000.0,
                sample.bytes
            );
            println!("{}", ink::dim(text));
            samples.push(sample);
        }
    }
    let measured = cases.iter().zip(&samples);
    let measured: Vec<_> =
        measured.map(|((mix, count), samples)| Measured::of(*mix, *count, samples)).collect();
    print!("{}", report::text(&measured));
    Ok(ExitCode::SUCCESS)
}

async fn measure(bench: &Path, mix: Mix, count: usize) -> Result<Sample> {
    let mut command = process::of_user(bench);
    command.args([mix.as_str(), &count.to_string()]);
    let said = process::output(command, LIMIT).await?;
    serde_json::from_slice(&said).with_context(|| format!("the bench told nothing of {count}"))
}
