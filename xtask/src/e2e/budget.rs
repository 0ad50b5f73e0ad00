//! What the CA allows is counted beforehand: it never has to refuse, over a restart too, and whoever waits is told when.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::time::Instant;

use crate::proxy::Endpoint;
use crate::world::{App, CaOptions, CaSettings, Programs, Settings, Stage, Status, World};

/// Requests are counted here, so no nonce is refused.
const CA: CaSettings = CaSettings { bad_nonces: 0, ..CaSettings::USUAL };

/// Five at once, one more each six seconds; one of five is for renewals.
const LIMITS: CaOptions = CaOptions {
    limits: Some("{ new_orders = \"5/30s\", renewals = \"free\" }"),
    ..CaOptions::NONE
};
const AT_ONCE: usize = 4;
const EVERY: Duration = Duration::from_secs(6);

const SETTINGS: Settings = Settings { cas: &[(CA, LIMITS)], ..Settings::USUAL };

const APPS: usize = 9;
const NOTICED: Duration = Duration::from_secs(60);

pub(crate) async fn play(programs: &Programs, folder: &Path) -> Result<String> {
    let mut world = World::start(programs, folder, SETTINGS).await?;
    world.proxy.allow(5, EVERY);
    world.daemon.start().await?;
    let (apps, begun) = (App::wave("shop", APPS), Instant::now());
    world.add(&apps).await?;
    world.daemon.sync().await?;
    let look = |status: &Status| {
        let waiting = apps.iter().filter(|app| status.expect(app.hosts[0], Stage::Waiting).is_ok());
        ensure!(
            waiting.count() + AT_ONCE + 2 >= APPS,
            "others wait than those it is not enough for"
        );
        let waits = |app: &&App| status.expect(app.hosts[0], Stage::Waiting).is_ok();
        apps.iter().find(waits).map(|app| app.hosts[0]).context("nothing waits")
    };
    let waiting = world.daemon.wait_status("what is too much waits", NOTICED, look).await?;
    told(&world, waiting).await?;

    world.daemon.kill();
    world.daemon.start().await?;
    world.wait_all_served(&apps).await?;
    let took = begun.elapsed();
    let (refused, orders) = (world.proxy.refused(), world.proxy.count(Endpoint::NewOrder));
    ensure!(refused == 0, "the CA had to refuse {refused} orders");
    let least = EVERY * u32::try_from(APPS - AT_ONCE - 1)?;
    ensure!(took >= least, "{APPS} orders within {took:?}, where {least:?} are needed");
    Ok(format!(
        "{APPS} certificates in {} s where {AT_ONCE} orders are to be had at once and one each {} s; {orders} asked for, none refused, over a SIGKILL",
        took.as_secs(),
        EVERY.as_secs()
    ))
}

/// Whoever waits is told for what and until when, now and for another time.
async fn told(world: &World, host: &str) -> Result<()> {
    let plan = world.daemon.tell(&["plan"]).await?;
    let line = plan.lines().find(|line| line.starts_with(host)).context("it is not in the plan")?;
    ensure!(line.contains("new orders"), "it is not told what it waits for: {line}");
    ensure!(plan.contains("5/30s"), "what is allowed is not told:\n{plan}");
    ensure!(plan.contains("next wake-up"), "when it goes on is not told:\n{plan}");
    let later = world.daemon.tell(&["plan", "--at", "+1h"]).await?;
    let line = later.lines().find(|line| line.starts_with(host)).unwrap_or_default();
    ensure!(!line.contains("new orders"), "it waits an hour later, too: {line}");
    Ok(())
}
