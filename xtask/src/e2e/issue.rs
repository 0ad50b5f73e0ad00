//! Three applications are committed; both edges serve the same certificates.

use std::path::Path;

use anyhow::{Result, ensure};

use crate::world::{Programs, SAMPLES, Settings, World};

pub(crate) async fn play(programs: &Programs, folder: &Path) -> Result<String> {
    let mut world = World::start(programs, folder, Settings::USUAL).await?;
    world.add(&SAMPLES).await?;
    world.daemon.start().await?;

    let leaves = world.wait_all_served(&SAMPLES).await?;
    let [_shop, blog, www_blog, _wiki] = leaves.as_slice() else {
        anyhow::bail!("the samples have {} hosts, not four", leaves.len());
    };
    ensure!(blog == www_blog, "the two hosts of one application have two certificates");
    for cluster in &world.clusters {
        let edge = cluster.edge();
        ensure!(edge.challenges()? > 0, "the CA never came in through {}", edge.name());
    }
    world.daemon.stop().await?;
    Ok(format!("{} hosts, the same certificate on every edge", leaves.len()))
}
