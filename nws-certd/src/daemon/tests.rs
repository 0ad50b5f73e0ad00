//! The daemon in process: real git, real SQLite, a CA without sockets, and a clock that only the test moves.

mod account_socket;
mod accounts;
mod asked;
mod budget;
mod ca_away;
mod clock;
mod fallback;
mod holds;
mod importing;
mod keys;
mod leaking;
mod obstacles;
mod others;
mod parking;
mod power;
mod power_accounts;
mod power_fallback;
mod power_preflight;
mod power_revocation;
mod preflight;
mod pushing;
mod read_back;
mod regrouping;
mod removing;
mod renewals;
mod repositories;
mod retries;
mod revoking;
mod rewriting;
mod running;
mod sealing;
mod sealing_certificates;
mod socket;
mod stopping;
mod story;
mod world;

use nws_acme::testing::Endpoint;
use time::Duration;

use self::stopping::Stop;
use self::world::{SHOP, World};
use crate::daemon::Look;
use crate::report::Stage;

#[tokio::test]
async fn an_ingress_becomes_one_order_and_one_commit() {
    let world = World::with(SHOP).await;
    let mut daemon = world.daemon().await;
    let report = world.settle(&mut daemon).await;
    assert_eq!(report.certificates[0].stage, Stage::Pushed);
    assert_eq!((world.ca.count(Endpoint::NewOrder), world.ca.issued(), world.commits()), (1, 1, 2));

    world.settle(&mut daemon).await;
    assert_eq!(
        (world.ca.count(Endpoint::NewOrder), world.commits()),
        (1, 2),
        "a further turn does nothing"
    );
}

#[tokio::test]
async fn losing_the_database_orders_nothing() {
    let world = World::with(SHOP).await;
    let before = world.settle(&mut world.daemon().await).await;
    world.lose_database();
    let after = world.settle(&mut world.daemon().await).await;
    assert_eq!(after.certificates[0].serial, before.certificates[0].serial);
    assert_eq!(after.cas[0].thumbprint, before.cas[0].thumbprint);
    assert_eq!((world.ca.count(Endpoint::NewOrder), world.commits()), (1, 2));
}

#[tokio::test]
async fn a_certificate_is_renewed_when_two_thirds_of_it_are_over() {
    let world = World::with(SHOP).await;
    let mut daemon = world.daemon().await;
    let first = world.settle(&mut daemon).await;
    let due = first.certificates[0].next.at;
    world.pass(due - first.at - Duration::SECOND);
    world.settle(&mut daemon).await;
    assert_eq!(world.ca.issued(), 1, "a second early");
    world.pass(Duration::SECOND);
    let second = world.settle(&mut daemon).await;
    assert_eq!((world.ca.issued(), world.commits()), (2, 3));
    assert_ne!(second.certificates[0].serial, first.certificates[0].serial);
}

#[tokio::test]
async fn a_name_that_fails_waits_longer_each_time_and_keeps_the_cas_words() {
    let world = World::with(SHOP).await;
    world.edges_are_down(true);
    let mut daemon = world.daemon().await;
    for wait in [Duration::MINUTE, Duration::minutes(10), Duration::minutes(100)] {
        let report = world.settle(&mut daemon).await;
        let certificate = &report.certificates[0];
        assert_eq!((certificate.stage, certificate.next.at), (Stage::Waiting, report.at + wait));
        let said = certificate.last_error.as_deref().unwrap_or_default();
        assert!(said.contains("192.0.2.1: connection refused"), "{said}");
        world.pass(wait);
    }
    world.edges_are_down(false);
    let report = world.settle(&mut daemon).await;
    assert_eq!((report.certificates[0].stage, report.certificates[0].failures), (Stage::Pushed, 0));
}

#[tokio::test]
async fn a_branch_that_moves_keeps_what_others_pushed() {
    let world = World::with(SHOP).await;
    let mut daemon = world.daemon().await;
    world.order_without_publishing(&mut daemon).await;
    world.somebody_writes("README.md", "theirs");
    world.settle_without_looking(&mut daemon).await;
    assert_eq!(world.commits(), 3);
    assert!(
        world.files().contains("README.md") && world.files().contains("certs/shop/shop-tls.yaml")
    );
}

#[tokio::test]
async fn certificates_made_together_are_renewed_in_one_commit() {
    let world = World::living(Duration::minutes(2), SHOP).await;
    world.somebody_writes("apps/blog.yaml", &SHOP.replace("shop", "blog"));
    let mut daemon = world.daemon().await;
    let mut report = world.settle(&mut daemon).await;
    let commits = world.commits();
    for round in 1..=3 {
        let first = report.certificates.iter().map(|one| one.next.at).min().unwrap();
        world.pass(first - report.at);
        report = world.settle(&mut daemon).await;
        assert_eq!(
            (world.ca.issued(), world.commits()),
            (2 + 2 * round, commits + round),
            "round {round}"
        );
    }
}

#[tokio::test]
async fn a_certificate_whose_key_does_not_open_stops_no_other_and_is_ordered_anew() {
    let world = World::with(SHOP).await;
    let mut daemon = world.daemon().await;
    world.order_without_publishing(&mut daemon).await;
    world.replace_key_file();
    world.somebody_writes("apps/blog.yaml", &SHOP.replace("shop", "blog"));
    let mut daemon = world.daemon().await;
    let report = world.settle(&mut daemon).await;
    assert!(world.files().contains("certs/blog/blog-tls.yaml"));
    assert!(!world.files().contains("certs/shop/shop-tls.yaml"));
    let said = &report.faults[0].text;
    assert!(said.contains("a stored key does not open with the key file"), "{said}");
    let report = world.settle_without_looking(&mut daemon).await;
    assert!(world.files().contains("certs/shop/shop-tls.yaml"), "{report:?}");
    assert_eq!((world.ca.issued(), report.faults.len()), (3, 0), "{report:?}");
}

#[tokio::test]
async fn a_certificate_that_is_left_out_stays_so_while_others_are_pushed() {
    let world = World::with(SHOP).await;
    let mut daemon = world.daemon().await;
    world.order_without_publishing(&mut daemon).await;
    world.replace_key_file();
    world.somebody_writes("apps/blog.yaml", &SHOP.replace("shop", "blog"));
    let mut daemon = world.daemon().await;
    world.order_without_publishing(&mut daemon).await;
    world.edges_are_down(true);
    world.settle_without_looking(&mut daemon).await;
    world.run_orders(&mut daemon).await;
    world.edges_are_down(false);

    world.somebody_writes("apps/wiki.yaml", &SHOP.replace("shop", "wiki"));
    let report = world.settle(&mut daemon).await;
    assert!(world.files().contains("certs/wiki/wiki-tls.yaml"), "{report:?}");
    let shop = report.certificates.iter().find(|one| one.names == ["shop.example"]).unwrap();
    assert_eq!((shop.stage, shop.failures), (Stage::Waiting, 1), "{report:?}");
    assert_eq!(daemon.unusable.len(), 1, "it is not opened and told of again in each turn");
}

#[tokio::test]
async fn an_order_whose_key_does_not_open_is_begun_anew() {
    let world = World::with(SHOP).await;
    assert!(world.run_until_write(Stop::After, 5).await.happened, "an order is open");
    world.replace_key_file();
    let mut daemon = world.daemon().await;
    let report = world.settle(&mut daemon).await;
    assert_eq!(
        (report.certificates[0].stage, report.certificates[0].failures),
        (Stage::Waiting, 0)
    );
    world.pass(Duration::MINUTE);
    let report = world.settle(&mut daemon).await;
    assert_eq!(report.certificates[0].stage, Stage::Pushed, "{report:?}");
}

#[tokio::test]
async fn a_disk_that_is_full_is_not_taken_out_on_the_ca() {
    let world = World::with(SHOP).await;
    let mut daemon = world.daemon_that_cannot_write_after(5).await;
    for _ in 0..5 {
        let _ = daemon.turn(Look::WhenDue).await;
        world.run_orders(&mut daemon).await;
    }
    assert_eq!(world.ca.count(Endpoint::NewOrder), 1);
    let report = daemon.reports().borrow().clone().unwrap();
    assert!(report.troubles[0].text.contains("cannot be kept"), "{:?}", report.troubles);
}
