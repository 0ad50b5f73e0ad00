//! Certificates that their manifests hold.

use time::Duration;

use super::revoking::{newest, revoke};
use super::world::{SHOP, World};
use crate::control::Identity;
use crate::daemon::{Daemon, Look};
use crate::report::{CertificateReport, Report, Stage};

const FILE: &str = "apps/shop/ingress.yaml";
const HELD_BY: &str = "shop.example (ecdsa-p256) is held by apps/shop/ingress.yaml, document 1, metadata.annotations[\"nws-certd/hold\"] (\"an audit\"); remove the annotation to have it ordered";

/// [`SHOP`], held.
fn held() -> String {
    SHOP.replace("namespace: shop}", "namespace: shop, annotations: {nws-certd/hold: an audit}}")
}

fn only(report: &Report) -> &CertificateReport {
    let [one] = &report.certificates[..] else { panic!("{report:?}") };
    one
}

async fn renew(daemon: &Daemon, report: &Report) -> Result<(), String> {
    daemon.renew(vec![Identity::from(only(report)).key().unwrap()]).await
}

#[tokio::test]
async fn what_is_held_is_ordered_once_the_annotation_is_gone() {
    let world = World::with(&held()).await;
    let mut daemon = world.daemon().await;
    let report = world.settle(&mut daemon).await;
    let one = only(&report);
    assert_eq!((one.stage, one.next.what.as_str(), world.ca.issued()), (Stage::Held, "look", 0));
    assert_eq!(one.holds[0].path, FILE);
    assert_eq!(one.holds[0].reason.as_deref(), Some("an audit"));

    let said = renew(&daemon, &report).await.unwrap_err();
    assert_eq!(said, format!("nothing is asked for, as {HELD_BY}"));
    world.pass(Duration::DAY);
    let later = world.settle(&mut daemon).await;
    assert_eq!(only(&later).stage, Stage::Held, "however long");

    world.somebody_writes(FILE, SHOP);
    let report = world.settle(&mut daemon).await;
    assert_eq!((only(&report).stage, world.ca.issued()), (Stage::Pushed, 1));
    assert!(only(&report).holds.is_empty());
}

#[tokio::test]
async fn what_is_held_is_not_renewed_even_when_it_ends() {
    let world = World::with(SHOP).await;
    let mut daemon = world.daemon().await;
    let report = world.settle(&mut daemon).await;
    let ends = only(&report).not_after.unwrap();
    world.somebody_writes(FILE, &held());
    let report = world.settle(&mut daemon).await;
    assert_eq!((only(&report).stage, only(&report).holds.len()), (Stage::Pushed, 1), "it is good");

    for left in [Duration::days(20), Duration::HOUR, -Duration::HOUR] {
        world.pass(ends - left - world.now());
        let report = world.settle(&mut daemon).await;
        assert_eq!((only(&report).stage, world.ca.issued()), (Stage::Held, 1), "{left} are left");
        let wake_at = daemon.turn(Look::WhenDue).await.unwrap();
        assert!(wake_at >= world.now() + Duration::MINUTE, "only the branch is looked at");
    }
}

#[tokio::test]
async fn what_is_held_is_revoked_and_gets_no_successor() {
    let world = World::with(SHOP).await;
    let mut daemon = world.daemon().await;
    world.settle(&mut daemon).await;
    let leaf = newest(&daemon).await;
    world.somebody_writes(FILE, &held());
    world.settle(&mut daemon).await;
    let said = revoke(&daemon, &leaf, true).await.unwrap_err();
    let serial = leaf.serial();
    assert_eq!(
        said,
        format!("serial {serial} gets no successor, as {HELD_BY}, or revoke it without --replace")
    );
    revoke(&daemon, &leaf, false).await.unwrap();
    let report = world.settle(&mut daemon).await;
    assert_eq!((only(&report).stage, world.ca.revoked(), world.ca.issued()), (Stage::Held, 1, 1));
}
