//! A CA that forgets: a test CA that was restarted, a real one that deleted an old order or ended an account.

use std::time::Duration;

use nws_acme::testing::{Endpoint, FakeCa};
use nws_acme::{
    AccountKey, AcmeError, Availability, Clock as _, Limits, OrderError, OrderSpec, Recovery,
};

use crate::world::{Entry, World, registration};

/// What a CA can lose.
type Lose = fn(&FakeCa);

/// When, in the course of an order.
#[derive(Clone, Copy, Debug)]
enum Moment {
    Before,
    After(Entry),
    /// While we wait for the certificate.
    Processing,
}

const MOMENTS: [Moment; 5] = [
    Moment::Before,
    Moment::After(Entry::OrderKnown),
    Moment::After(Entry::Present),
    Moment::After(Entry::Finalizing),
    Moment::Processing,
];

/// The error of an order in whose course the CA loses something.
async fn interrupted(world: &World, spec: &OrderSpec, moment: Moment, lose: Lose) -> OrderError {
    match moment {
        Moment::Before => lose(&world.fake),
        Moment::After(entry) => {
            let fake = world.fake.clone();
            world.journal.then(entry, move || lose(&fake));
        }
        Moment::Processing => world.fake.faults(|faults| faults.processing_polls = 4),
    }
    let later = async {
        let Moment::Processing = moment else { return };
        tokio::time::sleep(Limits::default().first_poll * 3).await;
        lose(&world.fake);
    };
    tokio::join!(world.obtain(spec), later).0.unwrap_err()
}

/// Goes on as a daemon does, by nothing but what the errors say, and returns what they said.
async fn go_on(world: &mut World, key: &AccountKey, spec: &OrderSpec) -> Vec<Recovery> {
    let mut said = Vec::new();
    let mut resume = world.journal.orders().pop();
    while said.len() < 5 {
        let again = OrderSpec { resume: resume.clone(), ..spec.clone() };
        let Err(error) = world.obtain(&again).await else { return said };
        match error.recovery() {
            Recovery::Account => {
                let account = world.ca.register(key, &registration(), &*world.clock).await;
                world.account = account.unwrap();
            }
            Recovery::Fresh => resume = None,
            other => panic!("{other:?}: {error}"),
        }
        said.push(error.recovery());
    }
    said
}

#[tokio::test(start_paused = true)]
async fn an_account_the_ca_lost_is_registered_again_and_all_goes_on() {
    let losses: [(&str, Lose); 2] = [
        ("accounts alone", FakeCa::forget_accounts),
        ("everything", |fake| {
            fake.forget_accounts();
            fake.forget_orders();
        }),
    ];
    for (case, lose) in losses {
        for moment in MOMENTS {
            for without_a_word in [false, true] {
                let mut world = World::new().await;
                world.fake.faults(|faults| faults.not_found_without_a_word = without_a_word);
                let key = AccountKey::generate().unwrap();
                world.account =
                    world.ca.register(&key, &registration(), &*world.clock).await.unwrap();
                let lost = world.account.url().clone();
                let spec = world.spec("a.example");
                let error = interrupted(&world, &spec, moment, lose).await;
                assert_eq!(error.recovery(), Recovery::Account, "{case}, {moment:?}: {error}");

                world.fake.faults(|faults| faults.processing_polls = 0);
                let said = go_on(&mut world, &key, &spec).await;
                let want: &[_] = match moment {
                    Moment::Before => &[Recovery::Account],
                    Moment::After(_) | Moment::Processing => &[Recovery::Account, Recovery::Fresh],
                };
                assert_eq!(said, want, "{case}, {moment:?}");
                assert_ne!(*world.account.url(), lost, "{case}, {moment:?}");
                assert_eq!(world.ca.availability(world.clock.now()), Availability::Up);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_order_the_ca_lost_makes_way_for_a_fresh_one() {
    for moment in MOMENTS {
        for without_a_word in [false, true] {
            let mut world = World::new().await;
            world.fake.faults(|faults| faults.not_found_without_a_word = without_a_word);
            let spec = match moment {
                Moment::Before => {
                    world.journal.lose(Entry::Finalizing);
                    let spec = world.spec("a.example");
                    world.obtain(&spec).await.unwrap_err();
                    OrderSpec { resume: world.journal.orders().pop(), ..spec }
                }
                Moment::After(_) | Moment::Processing => world.spec("a.example"),
            };
            let error = interrupted(&world, &spec, moment, FakeCa::forget_orders).await;
            // what is left of it can be answered still; the order itself is asked for then
            assert_eq!(error.recovery(), Recovery::Fresh, "{moment:?}: {error}");
            assert_eq!(world.ca.availability(world.clock.now()), Availability::Up, "{moment:?}");

            world.fake.faults(|faults| faults.processing_polls = 0);
            let key = AccountKey::generate().unwrap();
            let fresh = OrderSpec { resume: None, ..spec };
            assert_eq!(go_on(&mut world, &key, &fresh).await, [Recovery::Fresh], "{moment:?}");
            assert_eq!(world.fake.orders(), 2, "{moment:?}");
        }
    }
}

/// Registering again would bring the same refusal: a person has to ask why.
#[tokio::test(start_paused = true)]
async fn an_account_the_ca_ended_is_the_operators() {
    let mut world = World::new().await;
    let key = AccountKey::generate().unwrap();
    world.account = world.ca.register(&key, &registration(), &*world.clock).await.unwrap();
    world.fake.deactivate_accounts();
    let error = world.obtain(&world.spec("a.example")).await.unwrap_err();
    assert_eq!(error.recovery(), Recovery::Operator, "{error}");

    let asked = world.fake.count(Endpoint::NewAccount);
    let error = world.ca.register(&key, &registration(), &*world.clock).await.unwrap_err();
    assert!(matches!(error, AcmeError::NotRegistered { .. }), "{error:?}");
    assert_eq!(error.recovery(), Recovery::Operator);
    assert_eq!(
        error.to_string(),
        "the CA has no account for this key, and makes none: unauthorized: an account with the \
         provided public key exists but is deactivated; a person has to ask it why"
    );
    assert_eq!(world.fake.count(Endpoint::NewAccount), asked + 1, "once");
    assert_eq!(world.elapsed(), Duration::ZERO);
}

/// The same names asked for twice: one order at a CA that knows it is open, two at one that does not look.
#[tokio::test(start_paused = true)]
async fn an_open_order_is_found_again_where_the_ca_looks_for_it() {
    for (never_the_same_order, orders) in [(false, 1), (true, 2)] {
        let world = World::new().await;
        world.fake.faults(|faults| faults.never_the_same_order = never_the_same_order);
        world.journal.lose(Entry::OrderKnown);
        let spec = world.spec("a.example");
        world.obtain(&spec).await.unwrap_err();
        world.obtain(&spec).await.unwrap();
        assert_eq!((world.fake.count(Endpoint::NewOrder), world.fake.orders()), (2, orders));
    }
}
