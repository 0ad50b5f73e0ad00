//! The daemon is killed after issuing, before pushing; the same certificate is pushed later.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::proxy::Endpoint;
use crate::wait::{self, Look};
use crate::world::{Programs, SAMPLES, Settings, Stage, Status, World};

/// Issued certificates wait here for company until the daemon is killed.
const SETTINGS: Settings = Settings { batch: "90s", ..Settings::USUAL };

const ISSUING: Duration = Duration::from_secs(60);

pub(crate) async fn play(programs: &Programs, folder: &Path) -> Result<String> {
    let mut world = World::start(programs, folder, SETTINGS).await?;
    world.add(&SAMPLES).await?;
    world.daemon.start().await?;
    let issued = wait::until("every certificate is issued", ISSUING, async || {
        world.daemon.check_running()?;
        Ok(all_issued(&world.daemon.status().await?))
    })
    .await?;
    world.daemon.kill();
    ensure!(
        world.repository.commits_by_daemon().await? == 0,
        "the daemon had already pushed when it was killed"
    );
    let orders = world.proxy.count(Endpoint::NewOrder);

    world.daemon.reconfigure(r#"batch = "90s""#, r#"batch = "1s""#)?;
    world.daemon.start().await?;
    for (host, serial) in issued {
        let served = world.wait_served(host).await?.serial;
        ensure!(
            served == serial,
            "{host}: {serial} was issued before the kill, and {served} is served after it"
        );
    }
    let ordered = world.proxy.count(Endpoint::NewOrder) - orders;
    ensure!(ordered == 0, "{ordered} orders were made again after the kill");
    Ok("the certificates from before the kill are served, nothing was ordered again".to_owned())
}

/// The serial of each host's certificate, once all are issued.
fn all_issued(status: &Status) -> Look<Vec<(&'static str, String)>> {
    let hosts = SAMPLES.iter().flat_map(|app| app.hosts);
    let serials = hosts.map(|host| {
        let certificate =
            status.certificate(host).with_context(|| format!("{host} is not known yet"))?;
        ensure!(certificate.stage == Stage::Issued, "{host} is {:?}", certificate.stage);
        let serial = certificate.serial.clone();
        Ok((*host, serial.with_context(|| format!("{host} is issued without a serial"))?))
    });
    Look::from(serials.collect::<Result<_>>())
}
