//! The server refuses pushes; the certificate is held with the server's words, and delivered when they are taken again.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::world::{Programs, SAMPLES, Settings, Stage, Status, TroubleWith, World};

const REFUSAL: &str = "the tree is frozen until monday";

const NOTICED: Duration = Duration::from_secs(60);

pub(crate) async fn play(programs: &Programs, folder: &Path) -> Result<String> {
    let mut world = World::start(programs, folder, Settings::USUAL).await?;
    world.repository.set_hook("pre-receive", &hook())?;
    world.add(&SAMPLES[..1]).await?;
    world.daemon.start().await?;
    let serial = held(&mut world).await?;
    explained(&world).await?;
    // A daemon that starts anew finds the certificate in its outbox, and the server as it was.
    world.daemon.stop().await?;
    world.daemon.start().await?;
    ensure!(held(&mut world).await? == serial, "another certificate is held after a restart");

    world.repository.remove_hook("pre-receive")?;
    world.daemon.sync().await?;
    let served = world.wait_all_served(&SAMPLES[..1]).await?;
    ensure!(served[0].serial == serial, "{serial} was held, and {} is served", served[0].serial);
    let status = world.daemon.status().await?;
    status.expect(SAMPLES[0].hosts[0], Stage::Pushed)?;
    let trouble = status.trouble(TroubleWith::Push);
    ensure!(trouble.is_none(), "there is trouble with pushing yet: {trouble:?}");
    let orders = world.proxy.orders();
    ensure!(orders == 1, "{orders} orders were made for one certificate");
    let refusals = world.daemon.logged(REFUSAL)?.len();
    Ok(format!(
        "held with the server's words over a restart, then delivered; {refusals} refusals in the log, 1 order"
    ))
}

/// A hook for the daemon alone: the developer does not come by ssh.
fn hook() -> String {
    format!("#!/bin/sh\n[ \"$SSH_ORIGINAL_COMMAND\" ] || exit 0\necho '{REFUSAL}' >&2\nexit 1\n")
}

/// Waits until the certificate is held for what the server said, and returns its serial.
async fn held(world: &mut World) -> Result<String> {
    let look = |status: &Status| {
        let certificate = status.expect(SAMPLES[0].hosts[0], Stage::Held)?;
        let reason = certificate.last_error.as_deref().unwrap_or_default();
        ensure!(reason.contains(REFUSAL), "it is held without the server's words: {reason:?}");
        let trouble = status.trouble(TroubleWith::Push).unwrap_or_default();
        ensure!(trouble.contains(REFUSAL), "the trouble is {trouble:?}");
        certificate.serial.clone().context("what is held has no serial")
    };
    world.daemon.wait_status("the certificate is held", NOTICED, look).await
}

async fn explained(world: &World) -> Result<()> {
    let story = world.daemon.explain(SAMPLES[0].hosts[0]).await?;
    let [certificate] = story.certificates.as_slice() else {
        bail!("{} certificates are explained, not one", story.certificates.len());
    };
    ensure!(certificate.stage == Stage::Held, "it is explained as {:?}", certificate.stage);
    let reason = certificate.last_error.as_deref().unwrap_or_default();
    ensure!(reason.contains(REFUSAL), "it is explained without the server's words: {reason:?}");
    Ok(())
}
