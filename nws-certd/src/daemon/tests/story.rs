//! What `explain` tells after something happened.

use nws_acme::testing::Endpoint;
use time::Duration;

use super::world::{SHOP, World};
use crate::explain::{Narrator, Story};
use crate::report::Stage;

async fn tell(world: &World, host: &str) -> Story {
    let mut daemon = world.daemon().await;
    // What the edges serve is tested where they are asked.
    let (store, edges) = (daemon.parts.store.clone(), daemon.parts.edges.clone());
    let narrator = Narrator { store, edges };
    let report = daemon.report_last_seen(crate::at::At::NOW).await.unwrap();
    narrator.recall(host, &report).await.unwrap()
}

#[tokio::test]
async fn every_attempt_the_push_and_the_next_step_are_told() {
    let world = World::with(SHOP).await;
    world.edges_are_down(true);
    let mut daemon = world.daemon().await;
    world.settle(&mut daemon).await;
    world.edges_are_down(false);
    world.pass(Duration::MINUTE);
    world.settle(&mut daemon).await;
    drop(daemon);

    let story = tell(&world, "shop.example").await;
    let [chapter] = &story.certificates[..] else { panic!("{story:?}") };
    let attempts: Vec<_> = chapter.attempts.iter().map(|one| one.outcome.as_str()).collect();
    assert_eq!(attempts, ["failed", "issued"]);
    let words = chapter.attempts[0].error.as_deref().unwrap_or_default();
    assert!(words.contains("192.0.2.1: connection refused"), "{words}");
    assert!(chapter.attempts.iter().all(|one| one.order.is_some()), "{story:?}");
    assert_eq!(chapter.pushes[0].path, "certs/shop/shop-tls.yaml");
    assert_eq!(Some(&chapter.pushes[0].fingerprint), chapter.certificate.fingerprint.as_ref());
    assert_eq!(
        (chapter.certificate.stage, chapter.certificate.next.what.as_str()),
        (Stage::Pushed, "renew")
    );
}

#[tokio::test]
async fn a_host_that_is_not_served_has_its_faults_told() {
    let world = World::with(&SHOP.replace("shop.example", "\"*.shop.example\"")).await;
    world.settle(&mut world.daemon().await).await;
    let story = tell(&world, "*.shop.example").await;
    assert_eq!((story.certificates.len(), story.faults.len()), (0, 1), "{story:?}");
    assert_eq!(tell(&world, "other.example").await.faults.len(), 0);
    assert_eq!(world.ca.count(Endpoint::NewOrder), 0);
}
