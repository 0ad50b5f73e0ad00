//! `cargo xtask e2e`: scenarios on real parts, several at a time.

mod account_lost;
mod adopt;
mod ari;
mod ari_broken;
mod bad_manifest;
mod budget;
mod bundle_split;
mod ca_away;
mod ca_down;
mod ca_fallback;
mod ca_hangs_mid_order;
mod caa_forbids;
mod cert_manager;
mod delete_grace;
mod discover_all_kinds;
mod dnssec_bogus;
mod eab;
mod edge_missing;
mod edge_wrong_body;
mod edited;
mod empty_repository;
mod https_token;
mod incident;
mod ipv6_broken;
mod issue;
mod leak_guard;
mod lint;
mod lost_race;
mod mirror_lost;
mod new_app;
mod not_ordered;
mod nxdomain;
mod parked;
mod plain_to_sealed;
mod profile;
mod push_refused;
mod rate_limited;
mod redirect_central;
mod renew;
mod report;
mod reseal;
mod restart;
mod revoke_replace;
mod rollover;
mod rotate_key;
mod scenario;
mod scenarios;
mod sealed_two_clusters;
mod signed_commits;
mod sops_flux;
mod ssh;
mod stale_edge;
mod state_lost;
mod state_lost_sealed;
mod stateless_haproxy;
mod tenant_conflict;
mod trial;
mod two_repositories;
mod two_targets;
mod ungated;
mod webhook;

use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::thread::available_parallelism;

use anyhow::Result;
use futures_util::StreamExt;
use futures_util::stream;

use crate::world::Programs;

pub(crate) use trial::world_folder;

use scenario::Tag;
use scenarios::SCENARIOS;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Scenarios to run; without names, those tagged `core`
    names: Vec<String>,
    /// Run every scenario, those tagged `full` too
    #[arg(long, conflicts_with = "names")]
    all: bool,
    /// Only show which scenarios there are
    #[arg(long)]
    list: bool,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
    /// How many scenarios run at a time [default: two a processor, at least 2 and at most 4]
    #[arg(long)]
    jobs: Option<NonZeroUsize>,
}

impl Args {
    /// What `cargo xtask test` runs.
    pub(crate) fn core() -> Self {
        Self { names: Vec::new(), all: false, list: false, json: false, jobs: None }
    }
}

pub(crate) async fn run(args: Args) -> Result<ExitCode> {
    let chosen =
        scenario::choose(&SCENARIOS, &args.names, if args.all { Tag::Full } else { Tag::Core })?;
    let report = if args.json { report::json } else { report::human };
    if args.list {
        print!("{}", report::list(&chosen));
        return Ok(ExitCode::SUCCESS);
    }
    let programs = Programs::find_or_make().await?;
    let jobs = args.jobs.map_or_else(default_jobs, NonZeroUsize::get);
    // All in this one task: processes end with the thread that started them, and this is the main one.
    let mut running = stream::iter(chosen.into_iter().map(|scenario| scenario.try_out(&programs)))
        .buffer_unordered(jobs);
    let mut code = ExitCode::SUCCESS;
    while let Some(outcome) = running.next().await {
        report(&outcome);
        if outcome.result.is_err() {
            code = ExitCode::FAILURE;
        }
    }
    Ok(code)
}

/// A scenario mostly waits, so more of them run than there are processors.
fn default_jobs() -> usize {
    available_parallelism().map_or(2, |processors| (processors.get() * 2).clamp(2, 4))
}
