//! What scenarios of pre-flight have in common: as long as a CA would refuse, it is told why, and the CA hears nothing.

use anyhow::{Context, Result, ensure};

use crate::world::{App, DELIVERY, Stage, Status, World};

/// Waits until it is told what keeps a host from being ordered, all these words, wherever one asks; nobody has asked the CA for anything.
pub(super) async fn wait_told(world: &mut World, host: &str, words: &[&str]) -> Result<()> {
    let all = |said: &str, by: &str| {
        let missing = words.iter().find(|word| !said.contains(**word));
        missing.map_or(Ok(()), |word| Err(anyhow::anyhow!("{by} does not say {word:?}: {said}")))
    };
    let look = |status: &Status| {
        let found = status.expect(host, Stage::Preflight)?;
        all(found.last_error.as_deref().context("it is not said why")?, "status")
    };
    world.daemon.wait_status("it is told what is in the way", DELIVERY, look).await?;
    let knocks = world.proxy.knocks();
    ensure!(knocks == 0, "{knocks} requests reached the CA");
    all(&world.daemon.tell(&["explain", host]).await?, "explain")?;
    let (code, asked) = world.daemon.ask(&["preflight", host]).await?;
    ensure!(code == Some(1), "preflight ends with {code:?}");
    all(&asked, "preflight")
}

/// Waits until an application that was not ordered so far is served, by one order that nobody asked for.
pub(super) async fn wait_ordered_once(world: &mut World, app: App) -> Result<()> {
    world.wait_all_served(&[app]).await?;
    let orders = world.proxy.orders();
    ensure!(orders == 1, "{orders} orders were made");
    Ok(())
}
