use nws_acme::testing::Endpoint;
use nws_acme::{OrderError, OrderSpec, Recovery};

use crate::world::{Entry, World};

#[tokio::test(start_paused = true)]
async fn steps_are_journaled_in_their_order() {
    let world = World::new().await;
    world.obtain(&world.spec("a.example b.example")).await.unwrap();
    assert_eq!(
        world.journal.entries(),
        [Entry::OrderKnown, Entry::Present, Entry::Present, Entry::Finalizing]
    );
}

/// The table of what a crash leaves: the step after a lost entry is not taken, and going on makes no second order.
#[tokio::test(start_paused = true)]
async fn what_is_not_durable_is_not_built_upon() {
    let cases = [
        ("the order's URL", Entry::OrderKnown, [Endpoint::Authorization, Endpoint::Challenge], 2),
        ("an answer", Entry::Present, [Endpoint::Challenge, Endpoint::Finalize], 1),
        ("the signing request", Entry::Finalizing, [Endpoint::Finalize, Endpoint::Certificate], 1),
    ];
    for (case, entry, not_yet, asked) in cases {
        let world = World::new().await;
        world.journal.lose(entry);
        let spec = world.spec("a.example b.example");
        let error = world.obtain(&spec).await.unwrap_err();
        assert!(matches!(error, OrderError::Journal(_)), "{case}: {error}");
        assert_eq!(error.recovery(), Recovery::Resume { retry_after: None }, "{case}");
        assert_eq!(not_yet.map(|endpoint| world.fake.count(endpoint)), [0, 0], "{case}");

        let again = OrderSpec { resume: world.journal.orders().pop(), ..spec };
        world.obtain(&again).await.unwrap();
        assert_eq!(world.fake.count(Endpoint::NewOrder), asked, "{case}");
        assert_eq!(world.journal.orders().len(), 1, "{case}: one order, known once");
        assert!(
            world.journal.orders()[0].as_str().ends_with("/order/0"),
            "{case}: and never a second"
        );
        assert_eq!(world.fake.issued(), 1, "{case}");
    }
}

/// Answers that break on the way: the CA has done what was asked, and we do not know.
#[tokio::test(start_paused = true)]
async fn a_lost_answer_makes_nothing_twice() {
    let endpoints = [
        Endpoint::NewOrder,
        Endpoint::Order,
        Endpoint::Authorization,
        Endpoint::Challenge,
        Endpoint::Finalize,
        Endpoint::Certificate,
    ];
    for endpoint in endpoints {
        let world = World::new().await;
        world.fake.faults(|faults| faults.break_answer_of = Some(endpoint));
        world.obtain(&world.spec("a.example")).await.unwrap();
        assert_eq!(world.fake.count(Endpoint::NewOrder), 1, "{endpoint:?}: known by its head");
        assert_eq!(world.fake.issued(), 1, "{endpoint:?}");
    }
}

/// A certificate that was there when the power went is downloaded, not ordered.
#[tokio::test(start_paused = true)]
async fn an_order_that_is_done_is_only_downloaded() {
    let world = World::new().await;
    let spec = world.spec("a.example");
    let first = world.obtain(&spec).await.unwrap();
    let again = OrderSpec { resume: world.journal.orders().pop(), ..spec };
    let second = world.obtain(&again).await.unwrap();
    assert_eq!(first.leaf().serial(), second.leaf().serial());
    assert_eq!(
        (world.fake.count(Endpoint::Finalize), world.fake.count(Endpoint::NewOrder)),
        (1, 1)
    );
}

/// Resumed with another key, the certificate is not ours.
#[tokio::test(start_paused = true)]
async fn a_certificate_for_another_key_is_not_taken() {
    let world = World::new().await;
    world.obtain(&world.spec("a.example")).await.unwrap();
    let other = OrderSpec { resume: world.journal.orders().pop(), ..world.spec("a.example") };
    let error = world.obtain(&other).await.unwrap_err();
    assert!(matches!(error, OrderError::Mismatch { .. }), "{error}");
    assert_eq!(error.recovery(), Recovery::Fresh);
}
