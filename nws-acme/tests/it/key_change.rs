//! An account gets another key, and what a crash in the middle of it leaves.

use nws_acme::testing::Endpoint;
use nws_acme::{
    AccountKey, AcmeError, Ca, ImportedKey, Limits, Recovery, RsaAccountKey, generate_key,
};
use nws_expiry::KeyType;
use serde_json::Value;

use crate::liar::{Liar, Lie};
use crate::world::{World, registration};

fn fresh() -> AccountKey {
    AccountKey::generate().unwrap()
}

fn rsa() -> RsaAccountKey {
    let pem = generate_key(KeyType::Rsa2048).unwrap().to_pem();
    let Ok(ImportedKey::Rsa(key)) = ImportedKey::from_file_text(&pem) else { panic!("an RSA key") };
    key
}

#[tokio::test(start_paused = true)]
async fn an_account_lives_on_with_another_key() {
    let mut world = World::new().await;
    let (old, new) = (world.account.clone(), fresh());
    world.account = world.ca.change_key(&old, &new, &*world.clock).await.unwrap();
    assert_eq!((world.account.url(), world.account.thumbprint()), (old.url(), new.thumbprint()));
    world.obtain(&world.spec("a.example")).await.unwrap();

    let found = world.ca.find_account(&new, &*world.clock).await.unwrap();
    assert_eq!(found.unwrap().url(), old.url());
    world.account = old;
    let error = world.obtain(&world.spec("b.example")).await.unwrap_err();
    assert_eq!(error.recovery(), Recovery::Permanent, "the old key is good for nothing: {error}");
}

/// The CA did it, and we crashed before we knew: both ways to find out lead to the account.
#[tokio::test(start_paused = true)]
async fn a_change_that_a_crash_interrupted_is_found_out() {
    let world = World::new().await;
    let (old, new) = (fresh(), fresh());
    let account = world.ca.register(&old, &registration(), &*world.clock).await.unwrap();
    assert!(world.ca.find_account(&new, &*world.clock).await.unwrap().is_none());
    world.ca.change_key(&account, &new, &*world.clock).await.unwrap();

    assert!(world.ca.find_account(&old, &*world.clock).await.unwrap().is_none());
    let found = world.ca.find_account(&new, &*world.clock).await.unwrap();
    assert_eq!(found.unwrap().url(), account.url());

    let again = world.ca.change_key(&account, &new, &*world.clock).await.unwrap();
    assert_eq!((again.url(), again.thumbprint()), (account.url(), new.thumbprint()));
}

#[tokio::test(start_paused = true)]
async fn a_change_whose_answer_was_lost_is_a_change() {
    let mut world = World::new().await;
    world.fake.faults(|faults| faults.break_answer_of = Some(Endpoint::KeyChange));
    world.account = world.ca.change_key(&world.account, &fresh(), &*world.clock).await.unwrap();
    assert_eq!(world.fake.count(Endpoint::KeyChange), 2);
    world.obtain(&world.spec("a.example")).await.unwrap();
}

/// Whatever the CA makes of it: Pebble says that it is done, and does nothing.
#[tokio::test(start_paused = true)]
async fn a_key_that_has_an_account_gets_no_second_one() {
    let cases: [(&str, Lie); 3] = [
        ("as the RFC says", Box::new(|answer| answer)),
        ("without a word", Box::new(|answer| answer.status(409).body(""))),
        ("denied", Box::new(|answer| answer.status(200).body(""))),
    ];
    for (case, lie) in cases {
        let world = World::new().await;
        let taken = fresh();
        let other = world.ca.register(&taken, &registration(), &*world.clock).await.unwrap();
        let liar = Liar::new(world.fake.transport(), "/key-change", lie);
        let ca = Ca::new(world.fake.directory_url(), liar, Limits::default());
        let error = ca.change_key(&world.account, &taken, &*world.clock).await.unwrap_err();
        let AcmeError::KeyTaken { account } = &error else { panic!("{case}: {error:?}") };
        assert_eq!(account, other.url(), "{case}");
        assert_eq!(error.recovery(), Recovery::Operator, "{case}");
        world.obtain(&world.spec("a.example")).await.unwrap();
    }
}

/// The old key must not be given up for a word.
#[tokio::test(start_paused = true)]
async fn a_change_that_is_only_said_is_none() {
    let world = World::new().await;
    let stranger = world.ca.account(&fresh(), world.account.url().clone());
    let done: Lie = Box::new(|answer| answer.status(200).body(""));
    let liar = Liar::new(world.fake.transport(), "/key-change", done);
    let ca = Ca::new(world.fake.directory_url(), liar, Limits::default());
    let error = ca.change_key(&stranger, &fresh(), &*world.clock).await.unwrap_err();
    assert!(error.to_string().contains("answered something else"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn an_account_that_is_not_ours_is_not_changed() {
    let world = World::new().await;
    let stranger = world.ca.account(&fresh(), world.account.url().clone());
    let error = world.ca.change_key(&stranger, &fresh(), &*world.clock).await.unwrap_err();
    assert!(matches!(error, AcmeError::Refused { .. }), "{error:?}");
    world.obtain(&world.spec("a.example")).await.unwrap();

    world.fake.forget_accounts();
    let error = world.ca.change_key(&world.account, &fresh(), &*world.clock).await.unwrap_err();
    assert_eq!(error.recovery(), Recovery::Account, "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_ca_that_changes_no_keys_is_not_asked_to() {
    let world = World::new().await;
    let liar = Liar::new(
        world.fake.transport(),
        "/directory",
        Box::new(|answer| answer.with("/keyChange", Value::Null)),
    );
    let ca = Ca::new(world.fake.directory_url(), liar.clone(), Limits::default());
    let error = ca.change_key(&world.account, &fresh(), &*world.clock).await.unwrap_err();
    assert_eq!(error.recovery(), Recovery::Permanent);
    assert_eq!(
        error.to_string(),
        "the CA at https://ca.test/directory does not offer this: its directory has no keyChange"
    );
    assert_eq!(liar.requests(), 1, "the directory");
}

#[tokio::test(start_paused = true)]
async fn an_rsa_account_is_taken_over() {
    let cases = [("at once", None), ("with a lost answer", Some(Endpoint::KeyChange))];
    for (case, broken) in cases {
        let mut world = World::new().await;
        let (old, new) = (rsa(), fresh());
        let url = world.fake.make_rsa_account(&old);
        world.fake.faults(|faults| faults.break_answer_of = broken);
        let account = world.ca.take_over(&old, &new, &*world.clock).await.unwrap();
        assert_eq!((account.url(), account.thumbprint()), (&url, new.thumbprint()), "{case}");

        world.account = world.ca.take_over(&old, &new, &*world.clock).await.unwrap();
        assert_eq!(world.account.url(), &url, "{case}: as after a crash");
        world.obtain(&world.spec("a.example")).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn there_is_nothing_to_take_over_at_another_ca() {
    let world = World::new().await;
    let error = world.ca.take_over(&rsa(), &fresh(), &*world.clock).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the CA at https://ca.test/directory knows no account of the imported key; is it the key of an account at this CA?"
    );
    assert_eq!(error.recovery(), Recovery::Operator);
    assert_eq!(world.fake.count(Endpoint::KeyChange), 0);
}
