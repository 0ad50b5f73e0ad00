//! The daily sweep, whatever clocks do.

use nws_expiry::SweepTime;
use proptest::prelude::*;
use time::macros::datetime;
use time::{Duration, OffsetDateTime, UtcOffset};

fn sweep() -> SweepTime {
    "3:00".parse().unwrap()
}

/// Looks when it wakes up, as the daemon does: what was promised before tells whether to sweep, and the next one is told anew.
#[derive(Default)]
struct Looks {
    next: Option<OffsetDateTime>,
}

impl Looks {
    fn look(&mut self, now: OffsetDateTime) -> bool {
        let sweeps = self.next.is_some_and(|at| at <= now);
        self.next = Some(sweep().after(now));
        sweeps
    }
}

fn any_instant() -> impl Strategy<Value = OffsetDateTime> {
    let (from, to) = (datetime!(1970-01-01 0:00 UTC), datetime!(9990-01-01 0:00 UTC));
    let seconds = from.unix_timestamp()..to.unix_timestamp();
    (seconds, -86_399i32..86_400).prop_map(|(second, offset)| {
        let offset = UtcOffset::from_whole_seconds(offset).unwrap();
        OffsetDateTime::from_unix_timestamp(second).unwrap().to_offset(offset)
    })
}

#[test]
fn clocks_that_jump_and_machines_that_sleep() {
    let cases: [(&str, &[(OffsetDateTime, bool)]); 6] = [
        (
            "awake all day",
            &[
                (datetime!(2026-03-01 2:59 UTC), false),
                (datetime!(2026-03-01 3:00 UTC), true),
                (datetime!(2026-03-01 3:01 UTC), false),
                (datetime!(2026-03-02 3:00 UTC), true),
            ],
        ),
        (
            "asleep over its sweep: as soon as it wakes up",
            &[
                (datetime!(2026-03-01 2:00 UTC), false),
                (datetime!(2026-03-01 9:00 UTC), true),
                (datetime!(2026-03-01 9:01 UTC), false),
            ],
        ),
        (
            "asleep over four of them: once",
            &[
                (datetime!(2026-03-01 4:00 UTC), false),
                (datetime!(2026-03-05 4:00 UTC), true),
                (datetime!(2026-03-05 4:01 UTC), false),
                (datetime!(2026-03-06 3:00 UTC), true),
            ],
        ),
        (
            "a year ahead by mistake, and back: no year without a sweep",
            &[
                (datetime!(2026-03-01 4:00 UTC), false),
                (datetime!(2027-03-01 4:00 UTC), true),
                (datetime!(2026-03-01 4:01 UTC), false),
                (datetime!(2026-03-02 3:00 UTC), true),
            ],
        ),
        (
            "an hour back over the sweep: once more, rather than not at all",
            &[
                (datetime!(2026-03-01 2:30 UTC), false),
                (datetime!(2026-03-01 3:00 UTC), true),
                (datetime!(2026-03-01 2:01 UTC), false),
                (datetime!(2026-03-01 3:00 UTC), true),
            ],
        ),
        (
            "an hour forward and back with the summer: the instants are what they were",
            &[
                (datetime!(2026-03-29 4:30 +2), false),
                (datetime!(2026-03-29 5:00 +2), true),
                (datetime!(2026-10-25 4:00 +1), true),
                (datetime!(2026-10-25 4:01 +1), false),
            ],
        ),
    ];
    for (case, looks) in cases {
        let mut machine = Looks::default();
        for (now, sweeps) in looks {
            assert_eq!(machine.look(*now), *sweeps, "{case}: at {now}");
        }
    }
}

proptest! {
    /// Whatever the clock said before, the next sweep is within a day from what it says now.
    #[test]
    fn the_next_sweep_is_within_a_day(readings in prop::collection::vec(any_instant(), 1..20)) {
        let mut machine = Looks::default();
        for now in readings {
            machine.look(now);
            let next = machine.next.unwrap();
            prop_assert!(now < next && next <= now + Duration::DAY);
        }
    }

    /// While the clock only moves forward, there are as many sweeps as times of day that it came past, less those it slept through.
    #[test]
    fn no_day_is_swept_twice(begun in any_instant(), steps in prop::collection::vec(1i64..200_000, 1..60)) {
        let (mut machine, mut now, mut last) = (Looks::default(), begun, None);
        for step in steps {
            let before = now;
            now += Duration::seconds(step);
            machine.look(before);
            let passed = sweep().after(before) <= now;
            let sweeps = machine.look(now);
            prop_assert_eq!(sweeps, passed);
            if sweeps {
                let whose = sweep().after(now) - Duration::DAY;
                prop_assert!(last.is_none_or(|last| last < whose), "{:?} once more", whose);
                last = Some(whose);
            }
        }
    }

    /// In whatever offset an instant is written, it is the same instant.
    #[test]
    fn offsets_do_not_count(instant in any_instant()) {
        let utc = instant.to_offset(UtcOffset::UTC);
        prop_assert_eq!(sweep().after(instant), sweep().after(utc));
        prop_assert_eq!(sweep().at_or_after(instant), sweep().at_or_after(utc));
    }
}
