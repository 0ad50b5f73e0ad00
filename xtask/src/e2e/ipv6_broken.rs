//! A name whose IPv6 address leads nowhere, beside IPv4 addresses that are well. With `ipv6 = "strict"` nothing is ordered. Else it is
//! told, and ordered: Boulder falls back to IPv4. Pebble does not, so its refusal is seen as well.

use std::net::{IpAddr, Ipv6Addr};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use tokio::net::TcpListener;

use super::not_ordered::wait_told;
use crate::world::{App, DELIVERY, Programs, SAMPLES, Settings, Status, World};

const SHOP: App = SAMPLES[0];

/// Where nobody listens on the edges' port.
const NOWHERE: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

const STRICT: &str = "[preflight]\nipv6 = \"strict\"\n";

pub(crate) async fn play(programs: &Programs, folder: &Path) -> Result<String> {
    let here = TcpListener::bind((NOWHERE, 0)).await;
    here.context("to be refused by an IPv6 address takes one: this machine has no ::1")?;
    let mut world = World::start(programs, folder, Settings::USUAL).await?;
    let host = SHOP.hosts[0];
    world.daemon.reconfigure("[preflight]\n", STRICT)?;
    world.add(&[SHOP]).await?;
    world.point_also_to(&SHOP, NOWHERE).await?;
    world.daemon.start().await?;
    let place = format!("[{NOWHERE}]:");
    wait_told(&mut world, host, &[host, &place, "refuses the connection"]).await?;

    world.daemon.stop().await?;
    world.daemon.reconfigure(STRICT, "[preflight]\n")?;
    world.daemon.start().await?;
    let refused = refused_by_the_ca(&mut world, host).await?;
    let told = world.daemon.tell(&["explain", host]).await?;
    ensure!(told.contains(&place), "explain does not name the address:\n{told}");

    world.point_here(&SHOP, 0).await?;
    world.daemon.tell(&["renew", host]).await?;
    world.wait_all_served(&[SHOP]).await?;
    let orders = world.proxy.orders();
    ensure!(orders <= refused + 1, "{orders} orders were made, {refused} of them refused");
    Ok(format!(
        "strict: told, with no request to the CA; else {refused} orders, refused by Pebble in its words; served once it was mended"
    ))
}

/// Waits until it is told that the CA has refused; gives how many orders that took.
async fn refused_by_the_ca(world: &mut World, host: &str) -> Result<usize> {
    let look = |status: &Status| {
        let found = status.certificate(host).context("it is not known")?;
        let said = found.last_error.as_deref().context("nothing failed")?;
        ensure!(said.contains("the CA rejected order"), "it is not the CA's: {said}");
        ensure!(said.contains(&format!("dial tcp [{NOWHERE}]:")), "not in its words: {said}");
        Ok(())
    };
    world.daemon.wait_status("the CA's refusal is told", DELIVERY, look).await?;
    let orders = world.proxy.orders();
    ensure!((1..=2).contains(&orders), "{orders} orders were made");
    Ok(orders)
}
