//! A zone was changed and not signed again: what it says fails DNSSEC, and nothing is asked of the CA until it is mended.

use std::path::Path;

use anyhow::Result;

use super::not_ordered::{wait_ordered_once, wait_told};
use crate::world::{App, Programs, SAMPLES, Settings, World};

const SHOP: App = SAMPLES[0];

pub(crate) async fn play(programs: &Programs, folder: &Path) -> Result<String> {
    let mut world = World::start(programs, folder, Settings::USUAL).await?;
    let mut zone = world.ask_a_signed_zone().await?;
    let host = SHOP.hosts[0];
    zone.has_unsigned(host, &world.edges()).await?;
    world.add(&[SHOP]).await?;
    world.daemon.start().await?;
    wait_told(&mut world, host, &[host, "fails DNSSEC, so that no CA takes its records"]).await?;

    zone.has(host, &world.edges()).await?;
    wait_ordered_once(&mut world, SHOP).await?;
    Ok("told as DNSSEC that fails, and not as servers that do, with no request to the CA; one order once it was signed".into())
}
