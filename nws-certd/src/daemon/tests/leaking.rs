//! No private key in clear is pushed to a branch that is sealed, or was until somebody configured it otherwise.

use std::sync::Arc;

use nws_acme::testing::Endpoint;
use time::Duration;

use super::world::{Keys, SHOP, World};
use crate::daemon::Look;
use crate::report::{Report, Stage, TroubleWith};

const KEY: &str = "certs/shop/shop-tls.yaml would hold a private key in clear (PEM in base64); seal it, or leave it out";

/// A Secret of ours as it was written while the repository was sealed.
const SEALED: &str = "apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata: {name: blog-tls, namespace: blog, labels: {nws-certd/managed: \"true\"}}
spec: {encryptedData: {tls.key: AgB}}
";

/// Looks once more, and says how everything stands.
async fn look(world: &World) -> Arc<Report> {
    let mut daemon = world.daemon().await;
    world.settle(&mut daemon).await
}

fn assert_is_held(world: &World, report: &Report, commits: usize) {
    let shop = &report.certificates[0];
    assert_eq!((shop.stage, shop.next.what.as_str()), (Stage::Held, "push"), "{report:?}");
    let (trouble, error) = (&report.troubles[0], shop.last_error.as_deref().unwrap_or_default());
    assert_eq!(trouble.with, TroubleWith::Push);
    for text in [&*trouble.text, error] {
        assert!(text.contains(KEY), "{text}");
    }
    assert_eq!(world.commits(), commits, "nothing is pushed");
    assert_eq!(world.ca.count(Endpoint::NewOrder), 1);
}

fn assert_is_pushed(world: &World, report: &Report, commits: usize) {
    assert_eq!(report.certificates[0].stage, Stage::Pushed, "{report:?}");
    assert_eq!((report.troubles.len(), world.commits()), (0, commits), "{report:?}");
    assert_eq!(world.ca.count(Endpoint::NewOrder), 1, "without another order");
}

#[tokio::test]
async fn a_branch_that_was_sealed_gets_no_key_in_clear_until_a_person_says_so() {
    let world = World::with(SHOP).await;
    world.somebody_writes("certs/blog/blog-tls.yaml", SEALED);
    let report = look(&world).await;
    assert_is_held(&world, &report, 2);
    let text = &report.troubles[0].text;
    let remedy = "set git.encryption as it was, or git.unseal = true if that is meant";
    assert!(text.contains(remedy), "{text}");

    *world.keys.lock().unwrap() = Keys::Unsealed;
    let report = look(&world).await;
    assert_is_pushed(&world, &report, 3);
}

#[tokio::test]
async fn it_is_tried_again_and_goes_once_nothing_of_ours_is_sealed_there() {
    let world = World::with(SHOP).await;
    world.somebody_writes("certs/blog/blog-tls.yaml", SEALED);
    let mut daemon = world.daemon().await;
    let report = world.settle(&mut daemon).await;
    assert_is_held(&world, &report, 2);

    world.somebody_writes("certs/blog/blog-tls.yaml", "kind: ConfigMap\n");
    world.pass(Duration::minutes(5));
    daemon.turn(Look::WhenDue).await.unwrap();
    let report = daemon.reports().borrow().clone().unwrap();
    assert_is_pushed(&world, &report, 4);
}

/// Whatever would write it: here what renders Secrets is not told that they are to be sealed.
#[tokio::test]
async fn a_sealed_repository_gets_none_whatever_is_in_it() {
    let world = World::with(SHOP).await;
    *world.keys.lock().unwrap() = Keys::Sealed;
    let report = look(&world).await;
    assert_is_held(&world, &report, 1);

    assert!(!report.branch.keys_in_clear);

    *world.keys.lock().unwrap() = Keys::InClear;
    let report = look(&world).await;
    assert_is_pushed(&world, &report, 2);
    assert!(report.branch.keys_in_clear, "and that is told");
}
