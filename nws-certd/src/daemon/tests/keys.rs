//! The keys that certificates are for.

use time::Duration;

use super::revoking::{newest, revoke};
use super::world::{SHOP, World};

/// A `Certificate` as cert-manager has them, which is served as it opts in, with this policy for its key.
fn certificate(rotation_policy: &str) -> String {
    format!(
        "apiVersion: cert-manager.io/v1\nkind: Certificate\n\
         metadata: {{name: web, namespace: shop, annotations: {{nws-certd/enabled: 'true'}}}}\n\
         spec:\n  secretName: shop-tls\n  dnsNames: [shop.example]\n  issuerRef: {{name: le}}\n  \
         privateKey: {{algorithm: ECDSA, rotationPolicy: {rotation_policy}}}\n"
    )
}

/// The public keys of a certificate, its renewal, and the one in place of that once its key is known to others.
async fn three_keys(reuse_key: bool, manifest: &str) -> [Vec<u8>; 3] {
    let world = World::with(manifest).await;
    world.reuse_key.store(reuse_key, std::sync::atomic::Ordering::SeqCst);
    let mut daemon = world.daemon().await;
    let report = world.settle(&mut daemon).await;
    let first = newest(&daemon).await;
    world.pass(report.certificates[0].next.at - report.at);
    world.settle(&mut daemon).await;
    let second = newest(&daemon).await;
    world.pass(Duration::MINUTE);
    revoke(&daemon, &second, true).await.unwrap();
    world.settle(&mut daemon).await;
    let third = newest(&daemon).await;
    assert_eq!(world.ca.issued(), 3);
    [first, second, third].map(|leaf| leaf.public_key().to_vec())
}

#[tokio::test]
async fn each_certificate_has_a_key_of_its_own() {
    let [first, second, third] = three_keys(false, SHOP).await;
    assert!(first != second && second != third);
}

#[tokio::test]
async fn where_keys_are_used_again_one_that_others_may_know_is_not() {
    let [first, second, third] = three_keys(true, SHOP).await;
    assert_eq!(first, second);
    assert_ne!(second, third);
}

#[tokio::test]
async fn a_certificate_keeps_its_key_where_it_says_so() {
    let [first, second, third] = three_keys(false, &certificate("Never")).await;
    assert_eq!(first, second);
    assert_ne!(second, third, "not one that others may know");
    let [first, second, _] = three_keys(false, &certificate("Always")).await;
    assert_ne!(first, second);
}

#[tokio::test]
async fn what_has_the_key_of_a_certificate_that_is_revoked_for_it_is_replaced() {
    let world = World::with(SHOP).await;
    world.reuse_key.store(true, std::sync::atomic::Ordering::SeqCst);
    let mut daemon = world.daemon().await;
    let report = world.settle(&mut daemon).await;
    let first = newest(&daemon).await;
    world.pass(report.certificates[0].next.at - report.at);
    world.settle(&mut daemon).await;
    world.pass(Duration::MINUTE);
    revoke(&daemon, &first, false).await.unwrap();
    world.settle(&mut daemon).await;
    assert_eq!((world.ca.issued(), world.ca.revoked()), (3, 1));
    assert_ne!(newest(&daemon).await.public_key(), first.public_key());
}
