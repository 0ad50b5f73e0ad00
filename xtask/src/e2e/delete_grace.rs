//! Applications are removed: the Secret of one goes after its grace, in two commits; that of one which comes back in time stays.
//! Then all the rest disappear at once, which a person has to confirm.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::time::Instant;

use crate::wait::{self, Look};
use crate::world::{App, Programs, SAMPLES, Settings, Status, TroubleWith, Unwanted, World};

const GRACE: Duration = Duration::from_secs(20);
const APPLY_WITHIN: Duration = Duration::from_secs(5);

const SETTINGS: Settings = Settings {
    deletion: "grace = \"20s\"\napply_within = \"5s\"\nmax_per_commit = 1\nmax_share = \"70%\"\n",
    ..Settings::USUAL
};

/// The two commits, a poll before each, and what DNS takes.
const PATIENCE: Duration = Duration::from_secs(90);

pub(crate) async fn play(programs: &Programs, folder: &Path) -> Result<String> {
    let [gone, back, other] = SAMPLES;
    let mut world = World::start(programs, folder, SETTINGS).await?;
    world.add(&SAMPLES).await?;
    world.daemon.start().await?;
    let before = world.wait_all_served(&SAMPLES).await?;

    let took = one_goes(&mut world, gone, back).await?;
    let after = world.wait_all_served(&[back, other]).await?;
    ensure!(before.ends_with(&after), "what is wanted was replaced");
    ensure!(
        world
            .repository
            .subjects()
            .await?
            .iter()
            .all(|subject| !subject.contains(back.name) || !is_removal(subject)),
        "what came back was touched"
    );

    all_go(&mut world, &[back, other]).await?;
    let orders = world.proxy.ledger().orders_for(gone.hosts).len();
    ensure!(orders == 1, "{orders} orders were made for what nobody wants");
    Ok(format!(
        "gone {} s after it was removed, with a grace of {} s; one came back and stayed; the rest went once it was said to be meant",
        took.as_secs(),
        GRACE.as_secs()
    ))
}

/// Of two that are removed one comes back; gives how long it took until the other was gone.
async fn one_goes(world: &mut World, gone: App, back: App) -> Result<Duration> {
    leave(world, &[gone, back]).await?;
    let left = Instant::now();
    let both = |status: &Status| {
        unwanted(status, gone)?;
        unwanted(status, back).map(drop)
    };
    world.daemon.wait_status("two are unwanted", GRACE, both).await?;
    world.add(&[back]).await?;

    let let_go = |status: &Status| {
        ensure!(unwanted(status, gone)?.is_let_go, "it is not let go yet");
        Ok(())
    };
    world.daemon.wait_status("it is let go", PATIENCE, let_go).await?;
    ensure!(left.elapsed() >= GRACE, "it was let go {} s after it left", left.elapsed().as_secs());
    ensure!(is_there(world, gone).await?, "it went in one commit");
    wait_gone(world, gone).await?;
    let took = left.elapsed();
    ensure!(took >= GRACE + APPLY_WITHIN, "it was gone after {} s", took.as_secs());
    let subjects = world.repository.subjects().await?;
    let own: Vec<_> = subjects.iter().filter(|subject| is_removal(subject)).collect();
    let secret = format!("{0}/{0}-tls", gone.name);
    let want = [format!("certs: let go of {secret}"), format!("certs: remove {secret}")];
    ensure!(own.iter().eq(&want.each_ref()), "the commits are {own:?}");
    Ok(took)
}

/// Everything is removed at once.
async fn all_go(world: &mut World, apps: &[App]) -> Result<()> {
    leave(world, apps).await?;
    let stopped = |status: &Status| {
        let told = status.trouble(TroubleWith::Deletion).context("nothing is stopped")?;
        ensure!(told.contains("nws-certd prune"), "{told:?} does not say what helps");
        let (one, _) = (unwanted(status, apps[0])?, unwanted(status, apps[1])?);
        ensure!(one.waits_for.as_deref().is_some_and(|what| what.contains("a person")), "{one:?}");
        Ok(())
    };
    world.daemon.wait_status("it is stopped and told", GRACE, stopped).await?;
    let begun = Instant::now();
    wait::until("the grace is over", GRACE * 2, async || {
        world.daemon.check_running()?;
        for app in apps {
            ensure!(is_there(world, *app).await?, "{} went without a person", app.name);
        }
        let is_over = begun.elapsed() > GRACE + APPLY_WITHIN;
        Ok(if is_over { Look::Done(()) } else { Look::NotYet("it is not".into()) })
    })
    .await?;
    world.daemon.wait_status("it is still stopped", GRACE, stopped).await?;
    world.daemon.tell(&["prune", "--confirm"]).await?;
    for app in apps {
        wait_gone(world, *app).await?;
    }
    Ok(())
}

/// Applications are removed, and their names lead elsewhere.
async fn leave(world: &World, apps: &[App]) -> Result<()> {
    for app in apps {
        world.point_away(app).await?;
    }
    let files: Vec<_> = apps.iter().flat_map(App::manifests).map(|(path, _)| path).collect();
    world.repository.remove(&files, "Remove applications").await
}

fn unwanted(status: &Status, app: App) -> Result<&Unwanted> {
    let secret = format!("{}-tls", app.name);
    let mut all = status.unwanted.iter();
    all.find(|one| one.secret == secret).with_context(|| format!("{secret} is not unwanted"))
}

fn is_removal(subject: &str) -> bool {
    ["certs: let go", "certs: remove", "certs: keep"].iter().any(|begin| subject.starts_with(begin))
}

async fn is_there(world: &World, app: App) -> Result<bool> {
    let tip = world.repository.tip()?;
    Ok(!world.repository.list(&tip, &format!("certs/{}", app.name)).await?.is_empty())
}

/// Gone from the branch, and so from the edges.
async fn wait_gone(world: &mut World, app: App) -> Result<()> {
    wait::until(&format!("the Secret of {} is gone", app.name), PATIENCE, async || {
        world.daemon.check_running()?;
        if is_there(world, app).await? {
            return Ok(Look::NotYet("it is there".into()));
        }
        let is_served = world.served(app.hosts[0]).await.is_ok();
        Ok(if is_served { Look::NotYet("it is served".into()) } else { Look::Done(()) })
    })
    .await
}
