//! Clusters are told apart, or no more, and each has its Secrets all the while.

use nws_gitops::{AgeRecipients, Deletion, FleetClusters, SopsKind};
use time::Duration;

use super::world::{SHOP, World};
use crate::config::{
    DeletionSettings, Encryption, RecipientSettings, RecipientSource, SealSettings,
};
use crate::daemon::{Daemon, Look};

const EU: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
const US: &str = "age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg";

const ALL: [&str; 2] = ["certs/shop/fleet.yaml", "certs/shop/shop-tls.yaml"];
const GROUPS: [&str; 4] = [
    "certs/eu/shop/fleet.yaml",
    "certs/eu/shop/shop-tls.yaml",
    "certs/us/shop/fleet.yaml",
    "certs/us/shop/shop-tls.yaml",
];

const RULES: Deletion = Deletion {
    grace: Duration::days(10),
    apply_within: Duration::days(1),
    max_per_commit: std::num::NonZeroUsize::MIN,
    max_share: 10,
};

fn sops(groups: &[(&str, &str)]) -> SealSettings {
    let group = |(name, recipient): &(&str, &str)| RecipientSettings {
        name: name.parse().unwrap_or_default(),
        clusters: FleetClusters { group: Some((*name).into()), ..FleetClusters::default() },
        source: RecipientSource::Age(Some(AgeRecipients::new([*recipient]).unwrap())),
    };
    let encryption = Encryption::Sops(SopsKind::SopsSecret);
    SealSettings { encryption, recipients: groups.iter().map(group).collect() }
}

/// A daemon that starts with these groups, once all is settled.
async fn settled(world: &World, groups: &[(&str, &str)]) -> Daemon {
    *world.seal.lock().unwrap() = sops(groups);
    let mut daemon = world.daemon().await;
    let report = world.settle(&mut daemon).await;
    assert!(report.troubles.is_empty(), "{report:?}");
    daemon
}

/// The files of ours, sorted.
fn certs(world: &World) -> Vec<String> {
    let files = world.files();
    files.lines().filter(|file| file.starts_with("certs/")).map(str::to_owned).collect()
}

fn both() -> Vec<&'static str> {
    let mut both = [&ALL[..], &GROUPS].concat();
    both.sort_unstable();
    both
}

/// Turns up to this time after the last commit.
async fn live(world: &World, daemon: &mut Daemon, time: Duration) {
    world.pass(time);
    daemon.turn(Look::Asked).await.unwrap();
}

#[tokio::test]
async fn what_was_for_all_goes_once_the_clusters_have_what_is_for_each_group() {
    let world = World::with(SHOP).await;
    *world.deletion.lock().unwrap() =
        DeletionSettings { rules: Some(RULES), even_if_served: false };
    let mut plain = world.daemon().await;
    world.settle(&mut plain).await;
    assert_eq!(certs(&world), ALL);
    drop(plain);

    let mut daemon = settled(&world, &[("eu", EU), ("us", US)]).await;
    assert_eq!(certs(&world), both());
    assert!(world.text(GROUPS[0]).contains("helm:\n  takeOwnership: true\n"));
    daemon.turn(Look::Asked).await.unwrap();
    live(&world, &mut daemon, RULES.apply_within - Duration::SECOND).await;
    assert_eq!(certs(&world), both(), "a second early");
    let wake_at = daemon.turn(Look::Asked).await.unwrap();
    assert!(wake_at <= world.now() + Duration::SECOND, "{wake_at}");
    live(&world, &mut daemon, Duration::SECOND).await;
    assert_eq!(certs(&world), GROUPS);
    assert_eq!(world.subject(), "certs: move shop/shop-tls");
    drop(daemon);

    let mut daemon = settled(&world, &[("", EU)]).await;
    assert_eq!(certs(&world), both(), "back again");
    daemon.turn(Look::Asked).await.unwrap();
    live(&world, &mut daemon, RULES.apply_within).await;
    assert_eq!(certs(&world), ALL);
    let commits = world.commits();
    daemon.turn(Look::Asked).await.unwrap();
    assert_eq!((world.commits(), world.ca.orders()), (commits, 1));
}

/// A removal reaches every cluster, so without a word from a person there is none.
#[tokio::test]
async fn without_deletion_it_is_only_told() {
    let world = World::with(SHOP).await;
    let mut plain = world.daemon().await;
    world.settle(&mut plain).await;
    drop(plain);
    let mut daemon = settled(&world, &[("eu", EU), ("us", US)]).await;
    live(&world, &mut daemon, Duration::days(20)).await;
    assert!(certs(&world).contains(&ALL[1].to_owned()));
    let report = daemon.reports().borrow().clone().unwrap();
    let told = report
        .faults
        .iter()
        .filter(|fault| fault.text.contains("clusters as they were grouped before"));
    assert_eq!(told.count(), 1, "{:?}", report.faults);
}
