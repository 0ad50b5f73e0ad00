use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use time::Duration;
use time::macros::datetime;

use super::Standing::{Away, Limited, Probe, Ready};
use super::*;

const NOW: OffsetDateTime = datetime!(2026-03-02 12:00 UTC);
const FORBIDDEN: Standing = Standing::Unfit(Unfit::Forbidden);
const NO_PROFILE: Standing = Standing::Unfit(Unfit::NoProfile);
const HELD: Standing = Standing::Unfit(Unfit::Held);

fn at(hours: i64) -> OffsetDateTime {
    NOW + Duration::hours(hours)
}

fn away(hours: i64) -> Standing {
    Away { until: at(hours) }
}

fn limited(hours: i64) -> Standing {
    Limited { until: at(hours) }
}

fn wait(hours: i64) -> Choice {
    Choice::Wait { until: at(hours) }
}

#[test]
fn the_first_that_can_do_it_in_time_gets_the_order() {
    let cases: [(&str, &[Standing], i64, Choice); 23] = [
        ("the first is ready", &[Ready, Ready], 0, Choice::Use(0)),
        ("nobody has to be waited for", &[Ready, away(1)], 9, Choice::Use(0)),
        ("somebody finds out whether the first is back", &[Probe, Ready], 9, Choice::Use(0)),
        ("even if it is urgent: the next choice comes soon", &[Probe, Ready], 0, Choice::Use(0)),
        ("the first is away, time is left", &[away(1), Ready], 9, wait(1)),
        ("the first is away, it is needed at once", &[away(1), Ready], 0, Choice::Use(1)),
        ("the first is away, it was needed long ago", &[away(1), Ready], -9, Choice::Use(1)),
        ("the first is limited, time is left", &[limited(8), Ready], 9, wait(8)),
        ("the first is limited, just in time", &[limited(9), Ready], 9, wait(9)),
        ("the first is limited for too long", &[limited(10), Ready], 9, Choice::Use(1)),
        ("the first is away for too long", &[away(10), Ready], 9, Choice::Use(1)),
        ("a limit that is over", &[limited(-1), Ready], 9, Choice::Use(0)),
        ("a limit that ends now", &[limited(0), Ready], 9, Choice::Use(0)),
        ("the second will do in time", &[limited(99), away(2), Ready], 9, wait(2)),
        ("the sooner of two", &[limited(5), away(2), Ready], 9, wait(2)),
        ("the first is unfit", &[FORBIDDEN, Ready], 9, Choice::Use(1)),
        ("two are unfit", &[NO_PROFILE, HELD, Probe, Ready], 9, Choice::Use(2)),
        ("nobody is ready, time is left", &[limited(5), away(2)], 9, wait(2)),
        ("nobody is ready, it is needed at once", &[limited(5), away(2)], 0, wait(2)),
        ("nobody is ready, one never will be", &[FORBIDDEN, limited(70)], 9, wait(70)),
        ("the only one is away", &[away(1)], 0, wait(1)),
        ("all are unfit", &[FORBIDDEN, NO_PROFILE, HELD], 0, Choice::Nobody),
        ("there is none", &[], 0, Choice::Nobody),
    ];
    for (case, standings, needed_by, want) in cases {
        assert_eq!(choose(NOW, standings, at(needed_by)), want, "{case}");
    }
}

#[test]
fn what_is_there_says_when_another_is_needed() {
    let have = |due: i64, ends: i64| Some(Incumbent { due: at(due), ends: at(ends) });
    let cases = [
        ("there is none", None, at(0)),
        ("it is over", have(-30, -1), at(0)),
        ("it ends now", have(-30, 0), at(0)),
        ("it has just become due", have(0, 30), at(15)),
        ("half the time is over", have(-15, 15), at(0)),
        ("more than half", have(-20, 10), at(-5)),
        ("not due yet", have(10, 30), at(20)),
        ("due only after its end", have(30, 20), at(20)),
    ];
    for (case, have, want) in cases {
        assert_eq!(needed_by(NOW, have), want, "{case}");
    }
}

fn standing() -> impl Strategy<Value = Standing> {
    prop_oneof![
        Just(Ready),
        Just(Probe),
        (-20i64..20).prop_map(away),
        (-20i64..20).prop_map(limited),
        select(vec![FORBIDDEN, NO_PROFILE, HELD]),
    ]
}

fn is_unfit(standing: &Standing) -> bool {
    matches!(standing, Standing::Unfit(_))
}

proptest! {
    #[test]
    fn only_who_takes_it_now_is_used(standings in vec(standing(), 0..6), needed in -20i64..20) {
        if let Choice::Use(place) = choose(NOW, &standings, at(needed)) {
            prop_assert_eq!(standings[place].from(NOW), Some(NOW));
        }
    }

    #[test]
    fn waiting_ends_in_the_future_and_in_time(standings in vec(standing(), 0..6), needed in -20i64..20) {
        if let Choice::Wait { until } = choose(NOW, &standings, at(needed)) {
            prop_assert!(until > NOW);
            let somebody = standings.iter().any(|standing| standing.from(NOW) == Some(NOW));
            prop_assert!(until <= at(needed) || !somebody, "there is somebody to go to");
        }
    }

    #[test]
    fn what_is_needed_now_is_ordered_now(standings in vec(standing(), 0..6), late in 0i64..20) {
        let ready = standings.iter().position(|standing| standing.from(NOW) == Some(NOW));
        if let Some(place) = ready {
            prop_assert_eq!(choose(NOW, &standings, at(-late)), Choice::Use(place));
        }
    }

    #[test]
    fn nobody_means_that_no_waiting_helps(standings in vec(standing(), 0..6), needed in -20i64..20) {
        let nobody = choose(NOW, &standings, at(needed)) == Choice::Nobody;
        prop_assert_eq!(nobody, standings.iter().all(is_unfit));
    }

    /// Who stands behind the chosen one has no say.
    #[test]
    fn the_operators_order_holds(standings in vec(standing(), 1..6), others in vec(standing(), 0..3), needed in -20i64..20) {
        if let Choice::Use(place) = choose(NOW, &standings, at(needed)) {
            let changed = [&standings[..=place], &others[..]].concat();
            prop_assert_eq!(choose(NOW, &changed, at(needed)), Choice::Use(place));
        }
    }

    /// The more urgent, the sooner and the less choosy.
    #[test]
    fn less_time_never_means_more_waiting(standings in vec(standing(), 0..6), needed in -20i64..20, less in 0i64..20) {
        let (relaxed, urgent) =
            (choose(NOW, &standings, at(needed)), choose(NOW, &standings, at(needed - less)));
        match (relaxed, urgent) {
            (Choice::Use(_) | Choice::Nobody, urgent) => prop_assert_eq!(urgent, relaxed),
            (Choice::Wait { until }, Choice::Wait { until: sooner }) => prop_assert_eq!(sooner, until),
            (Choice::Wait { .. }, Choice::Use(_)) => {}
            (Choice::Wait { .. }, Choice::Nobody) => prop_assert!(false, "somebody was worth waiting for"),
        }
    }

    /// Choosing at each promised instant ends at a CA, if nothing else happens: soon enough, if anybody can be.
    #[test]
    fn waiting_ends_in_an_order(standings in vec(standing(), 1..6), due in option::of((-20i64..0, 1i64..40))) {
        let needed_by = needed_by(NOW, due.map(|(due, ends)| Incumbent { due: at(due), ends: at(ends) }));
        let mut now = NOW;
        for _ in 0..=standings.len() {
            match choose(now, &standings, needed_by) {
                Choice::Wait { until } => now = until,
                Choice::Use(_) => {
                    let soonest = standings.iter().filter_map(|standing| standing.from(NOW)).min();
                    prop_assert!(now <= needed_by.max(NOW) || Some(now) == soonest);
                    return Ok(());
                }
                Choice::Nobody => {
                    prop_assert!(standings.iter().all(is_unfit));
                    return Ok(());
                }
            }
        }
        prop_assert!(false, "no end");
    }
}
