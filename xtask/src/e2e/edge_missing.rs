//! One of three addresses does not lead the challenge path here: nothing is asked of the CA until it does.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::world::{App, DELIVERY, Programs, SAMPLES, Settings, Stage, Status, World};

const SHOP: App = SAMPLES[0];

pub(crate) async fn play(programs: &Programs, folder: &Path) -> Result<String> {
    let mut world = World::start(programs, folder, Settings::USUAL).await?;
    let host = SHOP.hosts[0];
    world.add(&[SHOP]).await?;
    let mut missing = world.add_edge_that_leads_nowhere(programs, host).await?;
    world.daemon.start().await?;

    let place = format!("{host} at {}:", missing.address());
    let look = |status: &Status| {
        let found = status.expect(host, Stage::Preflight)?;
        let said = found.last_error.as_deref().context("it is not said why")?;
        ensure!(said.contains(&place), "another address is named: {said}");
        ensure!(said.contains(missing.name()), "the edge is not named: {said}");
        Ok(())
    };
    world.daemon.wait_status("the edge is named", DELIVERY, look).await?;
    let knocks = world.proxy.knocks();
    ensure!(knocks == 0, "{knocks} requests reached the CA");
    let (code, asked) = world.daemon.ask(&["preflight", host]).await?;
    ensure!(code == Some(1), "preflight ends with {code:?}");
    ensure!(asked.contains(&missing.address().to_string()), "preflight does not name it:\n{asked}");
    let told = world.daemon.tell(&["explain", host]).await?;
    ensure!(told.contains(&place), "explain does not name it:\n{told}");

    world.lead_here(&mut missing).await?;
    world.wait_all_served(&[SHOP]).await?;
    let orders = world.proxy.orders();
    ensure!(orders == 1, "{orders} orders were made");
    Ok("the edge that leads nowhere is named, with no request to the CA; one order once it was mended".into())
}
