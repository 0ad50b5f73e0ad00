//! Other certificates that operators ask for.

use time::Duration;

use super::world::{SHOP, World, apps};
use crate::daemon::Look;
use crate::report::{Report, Stage};
use crate::store::CertificateKey;

fn keys(report: &Report) -> Vec<CertificateKey> {
    report
        .certificates
        .iter()
        .map(|one| crate::control::Identity::from(one).key().unwrap())
        .collect()
}

#[tokio::test]
async fn who_asks_gets_another_certificate_in_place_of_the_one_there_is() {
    let world = World::with(&apps(&["shop", "blog"])).await;
    let mut daemon = world.daemon().await;
    let first = world.settle(&mut daemon).await;
    world.pass(Duration::MINUTE);
    daemon.renew(keys(&first).into_iter().take(1).collect()).await.unwrap();
    let second = world.settle(&mut daemon).await;
    assert_eq!((world.ca.issued(), world.commits()), (3, 3), "{second:?}");
    assert!(second.certificates.iter().all(|one| one.stage == Stage::Pushed));
    world.settle(&mut world.daemon().await).await;
    assert_eq!(world.ca.issued(), 3, "once");
}

#[tokio::test]
async fn who_asks_does_not_wait_for_what_a_name_waits_for() {
    let world = World::with(SHOP).await;
    world.edges_are_down(true);
    let mut daemon = world.daemon().await;
    let waits = world.settle(&mut daemon).await;
    assert_eq!(waits.certificates[0].stage, Stage::Waiting);
    world.edges_are_down(false);
    daemon.renew(keys(&waits)).await.unwrap();
    let served = world.settle_without_looking(&mut daemon).await;
    assert_eq!(served.certificates[0].stage, Stage::Ordering, "{served:?}");
    let served = world.settle_without_looking(&mut daemon).await;
    assert_eq!(served.certificates[0].stage, Stage::Pushed, "{served:?}");
}

#[tokio::test]
async fn what_nobody_wants_is_not_ordered_and_nothing_else_is() {
    let world = World::with(SHOP).await;
    let mut daemon = world.daemon().await;
    let report = world.settle(&mut daemon).await;
    world.pass(Duration::MINUTE);
    let mut asked = keys(&report);
    asked.push(CertificateKey { profile: Some("classic".parse().unwrap()), ..asked[0].clone() });
    let said = daemon.renew(asked).await.unwrap_err();
    assert_eq!(
        said,
        "nothing is asked for, as nobody wants shop.example (ecdsa-p256, classic) any more; see: nws-certd status"
    );
    world.settle(&mut daemon).await;
    assert_eq!(world.ca.issued(), 1);
}

#[tokio::test]
async fn the_most_exposed_is_replaced_first_and_what_is_new_last() {
    let world = World::with(&apps(&["blog", "wiki"])).await;
    let in_namespace = |name: &str| SHOP.replace("namespace: shop", &format!("namespace: {name}"));
    world.somebody_writes("apps/shops.yaml", &["a", "b"].map(in_namespace).join("---\n"));
    let mut daemon = world.daemon().await;
    let report = world.settle(&mut daemon).await;
    world.pass(Duration::MINUTE);
    world.somebody_writes("apps/new.yaml", &SHOP.replace("shop", "anew"));
    daemon.renew(keys(&report)).await.unwrap();
    daemon.turn(Look::Asked).await.unwrap();
    let due = daemon.agenda.due(world.now());
    let due: Vec<_> = due.iter().map(|due| due.key.names.to_string()).collect();
    assert_eq!(due, ["shop.example", "blog.example", "wiki.example", "anew.example"]);
}

#[tokio::test]
async fn what_runs_out_goes_before_what_is_asked_for() {
    let world = World::with(&apps(&["blog", "shop"])).await;
    let mut daemon = world.daemon().await;
    world.settle(&mut daemon).await;
    world.pass(Duration::days(50));
    let wiki = SHOP.replace("shop", "wiki");
    let in_namespace = |name: &str| wiki.replace("namespace: wiki", &format!("namespace: {name}"));
    world.somebody_writes("apps/wikis.yaml", &["a", "b", "c"].map(in_namespace).join("---\n"));
    let report = world.settle(&mut daemon).await;
    world.edges_are_down(true);
    world.pass(Duration::days(15));
    world.settle(&mut daemon).await;
    daemon.renew(keys(&report)).await.unwrap();
    daemon.turn(Look::WhenDue).await.unwrap();
    let due = daemon.agenda.due(world.now());
    let due: Vec<_> = due.iter().map(|due| due.key.names.to_string()).collect();
    assert_eq!(due, ["blog.example", "shop.example", "wiki.example"], "the last is good for long");
}

#[tokio::test]
async fn who_asked_before_the_clock_was_set_back_gets_one_certificate() {
    let world = World::with(SHOP).await;
    let mut daemon = world.daemon().await;
    let report = world.settle(&mut daemon).await;
    world.pass(Duration::DAY);
    daemon.renew(keys(&report)).await.unwrap();
    world.pass(-Duration::hours(2));
    world.settle(&mut daemon).await;
    let report = world.go_on(&mut daemon).await;
    assert_eq!((world.ca.issued(), report.certificates[0].stage), (2, Stage::Pushed), "{report:?}");
}
