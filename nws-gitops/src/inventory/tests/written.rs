//! Manifests as people write them.

use super::*;

fn said(text: &str) -> Vec<String> {
    said_of(&[("i.yaml", text)])
}

fn said_of(files: Files<'_>) -> Vec<String> {
    let inventory = inventory(files, &Discover::default());
    let faults = inventory.faults.iter().map(|fault| {
        assert!(!fault.path.as_str().is_empty());
        fault.to_string()
    });
    [wanted(&inventory), faults.collect()].concat()
}

fn shop() -> String {
    ingress("shop", "tls", "shop.example")
}

#[test]
fn what_is_served_and_what_is_said() {
    let (shop, served) = (shop(), "shop/tls: shop.example");
    let hosts = |hosts: &str| ingress("shop", "tls", hosts);
    let json = r#"{"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"tls": [{"hosts": ["shop.example"], "secretName": "tls"}]}}"#;
    let cases: [(&str, String, &[&str]); 23] = [
        ("a comment", "# kind: Ingress\n".into(), &[]),
        ("nothing", "---\n---\n".into(), &[]),
        ("a byte order mark", format!("\u{feff}{shop}"), &[served]),
        ("carriage returns", shop.replace('\n', "\r\n"), &[served]),
        ("a tab after a value", shop.replace("kind: Ingress", "kind: Ingress\t"), &[served]),
        ("JSON", json.into(), &[served]),
        ("a list", format!("kind: List\nitems: [{json}]\n"), &[served]),
        ("an anchor", shop.replace("[shop.example]", "&h [shop.example]") + "x: *h\n", &[served]),
        (
            "a merge key",
            format!(
                "x: &base {{kind: Ingress}}\n<<: *base\n{}",
                shop.replace("kind: Ingress\n", "")
            ),
            &[served],
        ),
        ("a comment in the middle", shop.replace("spec:", "# the shop\nspec:"), &[served]),
        (
            "broken YAML",
            shop.replace("spec:", "spec: :\n - :"),
            &[
                "i.yaml, document 1: cannot be read (…); correct it, or leave the file out with discover.exclude",
            ],
        ),
        (
            "a tab as indentation",
            shop.replace("  tls:", "\ttls:"),
            &[
                "i.yaml, document 1: cannot be read (…); correct it, or leave the file out with discover.exclude",
            ],
        ),
        (
            "a repeated key",
            format!("{shop}kind: Ingress\n"),
            &[
                "i.yaml, document 1: cannot be read (…); correct it, or leave the file out with discover.exclude",
            ],
        ),
        (
            "two documents, one of them broken",
            format!("{shop}---\n{}", shop.replace("spec:", "spec: [")),
            &[
                served,
                "i.yaml, document 2: cannot be read (…); correct it, or leave the file out with discover.exclude",
            ],
        ),
        (
            "an invalid host name",
            hosts("shop_1.example"),
            &[
                "i.yaml, document 1, spec.tls[0].hosts[0]: host name \"shop_1.example\" has the character '_'; a label is made of a-z, 0-9 and '-'",
            ],
        ),
        (
            "an upper-case host beside a good one",
            hosts("Shop.Example, shop.example"),
            &[
                served,
                "i.yaml, document 1, spec.tls[0].hosts[0]: host name \"Shop.Example\" has upper-case letters; write \"shop.example\"",
            ],
        ),
        (
            "a wildcard",
            hosts("'*.shop.example'"),
            &[
                "i.yaml, document 1, spec.tls[0].hosts[0]: *.shop.example is a wildcard, which cannot be validated over HTTP-01; list the hosts one by one",
            ],
        ),
        (
            "a YAML 1.1 boolean",
            hosts("no"),
            &["i.yaml, document 1, spec.tls[0].hosts[0]: is a boolean, not a string; quote it"],
        ),
        (
            "a placeholder of Helm in a host",
            hosts("'{{ .Values.host }}'"),
            &[
                "i.yaml, document 1: is a template, which is not guessed at; commit the rendered manifest, or leave the file out with discover.exclude",
            ],
        ),
        (
            "a placeholder of Jinja in the secret's name",
            ingress("shop", "'{% if a %}tls'", "shop.example"),
            &[
                "i.yaml, document 1: is a template, which is not guessed at; commit the rendered manifest, or leave the file out with discover.exclude",
            ],
        ),
        (
            "a placeholder of Jinja that YAML cannot read",
            format!("{{% if tls %}}\n{shop}{{% endif %}}\n"),
            &[
                "i.yaml, document 1: is a template, which is not guessed at; commit the rendered manifest, or leave the file out with discover.exclude",
            ],
        ),
        (
            "a placeholder of Helm in the namespace",
            ingress("'{{ .Release.Namespace }}'", "tls", "shop.example"),
            &[
                "i.yaml, document 1: is a template, which is not guessed at; commit the rendered manifest, or leave the file out with discover.exclude",
            ],
        ),
        (
            "a placeholder that Flux fills in",
            hosts("'shop.${DOMAIN}'"),
            &[
                "i.yaml, document 1: is a template, which is not guessed at; commit the rendered manifest, or leave the file out with discover.exclude",
            ],
        ),
    ];
    for (case, text, want) in cases {
        let said: Vec<_> = said(&text).iter().map(|text| without_detail(text)).collect();
        assert_eq!(said, want, "{case}");
    }
}

/// The reader's own words, which are not ours to promise.
fn without_detail(text: &str) -> String {
    match (text.find("cannot be read ("), text.find("); correct it")) {
        (Some(from), Some(to)) => format!("{}cannot be read (…{}", &text[..from], &text[to..]),
        _ => text.to_owned(),
    }
}

#[test]
fn a_large_file_is_read_and_a_hostile_one_ends() {
    let item = ingress("shop", "tls", "shop.example").replace('\n', "\n  ");
    let list = format!("kind: List\nitems:\n{}", format!("- {item}\n").repeat(8000));
    assert!(list.len() > 1 << 20);
    assert_eq!(said(&list), ["shop/tls: shop.example"]);
    let many =
        shop() + &format!("---\nkind: ConfigMap\ndata: {{a: {}}}\n", "x".repeat(1000)).repeat(1000);
    assert_eq!(said(&many), ["shop/tls: shop.example"]);

    let bomb = (1..40).fold("a0: &a0 [x]\n".to_owned(), |text, n| {
        text + &format!("a{n}: &a{n} [*a{m}, *a{m}, *a{m}, *a{m}]\n", m = n - 1)
    });
    let hostile = [format!("{}{bomb}", shop()), format!("{}x: {}", shop(), "[".repeat(500_000))];
    for text in hostile {
        let said = said(&format!("{}---\n{text}", ingress("shop", "other", "other.example")));
        assert_eq!(said.len(), 2, "{said:?}");
        assert_eq!(said[0], "shop/other: other.example");
        assert!(said[1].starts_with("i.yaml, document 2: cannot be read ("), "{said:?}");
    }
}

#[test]
fn a_charts_templates_have_one_fault_each_and_no_other() {
    let texts = [
        ("plain", shop()),
        ("with a bad host", ingress("shop", "tls", "Bad, shop.example")),
        ("of an old API", shop().replace("networking.k8s.io/v1", "extensions/v1beta1")),
        ("broken", shop().replace("spec:", "spec: [")),
        ("a template", format!("{{{{ if .x }}}}\n{}{{{{ end }}}}\n", shop())),
    ];
    for (case, text) in texts {
        let files = [("web/Chart.yaml", "name: web\n"), ("web/templates/i.yaml", &*text)];
        let inventory = inventory(&files, &Discover::default());
        assert_eq!(
            [wanted(&inventory), faults(&inventory)].concat(),
            [
                "web/templates/i.yaml, document 1: is a template, which is not guessed at; commit the rendered manifest, or leave the file out with discover.exclude"
            ],
            "{case}"
        );
        assert!(inventory.faults[0].mentions("SHOP.example"), "{case}: {:?}", inventory.faults);
    }
}

#[test]
fn a_fault_is_found_by_the_hosts_it_concerns() {
    let tls = |tls: &str| {
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: web, namespace: shop}}\nspec:\n  rules: [{{host: r.example}}]\n  tls: {tls}\n"
        )
    };
    let kept = ingress("shop", "tls", "z.example");
    let cases: [(&str, String, &[&str], &[&str]); 9] = [
        (
            "one host",
            tls("[{secretName: a, hosts: [A.example, b.example]}]"),
            &["a.example", "A.EXAMPLE"],
            &["b.example", "r.example"],
        ),
        (
            "a block",
            tls("[{hosts: [a.example]}, {secretName: b, hosts: [b.example]}]"),
            &["a.example"],
            &["b.example"],
        ),
        ("a block without hosts", tls("[{secretName: a}]"), &["r.example"], &[]),
        ("all of it", tls("{hosts: [a.example]}"), &["r.example"], &["b.example"]),
        (
            "a wildcard",
            tls("[{secretName: a, hosts: ['*.a.example', b.example]}]"),
            &["*.a.example"],
            &["b.example", "x.a.example"],
        ),
        (
            "no namespace",
            tls("[{secretName: a, hosts: [a.example]}]").replace(", namespace: shop", ""),
            &["a.example", "r.example"],
            &["b.example"],
        ),
        (
            "a conflict",
            tls("[{secretName: tls, hosts: [a.example]}]"),
            &["a.example"],
            &["z.example", "r.example"],
        ),
        (
            "a template",
            tls("[{secretName: '{{ x }}', hosts: [a.example]}]"),
            &["a.example"],
            &["b.example"],
        ),
        (
            "what cannot be read",
            tls("[{secretName: a, hosts: [a.example]}"),
            &["a.example", "R.example"],
            &["xa.example", "example"],
        ),
    ];
    for (case, text, mentioned, not) in cases {
        let inventory = inventory(&[("a.yaml", &kept), ("b.yaml", &text)], &Discover::default());
        let [fault] = &inventory.faults[..] else { panic!("{case}: {:?}", inventory.faults) };
        mentioned
            .iter()
            .for_each(|host| assert!(fault.mentions(host), "{case}: {host}, {fault:?}"));
        not.iter().for_each(|host| assert!(!fault.mentions(host), "{case}: {host}, {fault:?}"));
    }
}

/// It may be a Secret, and dots occur in passwords too.
#[test]
fn nothing_is_looked_for_in_what_may_be_a_secret() {
    let text =
        "kind: Secret\nmetadata: {labels: {nws-certd/managed: 'true'}}\nstringData: {a: hunter.2\n";
    let inventory = inventory(&[("s.yaml", text)], &Discover::default());
    assert_eq!(inventory.faults.len(), 1);
    assert!(!format!("{:?}", inventory.faults).contains("hunter"));
}
