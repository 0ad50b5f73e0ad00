//! The account gets a new key: once while orders run, once with the daemon killed in the middle of it. Nothing is ordered twice.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::proxy::{Effect, Endpoint, Fault, Scope, Times};
use crate::wait::{self, Look};
use crate::world::{Account, App, CaOptions, CaSettings, Programs, Settings, Status, World};

/// Each validation takes up to two seconds, so that orders run when the key changes.
const CA: CaSettings = CaSettings { pause: Some(3), ..CaSettings::USUAL };

const SETTINGS: Settings =
    Settings { cas: &[(CA, CaOptions::NONE)], concurrency: 3, request: "5s", ..Settings::USUAL };

const RUNNING: usize = 6;

const BEFORE: App = App { name: "before", hosts: &["before.example"] };
const AFTER: [App; 2] = [
    App { name: "after", hosts: &["after.example"] },
    App { name: "later", hosts: &["later.example"] },
];

const REACHED: Duration = Duration::from_secs(60);

pub(crate) async fn play(programs: &Programs, folder: &Path) -> Result<String> {
    let mut world = World::start(programs, folder, SETTINGS).await?;
    world.add(&[BEFORE]).await?;
    world.daemon.start().await?;
    world.wait_all_served(&[BEFORE]).await?;
    let first = account(&world).await?;

    let running = App::wave("running", RUNNING);
    let challenges = world.proxy.count(Endpoint::Challenge);
    world.add(&running).await?;
    world.daemon.sync().await?;
    asked(&mut world, Endpoint::Challenge, challenges).await?;
    world.daemon.tell(&["account", "rollover"]).await?;
    let unfinished = (1 + RUNNING).saturating_sub(world.proxy.issuance().certificates);
    ensure!(unfinished > 0, "every order was over before the key was changed");
    let second = account(&world).await?;
    is_the_same_with_another_key(&first, &second)?;
    world.wait_all_served(&running).await?;
    world.add(&AFTER[..1]).await?;
    world.wait_all_served(&AFTER[..1]).await?;

    let third = killed_meanwhile(&mut world, &second).await?;
    world.add(&AFTER[1..]).await?;
    world.wait_all_served(&AFTER[1..]).await?;
    ensure!(account(&world).await? == third, "the account changed once more");
    let (orders, expected) = (world.proxy.orders(), 1 + RUNNING + AFTER.len());
    ensure!(orders == expected, "{orders} orders were made for {expected} certificates");
    if let Some(second) = world.proxy.ledger().seconds().first() {
        anyhow::bail!("a second order was made: {second}");
    }
    Ok(format!(
        "changed with {unfinished} of {RUNNING} certificates to come, and over a SIGKILL in the middle; the same account, {orders} orders for {expected} certificates"
    ))
}

async fn account(world: &World) -> Result<Account> {
    Ok(world.daemon.status().await?.account()?.clone())
}

/// A CA finds an account by its key; who asks with the old one is not heard, and whatever is issued from now on is proof of that:
/// Pebble checks challenges and signatures against the one key that an account has.
fn is_the_same_with_another_key(before: &Account, after: &Account) -> Result<()> {
    ensure!(before.url.is_some() && before.url == after.url, "it is another account: {after:?}");
    ensure!(before.thumbprint != after.thumbprint, "the key is the same: {}", after.thumbprint);
    Ok(())
}

async fn asked(world: &mut World, endpoint: Endpoint, before: u64) -> Result<()> {
    wait::until(&format!("{endpoint:?} is asked for"), REACHED, async || {
        world.daemon.check_running()?;
        let now = world.proxy.count(endpoint);
        Ok(if now > before { Look::Done(()) } else { Look::NotYet("it is not".into()) })
    })
    .await
}

/// Kills the daemon while the CA is to change the key; it is changed after the next start, whatever the CA has done of it.
async fn killed_meanwhile(world: &mut World, before: &Account) -> Result<Account> {
    world.proxy.inject(Fault {
        scope: Scope::Only(Endpoint::KeyChange),
        effect: Effect::Hang,
        times: Times::UntilCleared,
    });
    let changes = world.proxy.count(Endpoint::KeyChange);
    let rollover = world.daemon.begin(&["account", "rollover"])?;
    asked(world, Endpoint::KeyChange, changes).await?;
    world.daemon.kill();
    drop(rollover);
    world.proxy.clear_faults();
    world.daemon.start().await?;
    let look = |status: &Status| {
        let now = status.account()?;
        is_the_same_with_another_key(before, now).map(|()| now.clone())
    };
    world.daemon.wait_status("the key is changed after the restart", REACHED, look).await
}
