use proptest::prelude::*;

use super::*;

const CLASSES: [FailureClass; 2] = [FailureClass::Validation, FailureClass::Free];

#[test]
fn the_waits_of_each_class_where_nothing_is_said() {
    let cases = [
        (FailureClass::Validation, 1, 60),
        (FailureClass::Validation, 2, 600),
        (FailureClass::Validation, 3, 6_000),
        (FailureClass::Validation, 4, 86_400),
        (FailureClass::Validation, u32::MAX, 86_400),
        (FailureClass::Free, 1, 5),
        (FailureClass::Free, 2, 10),
        (FailureClass::Free, 6, 160),
        (FailureClass::Free, 7, 300),
        (FailureClass::Free, u32::MAX, 300),
    ];
    for (class, failures, seconds) in cases {
        assert_eq!(
            Backoff::default().retry_after(class, failures, None),
            Duration::seconds(seconds),
            "{class:?} {failures}"
        );
    }
}

#[test]
fn waits_that_are_none_say_what_to_write() {
    let seconds = |waits: &[i64]| waits.iter().copied().map(Duration::seconds).collect();
    let out = |seconds| Err(InvalidWait::OutOfBounds(Duration::seconds(seconds)));
    let shrinks = |from, to| {
        let (from, to) = (Duration::seconds(from), Duration::seconds(to));
        Err(InvalidWait::Shrinks { from, to })
    };
    let cases: [(&[i64], _); 6] = [
        (&[], Err(InvalidWait::None)),
        (&[0], out(0)),
        (&[60, -1], out(-1)),
        (&[60, 700_000], out(700_000)),
        (&[60, 600, 599], shrinks(600, 599)),
        (&[60, 60, 604_800], Ok(())),
    ];
    for (waits, want) in cases {
        assert_eq!(Steps::new(seconds(waits)).map(drop), want, "{waits:?}");
    }
    for (first, most, want) in [(5, 4, shrinks(5, 4)), (0, 5, out(0)), (5, 5, Ok(()))] {
        let doubling = Doubling::new(Duration::seconds(first), Duration::seconds(most));
        assert_eq!(doubling.map(drop), want, "{first} to {most}");
    }
    let said = InvalidWait::Shrinks { from: Duration::HOUR, to: Duration::MINUTE }.to_string();
    assert_eq!(said, "a wait of 1m after one of 1h is shorter; write waits that grow");
}

/// Whatever an operator may configure.
fn backoffs() -> impl Strategy<Value = Backoff> {
    let wait = || (1i64..=7 * 86_400).prop_map(Duration::seconds);
    let steps = prop::collection::vec(wait(), 1..6).prop_map(|mut waits| {
        waits.sort_unstable();
        Steps::new(waits).unwrap()
    });
    let doubling = (wait(), wait())
        .prop_map(|(one, other)| Doubling::new(one.min(other), one.max(other)).unwrap());
    (steps, doubling).prop_map(|(validation, free)| Backoff { validation, free })
}

fn classes() -> impl Strategy<Value = FailureClass> {
    prop::sample::select(CLASSES.to_vec())
}

proptest! {
    /// A certificate that lives is tried again several times before it ends, and nothing spins.
    #[test]
    fn tries_are_left_before_the_end(backoff in backoffs(), class in classes(), failures in 1u32.., left in 9i64..10_000_000) {
        let wait = backoff.retry_after(class, failures, Some(Duration::seconds(left)));
        prop_assert!(Duration::SECOND <= wait && wait * 8 <= Duration::seconds(left).max(Duration::seconds(8)));
    }

    /// One failure more never shortens the wait.
    #[test]
    fn waits_grow(backoff in backoffs(), class in classes(), failures in 1u32..1000, left in prop::option::of(1i64..10_000_000)) {
        let left = left.map(Duration::seconds);
        prop_assert!(backoff.retry_after(class, failures, left) <= backoff.retry_after(class, failures + 1, left));
    }

    /// However failures follow each other, the next try is never later than the certificate's last useful moment, which is a second
    /// before its end; and as long as nothing is over, there is a next one.
    #[test]
    fn no_failure_sequence_makes_the_next_try_later_than_the_last_useful_moment(
        backoff in backoffs(),
        lifetime in 2i64..10_000_000,
        failures in prop::collection::vec((classes(), 0i32..100), 1..60),
    ) {
        let (ends, mut now) = (Duration::seconds(lifetime), Duration::ZERO);
        for (count, (class, late)) in (1..).zip(failures) {
            let next = now + backoff.retry_after(class, count, Some(ends - now));
            prop_assert!(now < next && (next <= ends || ends - now < Duration::SECOND));
            // The attempt itself takes a while, too, but a hundredth of what is left at most.
            now = next + (ends - next).max(Duration::ZERO) * late / 10_000;
            if now >= ends {
                break;
            }
        }
    }

    /// With nothing left to save, what fails as the name's fault decays to the last wait, and stays there.
    #[test]
    fn failures_decay_to_the_last_wait(backoff in backoffs(), failures in 6u32.., over in -10_000i64..=0) {
        let wait = backoff.retry_after(FailureClass::Validation, failures, Some(Duration::seconds(over)));
        prop_assert_eq!(wait, backoff.validation.last);
    }
}
