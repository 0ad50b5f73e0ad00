//! The git host tells of a push, and it is served in seconds; who cannot sign is not heard.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use http::StatusCode;
use tokio::time::{Instant, sleep};

use crate::world::{App, BRANCH, Programs, SAMPLES, Settings, Signature, World};

/// The daemon looks at the branch when it starts, and then only when it is told.
const SETTINGS: Settings = Settings { poll: "1h", ..Settings::USUAL };

/// Far above what is usual, far below the poll interval.
const SOON: Duration = Duration::from_secs(20);

/// How long the daemon is watched doing nothing; what it is told it acts on within a second.
const WATCHED: Duration = Duration::from_secs(4);

const REPLAYS: u32 = 20;

const UNANNOUNCED: App = App { name: "forum", hosts: &["forum.example"] };

pub(crate) async fn play(programs: &Programs, folder: &Path) -> Result<String> {
    let mut world = World::start(programs, folder, SETTINGS).await?;
    world.daemon.start().await?;
    let served = push_and_tell(&mut world, SAMPLES[0]).await?;
    ensure!(served < SOON, "it took {} s from push to served", served.as_secs());

    let known = world.repository.tip()?;
    world.add(&[UNANNOUNCED]).await?;
    expect(&world, BRANCH, Signature::None, StatusCode::UNAUTHORIZED).await?;
    expect(&world, BRANCH, Signature::WithAnotherSecret, StatusCode::UNAUTHORIZED).await?;
    expect(&world, "another", Signature::Right, StatusCode::OK).await?;
    sleep(WATCHED).await;
    let seen = world.daemon.status().await?.branch.tip;
    ensure!(seen.as_ref() == Some(&known), "the daemon was not told, and saw {seen:?}");

    for _ in 0..REPLAYS {
        expect(&world, BRANCH, Signature::Right, StatusCode::ACCEPTED).await?;
    }
    world.wait_all_served(&[UNANNOUNCED]).await?;
    let again = push_and_tell(&mut world, SAMPLES[1]).await?;
    let commits = world.repository.commits_by_daemon().await?;
    for _ in 0..REPLAYS {
        expect(&world, BRANCH, Signature::Right, StatusCode::ACCEPTED).await?;
    }
    world.daemon.sync().await?;
    let orders = world.proxy.orders();
    ensure!(orders == 3, "{orders} orders were made for three applications");
    let replayed = world.repository.commits_by_daemon().await? - commits;
    ensure!(replayed == 0, "{replayed} commits were made of replays");
    Ok(format!(
        "from push to served in {:.1} s and {:.1} s; unsigned and wrongly signed refused, {REPLAYS} replays twice without effect",
        served.as_secs_f64(),
        again.as_secs_f64()
    ))
}

/// How long it takes from a push that is told of to both edges.
async fn push_and_tell(world: &mut World, app: App) -> Result<Duration> {
    world.add(&[app]).await?;
    let pushed = Instant::now();
    expect(world, BRANCH, Signature::Right, StatusCode::ACCEPTED).await?;
    world.wait_all_served(&[app]).await?;
    Ok(pushed.elapsed())
}

async fn expect(
    world: &World,
    branch: &str,
    signature: Signature,
    status: StatusCode,
) -> Result<()> {
    let answered = world.webhook.tell(branch, signature).await?;
    ensure!(
        answered == status,
        "a push to {branch}, signature {signature:?}, was answered with {answered}, not {status}"
    );
    Ok(())
}
