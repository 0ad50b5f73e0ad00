//! `cargo xtask bench issue`: certificates per second, and CPU per certificate, beside a bare loop of instant-acme.
//!
//! Every run has a world of its own, so a CA without a past: real Pebble that neither sleeps nor refuses nonces nor uses
//! authorizations again, and validates at the client's listener. All clients go through the same proxy, whose gate keeps
//! newOrder apart from what Pebble locks up on; so the gate costs all of them the same. Rounds are interleaved, since a
//! machine's speed drifts, and what is told are medians. Time counts from the first newOrder that reaches the proxy to the last
//! certificate that leaves it; a client's CPU is that of its process and all it starts, from its start to its end.
//!
//! - `nws-certd` is the daemon, its orders, keys and chains made durable in its state; the applications are committed before.
//! - `obtain` is the library it calls, with nothing made durable: the difference is what durability and the daemon cost.
//! - `bare loop` is instant-acme as it comes, over the same connection pool and with the same pauses between looks at an order.
//! - `lego` and `certbot` (with `--peers`) are called for one certificate after the other, as their users do.

mod clients;
mod disk;
mod report;

use std::num::NonZeroUsize;
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::world::Programs;
use crate::{ink, tools, workspace};

use clients::{Client, Load, Sample};
use report::{Level, Measured};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// How many certificates a run makes at most; runs with few orders in flight make fewer
    #[arg(long, default_value = "400")]
    certificates: NonZeroUsize,
    /// How many orders are in flight at a time
    #[arg(long, value_delimiter = ',', default_value = "1,8,32,128")]
    in_flight: Vec<NonZeroUsize>,
    /// How many rounds; medians are told
    #[arg(long, default_value = "3")]
    rounds: NonZeroUsize,
    /// Measure lego and certbot too, and install them if they are missing
    #[arg(long)]
    peers: bool,
    /// Measure what is built as this program is, even if it is not optimized: for trying the bench itself
    #[arg(long)]
    as_built: bool,
}

/// So many certificates for each order in flight, that one waits more for the CA than for the first and the last.
const CERTIFICATES_EACH: usize = 12;

pub(crate) async fn run(args: Args) -> Result<ExitCode> {
    if cfg!(debug_assertions) && !args.as_built {
        return run_optimized(&args).await;
    }
    let programs = Programs::find_or_make().await?;
    let loops = workspace::build_bench("nws-acme", "issue").await?;
    let mut clients = vec![Client::Daemon, Client::Bare(loops.clone()), Client::Obtain(loops)];
    if args.peers {
        for peer in
            [tools::lego().await.map(Client::Lego), tools::certbot().await.map(Client::Certbot)]
        {
            match peer {
                Ok(client) => clients.push(client),
                Err(error) => println!("{} left out: {error:#}", ink::red("peer")),
            }
        }
    }
    let mut levels = Vec::new();
    for &in_flight in &args.in_flight {
        levels.push(level(&programs, &clients, &args, in_flight).await?);
    }
    print!("{}", report::text(&levels, disk::sync_time()?));
    Ok(ExitCode::SUCCESS)
}

/// What is measured, and the proxy in its way, have to be built with optimization; so all is done by a program that is.
async fn run_optimized(args: &Args) -> Result<ExitCode> {
    let in_flight: Vec<_> = args.in_flight.iter().map(ToString::to_string).collect();
    let (certificates, rounds) = (args.certificates.to_string(), args.rounds.to_string());
    let mut words =
        vec!["run", "--quiet", "--release", "--package", "xtask", "--", "bench", "issue"];
    let in_flight = in_flight.join(",");
    words.extend(["--certificates", &certificates, "--rounds", &rounds, "--in-flight", &in_flight]);
    if args.peers {
        words.push("--peers");
    }
    workspace::cargo(&words).await.map(|()| ExitCode::SUCCESS)
}

async fn level(
    programs: &Programs,
    clients: &[Client],
    args: &Args,
    in_flight: NonZeroUsize,
) -> Result<Level> {
    let certificates = args.certificates.get().min(in_flight.get() * CERTIFICATES_EACH);
    let fit = |client: &&Client| in_flight.get() == 1 || !client.is_one_at_a_time();
    let clients: Vec<_> = clients.iter().filter(fit).collect();
    let mut samples: Vec<Vec<Sample>> = vec![Vec::new(); clients.len()];
    for round in 1..=args.rounds.get() {
        for (client, samples) in clients.iter().zip(&mut samples) {
            let load = Load { certificates: client.enough(certificates), in_flight };
            let sample = client.measure(programs, load).await;
            let sample =
                sample.with_context(|| format!("{} with {in_flight} in flight", client.name()))?;
            println!(
                "{}",
                ink::dim(format!(
                    "round {round}: {} with {in_flight} in flight: {sample}",
                    client.name()
                ))
            );
            samples.push(sample);
        }
    }
    let measured =
        clients.iter().zip(&samples).map(|(client, samples)| Measured::of(client.name(), samples));
    Ok(Level { in_flight: in_flight.get(), measured: measured.collect() })
}
