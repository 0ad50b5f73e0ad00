//! Nothing is ordered that a CA would refuse; what can be ordered does not wait for what cannot.

use std::collections::BTreeSet;
use std::sync::Arc;

use expect_test::expect;
use nws_acme::testing::Endpoint;
use nws_challenge::preflight::{Failure, Fault};
use time::Duration;

use super::world::{Preflight, SHOP, World, apps};
use crate::captured_log::Log;
use crate::control::Identity;
use crate::daemon::{Daemon, Look};
use crate::preflight::Weight;
use crate::report::{CertificateReport, Report, Stage};

const HOST: &str = "shop.example";
const FAULT: Fault = Fault::Status { status: 404, hop: None };

async fn world(policy: Preflight) -> World {
    let world = World::with(SHOP).await;
    world.preflight(policy);
    world
}

async fn broken() -> World {
    let world = world(Preflight::Enforce).await;
    world.seen_of(HOST, Weight::Refused, FAULT);
    world
}

fn shop(report: &Report) -> &CertificateReport {
    &report.certificates[0]
}

/// How long after each look the next one is.
async fn waits(world: &World, daemon: &mut Daemon, looks: usize) -> Vec<i64> {
    let mut waits = Vec::new();
    for _ in 0..looks {
        let report = world.settle_without_asking(daemon).await;
        let wait = shop(&report).next.at - world.now();
        waits.push(wait.whole_seconds());
        world.pass(wait);
    }
    waits
}

#[tokio::test]
async fn nothing_is_asked_of_a_ca_that_would_refuse_until_it_would_not() {
    let world = broken().await;
    let mut daemon = world.daemon().await;
    let log = Log::open();
    let waits = waits(&world, &mut daemon, 9).await;
    let log = log.close();
    assert_eq!(waits, [5, 10, 20, 40, 80, 160, 300, 300, 300]);
    assert_eq!((world.ca.requests(), world.scouted()), (0, 9), "not even the directory is read");
    let told = log.lines().filter(|line| line.contains("WARN")).collect::<Vec<_>>();
    assert_eq!(told.len(), 1, "it is told once: {told:#?}");
    assert!(told[0].contains("shop.example at 203.0.113.1:80 (edge-1) answers 404"), "{told:?}");

    let report = world.settle_without_asking(&mut daemon).await;
    let one = shop(&report);
    assert_eq!((one.stage, one.failures, &*one.next.what), (Stage::Preflight, 0, "look"));
    expect!["shop.example at 203.0.113.1:80 (edge-1) answers 404 where only 200 will do; lead /.well-known/acme-challenge/ to nws-certd, before any other rule; seen before ordering, since 2026-03-01 12:00:00Z"]
        .assert_eq(one.last_error.as_deref().unwrap());
    assert_eq!(one.preflight.as_ref().unwrap().looks_failed, 10);

    world.is_mended(HOST);
    world.pass(one.next.at - world.now());
    let report = world.settle_without_asking(&mut daemon).await;
    assert_eq!((shop(&report).stage, world.ca.orders()), (Stage::Pushed, 1), "{report:?}");
    assert!(shop(&report).preflight.is_none());
}

#[tokio::test]
async fn a_restart_changes_nothing() {
    let world = broken().await;
    let mut daemon = world.daemon().await;
    waits(&world, &mut daemon, 4).await;
    let before = world.settle_without_asking(&mut daemon).await;
    drop(daemon);
    let mut daemon = world.daemon().await;
    let after = world.settle_without_asking(&mut daemon).await;
    let told = |report: &Report| (shop(report).next.at, shop(report).last_error.clone());
    assert_eq!((told(&after), world.scouted()), (told(&before), 5));
}

#[tokio::test]
async fn an_operators_now_looks_at_once() {
    let world = broken().await;
    let mut daemon = world.daemon().await;
    waits(&world, &mut daemon, 6).await;
    let report = world.settle_without_asking(&mut daemon).await;
    assert_eq!(world.scouted(), 7);
    world.pass(Duration::SECOND);
    let report_of_sync = world.settle(&mut daemon).await;
    assert_eq!((shop(&report_of_sync).stage, world.scouted()), (Stage::Preflight, 8), "sync");
    assert!(shop(&report_of_sync).next.at > shop(&report).next.at, "it is another wait");

    let asked = Identity::from(shop(&report)).key().unwrap();
    daemon.renew(vec![asked]).await.unwrap();
    let report = world.settle_without_asking(&mut daemon).await;
    assert_eq!((world.scouted(), world.ca.requests()), (9, 0), "renew");
    assert_eq!(shop(&report).next.at - world.now(), Duration::seconds(5), "it begins anew");

    world.is_mended(HOST);
    world.pass(Duration::SECOND);
    let report = world.settle(&mut daemon).await;
    assert_eq!(shop(&report).stage, Stage::Pushed);
}

#[tokio::test]
async fn where_it_only_warns_it_is_ordered_after_a_few_looks() {
    let world = world(Preflight::Warn).await;
    world.seen_of(HOST, Weight::Refused, FAULT);
    let mut daemon = world.daemon().await;
    assert_eq!(waits(&world, &mut daemon, 2).await, [5, 10]);
    assert_eq!(world.ca.requests(), 0);
    let report = world.settle_without_asking(&mut daemon).await;
    assert_eq!((shop(&report).stage, world.scouted()), (Stage::Pushed, 3), "we were wrong");
    let advice = &shop(&report).preflight.as_ref().unwrap().advice;
    assert!(advice[0].contains("answers 404"), "{advice:?}");
}

#[tokio::test]
async fn what_a_ca_may_get_by_is_told_once_and_what_it_says_is_kept() {
    let world = world(Preflight::Enforce).await;
    world.seen_of(HOST, Weight::Advisory, Fault::Failed { failure: Failure::Refused, hop: None });
    world.edges_are_down(true);
    let mut daemon = world.daemon().await;
    let log = Log::open();
    let report = world.settle(&mut daemon).await;
    let one = shop(&report);
    assert_eq!((one.stage, one.failures, world.ca.orders()), (Stage::Waiting, 1, 1));
    assert!(one.last_error.as_deref().unwrap().contains("connection refused"), "{one:?}");
    assert!(one.preflight.as_ref().unwrap().advice[0].contains("IPv6"), "{one:?}");

    world.edges_are_down(false);
    world.pass(Duration::MINUTE);
    let report = world.settle(&mut daemon).await;
    assert_eq!(shop(&report).stage, Stage::Pushed);
    let told = log.close().lines().filter(|line| line.contains("IPv6")).count();
    assert_eq!((world.scouted(), told), (2, 1));
}

#[tokio::test]
async fn what_is_about_to_end_is_asked_for_whatever_is_seen() {
    let world = World::living(Duration::days(90), SHOP).await;
    world.preflight(Preflight::Enforce);
    let mut daemon = world.daemon().await;
    let report = world.settle(&mut daemon).await;
    let ends = shop(&report).not_after.unwrap();
    world.seen_of(HOST, Weight::Refused, FAULT);

    world.pass(ends - Duration::days(10) - world.now());
    let report = world.settle_without_asking(&mut daemon).await;
    assert_eq!((shop(&report).stage, world.ca.orders()), (Stage::Preflight, 1), "it has time");
    world.pass(Duration::days(6));
    let report = world.settle_without_asking(&mut daemon).await;
    assert_eq!((shop(&report).stage, world.ca.orders()), (Stage::Preflight, 1), "one more look");
    world.pass(shop(&report).next.at - world.now());
    let report = world.settle_without_asking(&mut daemon).await;
    assert_eq!((shop(&report).stage, world.ca.orders()), (Stage::Pushed, 2), "{report:?}");
}

/// A name that left long ago is looked for once a day, and everybody was told.
#[tokio::test]
async fn a_name_that_left_is_parked_though_nothing_was_ever_ordered() {
    let world = broken().await;
    world.edges_are_known();
    world.point(HOST, &["192.0.2.7"]);
    let mut daemon = world.daemon().await;
    let mut report = world.settle_without_asking(&mut daemon).await;
    let began = world.now();
    while shop(&report).stage == Stage::Preflight {
        assert!(world.now() - began < Duration::days(8), "{report:?}");
        world.pass((shop(&report).next.at - world.now()).max(Duration::hours(12)));
        report = world.settle_without_asking(&mut daemon).await;
    }
    assert_eq!(shop(&report).stage, Stage::Parked, "{report:?}");
    assert_eq!(shop(&report).next.at - world.now(), Duration::DAY);
    assert!(world.now() - began >= Duration::days(7), "not before the week is over");
    assert_eq!((world.looks(), world.ca.requests()), (1, 0));

    world.point(HOST, &[World::EDGE]);
    world.pass(Duration::DAY);
    let report = world.settle_without_asking(&mut daemon).await;
    assert_eq!(shop(&report).stage, Stage::Preflight, "it is back, and not ready");
    world.is_mended(HOST);
    world.pass(shop(&report).next.at - world.now());
    let report = world.settle_without_asking(&mut daemon).await;
    assert_eq!(shop(&report).stage, Stage::Pushed);
}

#[tokio::test]
async fn a_name_that_is_here_is_never_parked() {
    let world = broken().await;
    world.edges_are_known();
    let mut daemon = world.daemon().await;
    for _ in 0..20 {
        let report = world.settle_without_asking(&mut daemon).await;
        assert_eq!(shop(&report).stage, Stage::Preflight);
        world.pass((shop(&report).next.at - world.now()).max(Duration::DAY));
    }
    assert_eq!(world.ca.requests(), 0);
}

fn names(count: usize, of: &str) -> Vec<String> {
    (0..count).map(|number| format!("{of}{number}")).collect()
}

async fn world_of(broken: &[String], good: &[String]) -> World {
    let all: Vec<_> = broken.iter().chain(good).map(String::as_str).collect();
    let world = World::with(&apps(&all)).await;
    world.preflight(Preflight::Enforce);
    broken.iter().for_each(|name| world.is_silent(&format!("{name}.example")));
    world
}

/// Lets looks and orders end until all of these are issued.
async fn until_issued(daemon: &mut Daemon, good: &[String]) {
    let want: BTreeSet<_> = good.iter().map(|name| format!("{name}.example")).collect();
    loop {
        daemon.turn(Look::WhenDue).await.unwrap();
        let report = daemon.reports().borrow().clone().unwrap();
        let is_issued = |one: &&CertificateReport| one.stage == Stage::Issued;
        let issued = report.certificates.iter().filter(is_issued);
        if issued.map(|one| one.names[0].clone()).collect::<BTreeSet<_>>() == want {
            return;
        }
        let next = async {
            tokio::select! {
                looked = daemon.looks.next() => drop(daemon.looked_before(looked)),
                Some(ended) = daemon.running.join_next_with_id() => daemon.collect(ended),
            }
        };
        let in_time = tokio::time::timeout(std::time::Duration::from_secs(20), next).await;
        in_time.expect("something is under way that ends");
    }
}

#[tokio::test]
async fn what_hangs_keeps_nothing_waiting() {
    // More than orders run at a time, and all of them before the good ones.
    let (broken, good) = (names(30, "a"), names(12, "good"));
    let world = world_of(&broken, &good).await;
    let mut daemon = world.daemon().await;
    until_issued(&mut daemon, &good).await;
    assert_eq!(world.ca.count(Endpoint::NewOrder), good.len());
}

#[tokio::test]
async fn what_hangs_again_and_again_keeps_nothing_new_waiting() {
    let (broken, good) = (names(50, "a"), names(12, "good"));
    let world = world_of(&broken, &[]).await;
    let hosts: Vec<_> = broken.iter().map(|name| format!("{name}.example")).collect();
    hosts.iter().for_each(|host| world.is_mended(host));
    hosts.iter().for_each(|host| world.seen_of(host, Weight::Refused, FAULT));
    let mut daemon = world.daemon().await;
    let report: Arc<Report> = world.settle(&mut daemon).await;
    assert!(report.certificates.iter().all(|one| one.stage == Stage::Preflight), "{report:?}");

    hosts.iter().for_each(|host| world.is_silent(host));
    let good_ones: Vec<_> = good.iter().map(String::as_str).collect();
    world.somebody_writes("apps/good/ingress.yaml", &apps(&good_ones));
    world.pass(Duration::HOUR);
    until_issued(&mut daemon, &good).await;
    assert_eq!(world.ca.count(Endpoint::NewOrder), good.len());
}
