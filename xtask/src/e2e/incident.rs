//! The CA has to revoke: everything that it issued before an instant is replaced, then what stands in a list, and nothing else.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::time::Instant;

use crate::wait::{self, Look};
use crate::world::{App, Leaf, Programs, Settings, World};
use crate::{clock, files};

const CONCERNED: usize = 40;
const LATER: usize = 4;
const LISTED: usize = 3;

/// Certificates say to the second when they were issued.
const SECOND_IS_OVER: Duration = Duration::from_secs(5);

pub(crate) async fn play(programs: &Programs, folder: &Path) -> Result<String> {
    let mut world = World::start(programs, folder, Settings::USUAL).await?;
    let mut apps = App::wave("app", CONCERNED);
    world.add(&apps).await?;
    world.daemon.start().await?;
    let concerned = world.wait_all_served(&apps).await?;
    let until = after_all(&concerned).await?;
    let later = App::wave("later", LATER);
    world.add(&later).await?;
    world.wait_all_served(&later).await?;
    apps.extend(later);
    let before = world.wait_all_served(&apps).await?;

    let begun = Instant::now();
    let conditions = format!("issuer=pebble,issued-before={}", until.format(&Rfc3339)?);
    incident(&world, &conditions, CONCERNED).await?;
    let replaced = replaced(&mut world, &apps, &before, |at| at < CONCERNED).await?;
    let took = begun.elapsed().as_secs();

    let list = folder.join("serials.txt");
    let serials: String =
        replaced[..LISTED].iter().map(|leaf| leaf.serial.clone() + "\n").collect();
    files::write(&list, format!("# serial numbers\n{serials}"))?;
    incident(&world, &format!("serial-in={}", list.display()), LISTED).await?;
    self::replaced(&mut world, &apps, &replaced, |at| at < LISTED).await?;
    let (orders, expected) = (world.proxy.orders(), 2 * CONCERNED + LATER + LISTED);
    ensure!(orders == expected, "{orders} orders were made, not {expected}");
    Ok(format!(
        "{CONCERNED} of {} replaced in {took} s, each once; then {LISTED} by their serial numbers",
        apps.len()
    ))
}

/// An instant after the begin of all of these, which is over.
async fn after_all(leaves: &[Leaf]) -> Result<OffsetDateTime> {
    let last = leaves.iter().map(|leaf| leaf.not_before).max().context("nothing is served")?;
    let after = last + time::Duration::SECOND;
    wait::until("the second is over", SECOND_IS_OVER, async || {
        Ok(if clock::now() > after { Look::Done(after) } else { Look::NotYet("it is not".into()) })
    })
    .await
}

/// Has everything replaced that meets the conditions, which are so many certificates.
async fn incident(world: &World, conditions: &str, count: usize) -> Result<()> {
    let said = world.daemon.tell(&["renew", "--all", "--where", conditions, "--yes"]).await?;
    let plan = format!("{count} certificates to be replaced");
    ensure!(said.contains(&plan), "`{plan}` is not in the plan: {said}");
    Ok(())
}

/// Waits until those that are chosen are served anew, and makes sure that the others are as they were.
async fn replaced(
    world: &mut World,
    apps: &[App],
    before: &[Leaf],
    is_chosen: impl Fn(usize) -> bool,
) -> Result<Vec<Leaf>> {
    let mut after = Vec::new();
    for (at, (app, before)) in apps.iter().zip(before).enumerate() {
        let host = app.hosts[0];
        if is_chosen(at) {
            after.push(world.wait_replaced(host, before).await?);
        } else {
            let served = world.served(host).await?;
            ensure!(served == *before, "{host} was replaced, and not selected");
            after.push(served);
        }
    }
    Ok(after)
}
