use std::future::Future;
use std::num::{NonZeroU32, NonZeroUsize};

use futures_util::future::join_all;
use proptest::prelude::*;
use tokio::runtime::Builder;
use tokio::time::sleep;

use super::*;

const ENDPOINTS: [Endpoint; 7] = [
    Endpoint::NewNonce,
    Endpoint::NewAccount,
    Endpoint::NewOrder,
    Endpoint::RevokeCert,
    Endpoint::RenewalInfo,
    Endpoint::Directory,
    Endpoint::Other,
];

fn rate((per_second, burst): (u32, u32)) -> Rate {
    let [per_second, burst] = [per_second, burst].map(|number| NonZeroU32::new(number).unwrap());
    Rate { per_second, burst }
}

/// In the order of [`ENDPOINTS`].
fn rates(each: [Rate; 7]) -> Rates {
    let [new_nonce, new_account, new_order, revoke_cert, renewal_info, directory, other] = each;
    Rates { new_nonce, new_account, new_order, revoke_cert, renewal_info, directory, other }
}

fn pace(in_flight: usize, each: [Rate; 7]) -> Pace {
    let in_flight = NonZeroUsize::new(in_flight).unwrap();
    Pace::new(&Limits { in_flight, rates: rates(each), ..Limits::default() })
}

/// A CA's token bucket, in 10⁻⁹ of a token, so that nothing is rounded.
struct Bucket {
    rate: Rate,
    tokens: u128,
    since: Instant,
}

impl Bucket {
    const TOKEN: u128 = 1_000_000_000;

    fn full(rate: Rate, since: Instant) -> Self {
        Self { rate, tokens: u128::from(rate.burst.get()) * Self::TOKEN, since }
    }

    fn tokens(&self, now: Instant) -> u128 {
        let more = (now - self.since).as_nanos() * u128::from(self.rate.per_second.get());
        (self.tokens + more).min(u128::from(self.rate.burst.get()) * Self::TOKEN)
    }

    /// Whether the CA takes a request now.
    fn takes(&mut self, now: Instant) -> bool {
        let left = self.tokens(now).checked_sub(Self::TOKEN);
        (self.tokens, self.since) = (left.unwrap_or_default(), now);
        left.is_some()
    }
}

/// When each goes out of those that come after these pauses, in milliseconds, and whether it waited.
fn stream(rate: Rate, start: Instant, pauses: Vec<u64>) -> Vec<(Instant, bool)> {
    let (mut turns, mut now) = (Turns::new(rate), start);
    let each = pauses.into_iter().map(|pause| {
        let came = now + Duration::from_millis(pause);
        now = turns.next().map_or(came, |turn| turn.max(came));
        turns.take(now);
        (now, now > came)
    });
    each.collect()
}

fn pauses() -> impl Strategy<Value = Vec<u64>> {
    prop::collection::vec(prop_oneof![3 => Just(0), 1 => 0u64..400], 1..200)
}

#[test]
fn in_no_span_does_an_endpoint_get_more_than_its_burst_and_its_rate() {
    proptest!(|(per_second in 1u32..2000, burst in 1u32..150, pauses in pauses())| {
        let times = stream(rate((per_second, burst)), Instant::now(), pauses);
        for (first, (from, _)) in times.iter().enumerate() {
            for (count, (to, _)) in (1u128..).zip(&times[first..]) {
                let span = (*to - *from).as_nanos();
                let most = u128::from(burst) + u128::from(per_second) * span / 1_000_000_000;
                prop_assert!(count <= most, "{count} in {span} ns");
            }
        }
    });
}

/// It takes every one of ours, and would have taken none that waits a microsecond sooner.
#[test]
fn the_bucket_of_a_ca_agrees() {
    proptest!(|(per_second in 1u32..2000, burst in 1u32..150, pauses in pauses())| {
        let (rate, start) = (rate((per_second, burst)), Instant::now());
        let mut bucket = Bucket::full(rate, start);
        for (now, waited) in stream(rate, start, pauses) {
            let sooner = (now - Duration::from_micros(1)).max(bucket.since);
            prop_assert!(!waited || bucket.tokens(sooner) < Bucket::TOKEN);
            prop_assert!(bucket.takes(now));
        }
    });
}

/// In a time that only waiting moves.
fn paused<T>(test: impl Future<Output = T>) -> T {
    Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(test)
}

#[derive(Clone, Copy, Debug)]
struct Visit {
    endpoint: usize,
    comes: u64,
    lasts: u64,
}

fn visits() -> impl Strategy<Value = Vec<Visit>> {
    let visit = (0..ENDPOINTS.len(), 0u64..2000, prop_oneof![Just(0), 0u64..3000]);
    let visit = visit.prop_map(|(endpoint, comes, lasts)| Visit { endpoint, comes, lasts });
    prop::collection::vec(visit, 1..120)
}

/// However long answers take, and however few may be under way.
#[test]
fn no_bucket_of_a_ca_is_ever_empty() {
    let each = prop::array::uniform7((1u32..60, 1u32..20).prop_map(rate));
    proptest!(|(in_flight in 1usize..8, each in each, visits in visits())| {
        let (start, mut times) = paused(async {
            let (pace, start) = (pace(in_flight, each), Instant::now());
            let visits = visits.iter().map(|visit| async {
                sleep(Duration::from_millis(visit.comes)).await;
                let place = pace.admit(ENDPOINTS[visit.endpoint]).await;
                let went = Instant::now();
                sleep(Duration::from_millis(visit.lasts)).await;
                drop(place);
                (went, visit.endpoint)
            });
            (start, join_all(visits).await)
        });
        times.sort_unstable();
        let mut buckets = each.map(|rate| Bucket::full(rate, start));
        for (went, endpoint) in times {
            prop_assert!(buckets[endpoint].takes(went), "{:?}", ENDPOINTS[endpoint]);
        }
    });
}

/// Not even where only one may be under way.
#[test]
fn waiting_for_one_endpoint_holds_up_no_other() {
    let (one, others) = (0..ENDPOINTS.len(), 1..ENDPOINTS.len());
    proptest!(|(at in one, from in others, crowd in 2usize..30)| {
        let (crowded, other) = (ENDPOINTS[at], ENDPOINTS[(at + from) % ENDPOINTS.len()]);
        let waited = paused(async {
            let (pace, start) = (pace(1, [rate((1, 1)); 7]), Instant::now());
            let crowd = (0..crowd).map(|_| async { drop(pace.admit(crowded).await) });
            let other = async {
                pace.admit(other).await;
                start.elapsed()
            };
            tokio::join!(join_all(crowd), other).1
        });
        prop_assert_eq!(waited, Duration::ZERO);
    });
}

#[test]
fn nobody_waits_where_there_is_no_crowd() {
    let tenths = stream(rate((10, 1)), Instant::now(), vec![100; 50]);
    assert!(tenths.iter().all(|(_, waited)| !waited));
}

/// When each of `count` requests that come at once goes out, if each takes `lasts`, in milliseconds.
async fn departures(pace: &Pace, endpoint: Endpoint, count: usize, lasts: u64) -> Vec<u128> {
    let start = Instant::now();
    let requests = (0..count).map(|_| async {
        let place = pace.admit(endpoint).await;
        let departure = start.elapsed().as_millis();
        sleep(Duration::from_millis(lasts)).await;
        drop(place);
        departure
    });
    join_all(requests).await
}

#[tokio::test(start_paused = true)]
async fn requests_take_turns() {
    let cases = [
        ("a burst, then evenly", 99, (10, 5), 8, 0, vec![0, 0, 0, 0, 0, 100, 200, 300]),
        ("no burst", 99, (2, 1), 4, 0, vec![0, 500, 1000, 1500]),
        ("more at once than in a second", 99, (1, 3), 5, 0, vec![0, 0, 0, 1000, 2000]),
        ("one under way", 1, (1000, 500), 3, 70, vec![0, 70, 140]),
        ("two under way", 2, (1000, 500), 5, 70, vec![0, 0, 70, 70, 140]),
        ("both bounds", 1, (10, 5), 8, 80, vec![0, 80, 160, 240, 320, 400, 480, 560]),
        ("as fast as can be", 99, (u32::MAX, u32::MAX), 3, 0, vec![0, 0, 0]),
    ];
    for (case, in_flight, each, count, lasts, want) in cases {
        let pace = pace(in_flight, [rate(each); 7]);
        for endpoint in ENDPOINTS {
            let times = departures(&pace, endpoint, count, lasts).await;
            assert_eq!(times, want, "{case}: {endpoint:?}");
        }
    }
}

/// A CA that answers nothing for a while is not overrun once it does.
#[tokio::test(start_paused = true)]
async fn who_waited_for_a_place_goes_no_faster() {
    let pace = pace(1, [rate((10, 5)); 7]);
    let slow = pace.admit(Endpoint::NewOrder).await;
    let end = async {
        sleep(Duration::from_secs(5)).await;
        drop(slow);
    };
    let (times, ()) = tokio::join!(departures(&pace, Endpoint::Other, 8, 0), end);
    assert_eq!(times, [5000, 5000, 5000, 5000, 5000, 5100, 5200, 5300]);
}

#[tokio::test(start_paused = true)]
async fn who_stops_waiting_holds_nothing() {
    let pace = pace(1, [rate((1000, 500)); 7]);
    let place = pace.admit(Endpoint::Other).await;
    let impatient = tokio::time::timeout(Duration::from_secs(1), pace.admit(Endpoint::Other));
    assert!(impatient.await.is_err());
    drop(place);
    let next = tokio::time::timeout(Duration::from_secs(1), pace.admit(Endpoint::Other));
    assert!(next.await.is_ok());
}
