//! The CA forgets everything, once at rest and once in the middle of an order; the daemon registers again with the same key.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::time::Instant;

use crate::world::{Account, App, Programs, SAMPLES, Settings, World};

const SETTINGS: Settings = Settings { request: "3s", ..Settings::USUAL };

pub(crate) async fn play(programs: &Programs, folder: &Path) -> Result<String> {
    let [first, at_rest, in_order] = SAMPLES;
    let mut world = World::start(programs, folder, SETTINGS).await?;
    world.add(&[first]).await?;
    world.daemon.start().await?;
    let served = world.wait_all_served(&[first]).await?;
    let before = account(&world).await?;

    world.restart_ca().await?;
    world.add(&[at_rest]).await?;
    world.wait_all_served(&[at_rest]).await?;
    let again = account(&world).await?;
    ensure!(again.thumbprint == before.thumbprint, "the account's key is another one");
    ensure!(again.url != before.url, "the CA has not forgotten {:?}", before.url);
    let orders = world.proxy.orders();
    ensure!(orders == 2, "{orders} orders were made for two certificates");

    let after = lose_in_order(&mut world, in_order).await?;
    let orders = world.proxy.orders();
    ensure!(orders == 4, "{orders} orders were made for three certificates, one of them lost");
    ensure!(account(&world).await?.thumbprint == before.thumbprint, "the key is another one");
    ensure!(world.wait_all_served(&[first]).await? == served, "another certificate is served");
    Ok(format!(
        "registered again with the same key, twice; the order that was lost with the account made anew, and served after {} s",
        after.as_secs()
    ))
}

/// Restarts the CA while it is to hear of a challenge, and says how long after that the certificate is served.
async fn lose_in_order(world: &mut World, app: App) -> Result<Duration> {
    world.add_and_hang_at_challenge(app).await?;
    world.restart_ca().await?;
    world.proxy.clear_faults();
    let lost = Instant::now();
    world.wait_all_served(&[app]).await?;
    Ok(lost.elapsed())
}

async fn account(world: &World) -> Result<Account> {
    let account = world.daemon.status().await?.account()?.clone();
    account.url.as_ref().context("there is no account")?;
    Ok(account)
}
