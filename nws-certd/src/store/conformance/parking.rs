//! Since when a certificate fails, and what is parked.

use super::*;

async fn shop(store: &SqliteStore) -> CertificateFacts {
    store.load().await.unwrap().certificates.remove(0)
}

fn parked(made: &Made, hours: i64, why: &str) -> Step {
    let at = NOON + Duration::hours(hours);
    let parked = Parked { since: at, why: why.into() };
    Step::Parked { certificate: made.certificate.clone(), parked, until: at + Duration::DAY }
}

fn at_hour(hours: i64) -> Span {
    let at = NOON + Duration::hours(hours);
    Span { began: at, ended: at }
}

/// An order for the same certificate that fails in this hour.
async fn fail(bench: &Bench, hours: i64) -> Made {
    let made = bench.intend("shop.example").await;
    bench.store.write(made.ended().during(at_hour(hours))).await.unwrap();
    made
}

#[tokio::test]
async fn a_certificate_fails_since_the_first_order_that_is_its_names_fault() {
    let bench = Bench::new().await;
    let made = bench.intend("shop.example").await;
    bench.store.write(made.waits()).await.unwrap();
    assert_eq!(shop(&bench.store).await.failing(), None, "it was nobody's fault");
    bench.store.write(made.ended().during(at_hour(1))).await.unwrap();
    fail(&bench, 2).await;
    let failing = shop(&bench.later().await).await.failing().unwrap();
    let first = NOON + Duration::HOUR;
    assert_eq!((failing.since, failing.failures, failing.is_parked), (first, 2, false));

    fail(&bench, -3).await;
    let failing = shop(&bench.store).await.failing().unwrap();
    assert_eq!(failing.since, NOON - Duration::hours(3), "the clock was set back since");
}

#[tokio::test]
async fn what_is_parked_stays_so_with_the_newest_reason() {
    let bench = Bench::new().await;
    let made = fail(&bench, 0).await;
    bench.store.write(parked(&made, 1, "it leads elsewhere")).await.unwrap();
    bench.store.write(parked(&made, 25, "it leads nowhere")).await.unwrap();
    let facts = shop(&bench.later().await).await;
    let first = NOON + Duration::HOUR;
    assert_eq!(facts.parked, Some(Parked { since: first, why: "it leads nowhere".into() }));
    assert_eq!(facts.wait_until, Some(NOON + Duration::hours(49)));
    let failing = facts.failing().unwrap();
    assert_eq!((failing.since, failing.failures, failing.is_parked), (NOON, 1, true));
    assert_eq!(facts.last_error.as_deref(), Some("connection refused"));
}

#[tokio::test]
async fn whatever_orders_again_ends_it() {
    let now = |made: &Made| Step::Asked { certificates: vec![made.certificate.clone()], at: NOON };
    for (case, hours) in [("an intent", None), ("a failure", Some(30))] {
        let bench = Bench::new().await;
        let made = fail(&bench, 0).await;
        bench.store.write(parked(&made, 1, "it left")).await.unwrap();
        match hours {
            None => drop(bench.intend("shop.example").await),
            Some(hours) => drop(fail(&bench, hours).await),
        }
        let facts = shop(&bench.later().await).await;
        assert_eq!(facts.parked, None, "{case}");
        assert_eq!(facts.failing_since, Some(NOON), "{case}: it has not succeeded");
    }
    for case in ["success", "an operator's now"] {
        let bench = Bench::new().await;
        let made = fail(&bench, 0).await;
        let open = bench.intend("shop.example").await;
        bench.store.write(parked(&made, 1, "it left")).await.unwrap();
        let step = if case == "success" { open.issued() } else { now(&made) };
        bench.store.write(step).await.unwrap();
        let facts = shop(&bench.later().await).await;
        assert_eq!(
            (facts.parked, facts.failing_since, facts.wait_until),
            (None, None, None),
            "{case}"
        );
    }
}

#[tokio::test]
async fn an_operators_now_is_not_undone_by_a_look_that_began_before() {
    let bench = Bench::new().await;
    let made = fail(&bench, 0).await;
    let asked = Step::Asked { certificates: vec![made.certificate.clone()], at: NOON };
    bench.store.write(asked).await.unwrap();
    bench.store.write(parked(&made, 1, "it left")).await.unwrap();
    let facts = shop(&bench.store).await;
    assert_eq!((facts.parked, facts.wait_until), (None, None));
}
