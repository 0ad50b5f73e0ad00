//! Three applications are committed; both edges serve the same certificates.

use std::path::Path;

use anyhow::{Result, ensure};

use crate::world::{Programs, SAMPLES, Settings, Stage, World};

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
    explained(&world).await?;
    world.daemon.stop().await?;
    Ok(format!("{} hosts, the same certificate on every edge", leaves.len()))
}

/// The story of a host ends at the edges, which serve what was pushed.
async fn explained(world: &World) -> Result<()> {
    let host = SAMPLES[0].hosts[0];
    let status = world.daemon.status().await?;
    let fingerprint = status.expect(host, Stage::Pushed)?.fingerprint.as_ref();
    let edges = world.daemon.explain(host).await?.edges;
    ensure!(edges.len() == world.clusters.len(), "{host} is explained with the edges {edges:?}");
    for edge in edges {
        ensure!(
            edge.error.is_none() && edge.fingerprint.as_ref() == fingerprint,
            "{fingerprint:?} was pushed, and {} is explained with {:?}, {:?}",
            edge.address,
            edge.fingerprint,
            edge.error
        );
    }
    Ok(())
}
