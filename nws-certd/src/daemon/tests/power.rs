//! The power is cut at every write of a run over three applications, before and after it; then the daemon starts again.
//!
//! The table of ARCHITECTURE.md ("What is durable before what") as it shows from outside: every certificate arrives, each is
//! issued once and committed once, the account stays the same, and an order whose URL was kept is never made again. One whose
//! URL was not kept is asked for again, which a CA may answer with the same order or with a fresh one (RFC 8555 §7.4); both
//! kinds of CA are tried.

use nws_acme::testing::Endpoint;
use time::Duration;

use super::stopping::{Cut, Stop};
use super::world::{World, apps};
use crate::daemon::Look;
use crate::report::{Report, Stage};

const APPS: [&str; 3] = ["shop", "blog", "wiki"];

/// How a CA answers who asks for an order that is open already.
#[derive(Clone, Copy, Debug)]
enum Ca {
    /// With that order, as Boulder does.
    SameOrder,
    /// With a fresh one, as Pebble does.
    FreshOrder,
}

#[tokio::test]
async fn cut_before_a_write_where_the_ca_gives_the_open_order_back() {
    at_every_write(Stop::Before, Ca::SameOrder).await;
}

#[tokio::test]
async fn cut_after_a_write_where_the_ca_gives_the_open_order_back() {
    at_every_write(Stop::After, Ca::SameOrder).await;
}

#[tokio::test]
async fn cut_before_a_write_where_the_ca_makes_a_fresh_order() {
    at_every_write(Stop::Before, Ca::FreshOrder).await;
}

#[tokio::test]
async fn cut_after_a_write_where_the_ca_makes_a_fresh_order() {
    at_every_write(Stop::After, Ca::FreshOrder).await;
}

async fn at_every_write(stop: Stop, ca: Ca) {
    for write in 1.. {
        let world = World::with(&apps(&APPS)).await;
        world.ca.faults(|faults| faults.never_the_same_order = matches!(ca, Ca::FreshOrder));
        let cut = world.run_until_write(stop, write).await;
        let case = format!("{stop:?} write {write}, {cut:?}, {ca:?}");
        let mut daemon = world.daemon().await;
        world.pass(Duration::minutes(2));
        let mut report = world.settle(&mut daemon).await;
        report = if is_done(&report) { report } else { world.settle(&mut daemon).await };
        assert!(is_done(&report), "{case}: {report:#?}");
        assert!(report.faults.is_empty(), "{case}: ours passes for edited: {report:#?}");
        nothing_twice(&world, &cut, ca, &case);

        let (orders, commits) = (world.ca.count(Endpoint::NewOrder), world.commits());
        daemon.turn(Look::Asked).await.unwrap();
        assert_eq!(
            (world.ca.count(Endpoint::NewOrder), world.commits()),
            (orders, commits),
            "{case}: it is over"
        );
        if !cut.happened {
            assert!(write > 15, "there were only {write} writes");
            break;
        }
    }
}

fn is_done(report: &Report) -> bool {
    report.certificates.len() == APPS.len()
        && report.certificates.iter().all(|one| one.stage == Stage::Pushed)
}

fn nothing_twice(world: &World, cut: &Cut, ca: Ca, case: &str) {
    assert_eq!(world.ca.issued(), APPS.len(), "{case}: certificates issued");
    let lost = match ca {
        Ca::SameOrder => 0,
        Ca::FreshOrder => cut.orders_without_url(),
    };
    assert!(world.ca.orders() <= APPS.len() + lost, "{case}: {} orders", world.ca.orders());
    for app in APPS {
        let file = format!("certs/{app}/{app}-tls.yaml");
        assert_eq!(world.commits_to(&file), 1, "{case}: commits of {file}");
    }
}
