//! Orders that tell the CA which certificate they succeed (RFC 9773 §5).

use nws_acme::testing::{Answer, Endpoint, Instead, Outage, ReplacesRefusal};
use nws_acme::{Availability, CertificateId, Clock as _, LimitScope, OrderSpec, Recovery};

use crate::world::{Entry, World};

/// A world with a certificate, and the order that is to succeed it.
async fn renewal(names: &str) -> (World, CertificateId, OrderSpec) {
    let world = World::new().await;
    let issued = world.obtain(&world.spec("a.example b.example")).await.unwrap();
    let id = CertificateId::of(issued.leaf()).unwrap();
    let spec = OrderSpec { replaces: Some(id.clone()), ..world.spec(names) };
    (world, id, spec)
}

fn asked_for_orders(world: &World) -> usize {
    world.fake.count(Endpoint::NewOrder) - 1
}

#[tokio::test(start_paused = true)]
async fn a_renewal_replaces_its_predecessor() {
    let (world, id, spec) = renewal("a.example").await;
    assert!(!world.fake.is_replaced(&id));
    world.obtain(&spec).await.unwrap();
    assert!(world.fake.is_replaced(&id));
    assert_eq!(asked_for_orders(&world), 1);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_for_the_predecessor_costs_one_more_request() {
    for refusal in ReplacesRefusal::ALL {
        let (world, id, spec) = renewal("a.example").await;
        world.fake.faults(|faults| faults.refuse_replaces = Some(refusal));
        world.obtain(&spec).await.unwrap();
        assert_eq!((asked_for_orders(&world), world.fake.issued()), (2, 2), "{refusal:?}");
        assert!(!world.fake.is_replaced(&id), "{refusal:?}");
        assert_eq!(world.ca.availability(world.clock.now()), Availability::Up, "{refusal:?}");
    }
}

/// The one request that is to find out whether the CA is back may be refused for its own sake.
#[tokio::test(start_paused = true)]
async fn a_refusal_for_the_predecessor_does_not_keep_the_ca_away() {
    let (world, _, spec) = renewal("a.example").await;
    world.fake.faults(|faults| {
        faults.outage = Some(Outage::Refused);
        faults.refuse_replaces = Some(ReplacesRefusal::Internal);
    });
    world.obtain(&spec).await.unwrap_err();
    world.wait_until_asked().await;
    assert_eq!(world.ca.availability(world.clock.now()), Availability::Probe);
    world.fake.faults(|faults| faults.outage = None);
    world.obtain(&spec).await.unwrap();
    assert_eq!(world.ca.availability(world.clock.now()), Availability::Up);
}

#[tokio::test(start_paused = true)]
async fn what_is_said_of_names_and_limits_is_not_about_the_predecessor() {
    let limited = Answer::Limited { scope: LimitScope::ExactSet, retry_after: "7200".into() };
    let busy = Answer::Busy { retry_after: Some("7200".into()) };
    for (answer, most) in [(limited, 1), (busy, 1)] {
        let (world, _, spec) = renewal("a.example").await;
        let instead = Instead { at: Endpoint::NewOrder, times: 9, answer };
        world.fake.faults(|faults| faults.instead.push(instead.clone()));
        let error = world.obtain(&spec).await.unwrap_err();
        let waits = matches!(error.recovery(), Recovery::Wait { .. } | Recovery::CaAway { .. });
        assert!(waits, "{instead:?}: {error}");
        assert_eq!(asked_for_orders(&world), most, "{instead:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_ca_that_does_not_repeat_it_goes_on_all_the_same() {
    let (world, id, spec) = renewal("a.example").await;
    world.fake.faults(|faults| faults.silent_on_replaces = true);
    world.obtain(&spec).await.unwrap();
    assert_eq!((asked_for_orders(&world), world.fake.orders()), (1, 2), "asked for once");
    assert!(world.fake.is_replaced(&id));
}

#[tokio::test(start_paused = true)]
async fn a_ca_without_renewal_information_hears_nothing_of_it() {
    let (world, _, spec) = renewal("a.example").await;
    world.fake.faults(|faults| {
        faults.no_renewal_info = true;
        faults.refuse_replaces = Some(ReplacesRefusal::NotFound);
    });
    tokio::time::sleep(nws_acme::Limits::default().directory).await;
    let deadline = world.clock.now() + time::Duration::HOUR;
    world.obtain(&OrderSpec { deadline, ..spec }).await.unwrap();
    assert_eq!(asked_for_orders(&world), 1, "not refused, as it did not say it");
}

/// The CA refuses for the reasons it has by itself, without being told to.
#[tokio::test(start_paused = true)]
async fn another_names_or_a_replaced_certificate_is_no_predecessor() {
    let (world, id, spec) = renewal("c.example").await;
    world.obtain(&spec).await.unwrap();
    assert!(!world.fake.is_replaced(&id), "no name in common");

    let (world, _, spec) = renewal("a.example").await;
    world.obtain(&spec).await.unwrap();
    world.obtain(&spec).await.unwrap();
    assert_eq!((asked_for_orders(&world), world.fake.issued()), (1 + 2, 3), "replaced already");
}

/// To the CA, an order that it made is a successor from then on, whether we know of it or not.
#[tokio::test(start_paused = true)]
async fn a_crash_after_the_order_was_made_brings_the_same_order() {
    let (world, id, spec) = renewal("a.example").await;
    world.journal.lose(Entry::OrderKnown);
    world.obtain(&spec).await.unwrap_err();
    assert!(world.fake.is_replaced(&id), "pending");
    world.obtain(&spec).await.unwrap();
    assert_eq!((asked_for_orders(&world), world.fake.orders()), (1 + 2, 2));
}

#[tokio::test(start_paused = true)]
async fn a_resumed_order_is_the_one_that_was_made() {
    let (world, id, spec) = renewal("a.example").await;
    world.journal.lose(Entry::Finalizing);
    world.obtain(&spec).await.unwrap_err();
    let resume = world.journal.orders().pop();
    world.obtain(&OrderSpec { resume, ..spec }).await.unwrap();
    assert_eq!((asked_for_orders(&world), world.fake.orders()), (1, 2));
    assert!(world.fake.is_replaced(&id));
}
