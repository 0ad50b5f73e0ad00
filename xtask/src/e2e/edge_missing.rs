//! One of three addresses does not lead the challenge path here: nothing is asked of the CA until it does.

use std::path::Path;

use anyhow::Result;

use super::not_ordered::{wait_ordered_once, wait_told};
use crate::world::{App, Programs, SAMPLES, Settings, World};

const SHOP: App = SAMPLES[0];

pub(crate) async fn play(programs: &Programs, folder: &Path) -> Result<String> {
    let mut world = World::start(programs, folder, Settings::USUAL).await?;
    let mut missing = world.start_third_edge(programs).await?;
    world.lead_nowhere(&mut missing).await?;
    world.add(&[SHOP]).await?;
    world.point_also_to(&SHOP, missing.address()).await?;
    world.daemon.start().await?;

    let place = format!("{}:", missing.address());
    wait_told(&mut world, SHOP.hosts[0], &[&place, missing.name(), "answers 503"]).await?;

    world.lead_here(&mut missing).await?;
    wait_ordered_once(&mut world, SHOP).await?;
    Ok("the edge that leads nowhere is named, with no request to the CA; one order once it was mended".into())
}
