//! The power is cut at every write of a run that registers an account, has certificates issued, and changes the account's key
//! while one of them is still to come; before and after each write. Then the daemon starts again.
//!
//! Whatever was cut off, there is one account for ever, every certificate arrives and is issued once, and in the end one key is
//! left, which is the one that the CA has.

use time::Duration;

use super::accounts::run_changes;
use super::stopping::Stop;
use super::world::{World, apps};
use crate::accounts::Accounts;
use crate::daemon::{Daemon, Look};
use crate::report::Stage;

const FIRST: &str = "shop";
const LATER: &str = "blog";

#[tokio::test]
async fn cut_before_a_write() {
    at_every_write(Stop::Before).await;
}

#[tokio::test]
async fn cut_after_a_write() {
    at_every_write(Stop::After).await;
}

async fn at_every_write(stop: Stop) {
    for write in 1.. {
        let world = World::with(&apps(&[FIRST])).await;
        let (stopping, mut daemon) = world.daemon_stopping(stop, write).await;
        let first = thumbprint(&daemon);
        live(&world, &mut daemon, &first, &|| stopping.cut().happened).await;
        drop(daemon);

        world.pass(Duration::minutes(2));
        let mut daemon = world.daemon().await;
        live(&world, &mut daemon, &first, &|| false).await;
        let cut = stopping.cut();
        is_whole(&world, &daemon, &first, &format!("{stop:?} write {write}, {cut:?}"));
        if !cut.happened {
            assert!(write > 12, "there were only {write} writes");
            break;
        }
    }
}

/// Has a certificate issued, changes the key if that was not begun, has another certificate issued; until the power goes.
async fn live(world: &World, daemon: &mut Daemon, first: &str, is_cut: &dyn Fn() -> bool) {
    settle(world, daemon, is_cut).await;
    if !is_cut() && thumbprint(daemon) == first {
        // What fails as the power goes is what nobody sees any more.
        let _ = Accounts::of(&daemon.parts.ordering).roll_over(None).await;
    }
    let later = "apps/later.yaml";
    if !is_cut() && !world.files().contains(later) {
        world.somebody_writes(later, &apps(&[LATER]));
    }
    settle(world, daemon, is_cut).await;
}

async fn settle(world: &World, daemon: &mut Daemon, is_cut: &dyn Fn() -> bool) {
    for _ in 0..4 {
        if is_cut() {
            return;
        }
        let _ = daemon.turn(Look::Asked).await;
        run_changes(daemon).await;
        world.run_orders(daemon).await;
        world.pass(Duration::minutes(1));
    }
    let _ = daemon.turn(Look::Asked).await;
}

fn thumbprint(daemon: &Daemon) -> String {
    daemon.parts.ordering.authorities[0].keys.keys().current.thumbprint().to_string()
}

fn is_whole(world: &World, daemon: &Daemon, first: &str, case: &str) {
    let report = daemon.reports().borrow().clone().unwrap();
    let pushed = report.certificates.iter().filter(|one| one.stage == Stage::Pushed).count();
    assert_eq!((pushed, world.ca.issued()), (2, 2), "{case}: {report:#?}");
    assert_eq!(report.troubles, [], "{case}");
    let url = report.cas[0].account.as_deref();
    assert_eq!(url, Some("https://ca.test/account/0"), "{case}: never a second account");
    assert_ne!(report.cas[0].thumbprint, *first, "{case}: the key was changed");
    assert_eq!(report.cas[0].thumbprint, thumbprint(daemon), "{case}");
    assert_eq!(world.account_keys(), ["account.age"], "{case}: one key is left");
}
