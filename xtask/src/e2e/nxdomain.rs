//! A name that does not exist yet: nothing is asked of the CA until it does.

use std::path::Path;

use anyhow::Result;

use super::not_ordered::{wait_ordered_once, wait_told};
use crate::world::{App, Programs, SAMPLES, Settings, World};

const SHOP: App = SAMPLES[0];

pub(crate) async fn play(programs: &Programs, folder: &Path) -> Result<String> {
    let mut world = World::start(programs, folder, Settings::USUAL).await?;
    let mut zone = world.ask_a_signed_zone().await?;
    world.add(&[SHOP]).await?;
    world.daemon.start().await?;
    let host = SHOP.hosts[0];
    wait_told(&mut world, host, &[host, "does not exist"]).await?;

    zone.has(host, &world.edges()).await?;
    wait_ordered_once(&mut world, SHOP).await?;
    Ok("the name that does not exist is told, with no request to the CA; one order once it does"
        .into())
}
