//! One of three addresses has a page for whatever it is asked, as a site's own server has: nothing is asked of the CA until it has not.

use std::path::Path;

use anyhow::Result;

use super::not_ordered::{wait_ordered_once, wait_told};
use crate::world::{App, Programs, SAMPLES, Settings, World};

const SHOP: App = SAMPLES[0];

pub(crate) async fn play(programs: &Programs, folder: &Path) -> Result<String> {
    let mut world = World::start(programs, folder, Settings::USUAL).await?;
    let mut wrong = world.start_third_edge(programs).await?;
    wrong.answer_with_a_page().await?;
    world.add(&[SHOP]).await?;
    world.point_also_to(&SHOP, wrong.address()).await?;
    world.daemon.start().await?;

    let place = format!("{}:", wrong.address());
    let rule = "answers 200 with something else than the key authorization";
    let remedy = "lead /.well-known/acme-challenge/ to nws-certd, before any other rule";
    wait_told(&mut world, SHOP.hosts[0], &[&place, rule, remedy]).await?;

    world.lead_here(&mut wrong).await?;
    wait_ordered_once(&mut world, SHOP).await?;
    Ok("the address that answers with a page is named, with no request to the CA; one order once it was mended".into())
}
