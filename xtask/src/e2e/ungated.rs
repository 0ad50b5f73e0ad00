//! Many orders at a time straight at a CA that locks up for good under them; the daemon says so, and goes on when it is restarted.

use std::path::Path;

use anyhow::{Result, bail, ensure};
use tokio::time::Instant;

use crate::world::{
    App, Certificate, DELIVERY, Programs, Settings, Stage, Status, TroubleWith, WayToCa, World,
};

const SETTINGS: Settings =
    Settings { way: WayToCa::Direct, request: "3s", concurrency: 96, ..Settings::USUAL };

/// So many that a second of orders is a small part of them: what is issued is told about so late.
const APPLICATIONS: usize = 400;

/// With so many certificates issued, a CA that has not hung by itself is hung for good, in the middle of what is left.
const ENOUGH: usize = APPLICATIONS / 4;

/// How often a CA that hangs again after its restart is restarted.
const RESTARTS: u32 = 10;

pub(crate) async fn play(programs: &Programs, folder: &Path) -> Result<String> {
    let mut world = World::start(programs, folder, SETTINGS).await?;
    let apps = App::wave("app", APPLICATIONS);
    world.add(&apps).await?;
    world.daemon.start().await?;
    let how = match issued_or_away(&mut world, ENOUGH).await? {
        Found::Away => "by itself",
        Found::Issued => {
            world.ca.freeze()?;
            let Found::Away = issued_or_away(&mut world, APPLICATIONS).await? else {
                bail!("all is issued, though the CA is stopped");
            };
            "when stopped"
        }
    };
    let issued = issued(&world.daemon.status().await?);
    let (hung, mut restarts) = (Instant::now(), 0);
    loop {
        restarts += 1;
        world.restart_ca().await?;
        world.daemon.wait_status("the CA is said to be back", DELIVERY, back).await?;
        match issued_or_away(&mut world, APPLICATIONS).await? {
            Found::Issued => break,
            Found::Away if restarts < RESTARTS => {}
            Found::Away => bail!("the CA hung again after each of {RESTARTS} restarts"),
        }
    }
    world.wait_all_served(&apps).await?;
    Ok(format!(
        "the CA hung {how} with {issued} of {APPLICATIONS} issued, which was said; all served {} s and {restarts} restarts later",
        hung.elapsed().as_secs()
    ))
}

enum Found {
    /// As many as were asked for.
    Issued,
    Away,
}

/// Waits until so many certificates are issued, or the daemon says that the CA is away.
async fn issued_or_away(world: &mut World, enough: usize) -> Result<Found> {
    let look = |status: &Status| {
        if status.trouble(TroubleWith::Ca).is_some() {
            return Ok(Found::Away);
        }
        let issued = issued(status);
        ensure!(issued >= enough, "{issued} are issued, and the CA is not said to be away");
        Ok(Found::Issued)
    };
    world.daemon.wait_status("enough is issued, or the CA is away", DELIVERY, look).await
}

fn issued(status: &Status) -> usize {
    let done = |certificate: &&Certificate| {
        matches!(certificate.stage, Stage::Issued | Stage::Pushed | Stage::Served)
    };
    status.certificates.iter().filter(done).count()
}

fn back(status: &Status) -> Result<()> {
    let trouble = status.trouble(TroubleWith::Ca);
    ensure!(trouble.is_none(), "there is trouble with the CA: {trouble:?}");
    Ok(())
}
