use std::time::Duration;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use nws_acme::testing::Endpoint;
use nws_acme::{
    AccountKey, AcmeError, Availability, Ca, Clock as _, Contact, ExternalAccount, LimitScope,
    Limits, Recovery, Registration, RetryAfter,
};

use crate::liar::{Answer, Liar, Lie};
use crate::world::{World, registration};

#[tokio::test(start_paused = true)]
async fn the_same_key_is_the_same_account() {
    let world = World::new().await;
    let key = AccountKey::generate().unwrap();
    let first = world.ca.register(&key, &registration(), &*world.clock).await.unwrap();
    let again = world.ca.register(&key, &registration(), &*world.clock).await.unwrap();
    assert_eq!(first.url(), again.url());
    assert_ne!(first.url(), world.account.url());
    assert_eq!(first.thumbprint(), key.thumbprint());
}

#[tokio::test(start_paused = true)]
async fn a_known_account_is_not_asked_for() {
    let mut world = World::new().await;
    let key = AccountKey::generate().unwrap();
    let registered = world.ca.register(&key, &registration(), &*world.clock).await.unwrap();
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

    let read = world.fake.count(Endpoint::Directory);
    for _ in 0..2 {
        unasked.read_directory(&*world.clock).await.unwrap();
        assert_eq!(unasked.caa_identities(), ["ca.test"]);
    }
    assert_eq!(world.fake.count(Endpoint::Directory), read + 1, "it is asked for once");
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
        let error = ca.register(&key, &registration(), &*world.clock).await.unwrap_err();
        assert_eq!(error.recovery(), want, "{case}: {error}");
        assert_eq!(liar.requests(), 3, "{case}: directory, nonce, account");
    }
}

const HMAC_KEY: &[u8] = b"a secret of thirty-two bytes, so";

fn bound_to(external: ExternalAccount) -> Registration {
    Registration { external_account: Some(external), ..registration() }
}

#[tokio::test(start_paused = true)]
async fn an_account_is_bound_to_an_external_one() {
    let world = World::new().await;
    world.fake.require_external_account("kid-1", HMAC_KEY);
    let ca = Ca::new(world.fake.directory_url(), world.fake.transport(), Limits::default());
    let key = AccountKey::generate().unwrap();
    let (asked, sent) =
        (world.fake.count(Endpoint::NewAccount), world.fake.count(Endpoint::NewNonce));
    let error = ca.register(&key, &registration(), &*world.clock).await.unwrap_err();
    assert_eq!(error.recovery(), Recovery::Operator);
    assert_eq!(
        error.to_string(),
        "the CA at https://ca.test/directory makes no account without an external one; get a key id and an HMAC key from \
         it, and configure both"
    );
    assert_eq!(
        (world.fake.count(Endpoint::NewAccount), world.fake.count(Endpoint::NewNonce)),
        (asked, sent),
        "nothing was sent"
    );

    let cases = [
        (
            "an unknown key id",
            "kid-2",
            HMAC_KEY,
            "unauthorized: no external account of that key id",
        ),
        ("another key", "kid-1", b"zero", "unauthorized: the binding is signed with another key"),
    ];
    for (case, kid, hmac_key, words) in cases {
        let external = ExternalAccount::new(kid, &BASE64_URL_SAFE_NO_PAD.encode(hmac_key)).unwrap();
        let error = ca.register(&key, &bound_to(external), &*world.clock).await.unwrap_err();
        assert!(matches!(error, AcmeError::NotRegistered { .. }), "{case}: {error:?}");
        assert!(error.to_string().contains(words), "{case}: {error}");
    }

    let good = ExternalAccount::new("kid-1", &BASE64_URL_SAFE_NO_PAD.encode(HMAC_KEY)).unwrap();
    let account = ca.register(&key, &bound_to(good.clone()), &*world.clock).await.unwrap();
    let again = ca.register(&key, &bound_to(good.clone()), &*world.clock).await.unwrap();
    assert_eq!(again.url(), account.url(), "it is found, though the binding was used");
    let other = AccountKey::generate().unwrap();
    let error = ca.register(&other, &bound_to(good), &*world.clock).await.unwrap_err();
    assert!(error.to_string().contains("was used before"), "{error}");
}

/// The CA made it, and nobody heard: the second try finds the binding used up, and the account made.
#[tokio::test(start_paused = true)]
async fn an_account_whose_answer_was_lost_is_found() {
    let world = World::new().await;
    world.fake.require_external_account("kid-1", HMAC_KEY);
    let ca = Ca::new(world.fake.directory_url(), world.fake.transport(), Limits::default());
    world.fake.faults(|faults| faults.break_answer_of = Some(Endpoint::NewAccount));
    let good = ExternalAccount::new("kid-1", &BASE64_URL_SAFE_NO_PAD.encode(HMAC_KEY)).unwrap();
    let key = AccountKey::generate().unwrap();
    let account = ca.register(&key, &bound_to(good), &*world.clock).await.unwrap();
    assert!(account.url().as_str().ends_with("/account/1"));
}

#[tokio::test(start_paused = true)]
async fn an_account_is_found_by_its_key() {
    let world = World::new().await;
    let (known, unknown) = (AccountKey::generate().unwrap(), AccountKey::generate().unwrap());
    let account = world.ca.register(&known, &registration(), &*world.clock).await.unwrap();
    let found = world.ca.find_account(&known, &*world.clock).await.unwrap().unwrap();
    assert_eq!((found.url(), found.thumbprint()), (account.url(), known.thumbprint()));
    assert!(world.ca.find_account(&unknown, &*world.clock).await.unwrap().is_none());
    assert!(
        world.ca.find_account(&unknown, &*world.clock).await.unwrap().is_none(),
        "none is made"
    );
    assert_eq!(world.ca.availability(world.clock.now()), Availability::Up);
}

#[tokio::test(start_paused = true)]
async fn contacts_are_kept_and_replaced() {
    let world = World::new().await;
    let contact = |address: &str| -> Contact { format!("mailto:{address}").parse().unwrap() };
    let key = AccountKey::generate().unwrap();
    let with = Registration { contact: vec![contact("ops@a.example")], ..registration() };
    let account = world.ca.register(&key, &with, &*world.clock).await.unwrap();
    let kept = || world.fake.contact(account.url()).unwrap();
    assert_eq!(kept(), ["mailto:ops@a.example"]);

    world.ca.register(&key, &registration(), &*world.clock).await.unwrap();
    assert_eq!(kept(), ["mailto:ops@a.example"], "registering again changes nothing");

    let two = [contact("a@b.example"), contact("c@b.example")];
    world.ca.update_contact(&account, &two, &*world.clock).await.unwrap();
    assert_eq!(kept(), ["mailto:a@b.example", "mailto:c@b.example"]);

    world.ca.update_contact(&account, &[], &*world.clock).await.unwrap();
    assert!(kept().is_empty());

    let telephone = "tel:+1-201-555-0123".parse().unwrap();
    let error = world.ca.update_contact(&account, &[telephone], &*world.clock).await.unwrap_err();
    assert_eq!(error.recovery(), Recovery::Operator);
    assert!(error.to_string().contains("unsupportedContact: only mailto is supported"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn an_account_is_ended_once_and_for_all() {
    let cases = [("heard at once", None), ("heard of later", Some(Endpoint::Account))];
    for (case, broken) in cases {
        let world = World::new().await;
        world.fake.faults(|faults| faults.break_answer_of = broken);
        world.ca.deactivate(&world.account, &*world.clock).await.unwrap();
        world.ca.deactivate(&world.account, &*world.clock).await.unwrap();
        let error = world.obtain(&world.spec("a.example")).await.unwrap_err();
        assert_eq!(error.recovery(), Recovery::Operator, "{case}: {error}");
    }

    let world = World::new().await;
    let stranger = world.ca.account(&AccountKey::generate().unwrap(), world.account.url().clone());
    world.ca.deactivate(&stranger, &*world.clock).await.unwrap_err();
    world.obtain(&world.spec("a.example")).await.unwrap();
}

/// With every second nonce refused, whatever is asked for an account.
#[tokio::test(start_paused = true)]
async fn refused_nonces_keep_nothing_from_being_done() {
    let world = World::new().await;
    world.fake.faults(|faults| faults.bad_nonce_every = 2);
    let (key, new) = (AccountKey::generate().unwrap(), AccountKey::generate().unwrap());
    let account = world.ca.register(&key, &registration(), &*world.clock).await.unwrap();
    let found = world.ca.find_account(&key, &*world.clock).await.unwrap();
    assert_eq!(found.unwrap().url(), account.url());
    world.ca.update_contact(&account, &[], &*world.clock).await.unwrap();
    let account = world.ca.change_key(&account, &new, &*world.clock).await.unwrap();
    world.ca.deactivate(&account, &*world.clock).await.unwrap();
    assert_eq!(world.elapsed(), Duration::ZERO);
}
