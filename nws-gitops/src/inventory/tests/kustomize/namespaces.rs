//! The namespaces that kustomizations give.

use super::*;

#[test]
fn a_namespace_that_a_kustomization_gives() {
    let (none, dev, there) = (
        ingress("", "tls", "shop.example"),
        ingress("dev", "tls", "shop.example"),
        ingress("shop", "tls", "shop.example"),
    );
    let list = ("base/kustomization.yaml", "resources: [i.yaml]");
    let prod = ("prod/kustomization.yaml", "namespace: shop\nresources: [../base]");
    let into = |kustomization: &'static str| (kustomization, "shop");
    type Row<'a> = (&'a str, Files<'a>, Result<&'a str, (&'a str, &'a str)>);
    let cases: [Row<'_>; 23] = [
        ("none stated", &[("base/i.yaml", &none), list, prod], Ok(SHOP)),
        ("another stated", &[("base/i.yaml", &dev), list, prod], Ok(SHOP)),
        ("the same stated", &[("base/i.yaml", &there), list, prod], Ok(SHOP)),
        (
            "by the one that lists it",
            &[
                ("a/i.yaml", &none),
                ("a/kustomization.yaml", "namespace: shop\nresources: [i.yaml]"),
            ],
            Ok(SHOP),
        ),
        (
            "by a base that others take in as it is",
            &[
                ("base/i.yaml", &none),
                ("base/kustomization.yaml", "namespace: shop\nresources: [i.yaml]"),
                ("eu/kustomization.yaml", "resources: [../base]"),
                ("us/kustomization.yaml", "resources: [../base]"),
            ],
            Ok(SHOP),
        ),
        (
            "the outermost wins",
            &[
                ("base/i.yaml", &none),
                ("base/kustomization.yaml", "namespace: inner\nresources: [i.yaml]"),
                ("mid/kustomization.yaml", "namespace: mid\nresources: [../base]"),
                ("prod/kustomization.yaml", "namespace: shop\nresources: [../mid]"),
                ("all/kustomization.yaml", "resources: [../prod]"),
            ],
            Ok(SHOP),
        ),
        (
            "two that agree",
            &[
                ("base/i.yaml", &dev),
                list,
                prod,
                ("eu/kustomization.yaml", "namespace: shop\nbases: [../base]"),
            ],
            Ok(SHOP),
        ),
        (
            "two that differ",
            &[
                ("base/i.yaml", &none),
                list,
                prod,
                ("test/kustomization.yaml", "namespace: test\nresources: [../base]"),
            ],
            Err(into("prod/kustomization.yaml")),
        ),
        (
            "two ways from one",
            &[
                ("base/i.yaml", &none),
                list,
                ("all/kustomization.yaml", "resources: [../prod, ../base]"),
                prod,
            ],
            Err(into("prod/kustomization.yaml")),
        ),
        (
            "another that gives none",
            &[("base/i.yaml", &dev), list, prod, ("eu/kustomization.yaml", "bases: [../base]")],
            Err(into("prod/kustomization.yaml")),
        ),
        (
            "another that gives none, where it is stated",
            &[("base/i.yaml", &there), list, prod, ("eu/kustomization.yaml", "bases: [../base]")],
            Ok(SHOP),
        ),
        (
            "another that takes the file itself",
            &[
                ("base/i.yaml", &none),
                list,
                prod,
                ("eu/kustomization.yaml", "resources: [../base/i.yaml]"),
            ],
            Err(into("prod/kustomization.yaml")),
        ),
        (
            "a prefix beside it",
            &[
                ("base/i.yaml", &none),
                list,
                (
                    "prod/kustomization.yaml",
                    "namespace: shop\nnamePrefix: p-\nresources: [../base]",
                ),
            ],
            Err(("prod/kustomization.yaml", "namePrefix")),
        ),
        (
            "a patch on the way",
            &[
                ("base/i.yaml", &none),
                list,
                prod,
                (
                    "eu/kustomization.yaml",
                    "resources: [../prod]\npatches: [{target: {kind: Ingress}, patch: x}]",
                ),
            ],
            Err(("eu/kustomization.yaml", "patches[0]")),
        ),
        (
            "a variable for it",
            &[
                ("base/i.yaml", &there),
                ("kustomization.yaml", "namespace: ${env}\nresources: [base/i.yaml]"),
            ],
            Err(("kustomization.yaml", "namespace")),
        ),
        (
            "by a component",
            &[
                ("base/i.yaml", &none),
                ("base/kustomization.yaml", "resources: [i.yaml]\ncomponents: [../c]"),
                ("c/kustomization.yaml", "kind: Component\nnamespace: shop"),
            ],
            Err(into("c/kustomization.yaml")),
        ),
        (
            "over that of a component",
            &[
                ("base/i.yaml", &none),
                (
                    "base/kustomization.yaml",
                    "namespace: shop\nresources: [i.yaml]\ncomponents: [../c]",
                ),
                ("c/kustomization.yaml", "kind: Component\nnamespace: other"),
            ],
            Ok(SHOP),
        ),
        (
            "of what a component brings",
            &[
                ("c/i.yaml", &none),
                ("a/kustomization.yaml", "namespace: shop\ncomponents: [../c]"),
                ("c/kustomization.yaml", "kind: Component\nresources: [i.yaml]"),
            ],
            Ok(SHOP),
        ),
        (
            "in a circle",
            &[
                ("a/i.yaml", &dev),
                ("a/kustomization.yaml", "namespace: shop\nresources: [i.yaml, ../b]"),
                ("b/kustomization.yaml", "resources: [../a]"),
            ],
            Ok(SHOP),
        ),
        (
            "under a fleet.yaml that gives none",
            &[("fleet.yaml", "defaultNamespace: other"), ("base/i.yaml", &none), list, prod],
            Ok(SHOP),
        ),
        (
            "under a fleet.yaml that gives another",
            &[("fleet.yaml", "namespace: other"), ("base/i.yaml", &none), list, prod],
            Ok("other/tls: shop.example"),
        ),
        (
            "under a fleet.yaml of its own",
            &[("prod/fleet.yaml", "namespace: other"), ("base/i.yaml", &none), list, prod],
            Err(into("prod/kustomization.yaml")),
        ),
        (
            "that Kubernetes would refuse",
            &[
                ("a/i.yaml", &none),
                ("a/kustomization.yaml", "namespace: Shop\nresources: [i.yaml]"),
            ],
            Ok(
                "a/i.yaml, document 1, spec.tls[0].secretName: \"Shop\" is no namespace; a namespace has up to 63 of a-z, 0-9 and inner '-'",
            ),
        ),
    ];
    for (case, files, want) in cases {
        let path = files.iter().find(|(path, _)| path.ends_with("i.yaml")).unwrap().0;
        let want = match want {
            Ok(want) => want.to_owned(),
            Err((by, "shop")) => put_into_shop(path, by),
            Err((by, field)) => changed(path, by, field),
        };
        assert_eq!(said(files), [want], "{case}");
    }
}

fn put_into_shop(path: &str, by: &str) -> String {
    format!(
        "{path}, document 1: is put into namespace \"shop\" by {by}, but not by all that deploys it; leave out what is not for you with discover.exclude"
    )
}

#[test]
fn a_namespace_of_an_overlay_that_is_not_for_us() {
    let none = ingress("", "tls", "shop.example");
    let files = [
        ("base/i.yaml", &*none),
        ("base/kustomization.yaml", "resources: [i.yaml]"),
        ("overlays/prod/kustomization.yaml", "namespace: shop\nresources: [../../base]"),
        ("overlays/test/kustomization.yaml", "namespace: test\nresources: [../../base]"),
    ];
    let exclude = vec!["overlays/test".parse().unwrap()];
    let without_test = Discover { exclude, ..Discover::default() };
    let inventory = inventory(&files, &without_test);
    assert_eq!([wanted(&inventory), faults(&inventory)].concat(), [SHOP]);
}

/// Where a Secret of ours lies under a kustomization, it is the one that is deployed.
#[test]
fn the_namespace_of_a_secret() {
    let secret = |namespace: &str| {
        format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: tls{namespace}, labels: {{nws-certd/managed: \"true\"}}}}\ntype: kubernetes.io/tls\n"
        )
    };
    let into_shop = ("kustomization.yaml", "namespace: shop\nresources: [a/s.yaml]");
    let into_test = ("test/kustomization.yaml", "namespace: test\nresources: [../a/s.yaml]");
    let (none, own) = (secret(""), secret(", namespace: own"));
    let cases: [(&str, Files<'_>, &[&str]); 6] = [
        ("its own", &[("a/s.yaml", &own)], &["own/tls"]),
        ("kustomize's", &[("a/s.yaml", &none), into_shop], &["shop/tls"]),
        ("kustomize's over its own", &[("a/s.yaml", &own), into_shop], &["shop/tls"]),
        ("its own of several", &[("a/s.yaml", &own), into_shop, into_test], &["own/tls"]),
        ("none of several", &[("a/s.yaml", &none), into_shop, into_test], &[]),
        ("none", &[("a/s.yaml", &none)], &[]),
    ];
    for (case, files, want) in cases {
        let inventory = inventory(files, &Discover::default());
        let held = inventory.delivered.iter().map(|held| held.secret.to_string());
        assert_eq!(held.collect::<Vec<_>>(), want, "{case}");
    }
}

/// What is there stays, whoever comes with another overlay.
#[test]
fn a_certificate_that_is_there_is_kept_up_where_it_is() {
    let none = ingress("", "tls", "shop.example");
    let made = rcgen::generate_simple_self_signed(["shop.example".to_owned()]).unwrap();
    let secret = format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: tls, namespace: shop, labels: {{nws-certd/managed: \"true\"}}}}\ntype: kubernetes.io/tls\nstringData: {{tls.crt: \"{}\"}}\n",
        made.cert.pem().replace('\n', "\\n")
    );
    let files = [
        ("base/i.yaml", &*none),
        ("base/kustomization.yaml", "resources: [i.yaml]"),
        ("certs/shop/tls.yaml", &*secret),
        ("prod/kustomization.yaml", "namespace: shop\nresources: [../base]"),
        ("test/kustomization.yaml", "namespace: test\nresources: [../base]"),
    ];
    let fault = put_into_shop("base/i.yaml", "prod/kustomization.yaml");
    assert_eq!(said(&files), [SHOP.to_owned(), fault]);
}
