//! Names that have left: nothing is ordered for them, and they come back by themselves.

use std::sync::Arc;

use expect_test::expect;
use nws_expiry::budget::{Bucket, Limits};
use time::Duration;

use super::world::{SHOP, World};
use crate::control::Identity;
use crate::daemon::Daemon;
use crate::report::{CertificateReport, Report, Stage};

const HOST: &str = "shop.example";
const ELSEWHERE: &str = "192.0.2.7";

/// A world whose application cannot be validated, and where the edges are known.
async fn world() -> World {
    let world = World::with(SHOP).await;
    world.edges_are_known();
    world.edges_are_down(true);
    world
}

/// Takes turns whenever something is due, for so long.
async fn live(world: &World, daemon: &mut Daemon, time: Duration) -> Arc<Report> {
    let until = world.now() + time;
    loop {
        let report = world.settle(daemon).await;
        let next = report.certificates[0].next.at;
        if next > until {
            return report;
        }
        world.pass((next - world.now()).max(Duration::SECOND));
    }
}

/// A daemon whose application has left, and is parked.
async fn parked(world: &World) -> (Daemon, Arc<Report>) {
    world.point(HOST, &[ELSEWHERE]);
    let mut daemon = world.daemon().await;
    let report = live(world, &mut daemon, Duration::days(8)).await;
    assert_eq!(shop(&report).stage, Stage::Parked, "{report:?}");
    (daemon, report)
}

fn shop(report: &Report) -> &CertificateReport {
    &report.certificates[0]
}

#[tokio::test]
async fn a_name_that_left_is_ordered_for_daily_then_not_at_all_and_is_served_when_it_is_back() {
    let world = world().await;
    let (mut daemon, report) = parked(&world).await;
    // 1, 10 and 100 minutes, then days until the week is over.
    assert_eq!((world.ca.orders(), world.looks()), (10, 1));
    assert_eq!(shop(&report).next.what, "look");
    assert_eq!(shop(&report).next.at - report.at, Duration::DAY);
    expect!["shop.example leads to 192.0.2.7, which is none of edges.addresses; point it at the edges, or add what is missing there; parked since 2026-03-08 13:51:00Z, looked at again at 2026-03-09 13:51:00Z, or ordered at once with: nws-certd renew shop.example"]
        .assert_eq(shop(&report).last_error.as_deref().unwrap());

    let report = live(&world, &mut daemon, Duration::days(30)).await;
    assert_eq!((shop(&report).stage, world.ca.orders(), world.looks()), (Stage::Parked, 10, 31));

    world.edges_are_down(false);
    world.point(HOST, &[World::EDGE, ELSEWHERE]);
    world.pass(Duration::DAY);
    let report = world.settle(&mut daemon).await;
    assert_eq!((shop(&report).stage, shop(&report).failures), (Stage::Pushed, 0), "{report:?}");
    assert_eq!((world.ca.orders(), world.looks()), (11, 32));
}

#[tokio::test]
async fn a_restart_changes_nothing() {
    let world = world().await;
    let (daemon, before) = parked(&world).await;
    drop(daemon);
    let mut daemon = world.daemon().await;
    let after = world.settle(&mut daemon).await;
    let told = |report: &Report| (shop(report).next.at, shop(report).last_error.clone());
    assert_eq!(told(&after), told(&before));
    assert_eq!((world.ca.orders(), world.looks()), (10, 1));
    let after = live(&world, &mut daemon, Duration::DAY).await;
    assert_eq!((shop(&after).stage, world.ca.orders(), world.looks()), (Stage::Parked, 10, 2));
}

#[tokio::test]
async fn who_is_back_and_cannot_be_validated_fails_as_before() {
    let world = world().await;
    let (mut daemon, _) = parked(&world).await;
    world.point(HOST, &[World::EDGE]);
    world.pass(Duration::DAY);
    let report = world.settle(&mut daemon).await;
    let one = shop(&report);
    assert_eq!(
        (one.stage, one.failures, one.next.at - report.at),
        (Stage::Waiting, 11, Duration::DAY)
    );
    assert!(one.last_error.as_deref().unwrap().contains("connection refused"), "{one:?}");
}

#[tokio::test]
async fn dns_that_does_not_answer_neither_parks_nor_unparks() {
    let world = world().await;
    world.dns_is_down(true);
    let mut daemon = world.daemon().await;
    let report = live(&world, &mut daemon, Duration::days(9)).await;
    assert_eq!((shop(&report).stage, world.ca.orders()), (Stage::Waiting, 12), "{report:?}");

    world.dns_is_down(false);
    world.point(HOST, &[]);
    let report = live(&world, &mut daemon, Duration::DAY).await;
    let said = shop(&report).last_error.clone().unwrap();
    assert!(said.starts_with("shop.example does not exist in DNS; create A or AAAA"), "{said}");
    assert_eq!((shop(&report).stage, world.ca.orders()), (Stage::Parked, 12));

    world.dns_is_down(true);
    world.pass(Duration::DAY);
    let report = world.settle(&mut daemon).await;
    assert_eq!((shop(&report).stage, world.ca.orders()), (Stage::Parked, 12), "{report:?}");
    assert_eq!(shop(&report).next.at - report.at, Duration::HOUR, "it is asked again soon");
}

#[tokio::test]
async fn where_no_edge_is_known_only_who_leads_nowhere_has_left() {
    let world = World::with(SHOP).await;
    world.edges_are_down(true);
    world.point(HOST, &[ELSEWHERE]);
    let mut daemon = world.daemon().await;
    let report = live(&world, &mut daemon, Duration::days(9)).await;
    assert_eq!((shop(&report).stage, world.ca.orders()), (Stage::Waiting, 12), "{report:?}");
    world.point(HOST, &[]);
    let report = live(&world, &mut daemon, Duration::DAY).await;
    assert_eq!((shop(&report).stage, world.ca.orders()), (Stage::Parked, 12), "{report:?}");
}

#[tokio::test]
async fn an_operators_now_orders_and_begins_anew() {
    let world = world().await;
    let (mut daemon, report) = parked(&world).await;
    let asked = Identity::from(shop(&report)).key().unwrap();
    daemon.renew(vec![asked]).await.unwrap();
    let report = world.settle(&mut daemon).await;
    let one = shop(&report);
    assert_eq!(
        (one.stage, one.failures, one.next.at - report.at),
        (Stage::Waiting, 1, Duration::MINUTE)
    );
    assert_eq!((world.ca.orders(), world.looks()), (11, 1), "nobody looks first");
}

#[tokio::test]
async fn a_look_uses_nothing_of_what_the_ca_allows() {
    let world = world().await;
    let new_orders = "50/7d".parse().ok();
    *world.limits.lock().unwrap() = Limits { new_orders, ..Limits::NONE };
    let (mut daemon, _) = parked(&world).await;
    live(&world, &mut daemon, Duration::days(20)).await;
    let ledger = daemon.parts.ordering.authorities[0].ledger();
    assert_eq!(ledger.left(world.now(), &Bucket::NewOrders), Some(50));
}
