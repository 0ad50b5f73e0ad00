//! The branch is rewritten by force, or deleted.

use nws_acme::testing::Endpoint;
use time::Duration;

use super::world::{SHOP, World};
use crate::report::{Stage, TroubleWith};

const FILE: &str = "certs/shop/shop-tls.yaml";

#[tokio::test]
async fn what_a_rewritten_branch_has_lost_is_delivered_again_and_not_ordered() {
    let world = World::with(SHOP).await;
    let mut daemon = world.daemon().await;
    world.settle(&mut daemon).await;
    let delivered = world.text(FILE);
    world.rewrite("main~1");
    assert!(!world.files().contains(FILE));

    let report = world.settle(&mut daemon).await;
    assert_eq!((report.certificates[0].stage, world.commits()), (Stage::Pushed, 2), "{report:?}");
    assert_eq!((world.text(FILE), world.ca.count(Endpoint::NewOrder)), (delivered, 1));
    assert_eq!(report.troubles, []);
}

#[tokio::test]
async fn while_the_branch_is_deleted_it_is_told_and_renewals_wait_for_it_in_the_outbox() {
    let world = World::with(SHOP).await;
    let mut daemon = world.daemon().await;
    world.settle(&mut daemon).await;
    let before = world.text(FILE);
    let was = world.delete_branch();
    world.pass(Duration::days(80));
    let report = world.settle(&mut daemon).await;
    assert_eq!(report.troubles[0].with, TroubleWith::Fetch, "{report:?}");
    let trouble = &report.troubles[0].text;
    assert!(
        trouble.contains("branch main is gone") && trouble.contains("push it again"),
        "{trouble}"
    );
    assert_eq!(report.certificates[0].stage, Stage::Issued, "wanted and renewed: {report:?}");
    assert_eq!(world.ca.count(Endpoint::NewOrder), 2);
    assert!(!world.has_branch(), "it is not made again");

    world.rewrite(&was);
    let report = world.settle(&mut daemon).await;
    assert_eq!(report.certificates[0].stage, Stage::Pushed, "{report:?}");
    assert_ne!(world.text(FILE), before);
    assert_eq!((report.troubles.len(), world.ca.count(Endpoint::NewOrder)), (0, 2));
}
