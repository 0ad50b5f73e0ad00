//! Somebody else writes certificates of his own into files of the daemon's. One is served and one is not: the dates of the first are
//! believed once both edges serve it, those of the second never, and it is taken for nothing but a change.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rcgen::{CertifiedKey, generate_simple_self_signed};

use crate::world::{App, DELIVERY, Programs, SAMPLES, Settings, Status, World};

/// What ends in two thousand years, as only somebody else's does.
const FAR: &str = "4096-01-01";

pub(crate) async fn play(programs: &Programs, folder: &Path) -> Result<String> {
    let mut world = World::start(programs, folder, Settings::USUAL).await?;
    world.add(&SAMPLES).await?;
    world.daemon.start().await?;
    let leaves = world.wait_all_served(&SAMPLES).await?;
    let [whole, half, _] = SAMPLES;
    let (orders, commits) = (world.proxy.orders(), world.repository.commits_by_daemon().await?);

    forge(&world, whole, &["tls.crt", "tls.key"]).await?;
    forge(&world, half, &["tls.crt"]).await?;
    world.daemon.sync().await?;
    let known = told(whole, "its certificate is known");
    world.daemon.wait_status("what the edges serve is believed", DELIVERY, known).await?;
    let doubted = told(half, "serves another certificate");
    world.daemon.wait_status("what they do not serve is told", DELIVERY, doubted).await?;
    let status = world.daemon.status().await?;
    ensure!(is_to_last(&status, whole), "{} is not believed", whole.name);
    ensure!(!is_to_last(&status, half), "{} is believed", half.name);
    let after = (world.proxy.orders(), world.repository.commits_by_daemon().await?);
    ensure!(
        after == (orders, commits),
        "{after:?} orders and commits in place of {orders}, {commits}"
    );

    world.daemon.tell(&["renew", half.hosts[0]]).await?;
    world.wait_replaced(half.hosts[0], leaves.get(1).context("it was not served")?).await?;
    let told = world.daemon.explain(half.hosts[0]).await?.faults;
    ensure!(told.is_empty(), "it is still told: {told:?}");
    Ok("one certificate of somebody else's believed once two edges served it, one never; no order for either".into())
}

/// Writes values of a certificate of our own into an application's Secret.
async fn forge(world: &World, app: App, values: &[&str]) -> Result<()> {
    let path = path(app);
    let names: Vec<_> = app.hosts.iter().map(|&host| host.to_owned()).collect();
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names)?;
    world.repository.catch_up().await?;
    let mut text = world.repository.text(&path).await?;
    for (name, pem) in [("tls.crt", cert.pem()), ("tls.key", signing_key.serialize_pem())] {
        if values.contains(&name) {
            let line = format!("  {name}: ");
            let (before, rest) = text.split_once(&line).context("the file has no such value")?;
            let (_, after) = rest.split_once('\n').context("the value does not end")?;
            text = format!("{before}{line}{}\n{after}", BASE64_STANDARD.encode(pem));
        }
    }
    world.repository.commit(&[(path, text)], "Put a certificate of our own in place").await
}

fn path(app: App) -> String {
    format!("certs/{0}/{0}-tls.yaml", app.name)
}

fn is_to_last(status: &Status, app: App) -> bool {
    let found = app.hosts.first().and_then(|host| status.certificate(host));
    found.and_then(|one| one.not_after.as_deref()).is_some_and(|end| end.contains(FAR))
}

/// Whether an application's file is told of in these words.
fn told(app: App, words: &'static str) -> impl Fn(&Status) -> Result<()> {
    move |status| {
        let fault = status.faults.iter().find(|fault| fault.path == path(app));
        let text = &fault.context("it is not told")?.text;
        ensure!(text.contains(words), "it is told otherwise: {text}");
        Ok(())
    }
}
