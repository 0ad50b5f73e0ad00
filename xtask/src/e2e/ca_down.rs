//! The CA is out of reach, then hangs, while applications wait; it is not hammered, and they are served when it is back.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::time::{Instant, sleep};

use crate::proxy::{Effect, Fault, Scope, Times};
use crate::world::{App, Programs, SAMPLES, Settings, Status, TroubleWith, World};

const CONCURRENCY: u32 = 4;

const SETTINGS: Settings = Settings { request: "3s", concurrency: CONCURRENCY, ..Settings::USUAL };

/// The pauses are 5, 10, 20, 40 s: the CA is asked three times while it refuses, once while it hangs, and once when it is back.
const REFUSED: Duration = Duration::from_secs(30);
const HUNG: Duration = Duration::from_secs(35);

const NOTICED: Duration = Duration::from_secs(60);

const WAITING: usize = 8;

pub(crate) async fn play(programs: &Programs, folder: &Path) -> Result<String> {
    let mut world = World::start(programs, folder, SETTINGS).await?;
    world.add(&SAMPLES[..1]).await?;
    world.daemon.start().await?;
    world.wait_all_served(&SAMPLES[..1]).await?;

    let begun = Instant::now();
    let before = world.proxy.knocks();
    strike(&world, Effect::Refuse);
    let waiting = App::wave("waiting", WAITING);
    world.add(&waiting).await?;
    world.daemon.sync().await?;
    said(&mut world).await?;
    explained(&world, waiting[0].hosts[0]).await?;
    sleep(REFUSED.saturating_sub(begun.elapsed())).await;
    let refused = world.proxy.knocks() - before;

    world.proxy.clear_faults();
    strike(&world, Effect::Hang);
    sleep(HUNG).await;
    said(&mut world).await?;
    let (outage, knocks) = (begun.elapsed(), world.proxy.knocks() - before);
    let (hung, allowed) = (knocks - refused, allowed(outage));
    ensure!(hung > 0, "nothing was asked of the CA while it hung");
    ensure!(
        knocks <= allowed,
        "{knocks} requests were made in an outage of {} s, and {allowed} are plenty",
        outage.as_secs()
    );
    let orders = world.proxy.orders();
    ensure!(orders == 1, "{orders} orders were made, all but one while the CA was away");

    world.proxy.clear_faults();
    let back = Instant::now();
    world.wait_all_served(&waiting).await?;
    let after = back.elapsed().as_secs();
    let orders = world.proxy.orders();
    ensure!(orders == 1 + WAITING, "{orders} orders were made for {} certificates", 1 + WAITING);
    let status = world.daemon.status().await?;
    let trouble = status.trouble(TroubleWith::Ca);
    ensure!(trouble.is_none(), "there is trouble with the CA yet: {trouble:?}");
    Ok(format!(
        "{refused} requests while it refused, {hung} while it hung, {} s in all (at most {allowed}); {WAITING} certificates within {after} s after",
        outage.as_secs()
    ))
}

fn strike(world: &World, effect: Effect) {
    world.proxy.inject(Fault { scope: Scope::Everything, effect, times: Times::UntilCleared });
}

async fn said(world: &mut World) -> Result<()> {
    let look = |status: &Status| {
        status.trouble(TroubleWith::Ca).map(drop).context("no trouble with the CA is reported")
    };
    world.daemon.wait_status("the daemon says that the CA is away", NOTICED, look).await
}

async fn explained(world: &World, host: &str) -> Result<()> {
    let story = world.daemon.explain(host).await?;
    let certificate = story.certificates.first().with_context(|| format!("{host} is unknown"))?;
    let orders = certificate.attempts.iter().filter(|attempt| attempt.order.is_some()).count();
    ensure!(orders == 0, "{host} is explained with {orders} orders, and the CA was never reached");
    Ok(())
}

/// How often a CA may be asked that is away for so long: until it has failed three times in a row, by the orders that were under
/// way by then, and by one request at a time after 5 s, 10 s, 20 s and so on.
fn allowed(outage: Duration) -> u64 {
    const OPENS: u64 = 3;
    let mut pause = Duration::from_secs(5);
    let (mut at, mut probes) = (pause, 0);
    while at <= outage {
        probes += 1;
        pause *= 2;
        at += pause;
    }
    OPENS + u64::from(CONCURRENCY) + probes
}
