//! Why a certificate that is fine by its dates is replaced, and why not.

use nws_expiry::Window;

use super::*;
use crate::store::{Obstacle, ObstacleKind, RenewalFacts, Stand};

const OTHER: &str = "https://other.example/directory";

/// An Ingress that asks for a profile, or for none.
fn wanted(profile: Option<&str>) -> Repository {
    let asked = profile.map_or_else(String::new, |profile| format!("nws-certd/profile: {profile}"));
    annotated(&format!("{{{asked}}}"))
}

/// An Ingress with annotations.
fn annotated(annotations: &str) -> Repository {
    let text = format!(
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\n\
         metadata: {{name: tls, namespace: shop, annotations: {annotations}}}\n\
         spec: {{tls: [{{hosts: [shop.example], secretName: tls}}]}}\n"
    );
    Repository::new().file("apps/shop.yaml", &text)
}

/// What comes next for the only certificate, in words.
fn next(plan: &Plan) -> String {
    lines(plan).trim_end().rsplit_once("; ").unwrap().1.to_owned()
}

#[test]
fn another_profile_is_a_reason_and_another_ca_is_none() {
    let default = "order: the certificate was issued with the CA's default profile";
    let short = "order: the certificate was issued with the profile short";
    let cases = [
        ("nothing is asked for", None, None, (Some(CA), None), "keep 58 days"),
        ("as it was asked for", Some("short"), None, (Some(CA), Some("short")), "keep 58 days"),
        ("the annotation is new", Some("short"), None, (Some(CA), None), default),
        ("it has changed", Some("long"), None, (Some(CA), Some("short")), short),
        ("it is gone", None, None, (Some(CA), Some("short")), short),
        ("the CA's profile is new", None, Some("short"), (Some(CA), None), default),
        ("it has changed", None, Some("long"), (Some(CA), Some("short")), short),
        ("it is what there is", None, Some("short"), (Some(CA), Some("short")), "keep 58 days"),
        ("the annotation goes first", Some("a"), Some("b"), (Some(CA), Some("a")), "keep 58 days"),
        ("nobody noted who issued it", None, Some("short"), (None, None), "keep 58 days"),
        ("but the annotation asks", Some("short"), None, (None, None), default),
        ("its CA is gone", None, Some("long"), (Some(OTHER), Some("short")), "keep 58 days"),
        (
            "what was asked it has",
            Some("short"),
            None,
            (Some(OTHER), Some("short")),
            "keep 58 days",
        ),
    ];
    let profile = |text: Option<&str>| text.map(|text| text.parse().unwrap());
    for (case, asked, of_ca, (ca, had), want) in cases {
        let from =
            Provenance { ca: ca.map(Into::into), profile: profile(had), ..Provenance::default() };
        let repository = wanted(asked).holds_from("shop/tls", &issued("shop.example", 1), &from);
        let cas = [CaView { profile: profile(of_ca), ..view(CA) }];
        assert_eq!(next(&plan_for(&repository, &facts([]), &cas)), want, "{case}");
    }
}

/// What is planned where the branch has a P-256 key and another is wanted.
fn planned_for_p384(facts: &Facts) -> Planned {
    let from = Provenance { ca: Some(CA.into()), profile: None, ..Provenance::default() };
    let repository = annotated("{nws-certd/key-type: ecdsa-p384}").holds_from(
        "shop/tls",
        &issued("shop.example", 1),
        &from,
    );
    plan(&repository, facts).certificates.remove(0)
}

#[test]
fn another_kind_of_key_is_a_reason_and_what_there_is_counts_until_then() {
    let planned = planned_for_p384(&facts([]));
    let reason = Reason::KeyTypeDiffers { have: Some(KeyType::EcdsaP256) };
    assert_eq!((&planned.next, planned.goes_to), (&Next::Order(reason), Some(0)));
    let have = planned.have.unwrap();
    assert_eq!(planned.pushed_until, Some(have.not_after()));
    assert_eq!(planned.issued_by.as_deref(), Some(CA), "which is told what it replaces");
    assert!(matches!(planned.wants[0].delivery, Delivery::Pushed(_)));
}

#[test]
fn another_kind_of_key_is_a_renewal_where_limits_tell_them_apart() {
    let account = Obstacle {
        ca: CA.into(),
        kind: ObstacleKind::Account,
        subject: String::new(),
        stand: Stand::Waits,
        until: NOON + Duration::HOUR,
        detail: "too many new orders".into(),
    };
    let facts = Facts { obstacles: vec![account], ..Facts::default() };
    let planned = planned_for_p384(&facts);
    assert!(matches!(planned.next, Next::Order(_)), "{:?}", planned.next);
}

#[test]
fn the_kind_of_key_that_is_wanted_is_delivered_over_one_that_ends_later() {
    let repository = Repository::new()
        .wants("shop/tls", "shop.example")
        .holds("shop/tls", &issued_with("shop.example", 1, &rcgen::PKCS_ECDSA_P384_SHA384));
    let plan = plan(&repository, &facts([stored("shop.example", &issued("shop.example", 20))]));
    assert_eq!(plan.outbox().count(), 1);
    assert!(matches!(plan.certificates[0].next, Next::Keep { .. }));
}

#[test]
fn what_was_asked_for_is_ordered_until_there_is_a_newer_one() {
    let cases = [
        ("nobody asked", None, "keep 59 days"),
        ("before it was issued", Some(NOON - Duration::MINUTE), "keep 59 days"),
        ("with it", Some(NOON), "keep 59 days"),
        ("after it", Some(NOON + Duration::SECOND), "order: asked for at 2026-03-01 12:00:01Z"),
    ];
    let newest = issued("shop.example", 0);
    let repository = Repository::new().wants("shop/tls", "shop.example").holds("shop/tls", &newest);
    for (case, asked_at, want) in cases {
        let certificate = CertificateFacts { asked_at, ..stored("shop.example", &newest) };
        assert_eq!(next(&plan(&repository, &facts([certificate]))), want, "{case}");
    }
}

#[test]
fn a_window_says_when_but_not_past_the_sweep() {
    let (newest, days) = (issued("shop.example", 10), Duration::days);
    let other = issued("shop.example", 10);
    let suggests = |issued: &Issued, start: OffsetDateTime| RenewalFacts {
        fingerprint: issued.leaf().fingerprint(),
        window: Window::new(start, start + Duration::SECOND),
        explanation_url: Some("https://ca.example/why".into()),
        asked_at: NOON,
        next_at: NOON + Duration::HOUR,
        failures: 0,
        last_error: None,
    };
    // The CA could not be asked at last, and what it said before still counts.
    let failed = |said| RenewalFacts { failures: 7, last_error: Some("500".into()), ..said };
    // Within which days it is looked at again, or since when it is due. By its dates each certificate has its place in a twentieth
    // of the lifetime, and the sweep is once a day.
    let (by_dates, sweep) = ((45, 50), (73, 74));
    let cases = [
        ("by its dates", None, Ok(by_dates)),
        ("sooner", Some(suggests(&newest, NOON + days(3))), Ok((3, 3))),
        ("later", Some(suggests(&newest, NOON + days(65))), Ok((65, 65))),
        ("on the second", Some(suggests(&newest, NOON)), Err(NOON)),
        ("in the past", Some(suggests(&newest, NOON - days(1))), Err(NOON - days(1))),
        ("past the end", Some(suggests(&newest, NOON + days(100))), Ok(sweep)),
        ("of another certificate", Some(suggests(&other, NOON - days(1))), Ok(by_dates)),
        ("the last that was told", Some(failed(suggests(&newest, NOON + days(3)))), Ok((3, 3))),
    ];
    let repository = Repository::new().wants("shop/tls", "shop.example").holds("shop/tls", &newest);
    for (case, said, want) in cases {
        let mut facts = facts([stored("shop.example", &newest)]);
        facts.renewals.extend(said);
        match (&plan(&repository, &facts).certificates[0].next, want) {
            (Next::Keep { until, .. }, Ok((first, last))) => {
                let within = NOON + days(first)..=NOON + days(last);
                assert!(within.contains(until), "{case}: {until}");
            }
            (Next::Order(Reason::Suggested { since, .. }), Err(want)) => {
                assert_eq!(*since, want, "{case}");
            }
            (next, _) => panic!("{case}: {next:?}"),
        }
    }
}
