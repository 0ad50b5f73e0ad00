//! Certificates that live two minutes are renewed three times, and none is ever expired at an edge.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use http::StatusCode;
use tokio::time::Instant;

use crate::proxy::{Effect, Endpoint, Fault, Scope, Times};
use crate::wait::{self, Look};
use crate::world::{CaOptions, CaSettings, Programs, SAMPLES, Settings, World};

const ROUNDS: usize = 3;

const CA: CaSettings =
    CaSettings { profiles: &[("default", Duration::from_secs(120))], ..CaSettings::USUAL };

const SETTINGS: Settings =
    Settings { cas: &[(CA, CaOptions::NONE)], batch: "10s", ..Settings::USUAL };

/// Each round takes half a lifetime and a batch; the rest is for a machine under load.
const LIMIT: Duration = Duration::from_secs(480);

pub(crate) async fn play(programs: &Programs, folder: &Path) -> Result<String> {
    let mut world = World::start(programs, folder, SETTINGS).await?;
    // A CA that suggests when to renew means to spread renewals, and certificates would not stay together.
    world.proxy.inject(Fault {
        scope: Scope::Only(Endpoint::RenewalInfo),
        effect: Effect::answer(StatusCode::NOT_FOUND, &[], "")?,
        times: Times::UntilCleared,
    });
    world.add(&SAMPLES).await?;
    world.daemon.start().await?;
    world.wait_all_served(&SAMPLES).await?;
    let before = world.repository.commits_by_daemon().await?;

    let mut watch = Watch::default();
    let begun = Instant::now();
    wait::until("every certificate is renewed three times", LIMIT, async || {
        world.daemon.check_running()?;
        watch.look(&world).await?;
        Ok(watch.rounds(ROUNDS))
    })
    .await?;
    let took = begun.elapsed().as_secs();

    let commits = world.repository.commits_by_daemon().await? - before;
    ensure!(commits <= ROUNDS, "{ROUNDS} rounds of renewal took {commits} commits");
    Ok(format!(
        "{ROUNDS} rounds in {took} s, {commits} commits, {} looks at the edges",
        watch.looks
    ))
}

/// What the edges have served so far.
#[derive(Default)]
struct Watch {
    serials: BTreeMap<&'static str, BTreeSet<String>>,
    looks: u32,
}

impl Watch {
    /// # Errors
    ///
    /// If an edge serves a certificate that is expired or otherwise no good. Two edges may differ for a moment.
    async fn look(&mut self, world: &World) -> Result<()> {
        for host in SAMPLES.iter().flat_map(|app| app.hosts) {
            for cluster in &world.clusters {
                let edge = cluster.edge();
                let leaf = world.probe.leaf(edge.address(), host).await;
                let leaf = leaf
                    .with_context(|| format!("{} failed a client during renewals", edge.name()))?;
                self.serials.entry(host).or_default().insert(leaf.serial);
            }
        }
        self.looks += 1;
        Ok(())
    }

    fn rounds(&self, wanted: usize) -> Look<()> {
        let rounds =
            self.serials.values().map(|serials| serials.len() - 1).min().unwrap_or_default();
        if rounds >= wanted {
            Look::Done(())
        } else {
            Look::NotYet(format!("{rounds} rounds are complete"))
        }
    }
}
