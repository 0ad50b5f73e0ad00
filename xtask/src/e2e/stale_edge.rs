//! One of two clusters takes in nothing any more: its edge is named, with what it serves, until it does again.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::world::{App, DELIVERY, Programs, SAMPLES, Settings, Stage, Status, World};

const SHOP: App = SAMPLES[0];
/// How long clusters may take here.
const WITHIN: &str = "served_within = \"3s\"";

pub(crate) async fn play(programs: &Programs, folder: &Path) -> Result<String> {
    let mut world = World::start(programs, folder, Settings::USUAL).await?;
    world.daemon.reconfigure("https_port", &format!("{WITHIN}\nhttps_port"))?;
    let host = SHOP.hosts[0];
    world.add(&[SHOP]).await?;
    world.daemon.start().await?;
    let before = world.wait_all_served(&[SHOP]).await?;
    let before = before.first().context("nothing is served")?;
    wait_served(&mut world, host).await?;

    world.cluster(1)?.stall(true);
    let stale = world.cluster(1)?.edge().address();
    world.daemon.tell(&["renew", host]).await?;
    let look = |status: &Status| {
        let served = status.expect(host, Stage::Pushed)?.served.clone();
        let served = served.context("it was not looked at")?;
        ensure!(served.is_late, "clusters have time yet: {served:?}");
        let [wrong] = &served.wrong[..] else { anyhow::bail!("{served:?}") };
        let address = wrong.address.as_deref().unwrap_or_default();
        ensure!(address.starts_with(&format!("{stale}:")), "another edge is named: {wrong:?}");
        ensure!(wrong.what == "another", "it is told otherwise: {wrong:?}");
        Ok(())
    };
    world.daemon.wait_status("the edge is named", DELIVERY, look).await?;
    let said = world.daemon.tell(&["status"]).await?;
    let line = format!("edge: {host} at {stale}:");
    ensure!(said.contains(&line) && said.contains("serves another certificate"), "{said}");

    world.cluster(1)?.stall(false);
    world.wait_replaced(host, before).await?;
    world.daemon.sync().await?;
    wait_served(&mut world, host).await?;
    let said = world.daemon.tell(&["status"]).await?;
    ensure!(!said.contains("edge:"), "it is still named:\n{said}");
    let said = world.daemon.tell(&["explain", host]).await?;
    ensure!(said.contains("s after the push"), "the lag is not told:\n{said}");
    Ok("the edge of a cluster that hangs is named with what it serves, until it serves the new one"
        .into())
}

async fn wait_served(world: &mut World, host: &str) -> Result<()> {
    let look = |status: &Status| status.expect(host, Stage::Served).map(drop);
    world.daemon.wait_status("every edge serves it", DELIVERY, look).await
}
