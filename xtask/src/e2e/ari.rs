//! The CA moves renewals (RFC 9773): one into the past, which is made at once and says what it replaces; one into the future,
//! which is left alone. Both are explained with the CA's page.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use http::StatusCode;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::time::Instant;

use crate::clock;
use crate::proxy::{Effect, Endpoint, Fault, Scope, Times};
use crate::wait::{self, Look};
use crate::world::{Leaf, Programs, SAMPLES, Settings, World};

const EXPLANATION: &str = "https://ca.example/why";

const ASKED: Duration = Duration::from_secs(60);

/// The CA is asked again after a minute.
const TOLD: Duration = Duration::from_secs(120);

pub(crate) async fn play(programs: &Programs, folder: &Path) -> Result<String> {
    let [past, future, _] = SAMPLES;
    let (past_host, future_host) = (past.hosts[0], future.hosts[0]);
    let mut world = World::start(programs, folder, Settings::USUAL).await?;
    ask_again_soon(&world, 2)?;
    world.add(&[past, future]).await?;
    world.daemon.start().await?;
    let (old, left) = (world.wait_served(past_host).await?, world.wait_served(future_host).await?);
    asked_about(&mut world, 2).await?;
    let orders = world.proxy.orders();
    ensure!(orders == 2, "{orders} orders were made before the CA wanted anything renewed");

    let now = clock::now();
    world.ca.set_renewal_info(&left.serial, &info(now, 24)?).await?;
    world.ca.set_renewal_info(&old.serial, &info(now, -24)?).await?;
    let begun = Instant::now();
    let new = world.wait_replaced(past_host, &old).await?;
    let took = begun.elapsed().as_secs();
    replaced(&world, past_host, &old, &new)?;
    explained(&world, future_host).await?;
    ensure!(world.served(future_host).await? == left, "{future_host} was renewed before its time");
    let orders = world.proxy.orders();
    ensure!(orders == 3, "{orders} orders were made for two certificates and one renewal");
    Ok(format!(
        "moved into the past, and served anew {took} s later with `replaces`; moved to tomorrow, and explained with {EXPLANATION}"
    ))
}

/// Of each certificate the CA says first that there is time, and that it may be asked again after a minute.
fn ask_again_soon(world: &World, certificates: u32) -> Result<()> {
    let headers = [(RETRY_AFTER, "60"), (CONTENT_TYPE, "application/json")];
    let body = info(clock::now(), 30 * 24)?;
    world.proxy.inject(Fault {
        scope: Scope::Only(Endpoint::RenewalInfo),
        effect: Effect::answer(StatusCode::OK, &headers, &body)?,
        times: Times::Count(certificates),
    });
    Ok(())
}

async fn asked_about(world: &mut World, certificates: u64) -> Result<()> {
    wait::until("the CA is asked when to renew", ASKED, async || {
        world.daemon.check_running()?;
        let asked = world.proxy.count(Endpoint::RenewalInfo);
        Ok(if asked >= certificates { Look::Done(()) } else { Look::NotYet(format!("{asked}")) })
    })
    .await
}

/// A window of an hour that begins so many hours after `now`.
fn info(now: OffsetDateTime, hours: i64) -> Result<String> {
    let start = now + time::Duration::hours(hours);
    let (start, end) = (start.format(&Rfc3339)?, (start + time::Duration::HOUR).format(&Rfc3339)?);
    let window = json!({"start": start, "end": end});
    Ok(json!({"suggestedWindow": window, "explanationURL": EXPLANATION}).to_string())
}

fn replaced(world: &World, host: &str, old: &Leaf, new: &Leaf) -> Result<()> {
    let serial = |leaf: &Leaf| leaf.serial.trim_start_matches('0').to_owned();
    let orders = world.proxy.ledger().orders_for(&[host]);
    let order = orders.iter().find(|order| order.serial.as_ref() == Some(&serial(new)));
    let order = order.with_context(|| format!("no order brought {}", new.serial))?;
    // Pebble finds no certificate again whose serial number has a leading zero for its sign, and is asked once more without it.
    let refused = world.proxy.ledger().refused_for(&[host]);
    ensure!(
        refused.iter().chain([order]).any(|one| one.replaced_serial() == Some(serial(old))),
        "the order for what replaces {} says {:?}",
        old.serial,
        order.replaces
    );
    let told = world.daemon.logged("the CA moved the renewal")?;
    let told = told.iter().any(|line| line.contains(host) && line.contains(EXPLANATION));
    ensure!(told, "it is not logged that the CA moved the renewal of {host}, and why");
    Ok(())
}

async fn explained(world: &World, host: &str) -> Result<()> {
    wait::until("the CA's explanation is shown", TOLD, async || {
        let story = world.daemon.explain(host).await?;
        let urls = story.certificates.iter().filter_map(|one| one.explanation_url.as_deref());
        let urls: Vec<_> = urls.collect();
        Ok(if urls == [EXPLANATION] { Look::Done(()) } else { Look::NotYet(format!("{urls:?}")) })
    })
    .await
}
