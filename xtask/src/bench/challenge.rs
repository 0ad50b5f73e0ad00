//! `cargo xtask bench challenge`: how many validators one core answers, beside what else could answer them.
//!
//! Every server has core 0 for itself, and `wrk` core 1; all are asked by the same script. Rounds are interleaved, since a machine's
//! speed drifts, and what is told are medians.
//!
//! One core's `wrk` gives out before the fastest servers do, and with one connection the way there and back is most of it. So what is
//! compared is how many requests are answered in a second of work of the servers' core; how many were in a second is told beside it.
//!
//! - `nws-challenge` is the listener that the daemon runs, with ten answers in its table and with a million.
//! - `nginx` serves the same bodies as static files, one worker, with `open_file_cache`; with `sendfile` and without, and the better counts.
//! - `HAProxy` puts the token before the thumbprint itself (`http-request return`).
//! - `HAProxy to ...` is an edge before each, on the same core.

mod load;
mod report;
mod servers;

use std::num::{NonZeroU32, NonZeroUsize};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::{ink, tools, workspace};

use load::{Load, Wrk};
use report::Measured;
use servers::{Kind, Server, Servers};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// How long each measurement takes, in seconds
    #[arg(long, default_value = "4")]
    seconds: NonZeroU32,
    /// How many rounds; medians are told
    #[arg(long, default_value = "5")]
    rounds: NonZeroUsize,
    /// How many connections ask at a time
    #[arg(long, value_delimiter = ',', default_value = "1,64")]
    connections: Vec<NonZeroUsize>,
}

/// The core of the servers, and that of who asks them.
const CORES: [usize; 2] = [0, 1];

pub(crate) async fn run(args: Args) -> Result<ExitCode> {
    let cores = std::thread::available_parallelism()?.get();
    ensure!(cores >= 2, "server and client need a core each, and there is {cores}");
    let programs = servers::Programs {
        ours: workspace::build_optimized_bench("nws-challenge", "serve").await?,
        nginx: tools::nginx().await?,
        haproxy: tools::haproxy().await?,
        taskset: tools::taskset().await?,
    };
    let wrk = Wrk::new(tools::wrk().await?, programs.taskset.clone())?;
    let servers = Servers::start(&programs).await?;
    let each = |&connections| Kind::ALL.map(|kind| Measured::new(kind, connections));
    let mut all: Vec<Measured> = args.connections.iter().flat_map(each).collect();
    for round in 1..=args.rounds.get() {
        for one in &mut all {
            let server = servers.of(one.kind);
            one.samples.push(wrk.measure(&load(&args, one, server)).await?);
        }
        println!("{}", ink::dim(format!("round {round} of {}", args.rounds)));
    }
    print!("{}", report::text(&all));
    Ok(ExitCode::SUCCESS)
}

fn load<'a>(args: &Args, one: &Measured, server: &'a Server) -> Load<'a> {
    Load {
        url: &server.url,
        connections: one.connections,
        lasts: Duration::from_secs(args.seconds.get().into()),
        tokens: one.kind.tokens(),
    }
}
