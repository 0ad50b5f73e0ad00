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
