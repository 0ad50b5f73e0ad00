use std::time::Duration as StdDuration;

use proptest::prelude::*;
use time::macros::datetime;

use super::*;

const START: OffsetDateTime = datetime!(2026-03-02 0:00 UTC);

fn failed(retry_after: Option<u64>) -> Failure {
    let retry_after = retry_after.map(|seconds| RetryAfter::Delay(StdDuration::from_secs(seconds)));
    Failure { reason: "cannot connect: connection refused".into(), retry_after }
}

/// What can happen to a breaker.
#[derive(Clone, Copy, Debug)]
enum Event {
    /// A request begins and fails.
    Fails,
    /// A request begins and fails, with so many seconds of Retry-After.
    FailsFor(u64),
    /// An unsigned request is answered.
    Heard,
    /// A signed request is answered.
    Answered,
    /// A whole attempt fails.
    AttemptFails,
    /// A whole attempt is answered.
    AttemptEnds,
    /// A whole attempt ends for reasons of our own.
    AttemptStops,
    /// A request begins, and whoever made it is gone.
    Dropped,
    /// So many seconds go by, or back.
    Pass(i64),
    /// An operator says now.
    TryNow,
}

/// A breaker and its clock.
#[derive(Default)]
struct World {
    breaker: Breaker,
    passed: Duration,
}

impl World {
    fn now(&self) -> OffsetDateTime {
        START + self.passed
    }

    fn look(&self) -> Availability {
        self.breaker.look(self.now())
    }

    fn request(&self, outcome: Outcome) {
        if let Ok(begun) = self.breaker.admit() {
            self.breaker.settle(begun, outcome);
        }
    }

    fn attempt(&self, end: End) {
        self.breaker.end(self.breaker.begin(), self.now(), end);
    }

    fn meet(&mut self, event: Event) -> Availability {
        match event {
            Event::Fails => self.request(Outcome::Failed(failed(None))),
            Event::FailsFor(seconds) => self.request(Outcome::Failed(failed(Some(seconds)))),
            Event::Heard => self.request(Outcome::Heard),
            Event::Answered => self.request(Outcome::Answered),
            Event::AttemptFails => self.attempt(End::Failed(failed(None))),
            Event::AttemptEnds => self.attempt(End::Answered),
            Event::AttemptStops => self.attempt(End::Untold),
            Event::Dropped => drop(self.breaker.admit()),
            Event::Pass(seconds) => self.passed += Duration::seconds(seconds),
            Event::TryNow => self.breaker.try_now(),
        }
        self.look()
    }

    /// `+` up, `?` to be probed, or away for so many seconds, after each event.
    fn course(&mut self, events: &[Event]) -> String {
        let words = events.iter().map(|event| match self.meet(*event) {
            Availability::Up => "+".to_owned(),
            Availability::Probe => "?".to_owned(),
            Availability::Away { until, .. } => (until - self.now()).whole_seconds().to_string(),
        });
        words.collect::<Vec<_>>().join(" ")
    }
}

#[test]
fn when_a_ca_is_left_alone_and_when_it_is_asked_again() {
    use Event::*;
    let cases: [(&str, &[Event], &str); 18] = [
        ("three failures in a row", &[Fails, Fails, Fails], "+ + 5"),
        ("a nonce between them", &[Fails, Heard, Fails, Heard, Fails], "+ + + + 5"),
        ("an answer between them", &[Fails, Fails, Answered, Fails, Fails], "+ + + + +"),
        ("a whole attempt", &[AttemptFails], "5"),
        ("an attempt that ended otherwise", &[AttemptEnds, AttemptStops], "+ +"),
        ("after its pause", &[AttemptFails, Pass(4), Pass(1)], "5 1 ?"),
        ("its probe is answered", &[AttemptFails, Pass(5), Answered], "5 ? +"),
        ("a front page is no answer", &[AttemptFails, Pass(5), Heard], "5 ? ?"),
        ("its probe fails", &[AttemptFails, Pass(5), Fails, Pass(10), Fails], "5 ? 10 ? 20"),
        ("its probing attempt ends well", &[AttemptFails, Pass(5), AttemptEnds], "5 ? +"),
        ("its probe is dropped", &[AttemptFails, Pass(5), Dropped, AttemptStops], "5 ? ? ?"),
        (
            "requests are answered, attempts fail",
            &[AttemptFails, Pass(5), Answered, AttemptFails, Pass(10), Answered, AttemptFails],
            "5 ? + 10 ? + 20",
        ),
        (
            "an attempt that ended well ends the doubling",
            &[AttemptFails, Pass(5), Answered, AttemptEnds, AttemptFails],
            "5 ? + + 5",
        ),
        ("the CA knows how long", &[Fails, Fails, FailsFor(90), Pass(90)], "+ + 90 ?"),
        ("the CA says less than we", &[Fails, Fails, FailsFor(1)], "+ + 5"),
        ("the CA says ten years", &[Fails, Fails, FailsFor(315_360_000)], "+ + 3600"),
        ("an operator says now", &[AttemptFails, TryNow, Fails, TryNow, Answered], "5 ? 10 ? +"),
        ("the clock is set back", &[AttemptFails, Pass(-86_400), Fails], "5 ? 10"),
    ];
    for (case, events, want) in cases {
        assert_eq!(World::default().course(events), want, "{case}");
    }
}

#[test]
fn what_is_known_is_told() {
    let mut world = World::default();
    world.meet(Event::AttemptFails);
    world.meet(Event::Pass(5));
    world.meet(Event::Fails);
    let (until, reason) = (world.now() + Duration::seconds(10), failed(None).reason);
    let since = START;
    assert_eq!(world.look(), Availability::Away { since, until, reason });
    let refused = world.breaker.admit().unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the CA is not asked before 2026-03-02T00:00:15Z, as it was away: cannot connect: connection refused"
    );
    assert_eq!(refused.recovery(), Recovery::CaAway { retry_after: Some(RetryAfter::At(until)) });
}

#[test]
fn what_began_before_says_nothing_of_what_came_after() {
    let mut world = World::default();
    let (old_request, old_attempt) = (world.breaker.admit().unwrap(), world.breaker.begin());
    world.meet(Event::AttemptFails);
    world.meet(Event::Pass(5));
    world.breaker.settle(old_request, Outcome::Failed(failed(None)));
    world.breaker.end(old_attempt, world.now(), End::Failed(failed(None)));
    assert_eq!(world.look(), Availability::Probe, "a time-out of the last outage");
    world.meet(Event::Answered);
    world.breaker.settle(old_request, Outcome::Failed(failed(None)));
    assert_eq!(world.meet(Event::Fails), Availability::Up, "one failure");
}

#[test]
fn several_may_probe_until_one_fails() {
    let mut world = World::default();
    world.meet(Event::AttemptFails);
    world.meet(Event::Pass(5));
    let probes = [(); 2].map(|()| world.breaker.admit().unwrap());
    world.breaker.settle(probes[0], Outcome::Failed(failed(None)));
    assert!(matches!(world.look(), Availability::Away { .. }));
    world.breaker.settle(probes[1], Outcome::Answered);
    assert!(matches!(world.look(), Availability::Away { .. }), "it was not the last word");
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => Just(Event::Fails),
        1 => any::<u64>().prop_map(Event::FailsFor),
        2 => Just(Event::Heard),
        2 => Just(Event::Answered),
        2 => Just(Event::AttemptFails),
        1 => Just(Event::AttemptEnds),
        1 => Just(Event::AttemptStops),
        1 => Just(Event::Dropped),
        3 => (-4_000i64..4_000).prop_map(Event::Pass),
        1 => Just(Event::TryNow),
    ]
}

proptest! {
    /// Whatever happened, and however the clock was set: it is probed within an hour, and up once it answers.
    #[test]
    fn nothing_keeps_it_away_for_ever(events in prop::collection::vec(event(), 0..60)) {
        let mut world = World::default();
        for event in events {
            if let Availability::Away { since, until, .. } = world.meet(event) {
                prop_assert!(world.now() < until && until <= world.now() + Duration::HOUR);
                prop_assert!(since <= until);
            }
        }
        world.meet(Event::Pass(3600));
        prop_assert!(world.breaker.admit().is_ok());
        prop_assert_eq!(world.meet(Event::Answered), Availability::Up);
    }

    /// Whatever it answers in between: while no attempt ends well, pauses only grow, so it is asked ever more rarely.
    #[test]
    fn a_ca_whose_attempts_all_fail_is_asked_ever_more_rarely(answers in prop::collection::vec(any::<bool>(), 1..12)) {
        let mut world = World::default();
        let mut last = Duration::ZERO;
        for answers in answers {
            if answers {
                world.meet(Event::Answered);
            }
            let Availability::Away { until, .. } = world.meet(Event::AttemptFails) else {
                return Err(TestCaseError::fail("it is away"));
            };
            let pause = until - world.now();
            prop_assert!(pause >= last);
            last = pause;
            world.passed += pause;
            prop_assert_eq!(world.look(), Availability::Probe);
        }
    }
}
