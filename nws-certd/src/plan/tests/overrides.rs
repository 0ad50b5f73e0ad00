//! When certificates are ordered, where their manifests say something of that.

use super::*;

/// Namespaces, each with the annotations of an Ingress in it.
type Wants<'a> = &'a [(&'a str, &'a str)];

/// Ingresses for Secrets of the same host.
fn wanted(wants: Wants<'_>) -> Repository {
    let ingress = |repository: Repository, (namespace, annotations): &(&str, &str)| {
        let text = format!(
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\n\
             metadata: {{name: tls, namespace: {namespace}, annotations: {{{annotations}}}}}\n\
             spec: {{tls: [{{hosts: [shop.example], secretName: tls}}]}}\n"
        );
        repository.file(&format!("apps/{namespace}.yaml"), &text)
    };
    wants.iter().fold(Repository::new(), ingress)
}

const AUDIT: &str = "nws-certd/hold: an audit";

/// Nothing a certificate may be ordered for is a reason to order one that is held.
#[test]
fn a_hold_beats_everything() {
    let certificate = || certificate("shop.example");
    let asked = CertificateFacts { asked_at: Some(NOON), ..certificate() };
    let failed =
        CertificateFacts { failures: 3, wait_until: Some(NOON + Duration::HOUR), ..certificate() };
    let away = Availability::Away { since: NOON, until: NOON, reason: String::new() };
    let next_sweep = "wait 15h on Hold";
    let cases = [
        ("absent", None, certificate(), format!("{next_sweep}: there is no certificate yet")),
        ("after a failure", None, failed, format!("{next_sweep}: there is no certificate yet")),
        ("asked for", None, asked.clone(), format!("{next_sweep}: there is no certificate yet")),
        ("good", Some(1), certificate(), "keep 58 days".into()),
        (
            "good, another asked for",
            Some(1),
            asked,
            "wait 89d on Hold: asked for at 2026-03-01 12:00:00Z".into(),
        ),
        ("due", Some(70), certificate(), "wait 20d on Hold: due for renewal".into()),
        ("about to end", Some(89), certificate(), "wait 1d on Hold: due for renewal".into()),
        ("ended", Some(90), certificate(), format!("{next_sweep}: expired at 2026-03-01")),
    ];
    for (case, days_ago, certificate, want) in cases {
        let mut repository = wanted(&[("shop", AUDIT)]);
        if let Some(days_ago) = days_ago {
            repository = repository.holds("shop/tls", &issued("shop.example", days_ago));
        }
        for availability in [Availability::Up, away.clone()] {
            let cas = [CaView { availability, ..view(CA) }];
            let plan = plan_for(&repository, &facts([certificate.clone()]), &cas);
            let (line, planned) = (lines(&plan), &plan.certificates[0]);
            assert!(line.contains(&want), "{case}: {line}");
            assert_eq!(planned.goes_to, None, "{case}: nor with others that are due");
            assert_eq!(
                planned.holds[0].to_string(),
                "apps/shop.yaml, document 1, metadata.annotations[\"nws-certd/hold\"] (\"an audit\"); remove the annotation to have it ordered",
                "{case}"
            );
        }
    }
}

#[test]
fn one_hold_holds_it_for_all_who_want_it() {
    let repository = wanted(&[("blog", ""), ("shop", AUDIT), ("wiki", "nws-certd/hold: 'true'")]);
    let plan = plan(&repository, &facts([]));
    let holds: Vec<_> =
        plan.certificates[0].holds.iter().map(|hold| hold.path.to_string()).collect();
    assert_eq!(
        (plan.certificates.len(), holds),
        (1, vec!["apps/shop.yaml".into(), "apps/wiki.yaml".into()])
    );
}

#[test]
fn renew_before_says_when_and_of_several_the_earliest_counts() {
    let before = |text: &str| format!("nws-certd/renew-before: {text}");
    let (late, days, part) = (before("10d"), before("40d"), before("50%"));
    let cases: [(&str, Wants<'_>, i64); 7] = [
        ("nobody says", &[("shop", "")], 30),
        ("later than usual", &[("shop", &late)], 10),
        ("sooner", &[("shop", &days)], 40),
        ("a part", &[("shop", &part)], 45),
        ("never more than half", &[("shop", &before("80d"))], 45),
        ("two differ", &[("blog", &part), ("shop", &days)], 45),
        ("who says nothing has no opinion", &[("blog", ""), ("shop", &late)], 10),
    ];
    let newest = issued("shop.example", 0);
    let end = newest.leaf().not_after();
    // Each certificate has its place in the twentieth of the lifetime before that.
    let spread = |before: i64| {
        end - Duration::days(before) - Duration::hours(108)..=end - Duration::days(before)
    };
    for (case, wants, want) in cases {
        let plan = plan(&wanted(wants), &facts([stored("shop.example", &newest)]));
        let Next::Keep { until, rule } = &plan.certificates[0].next else { panic!("{case}") };
        assert!(spread(want).contains(until), "{case}: {until}");
        let is_said = wants.iter().any(|(_, annotations)| !annotations.is_empty());
        assert_eq!(*rule == Rule::RenewBefore, is_said, "{case}");
    }
}
