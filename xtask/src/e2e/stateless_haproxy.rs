//! No edge knows where the daemon is: HAProxy answers from the thumbprint, and the CA is content.

use std::path::Path;

use anyhow::{Result, ensure};

use crate::world::{Programs, SAMPLES, Settings, World};

pub(crate) async fn play(programs: &Programs, folder: &Path) -> Result<String> {
    let mut world = World::start(programs, folder, Settings::USUAL).await?;
    world.answer_without_daemon().await?;
    world.add(&SAMPLES).await?;
    world.daemon.start().await?;
    world.wait_all_served(&SAMPLES).await?;

    let account = world.daemon.status().await?.account()?.clone();
    let told = world.daemon.tell(&["edge-config", "haproxy-stateless"]).await?;
    ensure!(told.contains(&format!("].{}\"", account.thumbprint)), "another key:\n{told}");
    let url = account.url.unwrap_or_default();
    ensure!(told.contains(&format!("accounturi={url};")), "not the account {url}:\n{told}");
    let mut answered = 0;
    for cluster in &world.clusters {
        let edge = cluster.edge();
        ensure!(edge.challenges()? > 0, "the CA never came in through {}", edge.name());
        ensure!(!edge.told()?.contains(&world.daemon.challenge().to_string()), "it knows where");
        answered += edge.challenges()?;
    }
    Ok(format!("HAProxy answered {answered} requests of the CA, with nobody to ask"))
}
