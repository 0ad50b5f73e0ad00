use std::collections::BTreeMap;

use proptest::prelude::*;
use time::Duration;
use time::macros::datetime;

use super::*;

const NOON: OffsetDateTime = datetime!(2026-03-02 12:00 UTC);
const SECOND: Duration = Duration::SECOND;

#[test]
fn an_entry_lives_until_its_instant_and_no_longer() {
    let cases = [
        ("long before", NOON - Duration::HOUR, 0),
        ("one second early", NOON - SECOND, 0),
        ("on the second", NOON, 1),
        ("after", NOON + SECOND, 1),
    ];
    for (case, now, forgotten) in cases {
        let answers = answers(1);
        answers.put(authorization(0, 'A'), NOON).unwrap();
        assert_eq!(answers.forget_expired(now), forgotten, "{case}");
        assert_eq!(answers.len(), 1 - forgotten, "{case}");
    }
}

#[test]
fn the_same_token_replaces_and_extends() {
    let cases = [
        ("later", NOON + SECOND, NOON + SECOND),
        ("the same", NOON, NOON),
        ("earlier never shortens", NOON - SECOND, NOON),
    ];
    for (case, second, until) in cases {
        let answers = answers(1);
        answers.put(authorization(0, 'A'), NOON).unwrap();
        answers.put(authorization(0, 'B'), second).unwrap();
        assert_eq!(answers.get(&token(0)), Some(authorization(0, 'B').into()), "{case}");
        assert_eq!(answers.forget_expired(until - SECOND), 0, "{case}");
        assert_eq!(answers.forget_expired(until), 1, "{case}");
    }
}

#[test]
fn a_full_table_refuses_new_tokens_and_keeps_the_old() {
    let answers = answers(2);
    answers.put(authorization(0, 'A'), NOON).unwrap();
    answers.put(authorization(1, 'A'), NOON).unwrap();

    let full = answers.put(authorization(2, 'A'), NOON + SECOND).unwrap_err();
    assert_eq!(full, TableFull { capacity: NonZeroUsize::new(2).unwrap() });
    assert_eq!(
        full.to_string(),
        "challenge table is full with 2 answers, retry when orders have ended or raise its capacity"
    );
    assert_eq!(answers.get(&token(0)), Some(authorization(0, 'A').into()));

    answers.withdraw(&token(0));
    answers.put(authorization(2, 'A'), NOON).unwrap();
    assert_eq!(answers.len(), 2);
}

#[test]
fn clones_are_one_table() {
    let answers = answers(1);
    let clone = answers.clone();
    clone.put(authorization(0, 'A'), NOON).unwrap();
    assert_eq!(answers.get(&token(0)), Some(authorization(0, 'A').into()));
    answers.withdraw(&token(0));
    assert!(clone.is_empty());
}

#[test]
fn debug_shows_no_answer() {
    let answers = answers(3);
    answers.put(authorization(0, 'A'), NOON).unwrap();
    assert_eq!(format!("{answers:?}"), "Answers { len: 1, capacity: 3 }");
}

#[derive(Clone, Debug)]
enum Step {
    Put { token: u8, key: char, until: i64 },
    Withdraw { token: u8 },
    Forget { now: i64 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0u8..6, prop::char::range('A', 'D'), 0i64..100)
            .prop_map(|(token, key, until)| Step::Put { token, key, until }),
        1 => (0u8..6).prop_map(|token| Step::Withdraw { token }),
        1 => (0i64..100).prop_map(|now| Step::Forget { now }),
    ]
}

proptest! {
    /// The table is a map with a bound and an expiry, whatever is done to it.
    #[test]
    fn the_table_agrees_with_a_plain_map(capacity in 1usize..5, steps in prop::collection::vec(step(), 0..60)) {
        let answers = answers(capacity);
        let mut model = BTreeMap::<u8, (char, i64)>::new();
        for step in steps {
            match step {
                Step::Put { token, key, until } => {
                    let stored = answers.put(authorization(token, key), at(until));
                    let room = model.contains_key(&token) || model.len() < capacity;
                    prop_assert_eq!(stored.is_ok(), room);
                    if room {
                        let until = model.get(&token).map_or(until, |(_, present)| until.max(*present));
                        model.insert(token, (key, until));
                    }
                }
                Step::Withdraw { token: gone } => {
                    answers.withdraw(&token(gone));
                    model.remove(&gone);
                }
                Step::Forget { now } => {
                    let before = model.len();
                    model.retain(|_, (_, until)| *until > now);
                    prop_assert_eq!(answers.forget_expired(at(now)), before - model.len());
                }
            }
            prop_assert!(answers.len() <= capacity);
            for number in 0..6 {
                let want = model.get(&number).map(|(key, _)| Bytes::from(authorization(number, *key)));
                prop_assert_eq!(answers.get(&token(number)), want);
            }
        }
    }
}

fn answers(capacity: usize) -> Answers {
    Answers::new(NonZeroUsize::new(capacity).unwrap())
}

fn token(number: u8) -> Token {
    format!("token-{number:-<37}").parse().unwrap()
}

fn authorization(number: u8, key: char) -> KeyAuthorization {
    KeyAuthorization::new(&token(number), &key.to_string().repeat(43).parse().unwrap())
}

fn at(second: i64) -> OffsetDateTime {
    NOON + Duration::seconds(second)
}
