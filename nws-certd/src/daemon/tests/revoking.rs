//! Certificates that operators want revoked.

use std::sync::Arc;

use nws_acme::RevocationReason;
use nws_acme::testing::Endpoint;
use nws_expiry::Leaf;
use time::Duration;

use super::world::{SHOP, World};
use crate::control::RevokeBody;
use crate::daemon::{Daemon, Look};
use crate::edges::Edges;
use crate::report::{Report, Stage};
use crate::served::{Expected, Sight, Watch, Watcher};
use crate::store::{Revocation, Step};

/// The newest certificate that is stored.
pub(super) async fn newest(daemon: &Daemon) -> Leaf {
    let facts = daemon.parts.store.load().await.unwrap();
    facts.certificates[0].issued.as_ref().unwrap().chain.leaf().clone()
}

/// Has a certificate revoked, once its successor is in place or at once.
pub(super) async fn revoke(daemon: &Daemon, leaf: &Leaf, replacing: bool) -> Result<(), String> {
    let fingerprint = leaf.fingerprint().to_string();
    let reason = RevocationReason::KeyCompromise.to_string();
    daemon.revoke(RevokeBody { fingerprint, reason, replacing, ca: None }).await
}

fn revocation(report: &Report) -> String {
    report.revocations.iter().map(|one| one.text()).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn what_is_revoked_at_once_is_replaced_at_once() {
    let world = World::with(SHOP).await;
    let mut daemon = world.daemon().await;
    world.settle(&mut daemon).await;
    let old = newest(&daemon).await;
    world.pass(Duration::MINUTE);
    revoke(&daemon, &old, false).await.unwrap();
    let report = world.settle(&mut daemon).await;
    assert_eq!(world.ca.revocation(old.serial()), Some(RevocationReason::KeyCompromise));
    assert_eq!((world.ca.revoked(), world.ca.issued(), world.commits()), (1, 2, 3), "{report:?}");
    assert_eq!(
        revocation(&report),
        format!("serial {} is revoked since 2026-03-01 12:01:30Z (keyCompromise)", old.serial())
    );
    let again = revoke(&daemon, &old, false).await.unwrap_err();
    assert!(again.contains("is revoked since 2026-03-01"), "{again}");
    world.settle(&mut world.daemon().await).await;
    assert_eq!((world.ca.count(Endpoint::RevokeCert), world.ca.issued()), (1, 2), "it is over");
}

#[tokio::test]
async fn what_is_to_be_replaced_first_is_revoked_when_its_successor_is_pushed() {
    let world = World::with(SHOP).await;
    let mut daemon = world.daemon().await;
    world.settle(&mut daemon).await;
    let old = newest(&daemon).await;
    world.pass(Duration::MINUTE);
    world.edges_are_down(true);
    revoke(&daemon, &old, true).await.unwrap();
    let report = world.settle(&mut daemon).await;
    assert_eq!((world.ca.revoked(), report.certificates[0].stage), (0, Stage::Waiting));
    assert_eq!(
        revocation(&report),
        format!(
            "serial {} is to be revoked by {} (keyCompromise), once its successor is in certs/shop/shop-tls.yaml",
            old.serial(),
            world.ca.directory_url()
        )
    );

    world.edges_are_down(false);
    world.pass(Duration::minutes(5));
    world.order_without_publishing(&mut daemon).await;
    world.settle_without_looking(&mut daemon).await;
    assert_eq!((world.ca.issued(), world.commits()), (2, 3), "it is pushed");
    world.run_orders(&mut daemon).await;
    assert_eq!((world.ca.revoked(), world.ca.revocation(old.serial()).is_some()), (1, true));
}

/// How long clusters may take.
const WITHIN: Duration = Duration::minutes(15);

/// A daemon that watches edges, of which nobody knows more than the test says.
async fn watching(world: &World) -> (Daemon, Watcher) {
    let mut daemon = world.daemon().await;
    let watch = Watch { within: WITHIN, every: Duration::hours(6) };
    let edges = Arc::new(Edges::new(443, &["127.0.0.1:9".parse().unwrap()]).unwrap());
    let (store, clock) = (daemon.parts.store.clone(), daemon.parts.clock.clone());
    let watcher = Watcher::new(watch, "here", edges, store, clock);
    daemon.parts.watcher = Some(watcher.clone());
    (daemon, watcher)
}

/// An edge of the shop was seen to serve this instead of what is pushed, or just that.
async fn seen(daemon: &Daemon, watcher: &Watcher, sight: Sight) {
    let facts = daemon.parts.store.load().await.unwrap();
    let key = facts.certificates[0].key.clone();
    let leaf = newest(daemon).await.fingerprint();
    let expected = Expected { key, leaf, intermediates: vec![], served_at: None };
    let address = "192.0.2.1:443".parse().unwrap();
    watcher
        .end(Ok((expected, vec![("shop.example".parse().unwrap(), Some(address), sight)])))
        .await;
}

#[tokio::test]
async fn what_is_to_be_replaced_first_is_revoked_when_its_successor_is_served_or_clusters_had_their_time()
 {
    let another = |world: &World| Sight::Another { ends: world.now() };
    for (case, waits, sight) in [
        ("served", Duration::MINUTE, Sight::Current),
        ("an edge that never reloads", WITHIN, another(&World::with(SHOP).await)),
    ] {
        let world = World::with(SHOP).await;
        let (mut daemon, watcher) = watching(&world).await;
        world.settle(&mut daemon).await;
        let old = newest(&daemon).await;
        seen(&daemon, &watcher, Sight::Current).await;
        revoke(&daemon, &old, true).await.unwrap();
        world.pass(Duration::MINUTE);
        world.settle(&mut daemon).await;
        seen(&daemon, &watcher, another(&world)).await;
        let report = world.settle(&mut daemon).await;
        let told = revocation(&report);
        let want = "once its successor is in what every edge of shop.example serves";
        assert!(told.ends_with(want), "{case}: {told}");
        assert_eq!((world.ca.revoked(), world.ca.issued()), (0, 2), "{case}");

        world.pass(waits);
        seen(&daemon, &watcher, sight).await;
        world.settle(&mut daemon).await;
        assert_eq!(world.ca.revoked(), 1, "{case}");
    }
}

#[tokio::test]
async fn what_the_ca_refuses_is_told_and_asked_again_a_day_later() {
    let world = World::with(SHOP).await;
    let mut daemon = world.daemon().await;
    world.settle(&mut daemon).await;
    let old = newest(&daemon).await;
    world.pass(Duration::MINUTE);
    world.ca.forget_accounts();
    revoke(&daemon, &old, false).await.unwrap();
    world.settle(&mut daemon).await;
    world.pass(Duration::MINUTE);
    let report = world.settle(&mut daemon).await;
    let troubles: Vec<_> = report.troubles.iter().map(|trouble| trouble.text.as_str()).collect();
    assert!(troubles.iter().any(|text| text.contains("but not before")), "{report:#?}");
    assert_eq!(report.certificates[0].stage, Stage::Pushed, "it is replaced all the same");
    let asked = world.ca.count(Endpoint::RevokeCert);
    world.pass(Duration::hours(23));
    world.settle(&mut daemon).await;
    assert_eq!(world.ca.count(Endpoint::RevokeCert), asked);
    world.pass(Duration::hours(2));
    world.settle(&mut daemon).await;
    assert_eq!(world.ca.count(Endpoint::RevokeCert), asked + 1);
}

#[tokio::test]
async fn the_certificate_before_is_revoked_and_the_one_there_is_stays() {
    let world = World::with(SHOP).await;
    let mut daemon = world.daemon().await;
    let report = world.settle(&mut daemon).await;
    let old = newest(&daemon).await;
    world.pass(report.certificates[0].next.at - report.at);
    world.settle(&mut daemon).await;
    let listed = daemon.list_revocable().await.unwrap();
    let listed: Vec<_> =
        listed.iter().map(|one| (one.is_newest, one.is_wanted, one.paths.len())).collect();
    assert_eq!(listed.len(), 2, "{listed:?}");
    assert!(listed.contains(&(true, true, 1)) && listed.contains(&(false, false, 0)), "{listed:?}");
    revoke(&daemon, &old, true).await.unwrap();
    world.settle(&mut daemon).await;
    assert_eq!((world.ca.revoked(), world.ca.issued()), (1, 2));
    assert!(world.ca.revocation(old.serial()).is_some());
}

#[tokio::test]
async fn a_ca_that_is_away_is_waited_for() {
    let world = World::with(SHOP).await;
    let mut daemon = world.daemon().await;
    world.settle(&mut daemon).await;
    let old = newest(&daemon).await;
    world.pass(Duration::MINUTE);
    world.ca.faults(|faults| faults.server_error_every = 1);
    revoke(&daemon, &old, false).await.unwrap();
    for _ in 0..60 {
        world.settle(&mut daemon).await;
        world.pass(Duration::MINUTE);
    }
    assert!(world.ca.requests() < 500, "{} requests in an hour", world.ca.requests());
    world.ca.faults(|faults| faults.server_error_every = 0);
    for _ in 0..3 {
        world.settle(&mut daemon).await;
    }
    let report = world.settle(&mut daemon).await;
    assert_eq!((world.ca.revoked(), report.troubles.len()), (1, 0), "{report:#?}");
}

#[tokio::test]
async fn what_only_the_branch_has_is_revoked_where_it_says_that_it_is_from() {
    let world = World::with(SHOP).await;
    let mut daemon = world.daemon().await;
    world.settle(&mut daemon).await;
    let old = newest(&daemon).await;
    world.lose_database();
    let mut daemon = world.daemon().await;
    world.settle(&mut daemon).await;
    revoke(&daemon, &old, true).await.unwrap();
    for _ in 0..3 {
        world.settle(&mut daemon).await;
    }
    assert_eq!((world.ca.revoked(), world.ca.issued()), (1, 2));
}

#[tokio::test]
async fn what_nobody_wants_is_revoked_but_not_replaced() {
    let world = World::with(SHOP).await;
    let mut daemon = world.daemon().await;
    world.settle(&mut daemon).await;
    let old = newest(&daemon).await;
    world.somebody_writes("apps/shop/ingress.yaml", "# moved\n");
    world.settle(&mut daemon).await;
    let said = revoke(&daemon, &old, true).await.unwrap_err();
    assert_eq!(
        said,
        format!(
            "serial {} is in certs/shop/shop-tls.yaml, where nobody wants another in its place; remove that from the branch first, or revoke it without --replace",
            old.serial()
        )
    );
    revoke(&daemon, &old, false).await.unwrap();
    world.settle(&mut daemon).await;
    assert_eq!((world.ca.revoked(), world.ca.issued()), (1, 1));
}

#[tokio::test]
async fn what_is_wanted_in_one_place_of_two_is_replaced_once_the_other_is_gone() {
    let world = World::with(SHOP).await;
    let edge = SHOP.replace("shop,", "edge,").replace(": shop}", ": edge}");
    world.somebody_writes("apps/edge.yaml", &edge);
    let mut daemon = world.daemon().await;
    world.settle(&mut daemon).await;
    let old = newest(&daemon).await;
    world.somebody_writes("apps/edge.yaml", "# moved\n");
    world.pass(Duration::MINUTE);
    world.settle(&mut daemon).await;
    assert_eq!(world.ca.issued(), 1);
    let said = revoke(&daemon, &old, true).await.unwrap_err();
    assert_eq!(
        said,
        format!(
            "serial {} is in certs/edge/shop-tls.yaml, where nobody wants another in its place; remove that from the branch first, or revoke it without --replace",
            old.serial()
        )
    );

    world.somebody_writes("certs/edge/shop-tls.yaml", "# gone\n");
    world.settle(&mut daemon).await;
    revoke(&daemon, &old, true).await.unwrap();
    for _ in 0..2 {
        world.settle(&mut daemon).await;
    }
    world.run_orders(&mut daemon).await;
    assert_eq!((world.ca.revoked(), world.ca.issued()), (1, 2));
}

#[tokio::test]
async fn what_is_revoked_before_it_was_pushed_is_never_pushed() {
    for (replacing, commits) in [(false, 1), (true, 2)] {
        let world = World::with(SHOP).await;
        let mut daemon = world.daemon().await;
        world.order_without_publishing(&mut daemon).await;
        let old = newest(&daemon).await;
        world.pass(Duration::MINUTE);
        revoke(&daemon, &old, replacing).await.unwrap();
        for _ in 0..3 {
            world.settle(&mut daemon).await;
        }
        assert_eq!((world.ca.revoked(), world.ca.issued()), (1, 2), "replacing {replacing}");
        let file = "certs/shop/shop-tls.yaml";
        assert_eq!(world.commits_to(file), commits, "with --replace it is in use meanwhile");
    }
}

#[tokio::test]
async fn what_cannot_be_asked_for_does_not_keep_the_daemon_asleep_past_what_can() {
    let world = World::with(SHOP).await;
    let mut daemon = world.daemon().await;
    world.settle(&mut daemon).await;
    let (old, now) = (newest(&daemon).await, world.now());
    revoke(&daemon, &old, false).await.unwrap();
    let ours = daemon.parts.store.load().await.unwrap().revocations.remove(0).wish;
    let pair = rcgen::KeyPair::generate().unwrap();
    let other = rcgen::CertificateParams::new(vec!["blog.example".into()]).unwrap();
    let leaf = Leaf::from_der(other.self_signed(&pair).unwrap().der()).unwrap();
    let ca = "https://gone.test/directory".to_owned();
    let wish = Box::new(Revocation { leaf: leaf.clone(), ca, ..ours });
    let asked = Step::RevocationAsked { wish, certificates: vec![], at: now };
    daemon.parts.store.write(asked).await.unwrap();
    for (leaf, until) in [(&leaf, now), (&old, now + Duration::seconds(20))] {
        let (fingerprint, error) = (leaf.fingerprint(), "no".to_owned());
        let failed = Step::RevocationFailed { fingerprint, error, until };
        daemon.parts.store.write(failed).await.unwrap();
    }
    let wake_at = daemon.turn(Look::WhenDue).await.unwrap();
    assert_eq!(wake_at - now, Duration::seconds(20));
}
