//! A certificate whose key is lost is revoked once its successor, with another key, is in place; another is revoked at once.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::wait::{self, Look};
use crate::world::{App, Leaf, Programs, SAMPLES, Settings, Stage, Status, World};

/// Reasons of RFC 5280.
const UNSPECIFIED: u8 = 0;
const KEY_COMPROMISE: u8 = 1;

const REVOKED: Duration = Duration::from_secs(60);

pub(crate) async fn play(programs: &Programs, folder: &Path) -> Result<String> {
    let [lost, given_up, left] = SAMPLES;
    let mut world = World::start(programs, folder, Settings::USUAL).await?;
    world.add(&SAMPLES).await?;
    world.daemon.start().await?;
    let old = world.wait_served(lost.hosts[0]).await?;
    let (other, untouched) =
        (world.wait_served(given_up.hosts[0]).await?, world.wait_served(left.hosts[0]).await?);

    let new = replace(&mut world, lost, &old).await?;
    ensure!(new.key != old.key, "the successor has the key that is lost");
    world.daemon.tell(&["revoke", given_up.hosts[0], "--yes"]).await?;
    revoked(&mut world, &other, UNSPECIFIED).await?;
    world.wait_replaced(given_up.hosts[0], &other).await?;
    world.ca.issued(&new.serial).await?.expect_valid()?;
    world.ca.issued(&untouched.serial).await?.expect_valid()?;
    ensure!(world.served(left.hosts[0]).await? == untouched, "a third certificate was replaced");
    let orders = world.proxy.orders();
    ensure!(orders == 5, "{orders} orders were made for three certificates and two successors");
    Ok("revoked for keyCompromise once every edge served the successor with another key, and not before; another at once".to_owned())
}

/// The successor is kept from the branch for a while, and then from an edge, and the CA is not asked to revoke anything until it is
/// there.
async fn replace(world: &mut World, app: App, old: &Leaf) -> Result<Leaf> {
    let host = app.hosts[0];
    world
        .repository
        .set_hook("pre-receive", "#!/bin/sh\n[ \"$SSH_ORIGINAL_COMMAND\" ] || exit 0\nexit 1\n")?;
    world.daemon.tell(&["revoke", host, "--replace", "--reason", "keyCompromise", "--yes"]).await?;
    let look = |status: &Status| {
        let found = status.expect(host, Stage::Held)?;
        ensure!(found.serial.as_ref() != Some(&old.serial), "the successor is not issued");
        Ok(())
    };
    world.daemon.wait_status("the successor waits to be pushed", REVOKED, look).await?;
    world.ca.issued(&old.serial).await?.expect_valid().context("the successor is not pushed")?;
    ensure!(world.served(host).await? == *old, "the successor is served, and is not pushed");

    world.cluster(1)?.stall(true);
    world.repository.remove_hook("pre-receive")?;
    world.daemon.sync().await?;
    let look = |status: &Status| {
        let told = status.revocations.iter().find(|told| told.serial == old.serial);
        let awaits = told.map(|told| &told.awaits[..]).unwrap_or_default();
        ensure!(awaits.iter().any(|awaited| awaited.contains("every edge")), "{awaits:?}");
        Ok(())
    };
    world.daemon.wait_status("an edge is waited for", REVOKED, look).await?;
    world.ca.issued(&old.serial).await?.expect_valid().context("an edge serves it still")?;

    world.cluster(1)?.stall(false);
    let new = world.wait_replaced(host, old).await?;
    revoked(world, old, KEY_COMPROMISE).await?;
    Ok(new)
}

/// Waits until the CA has revoked a certificate, for this reason, and the daemon says so.
async fn revoked(world: &mut World, leaf: &Leaf, reason: u8) -> Result<()> {
    let serial = &leaf.serial;
    wait::until(&format!("{serial} is revoked"), REVOKED, async || {
        world.daemon.check_running()?;
        let found = world.ca.issued(serial).await?.revoked();
        Ok(if found == Some(reason) { Look::Done(()) } else { Look::NotYet(format!("{found:?}")) })
    })
    .await?;
    let look = |status: &Status| {
        let told = status.revocations.iter().find(|told| told.serial == *serial);
        let told = told.context("no revocation is reported")?;
        told.revoked_at.clone().context("it is not said to be revoked")
    };
    world.daemon.wait_status("the daemon says that it is revoked", REVOKED, look).await.map(drop)
}
