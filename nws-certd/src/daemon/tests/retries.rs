//! How long a name that fails is waited for is a fact of the store: only success or an operator's "now" makes it begin anew.

use time::Duration;

use super::world::{SHOP, World};
use crate::control::Identity;
use crate::daemon::Daemon;
use crate::report::Report;

/// Takes turns until the next try has failed, and says how long the one after it is away.
async fn wait_after(world: &World, daemon: &mut Daemon) -> Duration {
    let report = world.settle(daemon).await;
    let wait = report.certificates[0].next.at - world.now();
    world.pass(wait);
    wait
}

async fn ask_for_all(daemon: &Daemon, report: &Report) {
    let keys = report.certificates.iter().map(|one| Identity::from(one).key().unwrap());
    daemon.renew(keys.collect()).await.unwrap();
}

#[tokio::test]
async fn waits_go_on_after_a_restart_where_they_were() {
    let world = World::with(SHOP).await;
    world.edges_are_down(true);
    let minutes = [1, 10, 100, 1440, 1440].map(Duration::minutes);
    for want in minutes {
        let mut daemon = world.daemon().await;
        assert_eq!(wait_after(&world, &mut daemon).await, want);
    }
    let mut daemon = world.daemon().await;
    world.pass(-Duration::SECOND);
    world.settle(&mut daemon).await;
    assert_eq!(world.ca.orders(), minutes.len(), "a restart makes nothing due");
}

#[tokio::test]
async fn waits_begin_anew_after_success() {
    let world = World::with(SHOP).await;
    world.edges_are_down(true);
    let mut daemon = world.daemon().await;
    for minutes in [1, 10] {
        assert_eq!(wait_after(&world, &mut daemon).await, Duration::minutes(minutes));
    }
    world.edges_are_down(false);
    let report = world.settle(&mut daemon).await;
    world.pass(report.certificates[0].next.at - world.now());
    world.edges_are_down(true);
    assert_eq!(wait_after(&world, &mut world.daemon().await).await, Duration::MINUTE);
}

#[tokio::test]
async fn waits_begin_anew_when_an_operator_says_now() {
    let world = World::with(SHOP).await;
    world.edges_are_down(true);
    let mut daemon = world.daemon().await;
    for minutes in [1, 10] {
        assert_eq!(wait_after(&world, &mut daemon).await, Duration::minutes(minutes));
    }
    let waits = world.settle(&mut daemon).await;
    ask_for_all(&daemon, &waits).await;
    assert_eq!(wait_after(&world, &mut world.daemon().await).await, Duration::MINUTE);
}
