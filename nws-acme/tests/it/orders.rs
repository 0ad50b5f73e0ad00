use std::sync::Arc;
use std::time::Duration;

use nws_acme::testing::{Endpoint, FakeCa, Outage, RuntimeClock, Unanswered};
use nws_acme::{
    AccountKey, Ca, Clock as _, Limits, NameFailure, OrderError, Problem, ProblemKind, Recovery,
    RetryAfter, generate_key, obtain,
};
use nws_challenge::Token;
use nws_expiry::{DnsName, KeyType};
use time::macros::datetime;

use crate::world::{Book, Entry, World, registration};

#[tokio::test(start_paused = true)]
async fn an_order_brings_the_certificate_for_exactly_its_names() {
    for (names, count) in [("shop.example", 1), ("a.example b.example c.example", 3)] {
        let world = World::new().await;
        let spec = world.spec(names);
        let issued = world.obtain(&spec).await.unwrap();
        assert_eq!(issued.names(), &spec.names);
        assert_eq!(
            issued.leaf().not_before(),
            datetime!(2026-03-02 0:00 UTC) + world.elapsed().truncated()
        );
        assert_eq!(issued.leaf().lifetime(), time::Duration::days(90));
        assert_eq!(issued.chain().certificates().len(), 2);
        let asked =
            [Endpoint::Directory, Endpoint::NewOrder, Endpoint::Challenge, Endpoint::Finalize];
        assert_eq!(asked.map(|endpoint| world.fake.count(endpoint)), [1, 1, count, 1], "{names}");
    }
}

trait Truncated {
    fn truncated(self) -> Self;
}

impl Truncated for Duration {
    /// X.509 has whole seconds.
    fn truncated(self) -> Self {
        Self::from_secs(self.as_secs())
    }
}

#[tokio::test(start_paused = true)]
async fn every_key_type_can_be_certified() {
    for kind in [KeyType::EcdsaP256, KeyType::EcdsaP384, KeyType::Rsa2048] {
        let world = World::new().await;
        let spec =
            nws_acme::OrderSpec { key: generate_key(kind).unwrap(), ..world.spec("shop.example") };
        assert_eq!(world.obtain(&spec).await.unwrap().leaf().key_type(), Some(kind));
    }
}

/// Orders are tasks of a runtime with several threads.
#[tokio::test(start_paused = true)]
async fn orders_run_beside_each_other() {
    let world = Arc::new(World::new().await);
    let mut orders = tokio::task::JoinSet::new();
    for shop in 0..8 {
        let world = world.clone();
        orders.spawn(async move {
            world.obtain(&world.spec(&format!("shop-{shop}.example"))).await.map(drop)
        });
    }
    for outcome in orders.join_all().await {
        outcome.unwrap();
    }
    assert_eq!((world.fake.issued(), world.fake.count(Endpoint::Directory)), (8, 1));
}

#[tokio::test(start_paused = true)]
async fn names_validated_before_are_not_validated_again() {
    let world = World::new().await;
    world.fake.faults(|faults| faults.reuse_authorizations = true);
    world.obtain(&world.spec("a.example")).await.unwrap();
    world.obtain(&world.spec("a.example")).await.unwrap();
    assert_eq!(world.fake.count(Endpoint::Challenge), 1, "the second order was ready at once");
    world.obtain(&world.spec("a.example b.example")).await.unwrap();
    assert_eq!(world.fake.count(Endpoint::Challenge), 2, "the third had one name left");
}

#[tokio::test(start_paused = true)]
async fn a_name_that_fails_is_reported_in_the_cas_words() {
    let clock = Arc::new(RuntimeClock::starting_at(datetime!(2026-03-02 0:00 UTC)));
    let words = "192.0.2.7: Fetching http://b.example/: Connection refused";
    let fake = FakeCa::new(clock.clone(), move |_: &DnsName, _: &Token| {
        Err(Unanswered::connection(words))
    });
    let ca = Ca::new(fake.directory_url(), fake.transport(), Limits::default());
    let account =
        ca.register(&AccountKey::generate().unwrap(), &registration(), &*clock).await.unwrap();
    let spec = nws_acme::OrderSpec {
        names: "b.example".parse::<DnsName>().unwrap().into(),
        key: generate_key(KeyType::EcdsaP256).unwrap(),
        profile: None,
        chain: None,
        replaces: None,
        resume: None,
        deadline: clock.now() + Duration::from_secs(60),
    };
    let error = obtain(&ca, &account, &spec, &Book::default(), &*clock).await.unwrap_err();
    assert_eq!(error.recovery(), Recovery::Name);
    let problem = Problem {
        kind: ProblemKind::Connection,
        detail: Some(words.into()),
        instance: None,
        subproblems: vec![],
    };
    assert_eq!(error.failures(), [NameFailure { name: "b.example".into(), problem }]);
    assert_eq!(
        error.to_string(),
        format!("the CA rejected order https://ca.test/order/0: b.example: connection: {words}")
    );
}

#[tokio::test(start_paused = true)]
async fn the_deadline_holds_while_the_reasons_are_read() {
    let clock = Arc::new(RuntimeClock::starting_at(datetime!(2026-03-02 0:00 UTC)));
    let fake = FakeCa::new(clock.clone(), |_: &DnsName, _: &Token| Err(Unanswered::connection("")));
    let ca = Ca::new(fake.directory_url(), fake.transport(), Limits::default());
    let account =
        ca.register(&AccountKey::generate().unwrap(), &registration(), &*clock).await.unwrap();
    let deadline = clock.now() + Duration::from_secs(20);
    let spec = nws_acme::OrderSpec {
        names: "b.example".parse::<DnsName>().unwrap().into(),
        key: generate_key(KeyType::EcdsaP256).unwrap(),
        profile: None,
        chain: None,
        replaces: None,
        resume: None,
        deadline,
    };
    let (book, silent) = (Book::default(), fake.clone());
    book.then(Entry::Present, move || {
        silent.faults(|faults| {
            (faults.outage, faults.outage_at) = (Some(Outage::Hang), vec![Endpoint::Authorization]);
        });
    });
    let error = obtain(&ca, &account, &spec, &book, &*clock).await.unwrap_err();
    assert!(matches!(error, OrderError::Rejected { .. }), "{error}");
    assert_eq!((error.recovery(), clock.now()), (Recovery::Fresh, deadline));
}

#[tokio::test(start_paused = true)]
async fn the_ca_sets_the_pace() {
    let world = World::new().await;
    world.fake.faults(|faults| {
        faults.processing_polls = 2;
        faults.retry_after = Some("7".into());
    });
    world.obtain(&world.spec("a.example")).await.unwrap();
    // the first look, until it was ready, is at our own pace; the two until it was valid are at the CA's
    assert_eq!(world.elapsed(), Limits::default().first_poll + Duration::from_secs(2 * 7));
}

#[tokio::test(start_paused = true)]
async fn a_ca_that_wants_to_be_asked_tomorrow_is_asked_tomorrow() {
    let world = World::new().await;
    world.fake.faults(|faults| {
        faults.processing_polls = 1;
        faults.retry_after = Some("86400".into());
    });
    let spec = world.spec("a.example");
    let error = world.obtain(&spec).await.unwrap_err();
    let tomorrow = RetryAfter::Delay(Duration::from_secs(86_400));
    assert_eq!(error.recovery(), Recovery::Resume { retry_after: Some(tomorrow) });
    assert!(world.elapsed() < Duration::from_secs(2));

    let again = nws_acme::OrderSpec { resume: world.journal.orders().pop(), ..spec };
    world.fake.faults(|faults| faults.retry_after = None);
    world.obtain(&again).await.unwrap();
    assert_eq!((world.fake.count(Endpoint::NewOrder), world.fake.issued()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn the_deadline_ends_the_waiting_and_not_the_order() {
    let world = World::new().await;
    world.fake.faults(|faults| faults.validation_polls = 100_000);
    let deadline = world.clock.now() + Duration::from_secs(90);
    let spec = nws_acme::OrderSpec { deadline, ..world.spec("a.example") };
    let error = world.obtain(&spec).await.unwrap_err();
    assert!(matches!(error, OrderError::Unfinished { .. }), "{error}");
    assert_eq!(world.clock.now(), deadline);

    world.fake.faults(|faults| faults.validation_polls = 0);
    let error = world.obtain(&spec).await.unwrap_err();
    assert_eq!(
        error.recovery(),
        Recovery::Resume { retry_after: None },
        "past its deadline nothing is begun"
    );
}

#[tokio::test(start_paused = true)]
async fn a_profile_the_ca_does_not_offer_is_not_asked_for() {
    let world = World::new().await;
    let with = |profile: &str| nws_acme::OrderSpec {
        profile: Some(profile.parse().unwrap()),
        ..world.spec("a.example")
    };
    world.obtain(&with("classic")).await.unwrap();
    let error = world.obtain(&with("clasic")).await.unwrap_err();
    assert_eq!(error.to_string(), "the CA offers no profile clasic, only classic");
    assert_eq!(error.recovery(), Recovery::Permanent);
    assert_eq!(world.fake.count(Endpoint::NewOrder), 1);
}

/// A CA may take a profile out of its directory at any time; what was ordered with it is there all the same.
#[tokio::test(start_paused = true)]
async fn an_order_goes_on_whatever_became_of_its_profile() {
    let world = World::new().await;
    world.journal.lose(Entry::Finalizing);
    let spec = world.spec("a.example");
    world.obtain(&spec).await.unwrap_err();
    let (resume, profile) = (world.journal.orders().pop(), Some("gone".parse().unwrap()));
    world.obtain(&nws_acme::OrderSpec { resume, profile, ..spec }).await.unwrap();
    assert_eq!(world.fake.count(Endpoint::NewOrder), 1);
}
