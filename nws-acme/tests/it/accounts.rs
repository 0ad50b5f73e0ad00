use std::time::Duration;

use nws_acme::testing::Endpoint;
use nws_acme::{AccountKey, Ca, LimitScope, Limits, Recovery, RetryAfter, TermsAgreed};

use crate::liar::{Answer, Liar, Lie};
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
async fn what_the_directory_says_is_known_once_it_was_asked_for() {
    let world = World::new().await;
    let unasked = Ca::new(world.fake.directory_url(), world.fake.transport(), Limits::default());
    assert_eq!((unasked.caa_identities(), unasked.profiles()), (vec![], None));
    assert_eq!(world.ca.caa_identities(), ["ca.test"]);
    assert_eq!(world.ca.profiles().unwrap(), ["classic"]);
}

fn problem(kind: &'static str) -> impl Fn(Answer) -> Answer + Send + Sync {
    move |answer| {
        let document = format!(r#"{{"type":"urn:ietf:params:acme:error:{kind}","detail":"no"}}"#);
        answer.status(400).without("location").body(document)
    }
}

/// A refusal that concerns the account is the operator's, whatever it is called: no name is at fault, and asking again, or
/// forgetting the account and asking again, brings the same.
#[tokio::test(start_paused = true)]
async fn an_account_that_is_not_to_be_had_is_no_names_fault() {
    let away = || Recovery::CaAway { retry_after: None };
    let cases: [(&str, Lie, Recovery); 11] = [
        ("no account", Box::new(problem("accountDoesNotExist")), Recovery::Operator),
        ("a refused key", Box::new(problem("badPublicKey")), Recovery::Operator),
        ("terms by another name", Box::new(problem("malformed")), Recovery::Operator),
        ("terms", Box::new(problem("userActionRequired")), Recovery::Operator),
        ("no external account", Box::new(problem("externalAccountRequired")), Recovery::Operator),
        ("an account that is ended", Box::new(problem("unauthorized")), Recovery::Operator),
        (
            "too many",
            Box::new(|answer| problem("rateLimited")(answer).header("retry-after", "60")),
            Recovery::Wait {
                retry_after: RetryAfter::Delay(Duration::from_secs(60)),
                scope: LimitScope::Unknown,
            },
        ),
        ("no URL", Box::new(|answer| answer.without("location")), away()),
        ("half a URL", Box::new(|answer| answer.header("location", "/account/0")), away()),
        (
            "no TLS",
            Box::new(|answer| answer.header("location", "http://ca.test/account/0")),
            away(),
        ),
        ("elsewhere", Box::new(|answer| answer.header("location", "https://a.test/0")), away()),
    ];
    for (case, lie, want) in cases {
        let world = World::new().await;
        let liar = Liar::new(world.fake.transport(), "/new-account", lie);
        let ca = Ca::new(world.fake.directory_url(), liar.clone(), Limits::default());
        let key = AccountKey::generate().unwrap();
        let error = ca.register(&key, TermsAgreed, &*world.clock).await.unwrap_err();
        assert_eq!(error.recovery(), want, "{case}: {error}");
        assert_eq!(liar.requests(), 3, "{case}: directory, nonce, account");
    }
}
