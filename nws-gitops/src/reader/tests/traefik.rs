use super::*;

/// An IngressRoute with this `spec`, a flow mapping.
fn route(spec: &str) -> String {
    format!(
        "apiVersion: traefik.io/v1alpha1\nkind: IngressRoute\nmetadata: {{name: web, namespace: shop}}\nspec: {spec}\n"
    )
}

#[test]
fn which_hosts_a_route_wants() {
    let domains = "tls: {secretName: tls, domains: [{main: a.example, sans: [b.example]}, {main: c.example}]}";
    let cases = [
        ("a rule", "{routes: [{match: Host(`a.example`)}], tls: {secretName: tls}}".to_owned(), "a.example"),
        (
            "several",
            "{routes: [{match: Host(`a.example`)}, {match: 'Host(`b.example`) && Path(`/x`)'}], tls: {secretName: tls}}".into(),
            "a.example,b.example",
        ),
        (
            "one rule without a host",
            "{routes: [{match: PathPrefix(`/`)}, {match: Host(`b.example`)}], tls: {secretName: tls}}".into(),
            "b.example",
        ),
        ("domains, before rules", format!("{{routes: [{{match: HostRegexp(`.*`)}}], {domains}}}"), "a.example,b.example,c.example"),
    ];
    for (case, spec, hosts) in cases {
        for kind in ["IngressRoute", "IngressRouteTCP"] {
            for api in ["traefik.io", "traefik.containo.us"] {
                let text = route(&spec).replace("IngressRoute", kind).replace("traefik.io", api);
                let parsed = yaml(&text);
                assert_eq!(
                    wants(&parsed),
                    [format!("1 shop/tls {hosts}")],
                    "{case}, {kind}, {api}"
                );
                assert_eq!(faults(&parsed), [""; 0], "{case}, {kind}, {api}");
            }
        }
    }
}

#[test]
fn routes_that_want_nothing() {
    let rule = "routes: [{match: Host(`a.example`)}]";
    for more in [
        "",
        "tls: null",
        "tls: {}",
        "tls: {options: {name: strict}}",
        "tls: {secretName: ''}",
        "tls: {secretName: tls, passthrough: true}",
    ] {
        let parsed = yaml(&route(&format!("{{{rule}, {more}}}")));
        assert!(parsed.applicants.is_empty() && parsed.faults.is_empty(), "{more}: {parsed:?}");
    }
    let other = route(&format!("{{{rule}, tls: {{secretName: tls}}}}"))
        .replace("traefik.io", "other.example");
    assert!(yaml(&other).applicants.is_empty());
}

#[test]
fn faults_of_routes_name_the_field_and_the_remedy() {
    let with = |rule: &str| format!("{{routes: [{{match: '{rule}'}}], tls: {{secretName: tls}}}}");
    let place = "1 spec.routes[0].match";
    let cases = [
        (
            with("HostRegexp(`{sub:[a-z]+}.example`)"),
            format!("{place} names hosts by the pattern \"{{sub:[a-z]+}}.example\", which cannot be listed; write the hosts one by one as tls.domains"),
        ),
        (
            with("HostSNI(`*`)"),
            format!("{place} names hosts by the pattern \"*\", which cannot be listed; write the hosts one by one as tls.domains"),
        ),
        (
            with("Host(`a.example`"),
            format!("{place} is no rule at character 17, where `,` or `)` is due; correct it, or write the hosts as tls.domains"),
        ),
        (with("PathPrefix(`/`)"), "1 spec.routes names no host in any rule; write the hosts as tls.domains".into()),
        ("{routes: [], tls: {secretName: tls}}".into(), "1 spec.routes names no host in any rule; write the hosts as tls.domains".into()),
        (with("Host(`A.example`)"), format!("{place} host name \"A.example\" has upper-case letters; write \"a.example\"")),
        (
            with("Host(`a.example`)").replace("secretName: tls", "certResolver: letsencrypt"),
            "1 spec.tls.certResolver is left to Traefik, which orders from \"letsencrypt\" by itself; remove it to have the certificate from here".into(),
        ),
        (
            with("Host(`a.example`)").replace("secretName: tls", "secretName: 15"),
            "1 spec.tls.secretName is a number, not a string; quote it".into(),
        ),
        (
            "{tls: {secretName: tls, domains: [{main: a.example., sans: [on]}]}}".into(),
            "1 spec.tls.domains[0].main host name \"a.example.\" ends with a dot; write \"a.example\"|1 spec.tls.domains[0].sans[0] is a boolean, not a string; quote it".into(),
        ),
        (
            with("Host(`{{ .Values.host }}`)"),
            "1 is a template, which is not guessed at; commit the rendered manifest, or leave the file out with discover.exclude".into(),
        ),
    ];
    for (spec, said) in cases {
        assert_eq!(faults(&yaml(&route(&spec))).join("|"), said, "{spec}");
    }
}
