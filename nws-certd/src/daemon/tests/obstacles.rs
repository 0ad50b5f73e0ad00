//! What keeps from a CA keeps whoever met it, too: nothing is asked again at once.

use nws_acme::LimitScope;
use std::sync::Arc;

use nws_acme::testing::{Answer, Endpoint, Instead};
use time::Duration;

use super::world::{SHOP, World};
use crate::report::Stage;

fn limit(world: &World, at: Endpoint, scope: LimitScope, retry_after: &str) {
    let answer = Answer::Limited { scope, retry_after: retry_after.into() };
    world.ca.faults(|faults| faults.instead = vec![Instead { at, times: 99, answer }]);
}

#[tokio::test]
async fn a_renewal_that_a_ca_does_not_exempt_waits_as_long_as_it_says() {
    for scope in [LimitScope::Account, LimitScope::RegisteredDomain, LimitScope::ExactSet] {
        let world = World::with(SHOP).await;
        let mut daemon = world.daemon().await;
        let first = world.settle(&mut daemon).await;
        world.pass(first.certificates[0].next.at - world.now());
        let before = world.ca.count(Endpoint::NewOrder);
        limit(&world, Endpoint::NewOrder, scope, "86400");
        world.settle(&mut daemon).await;
        let report = world.go_on(&mut daemon).await;
        let asked = world.ca.count(Endpoint::NewOrder) - before;
        assert_eq!(
            (asked, report.certificates[0].stage),
            (1, Stage::Waiting),
            "{scope:?}: {report:?}"
        );
    }
}

#[tokio::test]
async fn a_limit_that_is_over_at_once_is_waited_for_all_the_same() {
    for retry_after in ["0", "Sun, 06 Nov 1994 08:49:37 GMT"] {
        let world = World::with(SHOP).await;
        let mut daemon = world.daemon().await;
        limit(&world, Endpoint::NewOrder, LimitScope::ExactSet, retry_after);
        world.settle(&mut daemon).await;
        for _ in 0..5 {
            world.settle_without_looking(&mut daemon).await;
        }
        assert_eq!(world.ca.count(Endpoint::NewOrder), 1, "{retry_after}");
    }
}

#[tokio::test]
async fn an_open_order_whose_account_is_limited_waits() {
    let world = World::with(SHOP).await;
    let mut daemon = world.daemon().await;
    world.dies_in_an_order(super::world::Place::First);
    world.order_without_publishing(&mut daemon).await;
    assert_eq!(world.ca.orders(), 1);
    for authority in &daemon.parts.ordering.authorities {
        authority.forget_account(&*daemon.parts.store).await;
    }
    world.ca.faults(|faults| (faults.outage, faults.outage_at) = (None, Vec::new()));
    let before = world.ca.count(Endpoint::NewAccount);
    limit(&world, Endpoint::NewAccount, LimitScope::Unknown, "86400");
    world.pass(Duration::minutes(20));
    world.settle(&mut daemon).await;
    world.go_on(&mut daemon).await;
    assert_eq!(world.ca.count(Endpoint::NewAccount) - before, 1);
}

#[tokio::test]
async fn a_configured_profile_that_is_not_offered_is_held_for_who_wrote_it() {
    let world = World::with(SHOP).await;
    let mut daemon = world.daemon().await;
    let ordering = Arc::get_mut(&mut daemon.parts.ordering).unwrap();
    let authority = Arc::get_mut(&mut ordering.authorities[0]).unwrap();
    authority.terms.profile = Some("misspelt".parse().unwrap());
    world.settle(&mut daemon).await;
    let before = daemon.parts.store.load().await.unwrap();
    let report = world.go_on(&mut daemon).await;
    let one = &report.certificates[0];
    assert_eq!((one.stage, one.failures), (Stage::Held, 0), "{report:?}");
    assert!(one.last_error.as_deref().unwrap().contains("misspelt"), "{one:?}");
    let history = daemon.parts.store.history(&before.certificates[0].key).await.unwrap();
    assert_eq!(history.attempts.iter().map(|attempt| attempt.times).sum::<u32>(), 1);

    let mut daemon = world.daemon().await;
    let report = world.settle(&mut daemon).await;
    assert_eq!(report.certificates[0].stage, Stage::Pushed, "it was taken out: {report:?}");
}
