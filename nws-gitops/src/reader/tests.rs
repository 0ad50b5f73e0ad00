use super::*;

fn yaml(text: &str) -> Parsed {
    parse(text.as_bytes(), Format::Yaml)
}

fn wants(parsed: &Parsed) -> Vec<String> {
    let block = |ingress: &Applicant, block: &TlsBlock| {
        let hosts: Vec<_> = block.hosts.iter().map(|host| host.name.to_string()).collect();
        let namespace = ingress.namespace.as_deref().unwrap_or("-");
        format!("{} {namespace}/{} {}", ingress.document, block.secret, hosts.join(","))
    };
    parsed
        .applicants
        .iter()
        .flat_map(|ingress| ingress.blocks.iter().map(|b| block(ingress, b)))
        .collect()
}

fn faults(parsed: &Parsed) -> Vec<String> {
    let fault = |fault: &LocalFault| {
        let document = fault.document.map_or_else(String::new, |n| format!("{n} "));
        let field = fault.field.as_deref().map_or_else(String::new, |field| format!("{field} "));
        format!("{document}{field}{}", fault.reason)
    };
    parsed.faults.iter().map(fault).collect()
}

const SHOP: &str = "apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop}
spec:
  tls:
  - hosts: [shop.example]
    secretName: shop-tls
";

/// The manifest of an Ingress with this `spec.tls`.
fn with_tls(tls: &str) -> String {
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: web, namespace: shop}}\nspec:\n  tls: {tls}\n"
    )
}

#[test]
fn shapes_in_which_people_write_an_ingress() {
    let json = r#"{"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"tls": [{"hosts": ["shop.example"], "secretName": "shop-tls"}]}}"#;
    let list = |kind: &str| format!("apiVersion: v1\nkind: {kind}\nitems: [{json}]\n");
    let anchored = SHOP.replace("[shop.example]", "&hosts [shop.example]") + "  rules: *hosts\n";
    let merged = "x: &base {apiVersion: networking.k8s.io/v1, kind: Ingress}\n<<: *base\n"
        .to_owned()
        + SHOP.split_once("kind: Ingress\n").unwrap().1;
    let cases = [
        ("plain", SHOP.to_owned()),
        ("with a byte order mark", format!("\u{feff}{SHOP}")),
        ("after a document line", format!("---\n{SHOP}")),
        ("after comments and a directive", format!("# (c) us\n%YAML 1.2\n---\n{SHOP}")),
        ("with carriage returns", SHOP.replace('\n', "\r\n")),
        ("on the document line", format!("--- {}", json.replace('\n', " "))),
        ("JSON in a YAML file", json.to_owned()),
        ("quoted keys", SHOP.replace("kind: Ingress", "\"kind\": 'Ingress'")),
        ("a list", list("List")),
        ("a list of its kind", list("IngressList")),
        ("anchors", anchored),
        ("a merge key", merged),
    ];
    for (case, text) in cases {
        let parsed = yaml(&text);
        assert_eq!(faults(&parsed), [""; 0], "{case}");
        assert_eq!(wants(&parsed), ["1 shop/shop-tls shop.example"], "{case}");
    }
    for json in [json.to_owned(), format!("\u{feff}{json}")] {
        assert_eq!(wants(&parse(json.as_bytes(), Format::Json)), ["1 shop/shop-tls shop.example"]);
    }
}

#[test]
fn documents_are_read_each_on_its_own() {
    let broken = SHOP.replace("spec:", "spec: :\n - :");
    let parsed =
        yaml(&format!("{SHOP}---\nkind: ConfigMap\n---\n{broken}---\n# nothing\n---\n{SHOP}"));
    assert_eq!(wants(&parsed), ["1 shop/shop-tls shop.example", "4 shop/shop-tls shop.example"]);
    assert_eq!(parsed.faults.len(), 1);
    assert_eq!(parsed.faults[0].document, Some(3));
    assert!(matches!(parsed.faults[0].reason, FaultReason::Syntax { .. }));
}

#[test]
fn a_document_line_inside_a_text_is_none() {
    let text = format!("{SHOP}# ---\nx: |\n  ---\n  y: ----\n");
    assert_eq!(yaml(&text).documents, 1);
}

#[test]
fn faults_name_the_field_and_the_remedy() {
    let cases = [
        ("no hosts", "[{secretName: shop-tls}]", "1 spec.tls[0].hosts is missing or empty; add it"),
        (
            "empty hosts",
            "[{hosts: [], secretName: shop-tls}]",
            "1 spec.tls[0].hosts is missing or empty; add it",
        ),
        (
            "no secret",
            "[{hosts: [shop.example]}]",
            "1 spec.tls[0].secretName is missing or empty; add it",
        ),
        (
            "a number as secret",
            "[{hosts: [shop.example], secretName: 1.5}]",
            "1 spec.tls[0].secretName is a number, not a string; quote it",
        ),
        (
            "a YAML 1.1 boolean as host",
            "[{hosts: [on], secretName: a}]",
            "1 spec.tls[0].hosts[0] is a boolean, not a string; quote it",
        ),
        (
            "hosts as text",
            "[{hosts: shop.example, secretName: a}]",
            "1 spec.tls[0].hosts is a string, not a list; correct it",
        ),
        (
            "a mapping as tls",
            "{hosts: [shop.example]}",
            "1 spec.tls is a mapping, not a list; correct it",
        ),
        (
            "a text as block",
            "[shop.example]",
            "1 spec.tls[0] is a string, not a mapping; correct it",
        ),
        (
            "upper case",
            "[{hosts: [shop.example, Shop.Example], secretName: a}]",
            "1 spec.tls[0].hosts[1] host name \"Shop.Example\" has upper-case letters; write \"shop.example\"",
        ),
        (
            "a trailing dot",
            "[{hosts: [shop.example.], secretName: a}]",
            "1 spec.tls[0].hosts[0] host name \"shop.example.\" ends with a dot; write \"shop.example\"",
        ),
        (
            "a template that YAML can read",
            "[{hosts: [\"{{ .Values.host }}\"], secretName: a}]",
            "1 is a template, which is not guessed at; commit the rendered manifest, or leave the file out with discover.exclude",
        ),
    ];
    for (case, tls, said) in cases {
        assert_eq!(faults(&yaml(&with_tls(tls))), [said], "{case}");
    }
}

#[test]
fn one_bad_host_does_not_take_the_others_along() {
    let parsed =
        yaml(&with_tls("[{hosts: [Bad.example, good.example], secretName: a}, {secretName: b}]"));
    assert_eq!(wants(&parsed), ["1 shop/a good.example", "1 shop/b "]);
    assert_eq!(parsed.faults.len(), 2);
}

#[test]
fn the_place_in_a_list_is_part_of_the_field() {
    let item = with_tls("[{hosts: [shop.example]}]").replace('\n', "\n  ");
    let parsed = yaml(&format!("kind: List\nitems:\n- kind: ConfigMap\n- {item}"));
    assert_eq!(faults(&parsed), ["1 items[1].spec.tls[0].secretName is missing or empty; add it"]);
}

#[test]
fn what_is_none_of_our_business_is_passed_over() {
    let cases = [
        ("no tls", "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: web}\nspec: {rules: []}\n".to_owned()),
        ("another API group", SHOP.replace("networking.k8s.io/v1", "config.openshift.io/v1")),
        ("no API version", SHOP.replace("apiVersion: networking.k8s.io/v1\n", "")),
        ("another kind", SHOP.replace("kind: Ingress", "kind: IngressClass")),
        ("broken, of another kind", "kind: ConfigMap\ndata: {Ingress: :\n - x".to_owned()),
        ("a template of another kind", "kind: Service\nmetadata:\n  name: {{ .Ingress }}\n".to_owned()),
        ("no mapping", "- Ingress\n".to_owned()),
        ("empty", String::new()),
    ];
    for (case, text) in cases {
        let parsed = yaml(&text);
        assert!(parsed.applicants.is_empty() && parsed.faults.is_empty(), "{case}: {parsed:?}");
    }
}

#[test]
fn removed_api_versions_are_reported() {
    for version in ["networking.k8s.io/v1beta1", "extensions/v1beta1"] {
        let parsed = yaml(&SHOP.replace("networking.k8s.io/v1", version));
        let said = format!(
            "1 apiVersion has the API version {version:?}, which is no longer served; write \"networking.k8s.io/v1\""
        );
        assert_eq!(faults(&parsed), [said]);
    }
}

#[test]
fn helm_templates_are_reported_not_read() {
    let cases = [
        ("a condition", format!("{{{{- if .Values.tls }}}}\n{SHOP}{{{{- end }}}}\n")),
        ("a value", SHOP.replace("[shop.example]", "[{{ .Values.host }}]")),
        (
            "a quoted namespace",
            SHOP.replace("namespace: shop", "namespace: \"{{ .Release.Namespace }}\""),
        ),
    ];
    for (case, text) in cases {
        let parsed = yaml(&text);
        assert!(
            matches!(parsed.faults[..], [LocalFault { reason: FaultReason::Template, .. }]),
            "{case}: {parsed:?}"
        );
        assert!(parsed.applicants.is_empty(), "{case}");
    }
}

#[test]
fn hostile_texts_are_refused_with_a_reason() {
    let bomb = (1..40).fold("a0: &a0 [x]\n".to_owned(), |text, n| {
        text + &format!("a{n}: &a{n} [*a{m}, *a{m}, *a{m}, *a{m}]\n", m = n - 1)
    });
    let cases = [
        ("a repeated key", format!("{SHOP}kind: Ingress\n")),
        ("an alias bomb", format!("{SHOP}{bomb}")),
        ("deep nesting", format!("{SHOP}x: {}", "[".repeat(100_000))),
        ("an unknown alias", format!("{SHOP}x: *nowhere\n")),
        ("a tab as indentation", format!("{SHOP}x:\n\ty: 1\n")),
    ];
    for (case, text) in cases {
        let parsed = yaml(&text);
        assert!(
            matches!(parsed.faults[..], [LocalFault { reason: FaultReason::Syntax { .. }, .. }]),
            "{case}: {parsed:?}"
        );
    }
    let not_utf8 = [SHOP.as_bytes(), b"x: \xff\n"].concat();
    assert_eq!(faults(&parse(&not_utf8, Format::Yaml)), ["is not UTF-8; convert it"]);
}

#[test]
fn no_key_gets_into_a_fault() {
    let cases = [
        "data: {tls.key: hunter2, tls.key: hunter2",
        "data:\n  tls.key: \"hunter2\n",
        "data:\n  tls.key: hunter2: hunter2\n",
        "data:\n  tls.key: *hunter2\n",
        "data:\n  tls.key: !hunter2 [hunter2\n",
        "data:\n  tls.key: !!binary hunter2=%\n",
        "data:\n  tls.key: |\n   hunter2\n hunter2\n",
        "data:\n  ? hunter2\n hunter2\n",
    ];
    for data in cases {
        let parsed = yaml(&format!(
            "kind: Secret\nmetadata:\n  labels:\n    nws-certd/managed: \"true\"\n{data}"
        ));
        assert!(!format!("{:?}", parsed.faults).contains("hunter2"), "{data}: {:?}", parsed.faults);
    }
}

#[test]
fn who_is_told_to_serve_an_ingress() {
    let cases = [
        ("cert-manager.io/issuer: letsencrypt", Some("cert-manager.io/issuer")),
        ("cert-manager.io/cluster-issuer: letsencrypt", Some("cert-manager.io/cluster-issuer")),
        ("kubernetes.io/tls-acme: \"true\"", Some("kubernetes.io/tls-acme")),
        ("kubernetes.io/tls-acme: \"false\"", None),
        ("cert-manager.io/duration: 2160h", None),
    ];
    for (annotation, want) in cases {
        let text = SHOP
            .replace("namespace: shop", &format!("namespace: shop, annotations: {{{annotation}}}"));
        let parsed = yaml(&text);
        let sign = parsed.applicants[0].cert_manager.as_ref().map(|request| request.sign.clone());
        assert_eq!(sign, want.map(|want| Sign::Annotation(want.into())), "{annotation}");
    }
}

#[test]
fn secrets_are_found_whatever_their_type() {
    let cases = [
        ("kind: Secret\ntype: Opaque\nmetadata: {name: a}\n", Some(false)),
        ("kind: Secret\nmetadata: {name: a, labels: {nws-certd/managed: \"true\"}}\n", Some(true)),
        (
            "kind: Secret\nmetadata: {name: a, labels: {nws-certd/managed: \"false\"}}\n",
            Some(false),
        ),
        ("kind: SealedSecret\nmetadata: {name: a}\n", Some(false)),
        ("kind: Secret\nmetadata: {}\n", None),
        ("kind: SecretStore\nmetadata: {name: a}\n", None),
    ];
    for (text, ours) in cases {
        assert_eq!(yaml(text).secrets.first().map(|secret| secret.ours), ours, "{text}");
    }
}

#[test]
fn namespaces_a_fleet_yaml_states() {
    let stated = |forced: Option<&str>, default: Option<&str>| FleetNamespace::Stated {
        forced: forced.map(str::to_owned),
        default: default.map(str::to_owned),
    };
    let cases = [
        ("namespace: shop\n", stated(Some("shop"), None)),
        ("defaultNamespace: shop\nhelm: {releaseName: x}\n", stated(None, Some("shop"))),
        ("# nothing\n", stated(None, None)),
        ("namespace: [\n", FleetNamespace::Unreadable),
    ];
    for (text, want) in cases {
        assert_eq!(parse(text.as_bytes(), Format::Fleet).fleet, Some(want), "{text}");
    }
    let parsed = parse(b"namespace: \xff\n", Format::Fleet);
    assert_eq!(parsed.fleet, Some(FleetNamespace::Unreadable));
    assert_eq!(faults(&parsed), ["is not UTF-8; convert it"]);
}

#[test]
fn a_kustomization_in_another_encoding_still_names_its_files() {
    let parsed = parse(b"# \xfcber\nresources: [i.yaml]\n", Format::Kustomization);
    assert_eq!(faults(&parsed), ["is not UTF-8; convert it"]);
    let Some(Kustomization::Unreadable { words }) = parsed.kustomization.as_deref() else {
        panic!()
    };
    assert!(words.contains(&"i.yaml".to_owned()), "{words:?}");
}

mod strange;
mod traefik;
