//! The CA hangs in the middle of an order, at each of its steps; the order goes on by its URL, and is the only one.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::time::Instant;

use crate::proxy::{Effect, Endpoint, Fault, Scope, Times};
use crate::world::{App, Programs, Settings, Status, TroubleWith, World};

const SETTINGS: Settings = Settings { request: "3s", ..Settings::USUAL };

/// After a few requests that nobody answered.
const NOTICED: Duration = Duration::from_secs(90);

const STEPS: [(Endpoint, App); 5] = [
    (Endpoint::Authorization, App { name: "shop", hosts: &["shop.example"] }),
    (Endpoint::Challenge, App { name: "blog", hosts: &["blog.example"] }),
    (Endpoint::Order, App { name: "wiki", hosts: &["wiki.example"] }),
    (Endpoint::Finalize, App { name: "forum", hosts: &["forum.example"] }),
    (Endpoint::Certificate, App { name: "mail", hosts: &["mail.example"] }),
];

pub(crate) async fn play(programs: &Programs, folder: &Path) -> Result<String> {
    let mut world = World::start(programs, folder, SETTINGS).await?;
    world.daemon.start().await?;
    let mut told = Vec::new();
    for (step, app) in STEPS {
        let after = hang(&mut world, step, app).await.with_context(|| format!("{step:?} hung"))?;
        told.push(format!("{step:?} {} s", after.as_secs()));
    }
    Ok(format!(
        "one order each; served after the CA answered again: {}",
        told.join(", ").to_lowercase()
    ))
}

/// How long it takes until the certificate is served, once the CA answers again.
async fn hang(world: &mut World, step: Endpoint, app: App) -> Result<Duration> {
    let orders = world.proxy.orders();
    world.proxy.inject(Fault {
        scope: Scope::Only(step),
        effect: Effect::Hang,
        times: Times::UntilCleared,
    });
    world.add(&[app]).await?;
    let look = |status: &Status| {
        status.trouble(TroubleWith::Ca).context("no trouble with the CA is reported")?;
        let certificate = status.certificate(app.hosts[0]).context("it is not known")?;
        certificate.last_error.clone().context("no error is reported")
    };
    world.daemon.wait_status("the daemon says that the CA is away", NOTICED, look).await?;
    world.proxy.clear_faults();
    let back = Instant::now();
    world.wait_all_served(&[app]).await?;

    let made = world.proxy.orders() - orders;
    ensure!(made == 1, "{made} orders were made for one certificate");
    let story = world.daemon.explain(app.hosts[0]).await?;
    let attempts = story.certificates.iter().flat_map(|certificate| &certificate.attempts);
    let failed = attempts.clone().filter(|attempt| attempt.error.is_some()).count();
    ensure!(failed > 0, "no attempt is explained with an error");
    let urls: BTreeSet<_> = attempts.filter_map(|attempt| attempt.order.as_deref()).collect();
    ensure!(urls.len() == 1, "the attempts are explained with the orders {urls:?}");
    Ok(back.elapsed())
}
