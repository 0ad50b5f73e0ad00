//! Why a certificate that is fine by its dates is replaced, and why not.

use nws_expiry::Window;

use super::*;
use crate::store::RenewalFacts;

const OTHER: &str = "https://other.example/directory";

/// An Ingress that asks for a profile, or for none.
fn wanted(profile: Option<&str>) -> Repository {
    let asked = profile.map_or_else(String::new, |profile| {
        format!(", annotations: {{nws-certd/profile: {profile}}}")
    });
    let text = format!(
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: tls, namespace: shop{asked}}}\n\
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
        let from = Provenance { ca: ca.map(Into::into), profile: profile(had) };
        let repository = wanted(asked).holds_from("shop/tls", &issued("shop.example", 1), &from);
        let cas = [CaView { profile: profile(of_ca), ..view(CA) }];
        assert_eq!(next(&plan_for(&repository, &facts([]), &cas)), want, "{case}");
    }
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
