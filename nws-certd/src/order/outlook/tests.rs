use super::*;

#[test]
fn nothing_is_ordered_that_a_ca_would_refuse_unless_there_is_nothing_to_lose() {
    use Course::{Order, OrderInSpite, Wait};
    let tries = |tries| NonZeroU32::new(tries).unwrap();
    let (enforce, warn) = (Rigour::Enforce { tries: tries(3) }, Rigour::Warn { tries: tries(3) });
    let cases = [
        ("all is well", enforce, false, 0, false, Order),
        ("all is well again", enforce, false, 9, true, Order),
        ("the first look", enforce, true, 0, false, Wait),
        ("the thousandth", enforce, true, 999, false, Wait),
        ("the second of an ending one", enforce, true, 1, true, Wait),
        ("the third of an ending one", enforce, true, 2, true, OrderInSpite),
        ("a warning", warn, true, 1, false, Wait),
        ("the third warning", warn, true, 2, false, OrderInSpite),
        ("and every later one", warn, true, u32::MAX, false, OrderInSpite),
        ("one try", Rigour::Warn { tries: tries(1) }, true, 0, false, OrderInSpite),
    ];
    for (case, rigour, is_refused, failed, is_emergency, want) in cases {
        assert_eq!(rigour.course(is_refused, failed, is_emergency), want, "{case}");
    }
}
