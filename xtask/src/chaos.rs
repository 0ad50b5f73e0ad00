//! `cargo xtask chaos`: the daemon is killed again and again until all is pushed, and nothing may be lost or ordered twice.
//!
//! A seed is one small world: real Pebble, which calls half of all nonces bad, uses valid authorizations again, and hears of
//! each challenge after a random while; fifty applications; and the daemon, killed with SIGKILL after a random life and
//! restarted at once, until the branch has all fifty certificates. One that takes longer than thirty seconds is stuck. The
//! seed decides how long lives and delays are; what the machine makes of them differs a little each time.
//!
//! There are no edges in it: the CA comes in through a front, which tries again what a daemon that is being restarted does not
//! answer, as load balancers do. A validation that finds nobody would fail the order, which is no fault of the daemon's.
//!
//! What is counted is read off the traffic (see [`Ledger`](crate::proxy::Ledger)) and the branch, never asked of the daemon.

mod audit;
mod dice;
mod record;
mod seed;

use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::world::Programs;
use crate::{table, workspace};

use record::{Record, Records};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// How many seeds to run
    #[arg(long, default_value_t = 10)]
    seeds: u64,
    /// The first seed; the same one again replays it
    #[arg(long, default_value_t = 1, conflicts_with = "resume")]
    from: u64,
    /// Go on after the last seed that is recorded in target/xtask/chaos.jsonl
    #[arg(long)]
    resume: bool,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
}

impl Args {
    /// What `cargo xtask test` runs: one seed, the same everywhere.
    pub(crate) fn one() -> Self {
        Self { seeds: 1, from: 1, resume: false, json: false }
    }
}

pub(crate) async fn run(args: Args) -> Result<ExitCode> {
    let records = Records::at(&workspace::target()?.join("xtask/chaos.jsonl"));
    let from =
        if args.resume { records.last_seed()?.map_or(1, |last| last + 1) } else { args.from };
    let programs = Programs::find_or_make().await?;
    let mut all = Vec::new();
    for seed in from..from.saturating_add(args.seeds) {
        let record = seed::run(&programs, seed).await.with_context(|| format!("seed {seed}"))?;
        records.add(&record)?;
        if args.json {
            println!("{}", serde_json::to_string(&record)?);
        } else {
            println!("{record}");
        }
        all.push(record);
    }
    if !args.json {
        println!(
            "\n{}\n\n{}",
            table::render(Record::HEADER, &record::rows(&all)),
            record::goal(&all)
        );
    }
    let good = all.iter().all(Record::is_good);
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
