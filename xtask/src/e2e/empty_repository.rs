//! The daemon starts on a repository without any commit; the first application begins it.

use std::path::Path;

use anyhow::{Result, ensure};

use crate::world::{Beginning, Programs, SAMPLES, Settings, World};

const SETTINGS: Settings = Settings { beginning: Beginning::NoCommit, ..Settings::USUAL };

pub(crate) async fn play(programs: &Programs, folder: &Path) -> Result<String> {
    let mut world = World::start(programs, folder, SETTINGS).await?;
    world.daemon.start().await?;
    world.daemon.sync().await?;
    let status = world.daemon.status().await?;
    ensure!(status.branch.tip.is_none(), "the branch is at {:?} before it is", status.branch.tip);
    ensure!(status.troubles.is_empty(), "an empty repository is trouble: {:?}", status.troubles);
    ensure!(status.certificates.is_empty(), "an empty repository wants certificates");

    world.add(&SAMPLES[..1]).await?;
    world.wait_all_served(&SAMPLES[..1]).await?;
    let (commits, ours) =
        (world.repository.whole_history().await?, world.repository.commits_by_daemon().await?);
    ensure!((commits, ours) == (2, 1), "{commits} commits are there, {ours} of them the daemon's");
    Ok("no trouble without a commit; the first application's commit and the daemon's are all"
        .into())
}
