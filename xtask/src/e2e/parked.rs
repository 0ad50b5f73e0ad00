//! The names of an application lead elsewhere: its renewal fails, ever more rarely, and is parked, which asks nothing of the CA. When
//! they are back, it is renewed by itself, and a client is never shown an expired certificate.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use http::StatusCode;
use tokio::time::Instant;

use crate::clock;
use crate::proxy::{Effect, Endpoint, Fault, Scope, Times};
use crate::wait::{self, Look};
use crate::world::{
    CaOptions, CaSettings, Leaf, Programs, SAMPLES, Settings, Stage, Status, World,
};

/// What is looked at daily is looked at more often where less than eight days are left; so this lives as short as may be.
const CA: CaSettings =
    CaSettings { profiles: &[("default", LIFETIME)], bad_nonces: 0, ..CaSettings::USUAL };

const LIFETIME: Duration = Duration::from_secs(240);

const SETTINGS: Settings = Settings {
    cas: &[(CA, CaOptions::NONE)],
    retry: "validation = [\"1s\", \"2s\", \"4s\"]\npark_after = \"8s\"\n",
    ..Settings::USUAL
};

/// It is renewed when half of it is over.
const FAILED: Duration = LIFETIME;

/// What is parked is looked at when an eighth of what is left has passed, which is less than this or a little more.
const QUIET: Duration = Duration::from_secs(20);

/// Failures before it is parked: at once, after 1, 2 and 4 s, and some of those for what a try takes.
const TRIES: std::ops::RangeInclusive<usize> = 2..=5;

pub(crate) async fn play(programs: &Programs, folder: &Path) -> Result<String> {
    let [app, other, _] = SAMPLES;
    let mut world = World::start(programs, folder, SETTINGS).await?;
    // With it, nothing would be ordered that fails.
    world.daemon.reconfigure("[preflight]\n", "[preflight]\npolicy = \"off\"\n")?;
    // A CA that suggests when to renew may suggest a time that leaves none for what is to be seen here.
    world.proxy.inject(Fault {
        scope: Scope::Only(Endpoint::RenewalInfo),
        effect: Effect::answer(StatusCode::NOT_FOUND, &[], "")?,
        times: Times::UntilCleared,
    });
    world.add(&[app]).await?;
    world.daemon.start().await?;
    let old = world.wait_served(app.hosts[0]).await?;

    let away = world.point_away(&app).await?.to_string();
    let look = |status: &Status| told(status, app.hosts[0], &away);
    world.daemon.wait_status("the application is parked", FAILED, look).await?;
    let tries = world.proxy.ledger().orders_for(app.hosts).len() - 1;
    ensure!(TRIES.contains(&tries), "{tries} orders were made before it was parked");
    let story = world.daemon.explain(app.hosts[0]).await?;
    let chapter = story.certificates.first().context("nothing is explained")?;
    ensure!(chapter.stage == Stage::Parked, "it is explained as {:?}", chapter.stage);

    let looks = quiet(&mut world).await?;
    world.point_here(&app, 0).await?;
    let back = Instant::now();
    let new = world.wait_replaced(app.hosts[0], &old).await?;
    let took = back.elapsed().as_secs();
    in_time(&old, &new)?;
    let orders = world.proxy.ledger().orders_for(app.hosts).len();
    ensure!(orders == tries + 2, "{orders} orders were made in all, {tries} of them failed");

    world.add(&[other]).await?;
    world.wait_all_served(&[other]).await?;
    Ok(format!(
        "parked after {tries} orders that failed; no order in {} s, with DNS looked at {looks} times; renewed {took} s after its name was back",
        QUIET.as_secs()
    ))
}

/// It is parked, with the reason.
fn told(status: &Status, host: &str, away: &str) -> Result<()> {
    let error = status.expect(host, Stage::Parked)?.last_error.as_deref().unwrap_or_default();
    let why = format!("{host} leads to {away}, which is none of edges.addresses");
    ensure!(error.starts_with(&why), "it is parked, and {error:?} does not begin with {why:?}");
    ensure!(error.contains("parked since"), "{error:?} does not say since when");
    Ok(())
}

/// Nobody asks the CA for anything, as often as DNS is looked at, which is at least once; gives how often.
async fn quiet(world: &mut World) -> Result<usize> {
    const LOOKED: &str = "nothing is ordered, as a name has left";
    let asked = |world: &World| {
        [Endpoint::NewOrder, Endpoint::Challenge].map(|endpoint| world.proxy.count(endpoint))
    };
    let (before, begun) = (asked(world), Instant::now());
    let looked = world.daemon.logged(LOOKED)?.len();
    wait::until("it was looked at again while nothing was asked", QUIET * 3, async || {
        world.daemon.check_running()?;
        ensure!(asked(world) == before, "the CA was asked for something that is parked");
        let looks = world.daemon.logged(LOOKED)?.len() - looked;
        let is_over = begun.elapsed() >= QUIET && looks > 0;
        Ok(if is_over { Look::Done(looks) } else { Look::NotYet(format!("{looks} looks")) })
    })
    .await
}

/// What was served did not end meanwhile.
fn in_time(old: &Leaf, new: &Leaf) -> Result<()> {
    ensure!(clock::now() < old.not_after, "{} was replaced after its end", old.serial);
    ensure!(old.not_after < new.not_after, "{} ends no later than {}", new.serial, old.serial);
    Ok(())
}
