use super::*;

/// A Gateway in namespace `edge`, with these listeners (each a flow mapping).
fn gateway(listeners: &[&str]) -> String {
    object("Gateway", listeners)
}

fn object(kind: &str, listeners: &[&str]) -> String {
    let group = if kind == "XListenerSet" { "x-k8s.io/v1alpha1" } else { "k8s.io/v1" };
    let listeners: String = listeners.iter().map(|one| format!("  - {one}\n")).collect();
    format!(
        "apiVersion: gateway.networking.{group}\nkind: {kind}\nmetadata: {{name: public, namespace: edge}}\nspec:\n  listeners:\n{listeners}"
    )
}

/// A listener for HTTPS; `more` goes before its Secret.
fn https(name: &str, more: &str, secret: &str) -> String {
    format!(
        "{{name: {name}, port: 443, protocol: HTTPS, {more} tls: {{certificateRefs: [{{name: {secret}}}]}}}}"
    )
}

/// An HTTPRoute; `parent` is a flow mapping.
fn route(namespace: &str, parent: &str, hosts: &str) -> String {
    format!(
        "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {{name: web, namespace: {namespace}}}\nspec:\n  parentRefs: [{parent}]\n  hostnames: [{hosts}]\n"
    )
}

fn found(files: Files<'_>) -> Vec<String> {
    let inventory = inventory(files, &Discover::default());
    [wanted(&inventory), faults(&inventory)].concat()
}

#[test]
fn which_listeners_want_a_certificate() {
    let refs = |refs: &str, more: &str| {
        format!(
            "{{name: a, port: 443, hostname: a.example, {more} tls: {{certificateRefs: [{refs}]}}}}"
        )
    };
    let place = "g.yaml, document 1, spec.listeners[0]";
    let cases = [
        ("HTTPS", refs("{name: tls}", "protocol: HTTPS,"), "edge/tls: a.example".to_owned()),
        ("TLS", refs("{name: tls}", "protocol: TLS,"), "edge/tls: a.example".into()),
        ("HTTP", refs("{name: tls}", "protocol: HTTP,"), String::new()),
        (
            "TLS that goes through",
            "{name: a, port: 443, protocol: TLS, hostname: a.example, tls: {mode: Passthrough}}".into(),
            String::new(),
        ),
        (
            "everything stated",
            refs("{group: '', kind: Secret, name: tls, namespace: edge}", "protocol: HTTPS,"),
            "edge/tls: a.example".into(),
        ),
        ("no Secret", refs("{group: example.com, kind: Vault, name: tls}", "protocol: HTTPS,"), String::new()),
        (
            "a Secret elsewhere",
            refs("{name: tls, namespace: vault}", "protocol: HTTPS,"),
            format!("{place}.tls.certificateRefs[0].name: names a Secret in namespace \"vault\", and a certificate is put only where the object that wants it is; leave the namespace out, or move the object there"),
        ),
        (
            "no reference",
            refs("", "protocol: HTTPS,"),
            format!("{place}.tls.certificateRefs: is missing or empty; add it"),
        ),
        (
            "a certificate from elsewhere",
            "{name: a, port: 443, protocol: HTTPS, tls: {options: {vendor.example/cert: a}}}".into(),
            String::new(),
        ),
        (
            "a number as hostname",
            "{name: a, port: 443, protocol: HTTPS, hostname: 5, tls: {certificateRefs: [{name: tls}]}}".into(),
            format!("{place}.hostname: is a number, not a string; quote it"),
        ),
        (
            "a bad Secret name",
            refs("{name: TLS}", "protocol: HTTPS,"),
            format!("{place}.tls.certificateRefs[0].name: \"TLS\" is no secret name; a name has up to 253 of a-z, 0-9, inner '-' and '.'"),
        ),
    ];
    for (case, listener, said) in cases {
        assert_eq!(found(&[("g.yaml", &gateway(&[&listener]))]).concat(), said, "{case}");
    }
}

#[test]
fn listeners_that_name_one_secret_share_it_and_one_may_name_several() {
    let listeners =
        [https("a", "hostname: a.example,", "tls"), https("b", "hostname: b.example,", "tls")];
    assert_eq!(
        found(&[("g.yaml", &gateway(&[&listeners[0], &listeners[1]]))]),
        ["edge/tls: a.example, b.example"]
    );
    let two = https("a", "hostname: a.example,", "rsa")
        .replace("{name: rsa}", "{name: rsa}, {name: ecdsa}");
    assert_eq!(
        found(&[("g.yaml", &gateway(&[&two]))]),
        ["edge/ecdsa: a.example", "edge/rsa: a.example"]
    );
}

/// More than the API takes, so that nothing here is ever multiplied with much.
#[test]
fn listeners_are_few() {
    let listeners: Vec<_> =
        (0..65).map(|n| https("a", &format!("hostname: h{n}.example,"), "tls")).collect();
    let texts: Vec<_> = listeners.iter().map(String::as_str).collect();
    let refused = "g.yaml, document 1, spec.listeners: is a list of more than 64, not one of at most 64, as Kubernetes takes; correct it";
    assert_eq!(found(&[("g.yaml", &gateway(&texts))]), [refused]);
    assert!(found(&[("g.yaml", &gateway(&texts[1..]))])[0].starts_with("edge/tls: h1.example"));
}

#[test]
fn sets_of_listeners_are_read_alike_and_have_routes_of_their_own() {
    for kind in ["ListenerSet", "XListenerSet"] {
        let set =
            object(kind, &[&https("a", "", "tls"), &https("b", "hostname: b.example,", "b-tls")]);
        let theirs = route("edge", &format!("{{kind: {kind}, name: public}}"), "a.example");
        let others = route("edge", "{name: public}", "gateway.example");
        let files = [("set.yaml", &*set), ("theirs.yaml", &theirs), ("others.yaml", &others)];
        assert_eq!(found(&files), ["edge/b-tls: b.example", "edge/tls: a.example"], "{kind}");
    }
}

/// One listener, and a route that may attach to it.
#[test]
fn which_routes_bring_their_hosts() {
    let any = "allowedRoutes: {namespaces: {from: All}},";
    let only = |name: &str| {
        format!("allowedRoutes: {{namespaces: {{from: Selector, selector: {{{name}}}}}}},")
    };
    let (label, one_of) = (
        only("matchLabels: {kubernetes.io/metadata.name: shop}"),
        only(
            "matchExpressions: [{key: kubernetes.io/metadata.name, operator: In, values: [shop, blog]}]",
        ),
    );
    let cases = [
        ("its own namespace", "", route("edge", "{name: public}", "a.example"), true),
        ("another", "", route("shop", "{name: public, namespace: edge}", "a.example"), false),
        (
            "another, allowed",
            any,
            route("shop", "{name: public, namespace: edge}", "a.example"),
            true,
        ),
        ("another Gateway", "", route("edge", "{name: private}", "a.example"), false),
        (
            "one of that name in another namespace",
            any,
            route("shop", "{name: public}", "a.example"),
            false,
        ),
        (
            "selected by name",
            &label,
            route("shop", "{name: public, namespace: edge}", "a.example"),
            true,
        ),
        (
            "one of several",
            &one_of,
            route("shop", "{name: public, namespace: edge}", "a.example"),
            true,
        ),
        ("not selected", &label, route("edge", "{name: public}", "a.example"), false),
        ("this listener", "", route("edge", "{name: public, sectionName: a}", "a.example"), true),
        (
            "another listener",
            "",
            route("edge", "{name: public, sectionName: b}", "a.example"),
            false,
        ),
        ("this port", "", route("edge", "{name: public, port: 443}", "a.example"), true),
        ("another port", "", route("edge", "{name: public, port: 8443}", "a.example"), false),
        (
            "not to a Service",
            "",
            route("edge", "{kind: Service, group: '', name: public}", "a.example"),
            false,
        ),
        (
            "gRPC",
            "",
            route("edge", "{name: public}", "a.example").replace("HTTPRoute", "GRPCRoute"),
            true,
        ),
        (
            "TLS, at another protocol",
            "",
            route("edge", "{name: public}", "a.example").replace("HTTPRoute", "TLSRoute"),
            false,
        ),
        (
            "a kind that is not taken",
            "allowedRoutes: {kinds: [{kind: GRPCRoute}]},",
            route("edge", "{name: public}", "a.example"),
            false,
        ),
        (
            "below the wildcard",
            "hostname: '*.b.example',",
            route("edge", "{name: public}", "a.c.b.example, a.test"),
            true,
        ),
    ];
    for (case, more, route, brings) in cases {
        let gateway = gateway(&[&https("a", more, "tls")]);
        let inventory =
            inventory(&[("g.yaml", &gateway), ("r.yaml", &route)], &Discover::default());
        let hosts = if case == "below the wildcard" { "a.c.b.example" } else { "a.example" };
        let want = if brings { vec![format!("edge/tls: {hosts}")] } else { Vec::new() };
        assert_eq!(wanted(&inventory), want, "{case}");
        assert_eq!(
            inventory.faults.len(),
            usize::from(!brings),
            "{case}: {:?}",
            faults(&inventory)
        );
    }
}

#[test]
fn a_listener_without_any_host_says_so() {
    let place = "g.yaml, document 1, spec.listeners[0].hostname";
    let cases = [
        (
            "none",
            "",
            format!(
                "{place}: has no hostname, and no route in the repository that attaches to it has one; write it here, or as the route's hostnames"
            ),
        ),
        (
            "a wildcard",
            "hostname: '*.b.example',",
            format!(
                "{place}: *.b.example is a wildcard, which cannot be validated over HTTP-01; list the hosts one by one"
            ),
        ),
    ];
    for (case, more, said) in cases {
        assert_eq!(found(&[("g.yaml", &gateway(&[&https("a", more, "tls")]))]), [said], "{case}");
    }
}

/// The fault stands where the host does, once, and only if some listener takes it.
#[test]
fn what_is_wrong_with_a_route_is_told_where_it_matters() {
    let bad = route("edge", "{name: public}", "A.example, '*.b.example', c.example");
    let open = gateway(&[&https("a", "", "tls"), &https("b", "", "other")]);
    let closed = gateway(&[&https("a", "hostname: a.example,", "tls")]);
    assert_eq!(
        found(&[("g.yaml", &open), ("r.yaml", &bad)]),
        [
            "edge/other: c.example",
            "edge/tls: c.example",
            "r.yaml, document 1, spec.hostnames[0]: host name \"A.example\" has upper-case letters; write \"a.example\"",
            "r.yaml, document 1, spec.hostnames[1]: *.b.example is a wildcard, which cannot be validated over HTTP-01; list the hosts one by one",
        ]
    );
    assert_eq!(found(&[("g.yaml", &closed), ("r.yaml", &bad)]), ["edge/tls: a.example"]);
}

/// What nobody can tell of a route adds no name, and is told.
#[test]
fn routes_that_may_be_otherwise() {
    let open = gateway(&[&https("a", "", "tls")]);
    let selecting = gateway(&[&https(
        "a",
        "allowedRoutes: {namespaces: {from: Selector, selector: {matchLabels: {team: web}}}},",
        "tls",
    )]);
    let sure = route("edge", "{name: public}", "a.example");
    let other = route("edge", "{name: public}", "b.example");
    let (broken, template) =
        (format!("{other}  x: :\n   - y"), other.replace("b.example", "'{{ .host }}'"));
    let nowhere = route("nowhere", "{name: public, namespace: edge}", "b.example")
        .replace(", namespace: nowhere", "");
    let prefix = "namePrefix: p-\nresources: [r.yaml]\n";
    let cases: [(&str, Files<'_>, &str); 5] = [
        (
            "broken",
            &[("g.yaml", &open), ("a.yaml", &sure), ("r.yaml", &broken)],
            "r.yaml, document 1: cannot be read",
        ),
        (
            "a template",
            &[("g.yaml", &open), ("a.yaml", &sure), ("r.yaml", &template)],
            "r.yaml, document 1: is a template",
        ),
        (
            "changed",
            &[
                ("g.yaml", &open),
                ("a.yaml", &sure),
                ("r.yaml", &other),
                ("kustomization.yaml", prefix),
            ],
            "r.yaml, document 1: is changed by",
        ),
        (
            "of no namespace",
            &[("g.yaml", &open), ("a.yaml", &sure), ("r.yaml", &nowhere)],
            "r.yaml, document 1: states no namespace",
        ),
        (
            "selected by labels",
            &[("g.yaml", &selecting), ("r.yaml", &other)],
            "g.yaml, document 1, spec.listeners[0].allowedRoutes.namespaces.selector: selects namespaces by labels",
        ),
    ];
    for (case, files, said) in cases {
        let inventory = inventory(files, &Discover::default());
        let sure = files.iter().any(|(path, _)| *path == "a.yaml");
        assert_eq!(wanted(&inventory), vec!["edge/tls: a.example"; usize::from(sure)], "{case}");
        let [fault] = &faults(&inventory)[..] else { panic!("{case}: {:?}", faults(&inventory)) };
        assert!(fault.starts_with(said), "{case}: {fault}");
    }
}

/// That the Gateway is not what its file says is its one fault; what it would take from routes is nobody's business then.
#[test]
fn a_gateway_that_is_changed_has_one_fault() {
    let open = gateway(&[&https("a", "", "tls")]);
    let bad = route("edge", "{name: public}", "A.example, a.example");
    let files = [
        ("base/g.yaml", &*open),
        ("base/kustomization.yaml", "namePrefix: p-\nresources: [g.yaml]\n"),
        ("r.yaml", &*bad),
    ];
    let [fault] = &found(&files)[..] else { panic!("{:?}", found(&files)) };
    assert!(fault.starts_with("base/g.yaml, document 1: is changed by"), "{fault}");
}

#[test]
fn routes_that_no_listener_waits_for_are_nobodys_business() {
    let closed = gateway(&[&https("a", "hostname: a.example,", "tls")]);
    let broken = route("edge", "{name: public}", "b.example") + "  x: :\n   - y";
    assert_eq!(found(&[("g.yaml", &closed), ("r.yaml", &broken)]), ["edge/tls: a.example"]);
}

#[test]
fn a_gateway_that_cert_manager_serves_is_left_to_it() {
    let gateway = gateway(&[&https("a", "hostname: a.example,", "tls")])
        .replace("namespace: edge", "namespace: edge, annotations: {cert-manager.io/issuer: ca}");
    let said = found(&[("g.yaml", &gateway)]).concat();
    assert!(
        said.starts_with("g.yaml, document 1, metadata.annotations: is left to cert-manager"),
        "{said}"
    );
}

#[test]
fn gateways_of_other_apis() {
    let of = |version: &str| {
        gateway(&[&https("a", "hostname: a.example,", "tls")])
            .replace("gateway.networking.k8s.io/v1", version)
    };
    let old = "g.yaml, document 1, apiVersion: has the API version \"gateway.networking.k8s.io/v1alpha2\", which is no longer served; write \"gateway.networking.k8s.io/v1\"";
    let cases = [
        ("gateway.networking.k8s.io/v1beta1", "edge/tls: a.example"),
        ("gateway.networking.k8s.io/v1alpha2", old),
        ("networking.istio.io/v1", ""),
    ];
    for (version, said) in cases {
        assert_eq!(found(&[("g.yaml", &of(version))]).concat(), said, "{version}");
    }
}

#[test]
fn the_order_of_files_does_not_matter_to_gateways_either() {
    let open = gateway(&[&https("a", "", "tls"), &https("b", "hostname: '*.b.example',", "tls")]);
    let routes: Vec<_> = (0..4)
        .map(|n| route("edge", "{name: public}", &format!("h{n}.b.example, g{n}.example, BAD")))
        .collect();
    let mut files = vec![("g.yaml", &*open)];
    files.extend(
        ["r0.yaml", "r1.yaml", "r2.yaml", "r3.yaml"]
            .into_iter()
            .zip(routes.iter().map(String::as_str)),
    );
    let forwards = found(&files);
    assert_eq!(forwards.len(), 1 + 4, "one want, and one fault for each route: {forwards:?}");
    for _ in 0..files.len() {
        files.rotate_left(1);
        assert_eq!(found(&files), forwards);
    }
}
