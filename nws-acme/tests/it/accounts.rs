use nws_acme::testing::Endpoint;
use nws_acme::{AccountKey, Recovery, TermsAgreed};

use crate::world::World;

#[tokio::test(start_paused = true)]
async fn the_same_key_is_the_same_account() {
    let world = World::new().await;
    let key = AccountKey::generate().unwrap();
    let first = world.ca.register(&key, TermsAgreed, &*world.clock).await.unwrap();
    let again = world.ca.register(&key, TermsAgreed, &*world.clock).await.unwrap();
    assert_eq!(first.url(), again.url());
    assert_ne!(first.url(), world.account.url());
    assert_eq!(first.thumbprint(), key.thumbprint());
}

#[tokio::test(start_paused = true)]
async fn a_known_account_is_not_asked_for() {
    let mut world = World::new().await;
    let key = AccountKey::generate().unwrap();
    let registered = world.ca.register(&key, TermsAgreed, &*world.clock).await.unwrap();
    let asked = world.fake.count(Endpoint::NewAccount);
    world.account = world.ca.account(&key, registered.url().clone());
    world.obtain(&world.spec("a.example")).await.unwrap();
    assert_eq!(world.fake.count(Endpoint::NewAccount), asked);
}

#[tokio::test(start_paused = true)]
async fn an_account_the_ca_lost_is_registered_again() {
    let mut world = World::new().await;
    world.fake.forget_accounts();
    let error = world.obtain(&world.spec("a.example")).await.unwrap_err();
    assert_eq!(error.recovery(), Recovery::Account, "{error}");
    assert_eq!(error.to_string(), "asking for a new order failed");

    let key = AccountKey::generate().unwrap();
    let account = world.ca.register(&key, TermsAgreed, &*world.clock).await.unwrap();
    world.account = account;
    world.obtain(&world.spec("a.example")).await.unwrap();
}
