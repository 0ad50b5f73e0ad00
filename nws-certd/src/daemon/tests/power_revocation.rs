//! The power is cut at every write while a certificate is revoked, before and after it; then the daemon starts again.
//!
//! However that goes: that certificate is revoked and no other, one other is issued in its place, and where that is to come first
//! nothing is revoked before it is in the branch. Whoever was not told that the wish was taken says it again, as operators do.

use nws_expiry::Leaf;
use time::Duration;

use super::revoking::{newest, revoke};
use super::stopping::{Cut, Stop};
use super::world::{SHOP, World};
use crate::daemon::{Daemon, Look};

const FILE: &str = "certs/shop/shop-tls.yaml";

#[tokio::test]
async fn cut_before_a_write_of_a_revocation() {
    at_every_write(Stop::Before, false).await;
}

#[tokio::test]
async fn cut_after_a_write_of_a_revocation() {
    at_every_write(Stop::After, false).await;
}

#[tokio::test]
async fn cut_before_a_write_where_the_successor_comes_first() {
    at_every_write(Stop::Before, true).await;
}

#[tokio::test]
async fn cut_after_a_write_where_the_successor_comes_first() {
    at_every_write(Stop::After, true).await;
}

async fn at_every_write(stop: Stop, replacing: bool) {
    for write in 1.. {
        let world = World::with(SHOP).await;
        let mut daemon = world.daemon().await;
        world.settle(&mut daemon).await;
        let old = newest(&daemon).await;
        drop(daemon);
        world.pass(Duration::MINUTE);
        let case = |cut: &Cut| format!("{stop:?} write {write}, {cut:?}, replacing {replacing}");

        let (stopping, mut daemon) = world.daemon_stopping(stop, write).await;
        // What fails after the cut is what nobody sees any more.
        let _ = daemon.turn(Look::Asked).await;
        let asked = revoke(&daemon, &old, replacing).await;
        go_on(&world, &mut daemon, &old, replacing).await;
        drop(daemon);

        let cut = stopping.cut();
        let mut daemon = world.daemon().await;
        daemon.turn(Look::Asked).await.unwrap();
        if asked.is_err() {
            // It may be so already.
            let _ = revoke(&daemon, &old, replacing).await;
        }
        world.pass(Duration::minutes(2));
        go_on(&world, &mut daemon, &old, replacing).await;
        assert!(world.ca.revocation(old.serial()).is_some(), "{}", case(&cut));
        assert_eq!(
            (world.ca.revoked(), world.ca.issued(), world.ca.orders(), world.commits_to(FILE)),
            (1, 2, 2, 2),
            "{}",
            case(&cut)
        );
        if !cut.happened {
            assert!(write > 8, "there were only {write} writes");
            break;
        }
    }
}

/// Lets a daemon get as far as it gets.
async fn go_on(world: &World, daemon: &mut Daemon, old: &Leaf, replacing: bool) {
    let in_order = || {
        let is_early = replacing && world.commits_to(FILE) < 2;
        assert!(!is_early || world.ca.revocation(old.serial()).is_none(), "revoked too early");
    };
    for _ in 0..4 {
        let _ = daemon.turn(Look::Asked).await;
        in_order();
        world.run_orders(daemon).await;
        in_order();
        world.pass(Duration::seconds(30));
    }
}
