//! Properties of an order through troubles that pass.

use std::time::Duration;

use nws_acme::testing::{Answer, Endpoint, Faults, Instead};
use nws_acme::{
    Availability, CertificateId, Clock as _, LimitScope, OrderSpec, Recovery, RetryAfter,
};
use proptest::prelude::*;

use crate::trouble::{Trouble, manner, trouble};
use crate::world::World;

/// What a certificate costs that nothing befalls: each step, and the looks at the order.
const REQUESTS: usize = 25;
/// What an attempt costs that ends in trouble: the steps before, and thirty refusals of nonces, each third with a new nonce, or the
/// fewer tries that all else has.
const REQUESTS_IN_TROUBLE: usize = 60;

fn run<T>(future: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_time().start_paused(true).build().unwrap().block_on(future)
}

/// A certificate and its renewal, each through all the troubles.
async fn certificates_through(manner: Faults, troubles: &[Vec<Trouble>]) {
    let world = World::new().await;
    world.fake.faults(|present| *present = manner);
    let first = world.obtain_through(&world.spec("a.example b.example"), troubles).await;
    let replaces = CertificateId::of(first.leaf());
    let spec = OrderSpec { replaces, ..world.spec("a.example b.example") };
    world.obtain_through(&spec, troubles).await;
    let asked = world.fake.requests();
    let most = 2 * (REQUESTS + REQUESTS_IN_TROUBLE * troubles.len());
    assert!(asked <= most, "{asked} requests, {most} are allowed");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Whatever happens, as long as it ends and nobody is to blame: for whoever does as told there is a certificate, with a bounded
    /// number of requests, and never a second order while one is known and open.
    #[test]
    fn troubles_that_pass_end_in_certificates(
        manner in manner(),
        troubles in prop::collection::vec(prop::collection::vec(trouble(), 1..4), 0..6),
    ) {
        run(certificates_through(manner, &troubles));
    }

    /// However many things go wrong at once and never end, the attempt is over at its deadline; the journal here takes no time.
    #[test]
    fn no_troubles_outlive_the_deadline(
        manner in manner(),
        troubles in prop::collection::vec(trouble(), 0..5),
        replaces in any::<bool>(),
        seconds in 0..900u64,
    ) {
        run(async {
            let world = World::new().await;
            let first = world.obtain(&world.spec("a.example")).await.unwrap();
            world.fake.faults(|present| *present = Faults {
                processing_polls: manner.processing_polls * 1000,
                validation_polls: manner.validation_polls * 1000,
                ..manner
            });
            for trouble in &troubles {
                trouble.befall(&world);
            }
            let deadline = world.clock.now() + Duration::from_secs(seconds);
            let replaces = CertificateId::of(first.leaf()).filter(|_| replaces);
            let spec = OrderSpec { replaces, deadline, ..world.spec("a.example b.example") };
            let outcome = world.obtain(&spec).await;
            assert!(world.clock.now() <= deadline, "{outcome:?}");
        });
    }
}

/// The CA is at it, and refuses a second offer; the order goes on all the same.
#[tokio::test(start_paused = true)]
async fn an_offer_whose_answer_is_lost_was_made() {
    let world = World::new().await;
    world.fake.faults(|faults| {
        (faults.validation_polls, faults.break_answer_of) = (3, Some(Endpoint::Challenge));
    });
    world.obtain(&world.spec("a.example")).await.unwrap();
    assert_eq!((world.fake.count(Endpoint::Challenge), world.fake.orders()), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn a_limit_is_waited_for_and_a_pause_held() {
    let answers = [
        LimitScope::Account,
        LimitScope::RegisteredDomain,
        LimitScope::ExactSet,
        LimitScope::Identifier,
        LimitScope::Client,
        LimitScope::Unknown,
    ];
    let limits = answers.map(|scope| {
        let retry_after = RetryAfter::Delay(Duration::from_secs(7200));
        let answer = Answer::Limited { scope, retry_after: "7200".into() };
        (answer, Recovery::Wait { retry_after, scope })
    });
    let url = "https://ca.test/sfe/v1/unpause?jwt=a.b.c";
    let paused = (Answer::Paused { url: url.into() }, Recovery::Hold { url: Some(url.into()) });
    for (answer, want) in limits.into_iter().chain([paused]) {
        for at in [Endpoint::NewOrder, Endpoint::Finalize] {
            let world = World::new().await;
            let instead = Instead { at, times: 1, answer: answer.clone() };
            world.fake.faults(|faults| faults.instead.push(instead));
            let error = world.obtain(&world.spec("a.example")).await.unwrap_err();
            assert_eq!(error.recovery(), want, "{at:?}");
            assert_eq!(world.fake.count(at), 1, "{at:?}, {want:?}: not asked again");
            assert_eq!(world.ca.availability(world.clock.now()), Availability::Up, "{want:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_anywhere_is_trouble_on_the_way() {
    for at in [
        Endpoint::NewOrder,
        Endpoint::Order,
        Endpoint::Authorization,
        Endpoint::Challenge,
        Endpoint::Finalize,
        Endpoint::Certificate,
    ] {
        for status in [200, 403, 429, 502] {
            let world = World::new().await;
            let instead = Instead { at, times: 3, answer: Answer::Page { status } };
            world.fake.faults(|faults| faults.instead.push(instead));
            let spec = world.spec("a.example");
            let error = world.obtain(&spec).await.unwrap_err();
            assert_eq!(error.recovery(), Recovery::CaAway { retry_after: None }, "{at:?} {status}");
            world.fake.faults(|faults| faults.instead.clear());
            let resume = world.journal.orders().pop();
            world.wait_until_asked().await;
            world.obtain(&OrderSpec { resume, ..spec }).await.unwrap();
            assert_eq!(world.fake.orders(), 1, "{at:?} {status}");
        }
    }
}
