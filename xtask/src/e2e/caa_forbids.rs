//! Names whose owner lets another CA issue, then another account: nothing is ordered, and the record to add is told, until it is there.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::world::{App, CAA_IDENTITY, DELIVERY, Programs, SAMPLES, Settings, Status, World};

/// Two hosts, one below the other.
const BLOG: App = SAMPLES[1];

pub(crate) async fn play(programs: &Programs, folder: &Path) -> Result<String> {
    let mut world = World::start(programs, folder, Settings::USUAL).await?;
    let owner = BLOG.hosts[0];
    world.add(&[BLOG]).await?;
    world.let_issue(owner, Some("other-ca.example")).await?;
    world.daemon.start().await?;
    let record = format!("{owner}. CAA 0 issue \"{CAA_IDENTITY}");
    for host in BLOG.hosts {
        told(&mut world, &[host, "let only other-ca.example issue", &record]).await?;
    }

    let another = format!("{CAA_IDENTITY}; accounturi=https://ca.example/acct/1");
    world.let_issue(owner, Some(&another)).await?;
    world.daemon.tell(&["renew", owner]).await?;
    let record = format!("{record}; accounturi=");
    let (code, asked) = world.daemon.ask(&["preflight", owner]).await?;
    ensure!(code == Some(1) && asked.contains(&record), "preflight ends with {code:?}:\n{asked}");
    told(&mut world, &["names another account: https://ca.example/acct/1", &record]).await?;
    let orders = world.proxy.orders();
    ensure!(orders == 0, "{orders} orders were made");

    world.let_issue(owner, Some(CAA_IDENTITY)).await?;
    world.daemon.tell(&["renew", owner]).await?;
    world.wait_all_served(&[BLOG]).await?;
    let orders = world.proxy.orders();
    ensure!(orders == 1, "{orders} orders were made");
    Ok("another CA's and another account's CAA record are told with the record to add; one order once it is there".into())
}

/// It is told why the CA is not asked, in all these words.
async fn told(world: &mut World, words: &[&str]) -> Result<()> {
    let look = |status: &Status| {
        let met = status.obstacles().find(|one| one.kind == "caa").context("nothing is told")?;
        let missing = words.iter().find(|word| !met.detail.contains(**word));
        ensure!(missing.is_none(), "{missing:?} is not said: {}", met.detail);
        Ok(())
    };
    world.daemon.wait_status("it is told who may issue", DELIVERY, look).await
}
