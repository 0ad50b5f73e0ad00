//! How many requests one CA gets from us, whoever makes them.

use std::time::Duration;

use tokio::sync::{Mutex, Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep_until};

use crate::Limits;

/// The requests to one CA take turns: first come, first served.
///
/// Nothing is held by whoever stops waiting.
#[derive(Debug)]
pub(crate) struct Pace {
    /// Requests for a nonce, which CAs bound more tightly than all others together.
    nonces: Mutex<Turns>,
    others: Mutex<Turns>,
    in_flight: Semaphore,
}

/// What a request is for, as far as CAs bound it apart.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Nonce,
    Other,
}

impl Pace {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            nonces: Mutex::new(Turns::new(limits.nonces_per_second.get())),
            others: Mutex::new(Turns::new(limits.per_second.get())),
            in_flight: Semaphore::new(limits.in_flight.get().min(Semaphore::MAX_PERMITS)),
        }
    }

    /// Waits until a request may go out; it is under way until what is returned is dropped.
    ///
    /// The first of a kind waits for its turn, then for a place, and takes the turn as it goes: one that is taken before goes out
    /// together with later ones once there are places again. The others of the kind wait behind it, and those of another kind do not.
    pub(crate) async fn admit(&self, kind: Kind) -> Option<SemaphorePermit<'_>> {
        let mut turns = self.turns(kind).lock().await;
        if let Some(turn) = turns.next().filter(|turn| Instant::now() < *turn) {
            sleep_until(turn).await;
        }
        // an error would mean that it is closed, which it never is
        let place = self.in_flight.acquire().await.ok();
        turns.take(Instant::now());
        place
    }

    fn turns(&self, kind: Kind) -> &Mutex<Turns> {
        match kind {
            Kind::Nonce => &self.nonces,
            Kind::Other => &self.others,
        }
    }
}

/// An even stream with a burst of half a second at its head, as CAs measure it.
#[derive(Debug)]
struct Turns {
    interval: Duration,
    /// When the stream is as even as it can be again.
    even: Option<Instant>,
}

impl Turns {
    const BURST: Duration = Duration::from_millis(500);

    fn new(per_second: u32) -> Self {
        Self { interval: Duration::from_secs(1) / per_second, even: None }
    }

    /// When the next turn is; it need not be waited for if there is none.
    fn next(&self) -> Option<Instant> {
        self.even?.checked_sub(Self::BURST)
    }

    fn take(&mut self, now: Instant) {
        self.even = Some(self.even.map_or(now, |even| even.max(now)) + self.interval);
    }
}

#[cfg(test)]
mod tests {
    use std::num::{NonZeroU32, NonZeroUsize};

    use proptest::prelude::*;
    use tokio::time::sleep;

    use super::*;

    /// In no second more than a second's worth and the burst, however unevenly they come.
    #[test]
    fn turns_come_no_faster_than_they_should() {
        proptest!(|(per_second in 1u32..50, pauses in prop::collection::vec(0u64..400, 1..200))| {
            let (mut turns, mut now) = (Turns::new(per_second), Instant::now());
            let times: Vec<_> = pauses.into_iter().map(|pause| {
                now += Duration::from_millis(pause);
                now = turns.next().map_or(now, |turn| turn.max(now));
                turns.take(now);
                now
            }).collect();
            let most = usize::try_from(per_second + per_second.div_ceil(2) + 1).unwrap();
            for (at, time) in times.iter().enumerate() {
                let second = times[at..].iter().take_while(|other| **other < *time + Duration::from_secs(1));
                prop_assert!(second.count() <= most);
            }
        });
    }

    #[test]
    fn nobody_waits_where_there_is_no_crowd() {
        let (mut turns, start) = (Turns::new(10), Instant::now());
        for at in 0..50 {
            let now = start + Duration::from_millis(100) * at;
            assert!(turns.next().is_none_or(|turn| turn <= now));
            turns.take(now);
        }
    }

    fn pace(in_flight: usize, per_second: u32) -> Pace {
        let in_flight = NonZeroUsize::new(in_flight).unwrap();
        let per_second = NonZeroU32::new(per_second).unwrap();
        let nonces_per_second = NonZeroU32::new(per_second.get().div_ceil(10)).unwrap();
        Pace::new(&Limits { in_flight, per_second, nonces_per_second, ..Limits::default() })
    }

    /// When each of `count` requests that come at once goes out, if each takes `lasts`, in milliseconds.
    async fn departures(pace: &Pace, kind: Kind, count: usize, lasts: u64) -> Vec<u128> {
        let start = Instant::now();
        let requests = (0..count).map(|_| async {
            let place = pace.admit(kind).await;
            let departure = start.elapsed().as_millis();
            sleep(Duration::from_millis(lasts)).await;
            drop(place);
            departure
        });
        futures_util::future::join_all(requests).await
    }

    #[tokio::test(start_paused = true)]
    async fn requests_take_turns() {
        let cases = [
            (
                "a burst, then evenly",
                pace(99, 10),
                Kind::Other,
                9,
                0,
                vec![0, 0, 0, 0, 0, 0, 100, 200, 300],
            ),
            ("nonces are rarer", pace(99, 20), Kind::Nonce, 4, 0, vec![0, 0, 500, 1000]),
            ("one under way", pace(1, 1000), Kind::Other, 3, 70, vec![0, 70, 140]),
            ("two under way", pace(2, 1000), Kind::Other, 5, 70, vec![0, 0, 70, 70, 140]),
            (
                "both bounds",
                pace(1, 10),
                Kind::Other,
                8,
                80,
                vec![0, 80, 160, 240, 320, 400, 480, 560],
            ),
        ];
        for (case, pace, kind, count, lasts, want) in cases {
            assert_eq!(departures(&pace, kind, count, lasts).await, want, "{case}");
        }
    }

    /// A CA that answers nothing for a while is not overrun once it does.
    #[tokio::test(start_paused = true)]
    async fn who_waited_for_a_place_goes_no_faster() {
        let pace = pace(1, 10);
        let slow = pace.admit(Kind::Other).await;
        let end = async {
            sleep(Duration::from_secs(5)).await;
            drop(slow);
        };
        let (times, ()) = tokio::join!(departures(&pace, Kind::Other, 9, 0), end);
        assert_eq!(times, [5000, 5000, 5000, 5000, 5000, 5000, 5100, 5200, 5300]);
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_a_nonce_is_in_nobodys_way() {
        let pace = pace(1, 10);
        for _ in 0..5 {
            drop(pace.admit(Kind::Nonce).await);
        }
        let nonce = pace.admit(Kind::Nonce);
        let other = async {
            let start = Instant::now();
            pace.admit(Kind::Other).await;
            start.elapsed()
        };
        let (_, waited) = tokio::join!(nonce, other);
        assert_eq!(waited, Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn who_stops_waiting_holds_nothing() {
        let pace = pace(1, 1000);
        let place = pace.admit(Kind::Other).await;
        let impatient = tokio::time::timeout(Duration::from_secs(1), pace.admit(Kind::Other));
        assert!(impatient.await.is_err());
        drop(place);
        let next = tokio::time::timeout(Duration::from_secs(1), pace.admit(Kind::Other));
        assert!(next.await.is_ok());
    }
}
