//! The git host shows another key than the pinned one, then knows our key no more; both are said, and mended from outside.

use std::path::Path;

use anyhow::{Result, ensure};

use crate::world::{App, Programs, SAMPLES, Settings, TroubleWith, World};

/// What an operator has to read in `status`, first what ssh says, then what helps.
const IMPOSTOR: [&str; 2] = ["REMOTE HOST IDENTIFICATION HAS CHANGED", "compare the host's key"];
const UNKNOWN_KEY: [&str; 2] = ["Permission denied (publickey)", "register the public half"];

pub(crate) async fn play(programs: &Programs, folder: &Path) -> Result<String> {
    let [first, second, _] = SAMPLES;
    let mut world = World::start(programs, folder, Settings::USUAL).await?;
    world.add(&[first]).await?;
    world.git_host.pin_another_key().await?;
    world.daemon.start().await?;
    world.daemon.wait_trouble(TroubleWith::Fetch, &IMPOSTOR).await?;
    let status = world.daemon.status().await?;
    ensure!(status.branch.tip.is_none(), "the branch was read from a host of another key");
    world.git_host.pin_own_key()?;
    served(&mut world, first).await?;

    world.git_host.admit_nobody()?;
    world.add(&[second]).await?;
    world.daemon.wait_trouble(TroubleWith::Fetch, &UNKNOWN_KEY).await?;
    world.git_host.admit_deploy_key()?;
    served(&mut world, second).await?;
    let logged = world.daemon.logged("PRIVATE KEY")?;
    ensure!(logged.is_empty(), "there is a private key in the log");
    Ok("another host key and an unknown deploy key are told with what helps; served when mended"
        .into())
}

async fn served(world: &mut World, app: App) -> Result<()> {
    world.daemon.sync().await?;
    world.wait_all_served(&[app]).await?;
    let status = world.daemon.status().await?;
    let trouble = status.trouble(TroubleWith::Fetch);
    ensure!(trouble.is_none(), "there is trouble with fetching yet: {trouble:?}");
    Ok(())
}
