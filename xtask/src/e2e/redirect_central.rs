//! Edges send the CA to one central host, which answers for all of them.

use std::path::Path;

use anyhow::{Result, ensure};

use crate::world::{Programs, SAMPLES, Settings, World};

const CENTRAL: &str = "acme.platform.example";

pub(crate) async fn play(programs: &Programs, folder: &Path) -> Result<String> {
    let mut world = World::start(programs, folder, Settings::USUAL).await?;
    let central = world.answer_centrally(programs, CENTRAL).await?;
    world.add(&SAMPLES).await?;
    world.daemon.start().await?;
    world.wait_all_served(&SAMPLES).await?;

    let mut sent = 0;
    for cluster in &world.clusters {
        let edge = cluster.edge();
        ensure!(edge.challenges()? > 0, "the CA never came in through {}", edge.name());
        sent += edge.challenges()?;
    }
    let answered = central.challenges()?;
    ensure!(answered == sent, "the edges sent {sent} requests on, and {answered} came");
    Ok(format!("{sent} requests of the CA came in at the edges and were answered by {CENTRAL}"))
}
