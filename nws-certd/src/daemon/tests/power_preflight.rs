//! The power is cut at every write of a run in which one application is not ready for an order at first, and another has advice.
//!
//! Whenever that is cut off, nothing is ordered before it is ready, and every certificate arrives and is issued once.

use nws_challenge::preflight::{Failure, Fault};
use time::Duration;

use super::stopping::{Cut, Stop};
use super::world::{Preflight, World, apps};
use crate::daemon::Look;
use crate::preflight::Weight;
use crate::report::{Report, Stage};

const APPS: [&str; 2] = ["shop", "blog"];

#[tokio::test]
async fn cut_before_a_write_of_a_look() {
    at_every_write(Stop::Before).await;
}

#[tokio::test]
async fn cut_after_a_write_of_a_look() {
    at_every_write(Stop::After).await;
}

async fn at_every_write(stop: Stop) {
    let mut steps = Vec::new();
    for write in 1.. {
        let world = World::with(&apps(&APPS)).await;
        world.preflight(Preflight::Enforce);
        world.seen_of("shop.example", Weight::Refused, Fault::WrongBody { hop: None });
        world.seen_of(
            "blog.example",
            Weight::Advisory,
            Fault::Failed { failure: Failure::Refused, hop: None },
        );
        let cut = run_until_write(&world, stop, write).await;
        steps.push(cut.step.clone());
        let case = format!("{stop:?} write {write}, {cut:?}");
        assert!(world.ca.orders() <= 1 + cut.orders_without_url(), "{case}: it was not ready");

        let mut daemon = world.daemon().await;
        world.is_mended("shop.example");
        let mut report = world.settle(&mut daemon).await;
        for _ in 0..3 {
            world.pass(Duration::minutes(2));
            report = world.settle(&mut daemon).await;
        }
        assert!(is_done(&report), "{case}: {report:#?}");
        assert_eq!(world.ca.issued(), APPS.len(), "{case}");
        if !cut.happened {
            break;
        }
    }
    for step in ["NotReady", "Advised"] {
        assert!(steps.iter().any(|cut| cut == step), "no cut at {step}: {steps:?}");
    }
}

/// Runs a daemon until its power goes, or what is ready is pushed and the rest was looked at twice.
async fn run_until_write(world: &World, stop: Stop, at: usize) -> Cut {
    let (stopping, mut daemon) = world.daemon_stopping(stop, at).await;
    for _ in 0..3 {
        // What fails after the cut is what nobody sees any more.
        let _ = daemon.turn(Look::Asked).await;
        world.run_orders(&mut daemon).await;
        if stopping.cut().happened {
            break;
        }
        world.pass(Duration::seconds(30));
    }
    stopping.cut()
}

fn is_done(report: &Report) -> bool {
    report.certificates.len() == APPS.len()
        && report.certificates.iter().all(|one| one.stage == Stage::Pushed)
}
