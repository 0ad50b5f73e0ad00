use expect_test::{Expect, expect};
use time::macros::datetime;

use super::*;
use crate::explain::Hindrance;
use crate::report::{
    BranchReport, CertificateReport, FaultReport, HoldReport, NextReport, ObstacleReport, Stage,
    Trouble, TroubleWith, WindowReport,
};

const NOON: OffsetDateTime = datetime!(2026-03-01 12:00 UTC);

fn certificate(stage: Stage, next: (&str, Duration)) -> CertificateReport {
    CertificateReport {
        served: None,
        names: vec!["shop.example".into(), "www.shop.example".into()],
        key_type: "ecdsa-p256".into(),
        stage,
        serial: None,
        fingerprint: None,
        not_before: None,
        not_after: None,
        issuer: None,
        ca: None,
        goes_to: None,
        profile: None,
        suggested: None,
        explanation_url: None,
        reason: None,
        holds: vec![],
        last_error: None,
        failures: 0,
        preflight: None,
        next: NextReport { at: NOON + next.1, what: next.0.into() },
        deliveries: vec![DeliveryReport {
            target: "default".into(),
            namespace: "shop".into(),
            secret: "shop-tls".into(),
            path: None,
            stage,
            wanted_by: "apps/shop/ingress.yaml, document 1, Ingress shop/shop, spec.tls[0]".into(),
        }],
    }
}

fn issued(mut certificate: CertificateReport) -> CertificateReport {
    certificate.serial = Some("0a1b2c".into());
    certificate.fingerprint = Some("f".repeat(64));
    certificate.not_before = Some(NOON - Duration::HOUR);
    certificate.not_after = Some(NOON + Duration::days(90));
    certificate.issuer = Some("CN=Fake Intermediate".into());
    certificate
}

fn attempt(ago: Duration, outcome: &str, error: Option<&str>) -> AttemptReport {
    AttemptReport {
        began_at: NOON - ago,
        ended_at: NOON - ago + Duration::milliseconds(2_340),
        times: 1,
        outcome: outcome.into(),
        error: error.map(Into::into),
        order: Some("https://ca.example/order/7".into()),
    }
}

fn story(certificates: Vec<Chapter>) -> Story {
    Story {
        host: "shop.example".into(),
        at: NOON,
        branch: BranchReport {
            repository: None,
            name: "main".into(),
            tip: Some("0123456789abcdef".into()),
            keys_in_clear: false,
        },
        branches: vec![],
        certificates,
        faults: vec![],
        revocations: vec![],
        unwanted: vec![],
        troubles: vec![],
        obstacles: vec![],
        edges: vec![],
        lookup_error: None,
    }
}

#[expect(clippy::needless_pass_by_value, reason = "as expect! gives it")]
fn check(story: Story, want: Expect) {
    want.assert_eq(&story_text(&story));
}

#[test]
fn a_certificate_in_place_is_told_to_each_edge() {
    let chapter = Chapter {
        certificate: issued(certificate(Stage::Pushed, ("renew", Duration::days(60)))),
        attempts: vec![
            attempt(Duration::hours(2), "failed", Some("connection refused")),
            attempt(Duration::HOUR, "issued", None),
        ],
        arrivals: vec![ArrivalReport {
            address: "192.0.2.1".into(),
            fingerprint: "e".repeat(64),
            at: NOON,
            lag_seconds: Some(7),
        }],
        pushes: vec![PushReport {
            path: "certs/shop/shop-tls.yaml".into(),
            fingerprint: "f".repeat(64),
            commit: "c".repeat(40),
            at: NOON - Duration::minutes(59),
        }],
    };
    let edge = |address: &str, serves, error: Option<&str>| EdgeReport {
        address: address.into(),
        serves,
        covers: address.ends_with("2:443"),
        fingerprint: None,
        not_after: (serves == Serves::Other).then_some(NOON + Duration::days(3)),
        issuer: (serves == Serves::Other).then(|| "CN=Old Intermediate".into()),
        error: error.map(Into::into),
    };
    let edges = vec![
        edge("192.0.2.1:443", Serves::Current, None),
        edge("192.0.2.2:443", Serves::Other, None),
        edge("192.0.2.3:443", Serves::Other, None),
        edge("[2001:db8::4]:443", Serves::Nothing, Some("connection refused")),
    ];
    check(
        Story { edges, ..story(vec![chapter]) },
        expect![[r#"
            shop.example, branch main at 0123456789ab, 2026-03-01 12:00:00Z

            names        shop.example, www.shop.example (ecdsa-p256)
            wanted by    apps/shop/ingress.yaml, document 1, Ingress shop/shop, spec.tls[0], as Secret shop/shop-tls
            certificate  serial 0a1b2c, 2026-03-01 11:00:00Z to 2026-05-30 12:00:00Z, by CN=Fake Intermediate
            attempt      2026-03-01 10:00:02Z failed after 2.3 s: connection refused (https://ca.example/order/7)
            attempt      2026-03-01 11:00:02Z issued after 2.3 s (https://ca.example/order/7)
            pushed       2026-03-01 11:01:00Z certs/shop/shop-tls.yaml in commit cccccccccccc, SHA-256 ffffffffffff
            served       2026-03-01 12:00:00Z at 192.0.2.1, 7 s after the push
            stage        pushed
            next         renew at 2026-04-30 12:00:00Z (in 60 days)
            edge         192.0.2.1:443 serves this certificate
            edge         192.0.2.2:443 serves another certificate, until 2026-03-04 12:00:00Z, by CN=Old Intermediate
            edge         192.0.2.3:443 serves one that is not for shop.example, until 2026-03-04 12:00:00Z, by CN=Old Intermediate
            edge         [2001:db8::4]:443 serves none: connection refused
        "#]],
    );
}

#[test]
fn a_name_that_fails_says_so_in_the_cas_words_and_when_it_is_tried_again() {
    let mut certificate = certificate(Stage::Waiting, ("order", Duration::minutes(10)));
    let words = "order refused: shop.example: connection: 192.0.2.1: Connection refused";
    certificate.last_error = Some(words.into());
    certificate.reason = Some("there is no certificate yet".into());
    let again =
        AttemptReport { times: 7, ..attempt(Duration::HOUR, "waits", Some("the CA is away")) };
    let attempts = vec![again, attempt(Duration::minutes(1), "failed", Some(words))];
    let chapter = Chapter { certificate, attempts, pushes: vec![], arrivals: vec![] };
    let troubles = vec![Trouble { with: TroubleWith::Ca, text: "the CA is away".into() }];
    check(
        Story { troubles, ..story(vec![chapter]) },
        expect![[r#"
            shop.example, branch main at 0123456789ab, 2026-03-01 12:00:00Z

            names        shop.example, www.shop.example (ecdsa-p256)
            wanted by    apps/shop/ingress.yaml, document 1, Ingress shop/shop, spec.tls[0], as Secret shop/shop-tls
            certificate  none yet
            attempt      2026-03-01 11:00:02Z waits, 7 times since 2026-03-01 11:00:00Z: the CA is away (https://ca.example/order/7)
            attempt      2026-03-01 11:59:02Z failed after 2.3 s: order refused: shop.example: connection: 192.0.2.1: Connection refused (https://ca.example/order/7)
            stage        waiting
            next         order at 2026-03-01 12:10:00Z (in 10 minutes), as there is no certificate yet
            trouble      the CA is away
        "#]],
    );
}

#[test]
fn a_held_certificate_says_whose_words_hold_it() {
    let mut certificate = issued(certificate(Stage::Held, ("push", Duration::minutes(5))));
    certificate.last_error = Some("the remote refused a push to main: frozen until monday".into());
    let attempts = vec![attempt(Duration::minutes(1), "issued", None)];
    let lookup_error = Some("shop.example has no addresses".into());
    let chapter = Chapter { certificate, attempts, pushes: vec![], arrivals: vec![] };
    check(
        Story { lookup_error, ..story(vec![chapter]) },
        expect![[r#"
        shop.example, branch main at 0123456789ab, 2026-03-01 12:00:00Z

        names        shop.example, www.shop.example (ecdsa-p256)
        wanted by    apps/shop/ingress.yaml, document 1, Ingress shop/shop, spec.tls[0], as Secret shop/shop-tls
        certificate  serial 0a1b2c, 2026-03-01 11:00:00Z to 2026-05-30 12:00:00Z, by CN=Fake Intermediate
        attempt      2026-03-01 11:59:02Z issued after 2.3 s (https://ca.example/order/7)
        stage        held
        because      the remote refused a push to main: frozen until monday
        next         push at 2026-03-01 12:05:00Z (in 5 minutes)
        edges        shop.example has no addresses
    "#]],
    );
}

#[test]
fn what_keeps_orders_from_cas_is_told_with_what_ends_it() {
    let mut certificate = issued(certificate(Stage::Held, ("order", Duration::DAY)));
    certificate.ca = Some("https://ca.example/d".into());
    certificate.profile = Some("shortlived".into());
    certificate.suggested =
        Some(WindowReport { start: NOON - Duration::HOUR, end: NOON - Duration::MINUTE });
    certificate.explanation_url = Some("https://ca.example/incident".into());
    certificate.reason = Some("the CA suggests renewal since 2026-03-01 11:30:00".into());
    let words = "paused; end the pause at https://ca.example/unpause?jwt=x";
    certificate.last_error = Some(format!("https://ca.example/d: {words}"));
    let met = |kind: &str, held, words: &str| Hindrance {
        ca: "https://ca.example/d".into(),
        obstacle: ObstacleReport {
            kind: kind.into(),
            subject: "shop.example www.shop.example".into(),
            held,
            until: NOON + Duration::DAY,
            detail: words.into(),
        },
    };
    let obstacles = vec![
        met("exact-set", true, words),
        met("caa", false, "shop.example: CAA records let no CA issue (at example)"),
    ];
    let chapter = Chapter { certificate, attempts: vec![], pushes: vec![], arrivals: vec![] };
    check(
        Story { obstacles, ..story(vec![chapter]) },
        expect![[r#"
            shop.example, branch main at 0123456789ab, 2026-03-01 12:00:00Z

            names        shop.example, www.shop.example (ecdsa-p256, shortlived)
            wanted by    apps/shop/ingress.yaml, document 1, Ingress shop/shop, spec.tls[0], as Secret shop/shop-tls
            certificate  serial 0a1b2c, 2026-03-01 11:00:00Z to 2026-05-30 12:00:00Z, by CN=Fake Intermediate
            ca           https://ca.example/d
            suggested    renewal from 2026-03-01 11:00:00Z to 2026-03-01 11:59:00Z, as the CA explains at https://ca.example/incident
            stage        held
            because      https://ca.example/d: paused; end the pause at https://ca.example/unpause?jwt=x
            next         order at 2026-03-02 12:00:00Z (in 24 hours), as the CA suggests renewal since 2026-03-01 11:30:00
            obstacle     held: https://ca.example/d, shop.example, www.shop.example: paused; end the pause at https://ca.example/unpause?jwt=x; looked at again at 2026-03-02 12:00:00Z
            obstacle     forbidden: https://ca.example/d: shop.example: CAA records let no CA issue (at example); looked at again at 2026-03-02 12:00:00Z
        "#]],
    );
}

#[test]
fn what_is_held_says_by_what_and_what_ends_it() {
    let mut certificate = certificate(Stage::Held, ("look", Duration::hours(15)));
    certificate.reason = Some("there is no certificate yet".into());
    certificate.holds = vec![HoldReport {
        path: "apps/shop/ingress.yaml".into(),
        reason: Some("an audit".into()),
        text: "apps/shop/ingress.yaml, document 1, metadata.annotations[\"nws-certd/hold\"] (\"an audit\"); remove the annotation to have it ordered".into(),
    }];
    let chapter = Chapter { certificate, attempts: vec![], pushes: vec![], arrivals: vec![] };
    check(
        story(vec![chapter]),
        expect![[r#"
        shop.example, branch main at 0123456789ab, 2026-03-01 12:00:00Z

        names        shop.example, www.shop.example (ecdsa-p256)
        wanted by    apps/shop/ingress.yaml, document 1, Ingress shop/shop, spec.tls[0], as Secret shop/shop-tls
        certificate  none yet
        stage        held
        held         by apps/shop/ingress.yaml, document 1, metadata.annotations["nws-certd/hold"] ("an audit"); remove the annotation to have it ordered
        next         order once nothing holds it, as there is no certificate yet
    "#]],
    );
}

#[test]
fn a_name_nobody_wants_says_what_was_found_of_it() {
    let text =
        "apps/shop/ingress.yaml, document 1, spec.tls[0].hosts[0]: Shop.Example has upper case";
    let faults = vec![FaultReport {
        path: "apps/shop/ingress.yaml".into(),
        text: text.into(),
        hosts: vec![],
    }];
    check(
        Story { faults, ..story(vec![]) },
        expect![[r#"
        shop.example, branch main at 0123456789ab, 2026-03-01 12:00:00Z
        wanted by    no manifest that can be served; see the faults, and discover and names.allow in the configuration
        fault        apps/shop/ingress.yaml, document 1, spec.tls[0].hosts[0]: Shop.Example has upper case
    "#]],
    );
}

#[test]
fn times_ahead_are_told_in_the_unit_that_matters() {
    let cases = [
        (Duration::days(60), "in 60 days"),
        (Duration::hours(47), "in 47 hours"),
        (Duration::minutes(90), "in 90 minutes"),
        (Duration::seconds(90), "in 90 s"),
        (Duration::ZERO, "now"),
        (-Duration::HOUR, "now"),
    ];
    for (left, want) in cases {
        assert_eq!(until(left), want);
    }
}

#[test]
fn of_several_repositories_each_says_where_it_is() {
    let branch = |repository: &str, tip: Option<&str>| BranchReport {
        repository: Some(repository.into()),
        name: "main".into(),
        tip: tip.map(str::to_owned),
        keys_in_clear: false,
    };
    let branches = vec![branch("apps", Some("0123456789abcdef")), branch("certs", None)];
    let told = story_text(&Story { branches, ..story(vec![]) });
    let heading = told.lines().next();
    expect!["shop.example, apps: branch main at 0123456789ab, certs: branch main at no commit yet, 2026-03-01 12:00:00Z"]
        .assert_eq(heading.unwrap());
}
