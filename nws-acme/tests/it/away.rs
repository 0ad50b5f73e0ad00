use std::sync::Arc;
use std::time::Duration;

use nws_acme::testing::{Endpoint, Outage};
use nws_acme::{
    AccountKey, AcmeError, Availability, Clock as _, Limits, OrderError, OrderSpec, Recovery, Step,
};

use crate::world::{World, registration};

const HOUR: Duration = Duration::from_secs(3600);

fn is_away(world: &World) -> bool {
    matches!(world.ca.availability(world.clock.now()), Availability::Away { .. })
}

/// How long it is left alone from now on.
fn pause(world: &World) -> Duration {
    match world.ca.availability(world.clock.now()) {
        Availability::Away { until, .. } => (until - world.clock.now()).try_into().unwrap(),
        Availability::Up | Availability::Probe => Duration::ZERO,
    }
}

#[tokio::test(start_paused = true)]
async fn after_three_failures_nothing_is_sent() {
    let limits = Limits::default();
    let pauses = limits.first_pause * 3;
    let cases = [
        ("no connection", Outage::Refused, pauses, "cannot connect: connection refused"),
        ("no answer", Outage::Hang, limits.request * 3 + pauses, "no whole answer within 30 s"),
        ("a page", Outage::Busy { retry_after: None }, pauses, "503"),
    ];
    for (case, outage, cost, words) in cases {
        let world = World::new().await;
        let before = world.fake.requests();
        world.fake.faults(|faults| faults.outage = Some(outage));
        let error = world.obtain(&world.spec("a.example")).await.unwrap_err();
        assert_eq!(error.recovery(), Recovery::CaAway { retry_after: None }, "{case}: its own");
        assert_eq!((world.fake.requests() - before, world.elapsed()), (3, cost), "{case}");

        let Availability::Away { since, until, reason } = world.ca.availability(world.clock.now())
        else {
            panic!("{case}: it is away");
        };
        assert_eq!(
            (since, until - since),
            (world.clock.now(), time::Duration::seconds(5)),
            "{case}"
        );
        assert!(reason.contains(words), "{case}: {reason}");

        let refused = world.obtain(&world.spec("b.example")).await.unwrap_err();
        let OrderError::Request { step: Step::NewOrder, source: AcmeError::Away { .. } } = refused
        else {
            panic!("{case}: {refused:?}");
        };
        let key = AccountKey::generate().unwrap();
        let refused =
            world.ca.clone().register(&key, &registration(), &*world.clock).await.unwrap_err();
        assert!(matches!(refused, AcmeError::Away { .. }), "{case}: clones know it: {refused:?}");
        assert_eq!(world.fake.requests() - before, 3, "{case}: nothing was sent");
        assert_eq!(world.clock.now(), since, "{case}: at once");
    }
}

#[tokio::test(start_paused = true)]
async fn a_registration_that_fails_is_an_attempt_too() {
    let world = World::new().await;
    world.fake.faults(|faults| {
        faults.outage = Some(Outage::Busy { retry_after: None });
        faults.outage_at = vec![Endpoint::NewAccount];
    });
    let key = AccountKey::generate().unwrap();
    for seconds in [5, 10, 20] {
        world.ca.register(&key, &registration(), &*world.clock).await.unwrap_err();
        assert_eq!(pause(&world), Duration::from_secs(seconds));
        world.wait_until_asked().await;
    }
    assert_eq!(world.fake.count(Endpoint::NewAccount), 1 + 3 + 1 + 1, "once as a probe");
}

/// An outage of an hour, for a daemon that waits as it is told and always has an order to begin.
#[tokio::test(start_paused = true)]
async fn an_outage_costs_few_requests_and_ends_by_itself() {
    let cases: [(&str, Outage, Vec<Endpoint>, usize); 4] = [
        ("no connection", Outage::Refused, vec![], 3 + 18),
        ("no answer", Outage::Hang, vec![], 3 + 18),
        ("newOrder alone", Outage::Busy { retry_after: None }, vec![Endpoint::NewOrder], 3 + 18),
        ("finalize alone", Outage::Busy { retry_after: None }, vec![Endpoint::Finalize], 3 * 18),
    ];
    for (case, outage, at, most) in cases {
        let world = World::new().await;
        world.fake.faults(|faults| {
            (faults.outage, faults.outage_at) = (Some(outage), at.clone());
        });
        let before = world.fake.requests();
        let spec = world.spec("a.example");
        while world.elapsed() < HOUR {
            world.wait_until_asked().await;
            let resume = world.journal.orders().pop();
            let deadline = world.clock.now() + HOUR;
            let again = OrderSpec { resume, deadline, ..spec.clone() };
            let error = world.obtain(&again).await.unwrap_err();
            assert!(matches!(error.recovery(), Recovery::CaAway { .. }), "{case}: {error}");
        }
        let asked = match at.first() {
            Some(endpoint) => world.fake.count(*endpoint),
            None => world.fake.requests() - before,
        };
        assert!(asked <= most, "{case}: {asked}");
        assert!(pause(&world) <= Duration::from_secs(300), "{case}");

        world.fake.faults(|faults| faults.outage = None);
        let deadline = world.clock.now() + HOUR;
        world.obtain_patiently(&OrderSpec { deadline, ..spec }).await;
        assert_eq!(world.ca.availability(world.clock.now()), Availability::Up, "{case}");
        assert_eq!((world.fake.orders(), world.fake.issued()), (1, 1), "{case}");
    }
}

#[tokio::test(start_paused = true)]
async fn orders_under_way_stop_together_and_are_resumed() {
    let world = Arc::new(World::new().await);
    world.fake.faults(|faults| faults.validation_polls = 3);
    let mut orders = tokio::task::JoinSet::new();
    for shop in 0..16 {
        let world = world.clone();
        orders.spawn(async move {
            let spec = world.spec(&format!("shop-{shop}.example"));
            (world.obtain(&spec).await.err(), spec)
        });
    }
    tokio::time::sleep(Limits::default().first_poll).await;
    let before = world.fake.requests();
    world.fake.faults(|faults| faults.outage = Some(Outage::Hang));
    let mut stopped = Vec::new();
    for (error, spec) in orders.join_all().await {
        let error = error.unwrap();
        assert!(matches!(error.recovery(), Recovery::CaAway { .. }), "{error}");
        stopped.push(spec);
    }
    let asked = world.fake.requests() - before;
    assert!((3..=16 + 3).contains(&asked), "one each, and no more: {asked}");

    world.fake.faults(|faults| faults.outage = None);
    for spec in stopped {
        world.obtain_patiently(&spec).await;
    }
    assert_eq!((world.fake.orders(), world.fake.issued()), (16, 16), "none was made twice");
}

/// The second is waiting for its second try when the first fails for the second time, which is the third failure.
#[tokio::test(start_paused = true)]
async fn whoever_failed_tells_its_own_failure() {
    let world = World::new().await;
    world.fake.faults(|faults| faults.outage = Some(Outage::Refused));
    let (first, second) = (world.spec("a.example"), world.spec("b.example"));
    let before = world.fake.requests();
    let later = async {
        tokio::time::sleep(Limits::default().first_pause / 2).await;
        world.obtain(&second).await
    };
    let (first, second) = tokio::join!(world.obtain(&first), later);
    for error in [first.unwrap_err(), second.unwrap_err()] {
        let OrderError::Request { source: AcmeError::Unreachable { .. }, .. } = error else {
            panic!("{error:?}");
        };
    }
    assert_eq!(world.fake.requests() - before, 3);
}

/// Whatever becomes of the attempt that was to find out, another may.
#[tokio::test(start_paused = true)]
async fn a_probe_that_comes_to_nothing_blocks_nothing() {
    let world = Arc::new(World::new().await);
    world.fake.faults(|faults| faults.outage = Some(Outage::Hang));
    world.obtain(&world.spec("a.example")).await.unwrap_err();
    world.wait_until_asked().await;
    assert_eq!(world.ca.availability(world.clock.now()), Availability::Probe);

    let (probing, spec) = (world.clone(), world.spec("a.example"));
    let probe = tokio::spawn(async move { probing.obtain(&spec).await });
    tokio::time::sleep(Duration::from_secs(1)).await;
    probe.abort();
    assert!(probe.await.unwrap_err().is_cancelled());
    assert_eq!(world.ca.availability(world.clock.now()), Availability::Probe, "dropped");

    let deadline = world.clock.now() + Duration::from_secs(1);
    let spec = OrderSpec { deadline, ..world.spec("a.example") };
    let error = world.obtain(&spec).await.unwrap_err();
    assert!(matches!(error, OrderError::Request { source: AcmeError::Deadline, .. }), "{error}");
    assert_eq!(world.ca.availability(world.clock.now()), Availability::Probe, "out of time");

    world.fake.faults(|faults| faults.outage = None);
    world.obtain(&world.spec("a.example")).await.unwrap();
    assert_eq!(world.ca.availability(world.clock.now()), Availability::Up);
}

#[tokio::test(start_paused = true)]
async fn an_operator_need_not_wait() {
    let world = World::new().await;
    let busy = |seconds: &str| Some(Outage::Busy { retry_after: Some(seconds.into()) });
    world.fake.faults(|faults| faults.outage = busy("1800"));
    world.obtain(&world.spec("a.example")).await.unwrap_err();
    assert_eq!(pause(&world), HOUR / 2, "as it asks for");
    world.ca.try_now();
    assert_eq!(world.ca.availability(world.clock.now()), Availability::Probe);

    world.fake.faults(|faults| faults.outage = busy("315360000"));
    world.obtain(&world.spec("a.example")).await.unwrap_err();
    assert_eq!(pause(&world), HOUR, "ten years are not believed");
    world.ca.try_now();
    world.fake.faults(|faults| faults.outage = None);
    world.obtain(&world.spec("a.example")).await.unwrap();
    assert!(!is_away(&world));
}

/// What is wrong with one name or one order says nothing about the CA.
#[tokio::test(start_paused = true)]
async fn failures_that_are_not_the_cas_leave_it_up() {
    let world = World::new().await;
    world.fake.forget_accounts();
    for _ in 0..5 {
        let error = world.obtain(&world.spec("a.example")).await.unwrap_err();
        assert_eq!(error.recovery(), Recovery::Account);
    }
    assert_eq!(world.ca.availability(world.clock.now()), Availability::Up);
}
