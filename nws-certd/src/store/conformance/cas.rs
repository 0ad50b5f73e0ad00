//! What CAs say, and what keeps orders from them.

use nws_expiry::budget::{Bucket, Level};
use nws_expiry::{DnsNames, Window};

use super::*;

fn met(kind: ObstacleKind, subject: &str) -> Obstacle {
    Obstacle {
        ca: CA.into(),
        kind,
        subject: subject.into(),
        stand: Stand::Waits,
        until: NOON + Duration::HOUR,
        detail: "too many".into(),
    }
}

#[tokio::test]
async fn an_obstacle_stands_until_it_is_over_or_another_takes_its_place() {
    let bench = Bench::new().await;
    let first = met(ObstacleKind::Account, "");
    let later = Obstacle { until: NOON + Duration::DAY, stand: Stand::Held, ..first.clone() };
    let other = met(ObstacleKind::Identifier, "a.example");
    for step in [&first, &later, &other] {
        bench.store.write(Step::Met(step.clone())).await.unwrap();
    }
    let stands = async || bench.later().await.load().await.unwrap().obstacles;
    assert_eq!(stands().await, [later.clone(), other.clone()]);
    bench.later().await.write(Step::ObstaclesForgotten { until: other.until }).await.unwrap();
    assert_eq!(stands().await, [later]);
}

/// Orders end in any order, and what says that more was used counts.
#[tokio::test]
async fn what_was_used_of_a_limit_is_known_until_it_is_whole_again() {
    let bench = Bench::new().await;
    let used = |ca: &str, bucket, hours| Used {
        ca: ca.into(),
        bucket,
        level: Level::whole_at(NOON + Duration::hours(hours)),
    };
    let domain = || Bucket::RegisteredDomain("shop.example".into());
    let names = DnsNames::new(["b.example", "a.example"].map(|name| name.parse().unwrap()));
    let set = used(CA, Bucket::ExactSet(names.unwrap()), 3);
    let steps = [
        vec![used(CA, Bucket::NewOrders, 2), used(CA, domain(), 4), set.clone()],
        vec![used(CA, Bucket::NewOrders, 1), used("https://other.example/", domain(), 5)],
    ];
    for step in steps {
        bench.store.write(Step::Used(step)).await.unwrap();
    }
    let known = async || {
        let mut known = bench.later().await.levels().await.unwrap();
        known.sort();
        known
    };
    let (other, kept) = (used("https://other.example/", domain(), 5), used(CA, domain(), 4));
    let want = [used(CA, Bucket::NewOrders, 2), kept.clone(), set, other.clone()];
    assert_eq!(known().await, want);
    let until = NOON + Duration::hours(3);
    bench.later().await.write(Step::UsedForgotten { until }).await.unwrap();
    assert_eq!(known().await, [kept, other]);
}

#[tokio::test]
async fn what_an_order_uses_is_kept_with_its_intent_or_not_at_all() {
    let bench = Bench::new().await;
    let level = Level::whole_at(NOON + Duration::HOUR);
    let uses = vec![Used { ca: CA.into(), bucket: Bucket::NewOrders, level }];
    let intended = |step| match step {
        Step::OrderIntended { order, certificate, sealed_key, ca, profile, at, .. } => {
            let uses = uses.clone();
            Step::OrderIntended { order, certificate, sealed_key, ca, profile, uses, at }
        }
        other => other,
    };
    let made = bench.intend("a.example").await;
    let again = intended(Made::new("a.example").intent());
    assert!(bench.store.write(again).await.is_err(), "there is an open order");
    assert_eq!(bench.store.levels().await.unwrap(), []);
    bench.store.write(made.ended()).await.unwrap();
    bench.store.write(intended(Made::new("a.example").intent())).await.unwrap();
    assert_eq!(bench.later().await.levels().await.unwrap(), uses);
}

#[tokio::test]
async fn who_begins_or_asks_ends_what_a_ca_holds_altogether_and_no_limit_of_others() {
    let held = |kind, subject| Obstacle { stand: Stand::Held, ..met(kind, subject) };
    let (altogether, names) =
        (held(ObstacleKind::Ca, ""), held(ObstacleKind::ExactSet, "a.example"));
    let limited = Obstacle { ca: "https://other.example/".into(), ..met(ObstacleKind::Ca, "") };
    let certificates = vec![Bench::new().await.intend("b.example").await.certificate];
    for step in [Step::HoldsLifted, Step::Asked { certificates, at: NOON }] {
        let bench = Bench::new().await;
        bench.intend("b.example").await;
        for met in [&altogether, &names, &limited] {
            bench.store.write(Step::Met(met.clone())).await.unwrap();
        }
        bench.store.write(step).await.unwrap();
        let mut left = bench.later().await.load().await.unwrap().obstacles;
        left.sort_by_key(|met| met.kind);
        assert_eq!(left, [limited.clone(), names.clone()]);
    }
}

#[tokio::test]
async fn who_asks_for_another_waits_for_nothing_that_is_about_its_names() {
    let bench = Bench::new().await;
    let made = bench.intend("a.example").await;
    bench.store.write(made.ended()).await.unwrap();
    let (about, account) =
        (met(ObstacleKind::ExactSet, "a.example"), met(ObstacleKind::Account, ""));
    for step in [&about, &account] {
        bench.store.write(Step::Met(step.clone())).await.unwrap();
    }
    let certificates = vec![made.certificate.clone()];
    bench.store.write(Step::Asked { certificates, at: NOON }).await.unwrap();
    let facts = bench.later().await.load().await.unwrap();
    let certificate = &facts.certificates[0];
    assert_eq!(
        (certificate.asked_at, certificate.failures, certificate.wait_until),
        (Some(NOON), 0, None)
    );
    assert_eq!(facts.obstacles, [account], "what is about others stays");
}

#[tokio::test]
async fn what_a_ca_says_of_a_renewal_is_kept_by_its_certificate() {
    let bench = Bench::new().await;
    let window = Window::new(NOON, NOON + Duration::DAY);
    let said = RenewalFacts {
        fingerprint: Fingerprint::of(b"leaf"),
        window,
        explanation_url: Some("https://ca.example/incident".into()),
        asked_at: NOON,
        next_at: NOON + Duration::hours(6),
        failures: 0,
        last_error: None,
    };
    let failed = RenewalFacts {
        failures: 1,
        last_error: Some("connection refused".into()),
        next_at: NOON + Duration::hours(12),
        ..said.clone()
    };
    for step in [&said, &failed] {
        bench.store.write(Step::RenewalInfo(step.clone())).await.unwrap();
        assert_eq!(bench.later().await.load().await.unwrap().renewals, std::slice::from_ref(step));
    }
    let newer = RenewalFacts {
        fingerprint: Fingerprint::of(b"its successor"),
        asked_at: NOON + Duration::days(90),
        next_at: NOON + Duration::days(91),
        ..said
    };
    bench.store.write(Step::RenewalInfo(newer.clone())).await.unwrap();
    assert_eq!(bench.store.load().await.unwrap().renewals, [newer], "the other is replaced by now");
}

#[tokio::test]
async fn an_account_that_was_ended_stays_so_until_there_is_another() {
    let bench = Bench::new().await;
    let account = |ended_at| AccountFacts {
        directory: CA.into(),
        url: "https://ca.example/account/1".into(),
        thumbprint: Some("thumbprint".into()),
        ended_at,
    };
    let AccountFacts { directory, url, .. } = account(None);
    let thumbprint = "thumbprint".to_owned();
    let made = Step::Account {
        directory: directory.clone(),
        url: Some(url.clone()),
        thumbprint: thumbprint.clone(),
    };
    let ended = Step::AccountEnded { directory, url, thumbprint, at: NOON };
    for (step, want) in [(made.clone(), None), (ended, Some(NOON)), (made, None)] {
        bench.store.write(step).await.unwrap();
        assert_eq!(bench.store.load().await.unwrap().accounts, [account(want)]);
    }
}

#[tokio::test]
async fn an_installation_is_known_by_what_it_was_first() {
    let bench = Bench::new().await;
    for thumbprint in ["first", "second"] {
        assert_eq!(bench.store.installation(thumbprint).await.unwrap(), "first");
    }
    assert_eq!(bench.later().await.installation("third").await.unwrap(), "first");
}
