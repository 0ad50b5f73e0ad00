//! The CA is away.

use nws_acme::testing::{Endpoint, Outage};
use time::Duration;

use super::world::{SHOP, World, apps};
use crate::daemon::Look;
use crate::report::{Stage, TroubleWith};

#[tokio::test]
async fn a_ca_that_is_away_is_nobodys_fault() {
    let world = World::with(SHOP).await;
    world.ca.faults(|faults| faults.server_error_every = 1);
    let mut daemon = world.daemon().await;
    let report = world.settle(&mut daemon).await;
    assert_eq!((report.certificates[0].failures, report.troubles.len()), (0, 1), "{report:?}");
    world.ca.faults(|faults| faults.server_error_every = 0);
    world.pass(Duration::MINUTE);
    let report = world.settle(&mut daemon).await;
    assert_eq!(
        (report.certificates[0].stage, report.troubles.len()),
        (Stage::Pushed, 0),
        "{report:?}"
    );
}

#[tokio::test]
async fn a_ca_that_stays_away_is_asked_ever_more_rarely_and_then_serves_all() {
    let world = World::with(&apps(&["shop", "blog", "wiki"])).await;
    world.ca.faults(|faults| faults.server_error_every = 1);
    let mut daemon = world.daemon().await;
    for _ in 0..360 {
        daemon.turn(Look::WhenDue).await.unwrap();
        world.run_orders(&mut daemon).await;
        world.pass(Duration::seconds(10));
    }
    // 5 s doubling to 5 min make some 17 openings an hour; each costs the three tries that make the breaker open.
    let asked = world.ca.requests();
    assert!((17..=60).contains(&asked), "{asked} requests in an hour");

    world.ca.faults(|faults| faults.server_error_every = 0);
    world.pass(Duration::minutes(5));
    // One finds out, then the others are begun, then they are pushed.
    world.settle_without_looking(&mut daemon).await;
    world.settle_without_looking(&mut daemon).await;
    let report = world.settle_without_looking(&mut daemon).await;
    assert!(report.certificates.iter().all(|one| one.stage == Stage::Pushed), "{report:?}");
    assert_eq!(world.ca.issued(), 3);
    assert!(report.certificates.iter().all(|one| one.failures == 0), "{report:?}");
}

#[tokio::test]
async fn one_order_finds_out_whether_the_ca_is_back() {
    let world = World::with(&apps(&["shop", "blog", "wiki"])).await;
    world.ca.faults(|faults| faults.server_error_every = 1);
    let mut daemon = world.daemon().await;
    world.order_without_publishing(&mut daemon).await;
    daemon.turn(Look::WhenDue).await.unwrap();
    assert_eq!(daemon.running.len(), 0, "none is begun while the CA is away");
    let report = daemon.reports().borrow().clone().unwrap();
    assert_eq!(report.troubles[0].with, TroubleWith::Ca);
    assert!(report.troubles[0].text.contains("is away since"), "{:?}", report.troubles);
    assert!(report.certificates.iter().all(|one| one.next.at > report.at), "{report:?}");
    let told = report.certificates.iter().filter_map(|one| one.last_error.as_deref());
    assert!(
        told.into_iter().all(|text| text.contains("answered 500")),
        "only who asked was answered: {report:?}"
    );

    // It hangs now, so that whoever asks is still at it in the next turn.
    world.ca.faults(|faults| (faults.server_error_every, faults.outage) = (0, Some(Outage::Hang)));
    world.pass(Duration::minutes(5));
    for turn in ["one finds out", "and the others wait for it"] {
        daemon.turn(Look::WhenDue).await.unwrap();
        assert_eq!(daemon.running.len(), 1, "{turn}");
    }
}

#[tokio::test]
async fn an_operator_who_asks_is_not_told_to_wait() {
    let world = World::with(SHOP).await;
    world.ca.faults(|faults| faults.server_error_every = 1);
    let mut daemon = world.daemon().await;
    world.order_without_publishing(&mut daemon).await;
    world.ca.faults(|faults| faults.server_error_every = 0);
    daemon.turn(Look::WhenDue).await.unwrap();
    assert_eq!(daemon.running.len(), 0, "by itself it waits");
    let report = world.settle(&mut daemon).await;
    assert_eq!(report.certificates[0].stage, Stage::Pushed, "{report:?}");
    assert_eq!(world.ca.count(Endpoint::NewAccount), 1);
}

#[tokio::test]
async fn who_finds_out_is_another_one_each_time() {
    let world = World::with(&apps(&["shop", "blog"])).await;
    world.ca.faults(|faults| faults.server_error_every = 1);
    let mut daemon = world.daemon().await;
    world.order_without_publishing(&mut daemon).await;
    let mut asked = Vec::new();
    for _ in 0..4 {
        world.pass(Duration::minutes(5));
        daemon.turn(Look::WhenDue).await.unwrap();
        asked.extend(daemon.under_way.values().map(|order| order.certificate.names.to_string()));
        world.run_orders(&mut daemon).await;
        daemon.turn(Look::WhenDue).await.unwrap();
    }
    assert_eq!(asked.len(), 4);
    assert!(asked.windows(2).all(|pair| pair[0] != pair[1]), "{asked:?}");
}
