//! Two CAs that share an account key, without a daemon.

use std::sync::Arc;

use nws_acme::testing::{FakeCa, Outage, RuntimeClock, Unanswered};
use nws_acme::{Ca, ImportedKey, Limits, Registration, TermsAgreed, generate_key};
use nws_challenge::Token;
use nws_expiry::{DnsName, KeyType, budget};
use time::macros::datetime;

use super::*;
use crate::account::AccountName;
use crate::authority::Terms;
use crate::state_dir::StatePaths;
use crate::store::SqliteStore;
use crate::vault::Vault;

struct World {
    dir: tempfile::TempDir,
    clock: Arc<RuntimeClock>,
    cas: [Arc<FakeCa>; 2],
    contact: &'static str,
}

impl World {
    fn new() -> Self {
        let clock = Arc::new(RuntimeClock::starting_at(datetime!(2026-03-01 12:00 UTC)));
        let nobody = |_: &DnsName, _: &Token| Err(Unanswered::connection("nobody"));
        let ca = || FakeCa::new(clock.clone(), nobody);
        Self {
            dir: tempfile::tempdir().unwrap(),
            cas: [ca(), ca()],
            clock,
            contact: "mailto:ops@platform.example",
        }
    }

    /// Everything as a start finds it.
    async fn start(&self) -> Accounts {
        let paths = StatePaths::of(self.dir.path());
        let vault = Vault::open(&self.dir.path().join("key.age")).unwrap();
        let keys = Arc::new(AccountKeys::open(&paths, AccountName::default(), &vault).unwrap());
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&paths.database()).await.unwrap());
        let known = store.load().await.unwrap().accounts;
        let authority = |(ca, number): (&Arc<FakeCa>, u8)| {
            let directory = format!("{}?{number}", ca.directory_url()).parse().unwrap();
            let contact = vec![self.contact.parse().unwrap()];
            let registration = Registration { terms: TermsAgreed, contact, external_account: None };
            let terms = Terms {
                name: None,
                registration,
                profile: None,
                chain: None,
                limits: budget::Limits::NONE,
            };
            let limits = Limits { tries: 1, ..Limits::default() };
            let ca = Ca::new(directory, ca.transport(), limits);
            Arc::new(Authority::new(ca, keys.clone(), terms, &known))
        };
        let authorities = self.cas.iter().zip(1..).map(authority).collect();
        Accounts { authorities, store, clock: self.clock.clone() }
    }

    fn lose_database(&self) {
        for file in ["state.db", "state.db-wal", "state.db-shm"] {
            std::fs::remove_file(self.dir.path().join(file)).unwrap();
        }
    }

    fn is_changing(&self) -> bool {
        self.dir.path().join("account.next.age").exists()
    }
}

/// The thumbprint of the key that works at each CA, by what an order would be given.
async fn keys_in_use(accounts: &Accounts) -> Vec<String> {
    let mut thumbprints = Vec::new();
    for authority in &accounts.authorities {
        thumbprints.push(key_in_use(accounts, authority).await);
    }
    thumbprints
}

async fn key_in_use(accounts: &Accounts, authority: &Authority) -> String {
    let lease = authority.account(&*accounts.store, &*accounts.clock).await.unwrap();
    // The CA itself says whether it knows the account by this key.
    authority.ca.update_contact(&lease, &[], &*accounts.clock).await.unwrap();
    lease.thumbprint().to_string()
}

/// What is left to do at a CA that was away, done as by the daemon.
async fn go_on(accounts: &Accounts) {
    for authority in &accounts.authorities {
        authority.ca.try_now();
        authority.change_key(&*accounts.store, &*accounts.clock).await.unwrap();
    }
    accounts.finish_changes().unwrap();
}

#[tokio::test]
async fn each_ca_is_asked_with_the_key_it_has_until_all_have_the_new_one() {
    for restarted in [false, true] {
        let world = World::new();
        let mut accounts = world.start().await;
        let old = keys_in_use(&accounts).await;
        assert_eq!(old[0], old[1], "they share it");

        world.cas[1].faults(|faults| faults.outage = Some(Outage::Refused));
        let done = accounts.roll_over(None).await.unwrap();
        assert_eq!((done[0].error.as_ref(), done[1].done.as_ref()), (None, None), "{done:?}");
        world.cas[1].faults(|faults| faults.outage = None);
        if restarted {
            accounts = world.start().await;
        }
        accounts.authorities[1].ca.try_now();
        let between = keys_in_use(&accounts).await;
        assert_ne!(between[0], old[0], "the first has the new one");
        assert_eq!(between[1], old[1], "the second has the old one still");
        assert!(world.is_changing());
        accounts.finish_changes().unwrap();
        assert!(world.is_changing(), "it is not over");

        go_on(&accounts).await;
        assert_eq!(keys_in_use(&accounts).await, [between[0].clone(), between[0].clone()]);
        assert!(!world.is_changing());
        assert_eq!(keys_in_use(&world.start().await).await[1], between[0]);
    }
}

#[tokio::test]
async fn a_database_that_is_lost_in_the_middle_costs_no_account() {
    let world = World::new();
    let accounts = world.start().await;
    let old = keys_in_use(&accounts).await;
    world.cas[1].faults(|faults| faults.outage = Some(Outage::Refused));
    accounts.roll_over(None).await.unwrap();
    world.cas[1].faults(|faults| faults.outage = None);
    drop(accounts);
    world.lose_database();

    let accounts = world.start().await;
    let between = keys_in_use(&accounts).await;
    assert!(between[0] != old[0] && between[1] == old[1], "they are asked");
    go_on(&accounts).await;
    let shown = accounts.show();
    assert!(shown.iter().all(|one| one.url.as_ref().unwrap().ends_with("/account/0")), "{shown:?}");
    assert_eq!(keys_in_use(&accounts).await[1], between[0]);
}

#[tokio::test]
async fn a_ca_without_an_account_is_in_no_keys_way_and_gets_the_new_one() {
    let world = World::new();
    let accounts = world.start().await;
    key_in_use(&accounts, &accounts.authorities[0]).await;
    let done = accounts.roll_over(Some("https://ca.test/directory?2")).await.unwrap();
    assert_eq!(done.len(), 2, "whoever shares the key is concerned");
    assert!(!world.is_changing(), "{done:?}");
    let keys = keys_in_use(&accounts).await;
    assert_eq!(keys[0], keys[1]);
}

#[tokio::test]
async fn the_account_of_another_client_gets_our_key() {
    let world = World::new();
    let pem = generate_key(KeyType::Rsa2048).unwrap().to_pem();
    let Ok(ImportedKey::Rsa(theirs)) = ImportedKey::from_file_text(&pem) else { panic!("RSA") };
    let accounts = world.start().await;
    let url = world.cas[0].make_rsa_account(&theirs);
    for accounts in [accounts, world.start().await] {
        let authority = &accounts.authorities[0];
        let taken = authority.take_over(&theirs, &*accounts.store, &*accounts.clock).await.unwrap();
        assert_eq!(taken, url, "asking once more changes nothing");
        assert_eq!(key_in_use(&accounts, authority).await, accounts.show()[0].thumbprint);
    }
    let accounts = world.start().await;
    assert_eq!(accounts.show()[0].url, Some(url.to_string()), "it is known after a start");
    let said = accounts.authorities[1].take_over(&theirs, &*accounts.store, &*accounts.clock).await;
    let said = Causes(&said.unwrap_err()).to_string();
    assert!(said.contains("knows no account of the imported key"), "{said}");
}

#[tokio::test]
async fn a_ca_that_cannot_use_a_contact_says_so() {
    let mut world = World::new();
    world.contact = "tel:+1-201-555-0123";
    let accounts = world.start().await;
    let authority = &accounts.authorities[0];
    let said = authority.account(&*accounts.store, &*accounts.clock).await.err().unwrap();
    let said = Causes(&said).to_string();
    assert!(said.contains("only mailto is supported"), "{said}");
    assert!(said.contains("a person has to ask it why"), "{said}");

    world.contact = "mailto:ops@platform.example";
    keys_in_use(&world.start().await).await;
    world.contact = "tel:+1-201-555-0123";
    let told = world.start().await.tell_contacts().await;
    let said = told[0].error.clone().unwrap();
    assert!(said.contains("only mailto is supported"), "{said}");
}
