//! What was seen before an order, and what ends it.

use super::*;

async fn shop(store: &SqliteStore) -> CertificateFacts {
    store.load().await.unwrap().certificates.remove(0)
}

fn not_ready(made: &Made, minutes: i64, why: &[&str]) -> Step {
    let at = NOON + Duration::minutes(minutes);
    let why = why.iter().map(|line| (*line).to_owned()).collect();
    let found = NotReady { since: at, at, why };
    Step::NotReady { certificate: made.certificate.clone(), found, until: at + Duration::MINUTE }
}

#[tokio::test]
async fn looks_that_fail_are_counted_with_the_newest_reason_since_the_first() {
    let bench = Bench::new().await;
    let made = Made::new("shop.example");
    bench.store.write(not_ready(&made, 1, &["it does not exist"])).await.unwrap();
    bench.store.write(not_ready(&made, 5, &["one", "another"])).await.unwrap();
    let facts = shop(&bench.later().await).await;
    let at = |minutes| NOON + Duration::minutes(minutes);
    let found = NotReady { since: at(1), at: at(5), why: vec!["one".into(), "another".into()] };
    assert_eq!((facts.outlook.looks_failed, &facts.outlook.not_ready), (2, &Some(found)));
    assert_eq!((facts.failures, facts.wait_until), (0, Some(at(6))), "it cost the CA nothing");
    let failing = facts.failing().unwrap();
    assert_eq!((failing.since, failing.failures, failing.is_parked), (at(1), 2, false));

    bench.store.write(not_ready(&made, -5, &["the clock was set back"])).await.unwrap();
    let facts = shop(&bench.store).await;
    assert_eq!(facts.outlook.not_ready.map(|found| found.since), Some(at(-5)));
    assert_eq!(facts.failing_since, Some(at(-5)));
}

#[tokio::test]
async fn whatever_orders_ends_it_and_what_fails_since_does_so_still() {
    for case in ["an intent", "a failure", "success", "an operator's now", "an import"] {
        let bench = Bench::new().await;
        let made = Made::new("shop.example");
        if ["a failure", "success"].contains(&case) {
            bench.store.write(made.intent()).await.unwrap();
        }
        bench.store.write(not_ready(&made, 1, &["it does not exist"])).await.unwrap();
        let step = match case {
            "an intent" => made.intent(),
            "a failure" => made.ended(),
            "success" => made.issued(),
            "an import" => Step::Imported(Box::new(Imported {
                certificate: made.certificate.clone(),
                chain: made.chain.clone(),
                sealed_key: made.sealed(),
                ca: None,
            })),
            _ => Step::Asked { certificates: vec![made.certificate.clone()], at: NOON },
        };
        bench.store.write(step).await.unwrap();
        let facts = shop(&bench.later().await).await;
        assert_eq!(facts.outlook, Outlook::default(), "{case}");
        let fails = ["an intent", "a failure"].contains(&case);
        assert_eq!(facts.failing_since.is_some(), fails, "{case}");
    }
}

#[tokio::test]
async fn advice_is_that_of_the_last_look() {
    let bench = Bench::new().await;
    let made = Made::new("shop.example");
    let advised = |advice: &[&str]| Step::Advised {
        certificate: made.certificate.clone(),
        advice: advice.iter().map(|line| (*line).to_owned()).collect(),
    };
    bench.store.write(advised(&["IPv6 is broken", "DNS is slow"])).await.unwrap();
    bench.store.write(made.intent()).await.unwrap();
    let facts = shop(&bench.later().await).await;
    assert_eq!(facts.outlook.advice, ["IPv6 is broken", "DNS is slow"]);
    bench.store.write(advised(&[])).await.unwrap();
    assert_eq!(shop(&bench.store).await.outlook, Outlook::default());
}

#[tokio::test]
async fn what_is_found_of_a_parked_one_unparks_it() {
    let bench = Bench::new().await;
    let made = bench.intend("shop.example").await;
    bench.store.write(made.ended()).await.unwrap();
    let parked = Parked { since: NOON, why: "it left".into() };
    let (certificate, until) = (made.certificate.clone(), NOON + Duration::DAY);
    bench.store.write(Step::Parked { certificate, parked, until }).await.unwrap();
    bench.store.write(not_ready(&made, 1, &["it answers wrongly"])).await.unwrap();
    let facts = shop(&bench.store).await;
    assert_eq!((facts.parked, facts.outlook.looks_failed), (None, 1));
}
