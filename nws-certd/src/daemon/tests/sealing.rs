//! Keys are sealed to whom the configuration says, and again only for a reason.

use nws_acme::testing::Endpoint;

use time::Duration;

use super::world::{SHOP, World, apps, sops};
use crate::control::ResealBody;
use crate::daemon::turn::sealing::PER_COMMIT;
use crate::daemon::{Daemon, Look};
use crate::report::SealingReport;

pub(super) const ONE: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
const TWO: &str = "age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg";
const FILE: &str = "certs/shop/shop-tls.yaml";

const QUIET: Duration = Duration::seconds(30);

const FOR_NOBODY: ResealBody = ResealBody { dry_run: true, reissue: false };
const NOW: ResealBody = ResealBody { dry_run: false, reissue: false };
const REISSUE: ResealBody = ResealBody { dry_run: false, reissue: true };

/// A daemon that starts with these recipients, once all is settled.
async fn settled(world: &World, recipients: &[&str]) -> (Daemon, SealingReport) {
    *world.seal.lock().unwrap() = sops(recipients);
    let mut daemon = world.daemon().await;
    let report = world.settle(&mut daemon).await;
    assert!(report.troubles.is_empty(), "{report:?}");
    (daemon, report.sealing)
}

fn is_for(world: &World, recipient: &str) -> bool {
    world.text(FILE).contains(recipient)
}

#[tokio::test]
async fn what_stands_in_clear_is_sealed_by_itself_and_no_pass_after_writes_anything() {
    let world = World::with(SHOP).await;
    let mut plain = world.daemon().await;
    world.settle(&mut plain).await;
    assert!(world.text(FILE).contains("tls.key: \"LS0t"));
    drop(plain);

    let (mut daemon, sealing) = settled(&world, &[ONE]).await;
    assert!(is_for(&world, ONE) && !world.text(FILE).contains("tls.key: \"LS0t"));
    assert_eq!((world.ca.count(Endpoint::NewOrder), sealing), (1, SealingReport::default()));
    let commits = world.commits();
    for _ in 0..3 {
        daemon.turn(Look::Asked).await.unwrap();
    }
    assert_eq!(world.commits(), commits);
}

#[tokio::test]
async fn other_recipients_count_when_somebody_says_so() {
    let world = World::with(SHOP).await;
    drop(settled(&world, &[ONE]).await);
    let (mut daemon, sealing) = settled(&world, &[ONE, TWO]).await;
    assert_eq!(sealing, SealingReport { to_others: 1, ..SealingReport::default() });
    let foreseen = daemon.reseal(FOR_NOBODY).await.unwrap();
    assert_eq!((foreseen.reseal.len(), foreseen.removed.len()), (1, 0), "{foreseen:?}");
    daemon.turn(Look::Asked).await.unwrap();
    assert!(!is_for(&world, TWO), "a dry run led to something");

    daemon.reseal(NOW).await.unwrap();
    daemon.turn(Look::WhenDue).await.unwrap();
    assert!(is_for(&world, ONE) && is_for(&world, TWO));
    assert_eq!(world.ca.count(Endpoint::NewOrder), 1);
}

/// Many Secrets of one certificate, so that there is one order.
const MANY: usize = PER_COMMIT + 1;

fn many() -> String {
    let app = |at| {
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: a, namespace: n{at}}}\nspec: {{tls: [{{hosts: [shop.example], secretName: a-tls}}]}}\n"
        )
    };
    (0..MANY).map(app).collect::<Vec<_>>().join("---\n")
}

fn to_others(daemon: &Daemon) -> (usize, bool) {
    let report = daemon.reports().borrow().clone().unwrap();
    (report.sealing.to_others, report.sealing.is_under_way)
}

#[tokio::test]
async fn many_are_sealed_anew_in_several_commits_with_a_rest_between_them() {
    let world = World::with(&many()).await;
    drop(settled(&world, &[ONE]).await);
    let (mut daemon, _) = settled(&world, &[ONE, TWO]).await;
    assert_eq!(to_others(&daemon), (MANY, false));
    let commits = world.commits();
    daemon.reseal(NOW).await.unwrap();
    for (case, passed, want) in [
        ("at once", Duration::ZERO, (1, (1, true))),
        ("too early", QUIET - Duration::SECOND, (1, (1, true))),
        ("after a rest", Duration::SECOND, (2, (0, false))),
        ("it is over", Duration::DAY, (2, (0, false))),
    ] {
        world.pass(passed);
        daemon.turn(Look::WhenDue).await.unwrap();
        assert_eq!((world.commits() - commits, to_others(&daemon)), want, "{case}");
    }
    assert_eq!(world.ca.count(Endpoint::NewOrder), 1);
}

#[tokio::test]
async fn what_was_asked_for_goes_on_after_a_restart_and_ends_with_the_last() {
    let world = World::with(&many()).await;
    drop(settled(&world, &[ONE]).await);
    let (mut daemon, _) = settled(&world, &[ONE, TWO]).await;
    daemon.reseal(NOW).await.unwrap();
    // Before the first commit.
    drop(daemon);
    let mut daemon = world.daemon().await;
    daemon.turn(Look::Asked).await.unwrap();
    assert_eq!(to_others(&daemon), (1, true));
    // And between two.
    drop(daemon);
    let mut daemon = world.daemon().await;
    daemon.turn(Look::Asked).await.unwrap();
    assert_eq!(to_others(&daemon), (0, false));
    drop(daemon);

    let (daemon, _) = settled(&world, &[ONE]).await;
    assert_eq!(to_others(&daemon), (MANY, false), "nobody has asked for this");
}

#[tokio::test]
async fn whoever_is_removed_knows_the_key_until_there_is_another() {
    let world = World::with(SHOP).await;
    drop(settled(&world, &[ONE, TWO]).await);
    let (mut daemon, _) = settled(&world, &[TWO]).await;
    let said = daemon.reseal(FOR_NOBODY).await.unwrap();
    assert_eq!(said.removed[0].recipient, ONE);
    assert!(
        said.text().contains("must be considered to know the keys of 1 certificate"),
        "{said:?}"
    );

    daemon.reseal(REISSUE).await.unwrap();
    world.settle(&mut daemon).await;
    assert_eq!(world.ca.count(Endpoint::NewOrder), 2);
    assert!(is_for(&world, TWO) && !is_for(&world, ONE));
}

#[tokio::test]
async fn without_the_state_nothing_is_ordered_but_nothing_sealed_anew_either() {
    let world = World::with(&apps(&["shop", "wiki"])).await;
    drop(settled(&world, &[ONE]).await);
    world.lose_database();
    let (mut daemon, sealing) = settled(&world, &[ONE, TWO]).await;
    let orders = world.ca.count(Endpoint::NewOrder);
    assert_eq!((orders, sealing.to_others, sealing.key_not_held), (2, 2, 2));
    let said = daemon.reseal(NOW).await.unwrap();
    assert!(said.text().contains("shop/shop-tls: reissue: key not held"), "{}", said.text());
    world.settle(&mut daemon).await;
    assert!(!is_for(&world, TWO));
}
