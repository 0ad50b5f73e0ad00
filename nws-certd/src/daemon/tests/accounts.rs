//! Accounts: made as configured, given other keys, ended.

use nws_acme::ExternalAccount;
use nws_acme::testing::{Endpoint, Outage};
use time::Duration;

use super::stopping::Stop;
use super::world::{SHOP, World, apps};
use crate::accounts::{AccountStanding, Accounts};
use crate::daemon::{Daemon, Look};
use crate::report::Stage;

fn accounts(daemon: &Daemon) -> Accounts {
    Accounts::of(&daemon.parts.ordering)
}

/// Lets the changes of account keys that a turn has begun come to an end.
pub(super) async fn run_changes(daemon: &mut Daemon) {
    while daemon.changing.join_next().await.is_some() {}
}

/// The only CA's account key, as the report has it.
fn thumbprint(daemon: &Daemon) -> String {
    accounts(daemon).show()[0].thumbprint.clone()
}

#[tokio::test]
async fn the_ca_is_told_the_contacts_when_the_account_is_made_and_when_asked_to() {
    let world = World::with(SHOP).await;
    let mut daemon = world.daemon().await;
    let told = accounts(&daemon).tell_contacts().await;
    assert_eq!(
        told[0].done.as_deref(),
        Some("no account yet; the contacts are told when it is made")
    );
    let report = world.settle(&mut daemon).await;
    let url = report.cas[0].account.clone().unwrap().parse().unwrap();
    let want = Some(vec!["mailto:ops@platform.example".to_owned()]);
    assert_eq!(world.ca.contact(&url), want);

    let told = accounts(&daemon).tell_contacts().await;
    assert_eq!(told[0].done.as_deref(), Some("contacts told"));
    assert_eq!((world.ca.contact(&url), world.ca.count(Endpoint::Account)), (want, 1));
}

#[tokio::test]
async fn a_ca_that_wants_an_external_account_says_so_until_it_has_one() {
    let mut world = World::with(SHOP).await;
    world.ca.require_external_account("kid-1", b"secret");
    let mut daemon = world.daemon().await;
    let report = world.settle(&mut daemon).await;
    let obstacle = &report.cas[0].obstacles[0];
    assert!(obstacle.held);
    assert_eq!(
        obstacle.detail,
        "the CA at https://ca.test/directory makes no account without an external one; get a key id and an HMAC key from it, and configure both"
    );
    assert_eq!((world.ca.issued(), world.ca.orders()), (0, 0));

    world.external_account = Some(ExternalAccount::new("kid-1", "d3Jvbmc").unwrap());
    world.pass(Duration::HOUR);
    let mut daemon = world.daemon().await;
    let report = world.settle(&mut daemon).await;
    let said = &report.cas[0].obstacles[0].detail;
    assert!(said.starts_with("the CA has no account for this key, and makes none"), "{said}");
    assert!(said.contains("the binding is signed with another key"), "{said}");

    world.external_account = Some(ExternalAccount::new("kid-1", "c2VjcmV0").unwrap());
    world.pass(Duration::HOUR);
    let report = world.settle(&mut world.daemon().await).await;
    assert_eq!(report.certificates[0].stage, Stage::Pushed, "{report:?}");

    world.external_account = None;
    world.lose_database();
    world.somebody_writes("apps/blog.yaml", &SHOP.replace("shop", "blog"));
    let report = world.settle(&mut world.daemon().await).await;
    assert_eq!(world.ca.issued(), 2, "an account that is there needs no other: {report:?}");
}

#[tokio::test]
async fn an_account_lives_on_with_another_key() {
    let world = World::with(SHOP).await;
    let mut daemon = world.daemon().await;
    let before = world.settle(&mut daemon).await;
    let done = accounts(&daemon).roll_over(None).await.unwrap();
    assert_eq!(done[0].done.as_deref(), Some("key changed"), "{done:?}");
    assert_ne!(done[0].thumbprint, before.cas[0].thumbprint);
    assert_eq!(world.account_keys(), ["account.age"], "the key that was is not kept");

    world.somebody_writes("apps/blog.yaml", &SHOP.replace("shop", "blog"));
    for mut daemon in [daemon, world.daemon().await] {
        let after = world.settle(&mut daemon).await;
        assert_eq!(after.cas[0].account, before.cas[0].account);
        assert_eq!(after.cas[0].thumbprint, done[0].thumbprint);
        assert!(after.certificates.iter().all(|one| one.stage == Stage::Pushed), "{after:?}");
    }
    assert_eq!(world.ca.issued(), 2);
}

#[tokio::test]
async fn renewals_are_not_moved_by_another_key() {
    let world = World::with(SHOP).await;
    let mut daemon = world.daemon().await;
    let before = world.settle(&mut daemon).await;
    accounts(&daemon).roll_over(None).await.unwrap();
    let after = world.settle(&mut world.daemon().await).await;
    assert_ne!(after.cas[0].thumbprint, before.cas[0].thumbprint);
    assert_eq!(after.certificates[0].next.at, before.certificates[0].next.at);
}

#[tokio::test]
async fn a_ca_that_is_away_gets_the_key_when_it_is_back() {
    let world = World::with(SHOP).await;
    let mut daemon = world.daemon().await;
    let before = world.settle(&mut daemon).await;
    world.ca.faults(|faults| faults.outage = Some(Outage::Refused));
    let done = accounts(&daemon).roll_over(None).await.unwrap();
    let said = done[0].error.clone().unwrap();
    assert!(said.contains("no answer from https://ca.test/"), "{said}");
    assert_eq!(world.account_keys(), ["account.age", "account.next.age"]);
    daemon.turn(Look::WhenDue).await.unwrap();
    let report = daemon.reports().borrow().clone().unwrap();
    let troubles: String = report.troubles.iter().map(|trouble| trouble.text.as_str()).collect();
    assert!(troubles.contains("could not be changed yet"), "{troubles}");

    world.ca.faults(|faults| faults.outage = None);
    let in_vain = world.ca.count(Endpoint::KeyChange);
    for mut daemon in [daemon, world.daemon().await] {
        world.pass(Duration::minutes(6));
        daemon.turn(Look::WhenDue).await.unwrap();
        run_changes(&mut daemon).await;
        daemon.turn(Look::WhenDue).await.unwrap();
        let report = daemon.reports().borrow().clone().unwrap();
        assert_ne!(report.cas[0].thumbprint, before.cas[0].thumbprint);
        assert_eq!((report.troubles.len(), world.ca.count(Endpoint::KeyChange)), (0, in_vain + 1));
        assert_eq!(world.account_keys(), ["account.age"]);
    }
}

#[tokio::test]
async fn no_order_is_begun_while_the_key_is_changed_and_those_under_way_are_waited_for() {
    let world = World::with(SHOP).await;
    world.settle(&mut world.daemon().await).await;
    let mut daemon = world.daemon().await;
    // Until it is told otherwise, however long the turns take.
    world.ca.faults(|faults| faults.validation_polls = u32::MAX);
    world.somebody_writes("apps/blog.yaml", &SHOP.replace("shop", "blog"));
    daemon.turn(Look::Asked).await.unwrap();
    while world.ca.count(Endpoint::Challenge) < 2 {
        tokio::task::yield_now().await;
    }
    let change = tokio::spawn({
        let accounts = accounts(&daemon);
        async move { accounts.roll_over(None).await.unwrap() }
    });
    while world.account_keys().len() < 2 {
        tokio::task::yield_now().await;
    }
    world.somebody_writes("apps/wiki.yaml", &SHOP.replace("shop", "wiki"));
    daemon.turn(Look::Asked).await.unwrap();
    assert_eq!(daemon.running.len(), 1, "the wiki waits");
    assert_eq!(world.ca.count(Endpoint::KeyChange), 0, "so does the key");
    let report = daemon.reports().borrow().clone().unwrap();
    assert!(report.troubles[0].text.contains("is being changed; no order is begun"), "{report:?}");

    world.ca.faults(|faults| faults.validation_polls = 0);
    world.run_orders(&mut daemon).await;
    assert_eq!(change.await.unwrap()[0].error, None);
    assert_eq!((world.ca.issued(), world.ca.count(Endpoint::KeyChange)), (2, 1));
    let report = world.settle(&mut daemon).await;
    assert_eq!((world.ca.issued(), report.troubles.len()), (3, 0), "{report:?}");
}

/// The CA compares with the key that the account had when the challenge was offered.
#[tokio::test]
async fn a_challenge_is_answered_with_the_key_it_was_offered_with() {
    let world = World::with(SHOP).await;
    world.ca.faults(|faults| faults.validation_polls = 20);
    let mut daemon = world.daemon().await;
    daemon.turn(Look::Asked).await.unwrap();
    while world.ca.count(Endpoint::Challenge) == 0 {
        tokio::task::yield_now().await;
    }
    let old = thumbprint(&daemon);
    drop(daemon);

    let mut daemon = world.daemon().await;
    accounts(&daemon).roll_over(None).await.unwrap();
    let report = world.settle(&mut daemon).await;
    assert_eq!(report.certificates[0].stage, Stage::Pushed, "{report:?}");
    assert_eq!((world.ca.orders(), world.ca.count(Endpoint::Challenge)), (1, 1));
    let answers = world.answers().await;
    assert!(answers[0].ends_with(&format!(".{old}")) && answers.len() == 1, "{answers:?}");
}

#[tokio::test]
async fn a_challenge_that_was_not_offered_yet_is_answered_with_the_new_key() {
    let world = World::with(SHOP).await;
    let mut write = 1;
    while world.run_until_write(Stop::After, write).await.step != "Offered" {
        world.lose_database();
        write += 1;
    }
    let answers = world.answers().await;
    let mut daemon = world.daemon().await;
    let old = thumbprint(&daemon);
    assert!(answers[0].ends_with(&format!(".{old}")), "{answers:?}");
    let new = accounts(&daemon).roll_over(None).await.unwrap()[0].thumbprint.clone();
    let report = world.settle(&mut daemon).await;
    assert_eq!(report.certificates[0].stage, Stage::Pushed, "{report:?}");
    let answers = world.answers().await;
    assert!(answers[0].ends_with(&format!(".{new}")), "{answers:?}");
}

#[tokio::test]
async fn a_ca_that_refuses_keeps_the_old_key_and_serves() {
    let world = World::with(&apps(&["shop"])).await;
    let mut daemon = world.daemon().await;
    let before = world.settle(&mut daemon).await;
    world.ca.deactivate_accounts();
    let done = accounts(&daemon).roll_over(None).await.unwrap();
    let said = done[0].error.clone().unwrap();
    assert!(said.contains("deactivated"), "{said}");
    assert_eq!(done[0].thumbprint, before.cas[0].thumbprint);
    daemon.turn(Look::WhenDue).await.unwrap();
    let report = daemon.reports().borrow().clone().unwrap();
    let text = &report.troubles[0].text;
    assert!(text.contains("does not change the account's key, which stays the old one"), "{text}");
    assert!(text.contains("nws-certd sync"), "{text}");
}

#[tokio::test]
async fn an_account_that_was_ended_is_held_for_a_person() {
    let world = World::with(SHOP).await;
    let mut daemon = world.daemon().await;
    let said = accounts(&daemon).deactivate("https://ca.test/directory").await.unwrap_err();
    assert_eq!(
        said.to_string(),
        "there is no account at https://ca.test/directory, so there is nothing to deactivate"
    );
    let said = accounts(&daemon).deactivate("https://other.test/").await.unwrap_err();
    assert_eq!(
        said.to_string(),
        "https://other.test/ is no configured CA; name one of: https://ca.test/directory"
    );
    world.settle(&mut daemon).await;
    for _ in 0..2 {
        let done = accounts(&daemon).deactivate("https://ca.test/directory").await.unwrap();
        assert_eq!(done[0].standing, AccountStanding::Deactivated);
    }
    world.somebody_writes("apps/blog.yaml", &SHOP.replace("shop", "blog"));
    let orders = world.ca.count(Endpoint::NewOrder);
    for mut daemon in [daemon, world.daemon().await] {
        let report = world.settle(&mut daemon).await;
        let blog = report.certificates.iter().find(|one| one.names == ["blog.example"]).unwrap();
        assert_eq!(blog.stage, Stage::Held, "{report:?}");
        assert_eq!(
            report.cas[0].obstacles[0].detail,
            "our account there was deactivated at 2026-03-01 12:00:30Z; take the CA out of the configuration, or give it another key with account = \"NAME\", and restart the daemon"
        );
        assert_eq!(world.ca.count(Endpoint::NewOrder), orders, "nothing is asked for");
        accounts(&daemon).roll_over(None).await.unwrap();
        assert_eq!(world.account_keys(), ["account.age"], "it is in no key's way");
    }
}
