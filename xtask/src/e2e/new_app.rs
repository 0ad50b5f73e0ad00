//! An application is added while the daemon runs: by polling, and with `sync`.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use tokio::time::Instant;

use crate::world::{App, Programs, SAMPLES, Settings, World};

const POLLED: App = App { name: "forum", hosts: &["forum.example"] };
const SYNCED: App = App { name: "mail", hosts: &["mail.example"] };

pub(crate) async fn play(programs: &Programs, folder: &Path) -> Result<String> {
    let mut world = World::start(programs, folder, Settings::USUAL).await?;
    world.add(&SAMPLES[..1]).await?;
    world.daemon.start().await?;
    world.wait_all_served(&SAMPLES[..1]).await?;

    let polled = until_served(&mut world, POLLED, async |_| Ok(())).await?;
    let synced = until_served(&mut world, SYNCED, async |world| world.daemon.sync().await).await?;
    Ok(format!(
        "from push to served: {:.1} s polling, {:.1} s with sync",
        polled.as_secs_f64(),
        synced.as_secs_f64()
    ))
}

async fn until_served(
    world: &mut World,
    app: App,
    hint: impl AsyncFnOnce(&World) -> Result<()>,
) -> Result<Duration> {
    world.add(&[app]).await?;
    let pushed = Instant::now();
    hint(world).await?;
    world.wait_all_served(&[app]).await?;
    Ok(pushed.elapsed())
}
