//! The first of two CAs dies in the middle of an order: the second issues, once, and is told of nothing that the first has issued.
//! When the first is back, it is the first again.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::time::Instant;

use crate::clock;
use crate::proxy::CaProxy;
use crate::world::{App, CaOptions, CaSettings, Leaf, Programs, SAMPLES, Settings, World};

/// So short that a renewal cannot wait for a CA that is away as long as this scenario takes. No nonce is refused, so that every
/// request for an order that is was one too many.
const CA: CaSettings = CaSettings {
    profiles: &[("default", Duration::from_secs(60))],
    bad_nonces: 0,
    ..CaSettings::USUAL
};

const SETTINGS: Settings = Settings {
    cas: &[(CA, CaOptions::NONE), (CA, CaOptions::NONE)],
    request: "3s",
    ..Settings::USUAL
};

pub(crate) async fn play(programs: &Programs, folder: &Path) -> Result<String> {
    let [before, during, after] = SAMPLES;
    let mut world = World::start(programs, folder, SETTINGS).await?;
    world.add(&[before]).await?;
    world.daemon.start().await?;
    let old = world.wait_served(before.hosts[0]).await?;
    came_from(&world, before, First).await?;

    let died = die_in_order(&mut world, during).await?;
    world.wait_all_served(&[during]).await?;
    let fell_over = died.elapsed().as_secs();
    came_from(&world, during, Second).await?;
    renewed_elsewhere(&mut world, before, &old).await?;

    world.restart_ca().await?;
    // A poll that sees the application before the CA is asked again would rightly go to the second.
    world.daemon.sync().await?;
    world.add(&[after]).await?;
    world.daemon.sync().await?;
    world.wait_all_served(&[after]).await?;
    came_from(&world, after, First).await?;
    Ok(format!(
        "served by the second CA {fell_over} s after the first died, by one order; renewed there without `replaces`; the first is asked again when it is back"
    ))
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Which {
    First,
    Second,
}

use Which::{First, Second};

/// Kills the first CA when it has been asked to validate, and says when that was.
async fn die_in_order(world: &mut World, app: App) -> Result<Instant> {
    world.add_and_hang_at_challenge(app).await?;
    world.ca.kill();
    world.proxy.clear_faults();
    Ok(Instant::now())
}

/// The certificate for an application was made by one order at this CA, which says that it replaces nothing; the other may have
/// begun one.
async fn came_from(world: &World, app: App, which: Which) -> Result<()> {
    let proxies = [&world.proxy, second(world)?];
    for (proxy, place) in proxies.into_iter().zip([First, Second]) {
        let orders = proxy.ledger().orders_for(app.hosts);
        let finalized = orders.iter().filter(|order| order.finalized).count();
        let expected = usize::from(place == which);
        ensure!(
            finalized == expected && orders.len() <= 1,
            "{}: {} orders at CA {place:?}, {finalized} of them finalized, not {expected}",
            app.name,
            orders.len()
        );
        let replacing = orders.iter().find_map(|order| order.replaces.as_ref());
        ensure!(replacing.is_none(), "{}: an order replaces {replacing:?}", app.name);
    }
    let status = world.daemon.status().await?;
    let told = status.certificate(app.hosts[0]).and_then(|certificate| certificate.ca.as_deref());
    let directory = match which {
        First => world.proxy.directory(),
        Second => second(world)?.directory(),
    };
    ensure!(told == Some(&*directory), "{} is said to come from {told:?}", app.name);
    Ok(())
}

fn second(world: &World) -> Result<&CaProxy> {
    let (proxy, _) = world.fallbacks.first().context("there is no second CA")?;
    Ok(proxy)
}

/// What the dead CA has issued is renewed by the other, in time, which is not told of it.
async fn renewed_elsewhere(world: &mut World, app: App, old: &Leaf) -> Result<()> {
    let new = world.wait_replaced(app.hosts[0], old).await?;
    ensure!(clock::now() < old.not_after, "{} was renewed after the end of what it had", app.name);
    ensure!(new.issuer != old.issuer, "{} was renewed by the CA that is dead", app.name);
    let orders = second(world)?.ledger().orders_for(app.hosts);
    ensure!(orders.len() == 1, "{} orders were made to renew {}", orders.len(), app.name);
    // It would refuse an order that replaces what it never issued, and be asked for another.
    let refused = second(world)?.ledger().refused_for(app.hosts);
    ensure!(refused.is_empty(), "the second CA was asked for what it refused: {refused:?}");
    Ok(())
}
