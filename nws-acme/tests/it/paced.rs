//! How many requests a CA gets, and what time it says it is.

use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use nws_acme::testing::{Endpoint, FakeCa};
use nws_acme::{
    AccountKey, Availability, Ca, CertificateId, Clock as _, Limits, OrderSpec, Rate, Rates,
    Recovery, ResponseBody, RevocationReason, Transport, TransportError,
};

use crate::liar::Liar;
use crate::world::{World, registration};

/// A way to the CA that takes a tenth of a second, and counts who is on it.
struct Way {
    ca: Arc<dyn Transport>,
    now: AtomicUsize,
    most: Arc<AtomicUsize>,
}

impl Way {
    fn to(fake: &Arc<FakeCa>) -> (Arc<Self>, Arc<AtomicUsize>) {
        let most = Arc::new(AtomicUsize::new(0));
        let way = Self { ca: fake.transport(), now: AtomicUsize::new(0), most: most.clone() };
        (Arc::new(way), most)
    }
}

#[async_trait]
impl Transport for Way {
    async fn send(
        &self,
        request: Request<Bytes>,
    ) -> Result<Response<ResponseBody>, TransportError> {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(100)).await;
        let answer = self.ca.send(request).await;
        self.now.fetch_sub(1, Ordering::SeqCst);
        answer
    }
}

/// All but nonces bounded.
fn limits(in_flight: usize, per_second: u32) -> Limits {
    let bounded = Rates::LETS_ENCRYPT.at_most(NonZeroU32::new(per_second).unwrap());
    Limits {
        in_flight: NonZeroUsize::new(in_flight).unwrap(),
        rates: Rates { new_nonce: Rates::LETS_ENCRYPT.new_nonce, ..bounded },
        ..Limits::default()
    }
}

/// A world whose CA is reached on a slow way.
async fn world(limits: Limits) -> (World, Arc<AtomicUsize>) {
    let mut world = World::new().await;
    let (way, most) = Way::to(&world.fake);
    world.ca = Ca::new(world.fake.directory_url(), way, limits);
    (world, most)
}

async fn obtain_all(world: &World, orders: usize) {
    let specs: Vec<_> = (0..orders).map(|at| world.spec(&format!("{at}.example.org"))).collect();
    let orders = specs.iter().map(|spec| world.obtain(spec));
    for outcome in futures_util::future::join_all(orders).await {
        outcome.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn no_more_requests_are_under_way_than_allowed() {
    for (in_flight, want) in [(1, 1), (5, 5), (99, 20)] {
        let (world, most) = world(limits(in_flight, 2500)).await;
        obtain_all(&world, 20).await;
        assert_eq!(most.load(Ordering::SeqCst), want);
    }
}

#[tokio::test(start_paused = true)]
async fn no_more_requests_go_out_in_a_second_than_allowed() {
    let (world, _) = world(limits(99, 10)).await;
    world.ca.read_directory(&*world.clock).await.unwrap();
    let apart = || [Endpoint::NewNonce, Endpoint::NewOrder].map(|at| world.fake.count(at));
    let others = || world.fake.requests() - apart().into_iter().sum::<usize>();
    let (start, before) = (world.elapsed(), others());
    obtain_all(&world, 5).await;
    let (took, requests) = ((world.elapsed() - start).as_secs_f64(), others() - before);
    // half a second's worth at once
    let evenly = f64::from(u32::try_from(requests - 5).unwrap());
    assert!((8.0..=10.0).contains(&(evenly / took)), "{requests} in {took} s");
}

#[tokio::test(start_paused = true)]
async fn no_more_nonces_are_asked_for_than_orders_are_under_way() {
    let (world, _) = world(limits(99, 2500)).await;
    let asked = || world.fake.count(Endpoint::NewNonce);
    let before = asked();
    obtain_all(&world, 1).await;
    assert_eq!(asked() - before, 1);
    for _ in 0..5 {
        obtain_all(&world, 4).await;
        assert_eq!(asked() - before, 4, "one was left, and three more are under way");
    }
    tokio::time::sleep(Duration::from_secs(15)).await;
    obtain_all(&world, 1).await;
    assert_eq!(asked() - before, 5, "those that were left are too old");
}

#[tokio::test(start_paused = true)]
async fn nonces_that_a_ca_has_forgotten_do_no_harm() {
    let (world, _) = world(limits(99, 2500)).await;
    obtain_all(&world, 4).await;
    world.fake.forget_nonces();
    obtain_all(&world, 8).await;
    assert_eq!(world.fake.issued(), 12);
}

/// As many orders begin at once as an operator may allow.
#[tokio::test(start_paused = true)]
async fn many_orders_ask_for_nonces_little_by_little() {
    let (world, _) = world(Limits::default()).await;
    let before = world.fake.count(Endpoint::NewNonce);
    let start = world.elapsed();
    obtain_all(&world, 60).await;
    let (took, asked) = (world.elapsed() - start, world.fake.count(Endpoint::NewNonce) - before);
    let most = 8.0 + 16.0 * took.as_secs_f64();
    assert!(f64::from(u32::try_from(asked).unwrap()) <= most, "{asked} in {took:?}");
    assert!(took < Duration::from_secs(10), "{took:?}");
}

/// Nonces apart, of which no CA gives many.
#[tokio::test(start_paused = true)]
async fn the_default_keeps_nobody_waiting_at_a_quick_ca() {
    let (mut world, free) = (World::new().await, limits(usize::MAX, u32::MAX));
    let mut took = Vec::new();
    for limits in [free, Limits::default()] {
        world.ca = Ca::new(world.fake.directory_url(), world.fake.transport(), limits);
        let start = world.elapsed();
        obtain_all(&world, 24).await;
        took.push(world.elapsed() - start);
    }
    assert_eq!(took[0], took[1]);
}

/// Only the endpoint that takes one request a second keeps what goes there waiting: three requests take two seconds.
#[tokio::test(start_paused = true)]
async fn each_request_waits_for_its_own_endpoint() {
    let one = Rate { per_second: NonZeroU32::MIN, burst: NonZeroU32::MIN };
    let free = Rates::LETS_ENCRYPT.at_most(NonZeroU32::MAX);
    let cases = [
        ("none", free, [false; 5]),
        ("new accounts", Rates { new_account: one, ..free }, [true, false, false, false, false]),
        ("new orders", Rates { new_order: one, ..free }, [false, true, false, false, false]),
        (
            "renewal information",
            Rates { renewal_info: one, ..free },
            [false, false, true, false, false],
        ),
        ("revocations", Rates { revoke_cert: one, ..free }, [false, false, false, true, false]),
        ("all else", Rates { other: one, ..free }, [false, true, false, false, true]),
    ];
    for (slow, rates, want) in cases {
        let world = World::with_limits(Limits { rates, ..Limits::default() }).await;
        let took = took_by_three_of_each(&world).await;
        assert_eq!(took.map(|took| took >= Duration::from_secs(2)), want, "{slow}: {took:?}");
    }
}

/// Registrations, orders, questions when to renew, revocations, changes of the contacts.
async fn took_by_three_of_each(world: &World) -> [Duration; 5] {
    let World { ca, account, clock, .. } = world;
    let issued = world.obtain(&world.spec("shop.example")).await.unwrap();
    let id = CertificateId::of(issued.leaf()).unwrap();
    let der = issued.chain().certificates().next().unwrap();
    let (key, why) = (AccountKey::generate().unwrap(), RevocationReason::Superseded);
    [
        three(world, async || drop(ca.register(&key, &registration(), &**clock).await.unwrap()))
            .await,
        three(world, async || drop(world.obtain(&world.spec("shop.example")).await.unwrap())).await,
        three(world, async || drop(ca.renewal_info(&id, &**clock).await.unwrap())).await,
        three(world, async || ca.revoke(account, der, why, &**clock).await.unwrap()).await,
        three(world, async || ca.update_contact(account, &[], &**clock).await.unwrap()).await,
    ]
}

/// How long it takes to do something three times, after a pause.
async fn three(world: &World, once: impl AsyncFn()) -> Duration {
    tokio::time::sleep(Duration::from_secs(60)).await;
    let start = world.elapsed();
    for _ in 0..3 {
        once().await;
    }
    world.elapsed() - start
}

/// A CA that takes few requests would keep all of them waiting for the same page.
#[tokio::test(start_paused = true)]
async fn of_orders_that_begin_at_once_one_reads_the_directory_again() {
    let (world, _) = world(limits(99, 10)).await;
    obtain_all(&world, 1).await;
    tokio::time::sleep(Limits::default().directory).await;
    let before = world.fake.count(Endpoint::Directory);
    obtain_all(&world, 5).await;
    assert_eq!(world.fake.count(Endpoint::Directory) - before, 1);
}

#[tokio::test(start_paused = true)]
async fn waiting_for_a_turn_ends_with_the_order() {
    let (world, _) = world(limits(99, 1)).await;
    obtain_all(&world, 1).await;
    let deadline = world.clock.now() + Duration::from_secs(3);
    let spec = OrderSpec { deadline, ..world.spec("late.example.org") };
    let error = world.obtain(&spec).await.unwrap_err();
    assert_eq!(error.recovery(), Recovery::Resume { retry_after: None }, "{error:?}");
    assert!(world.clock.now() <= deadline);
    assert_eq!(world.ca.availability(deadline), Availability::Up, "it is no fault of the CA");
}

#[tokio::test(start_paused = true)]
async fn our_clock_is_compared_with_the_cas() {
    let mut world = World::new().await;
    let at = |lie| Liar::new(world.fake.transport(), "/new-order", lie);
    let answer = |nonce: bool| {
        at(Box::new(move |answer| {
            let answer = answer.header("date", "Mon, 02 Mar 2026 00:01:00 GMT");
            if nonce { answer } else { answer.without("replay-nonce") }
        }))
    };
    let (ca, other) = (answer(true), answer(false));
    for (who, liar, heard) in [("the CA", ca, true), ("what stands in front of it", other, false)] {
        world.ca = Ca::new(world.fake.directory_url(), liar, Limits::default());
        assert_eq!(world.ca.clock_skew(world.clock.now()), None, "{who}");
        let before = world.clock.now();
        let _ = world.obtain(&world.spec("shop.example")).await;
        let skew = world.ca.clock_skew(world.clock.now());
        assert_eq!(skew.is_some(), heard, "{who}");
        if let Some(skew) = skew {
            let ahead = time::macros::datetime!(2026-03-02 0:01 UTC) - before;
            assert!((ahead - skew).abs() <= time::Duration::SECOND, "{skew} for {ahead}");
            assert!(skew > Ca::CLOCK_SKEW);
        }
    }
}
