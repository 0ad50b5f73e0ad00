//! The power is cut at every write of a run in which orders fall over to another CA.
//!
//! The first CA makes the orders and dies; they are left, and the certificates come from the second. Whenever that is cut off, every
//! certificate arrives, is issued once and committed once, and an order whose URL was kept is gone on with. That the first CA is dead is
//! not kept: after a restart it is asked again, once, for what was left there and is not yet open at the second.

use nws_acme::testing::FakeCa;
use time::Duration;

use super::stopping::{Cut, Stop};
use super::world::Place::{First, Second};
use super::world::{World, apps};
use crate::daemon::Look;
use crate::report::{Report, Stage};

const APPS: [&str; 2] = ["shop", "blog"];

#[tokio::test]
async fn cut_before_a_write_of_a_fall_over() {
    at_every_write(Stop::Before).await;
}

#[tokio::test]
async fn cut_after_a_write_of_a_fall_over() {
    at_every_write(Stop::After).await;
}

async fn at_every_write(stop: Stop) {
    for write in 1.. {
        let world = World::with(&apps(&APPS)).await;
        world.configure(&[First, Second]);
        for place in [First, Second] {
            // The harder kind: who asks again for an order gets another one.
            world.at(place).faults(|faults| faults.never_the_same_order = true);
        }
        world.dies_in_an_order(First);
        let cut = run_until_write(&world, stop, write).await;
        let case = format!("{stop:?} write {write}, {cut:?}");

        let mut daemon = world.daemon().await;
        world.pass(Duration::minutes(2));
        let report = world.go_on(&mut daemon).await;
        assert!(is_done(&world, &report), "{case}: {report:#?}");
        nothing_twice(&world, &cut, &case);

        world.is_down(First, false);
        let (first, second) = (world.ca.orders(), world.second.orders());
        world.pass(Duration::HOUR);
        world.settle(&mut daemon).await;
        assert_eq!(
            (world.ca.orders(), world.second.orders()),
            (first, second),
            "{case}: it is over"
        );
        if !cut.happened {
            assert!(write > 20, "there were only {write} writes");
            break;
        }
    }
}

/// Runs a daemon until its power goes, or all is pushed.
async fn run_until_write(world: &World, stop: Stop, at: usize) -> Cut {
    let (stopping, mut daemon) = world.daemon_stopping(stop, at).await;
    for _ in 0..12 {
        // What fails after the cut is what nobody sees any more.
        let _ = daemon.turn(Look::WhenDue).await;
        world.run_orders(&mut daemon).await;
        let report = daemon.reports().borrow().clone();
        if stopping.cut().happened || report.is_some_and(|report| is_done(world, &report)) {
            break;
        }
        world.pass(Duration::seconds(4));
    }
    stopping.cut()
}

fn is_done(world: &World, report: &Report) -> bool {
    report.certificates.len() == APPS.len()
        && report
            .certificates
            .iter()
            .all(|one| one.stage == Stage::Pushed && world.is_from(one, Second))
}

fn nothing_twice(world: &World, cut: &Cut, case: &str) {
    let issued = |ca: &FakeCa| ca.issued();
    assert_eq!((issued(&world.ca), issued(&world.second)), (0, APPS.len()), "{case}");
    let made = world.ca.orders() + world.second.orders();
    let most = 2 * APPS.len() + cut.orders_without_url() + cut.orders_ended();
    assert!(made <= most, "{case}: {made} orders");
    for app in APPS {
        let file = format!("certs/{app}/{app}-tls.yaml");
        assert_eq!(world.commits_to(&file), 1, "{case}: commits of {file}");
    }
}
