//! Files that a kustomization builds.

use super::*;

const SHOP: &str = "shop/tls: shop.example";

fn shop() -> String {
    ingress("shop", "tls", "shop.example")
}

/// What is said of `app/i.yaml` under this `app/kustomization.yaml`.
fn built(kustomization: &str, more: Files<'_>) -> Vec<String> {
    let shop = shop();
    let kustomization = format!("resources: [i.yaml]\n{kustomization}\n");
    let files = [("app/i.yaml", &*shop), ("app/kustomization.yaml", &*kustomization)];
    said(&[&files, more].concat())
}

fn said(files: Files<'_>) -> Vec<String> {
    let inventory = inventory(files, &Discover::default());
    [wanted(&inventory), faults(&inventory)].concat()
}

fn changed(path: &str, by: &str, field: &str) -> String {
    format!(
        "{path}, document 1: is changed by {by} ({field}), which is not guessed at; commit the rendered manifest, or leave the file out with discover.exclude"
    )
}

#[test]
fn fields_that_leave_an_ingress_as_it_is() {
    for field in [
        "",
        "namespace: shop",
        "namePrefix: ''",
        "labels: [{pairs: {team: shop}}]",
        "commonLabels: {team: shop}",
        "commonAnnotations: {team: shop}",
        "images: [{name: web, newTag: '2'}]",
        "replicas: [{name: web, count: 3}]",
        "configMapGenerator: [{name: web, literals: [a=b]}]",
        "secretGenerator: [{name: web, files: [a]}]",
        "patches: []",
        "patches: [{target: {kind: Deployment}, patch: '[{op: remove, path: /spec}]'}]",
        "patches: [{target: {kind: Ingress, name: other}, path: p.json}]",
        "patches: [{patch: '{kind: Deployment, metadata: {name: web}}'}]",
        "patches: [{patch: '{kind: Ingress, metadata: {name: other}}'}]",
        "patches: [{path: deployment.yaml}]",
        "patchesStrategicMerge: [deployment.yaml, other.yaml]",
        "patchesStrategicMerge: ['{kind: Service, metadata: {name: web}}']",
        "patchesJson6902: [{target: {version: v1, kind: Service, name: web}, path: p.yaml}]",
    ] {
        let other = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: other}\n";
        let files = [
            ("app/deployment.yaml", "kind: Deployment\nmetadata: {name: web}\n"),
            ("app/other.yaml", other),
        ];
        assert_eq!(built(field, &files), [SHOP], "{field}");
    }
}

#[test]
fn fields_that_may_change_an_ingress() {
    let cases = [
        ("namePrefix: prod-", "namePrefix"),
        ("nameSuffix: -v2", "nameSuffix"),
        ("replacements: [{path: r.yaml}]", "replacements"),
        ("vars: [{name: HOST, objref: {kind: ConfigMap, name: web, apiVersion: v1}}]", "vars"),
        ("transformers: [t.yaml]", "transformers"),
        ("commonAnnotations: {cert-manager.io/issuer: le}", "commonAnnotations"),
        ("commonAnnotations: {nws-certd/key-type: rsa-2048}", "commonAnnotations"),
        ("commonAnnotations: {nws-certd/profile: classic}", "commonAnnotations"),
        ("commonAnnotations: {nws-certd/renew-before: 30d}", "commonAnnotations"),
        ("commonAnnotations: {nws-certd/hold: an audit}", "commonAnnotations"),
        ("patches: [{target: {kind: Ingress}, path: p.json}]", "patches[0]"),
        ("patches: [{target: {kind: Ingress, name: web}, path: p.json}]", "patches[0]"),
        ("patches: [{target: {kind: Ing.*, name: w.b}, path: p.json}]", "patches[0]"),
        ("patches: [{target: {labelSelector: app=web}, path: p.json}]", "patches[0]"),
        ("patches: [{patch: '{kind: Service}'}, {patch: '{kind: Ingress}'}]", "patches[1]"),
        ("patches: [{patch: '{kind: Ingress, metadata: {name: web}}'}]", "patches[0]"),
        ("patches: [{patch: '[{op: remove, path: /spec}]'}]", "patches[0]"),
        ("patches: [{path: part.yaml}]", "patches[0]"),
        ("patches: [{path: broken.yaml}]", "patches[0]"),
        ("patches: [{path: ../elsewhere.yaml}]", "patches[0]"),
        ("patches: [{}]", "patches[0]"),
        ("patchesStrategicMerge: [part.yaml]", "patchesStrategicMerge[0]"),
        (
            "patchesStrategicMerge: ['{kind: Ingress, metadata: {name: web}}']",
            "patchesStrategicMerge[0]",
        ),
        (
            "patchesJson6902: [{target: {kind: Ingress, name: web}, path: p.yaml}]",
            "patchesJson6902[0]",
        ),
        ("components: ['https://git.example/components?ref=v1']", "components[0]"),
        ("components: [../gone]", "components[0]"),
    ];
    let part = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: web}\nspec: {rules: []}\n";
    let files =
        [("app/part.yaml", part), ("app/broken.yaml", "# kind: Ingress\n{{ x }}\nkind: Ingress\n")];
    for (field, name) in cases {
        let said: Vec<_> =
            built(field, &files).into_iter().filter(|s| !s.contains("broken")).collect();
        assert_eq!(said, [changed("app/i.yaml", "app/kustomization.yaml", name)], "{field}");
    }
}

#[test]
fn the_way_from_a_kustomization_to_a_file() {
    let shop = shop();
    let base = ("base/i.yaml", &*shop);
    let prefix = "namePrefix: p-\n";
    type Row<'a> = (&'a str, Files<'a>, Option<(&'a str, &'a str)>);
    let cases: [Row<'_>; 12] = [
        (
            "through a directory",
            &[
                base,
                ("base/kustomization.yaml", "resources: [i.yaml]"),
                ("prod/kustomization.yaml", "namePrefix: p-\nresources: [../base]"),
            ],
            Some(("prod/kustomization.yaml", "namePrefix")),
        ),
        (
            "through two, the old way",
            &[
                base,
                ("base/kustomization.yml", "resources: [./i.yaml]"),
                ("mid/Kustomization", "bases: [../base/]"),
                ("prod/eu/kustomization.yaml", "namePrefix: p-\nbases: [../../mid]"),
            ],
            Some(("prod/eu/kustomization.yaml", "namePrefix")),
        ),
        (
            "to a file elsewhere",
            &[base, ("kustomization.yaml", "namePrefix: p-\nresources: [base/i.yaml]")],
            Some(("kustomization.yaml", "namePrefix")),
        ),
        (
            "to the top",
            &[
                ("base/i.yaml", &shop),
                ("kustomization.yaml", "resources: [base/i.yaml]"),
                ("prod/kustomization.yaml", "namePrefix: p-\nresources: [..]"),
            ],
            Some(("prod/kustomization.yaml", "namePrefix")),
        ),
        (
            "through a component",
            &[
                base,
                ("base/kustomization.yaml", "resources: [i.yaml]"),
                ("prod/kustomization.yaml", "resources: [../base]\ncomponents: [../tls]"),
                (
                    "tls/kustomization.yaml",
                    "kind: Component\npatches: [{target: {kind: Ingress}, patch: ''}]",
                ),
            ],
            Some(("tls/kustomization.yaml", "patches[0]")),
        ),
        (
            "through a component that changes nothing",
            &[
                base,
                ("prod/kustomization.yaml", "resources: [../base/i.yaml]\ncomponents: [../tls]"),
                ("tls/kustomization.yaml", "kind: Component\nimages: []"),
            ],
            None,
        ),
        ("not listed", &[base, ("base/kustomization.yaml", prefix)], None),
        (
            "in a directory of that name without a kustomization",
            &[base, ("prod/kustomization.yaml", "namePrefix: p-\nresources: [../base]")],
            None,
        ),
        (
            "out of the repository",
            &[base, ("prod/kustomization.yaml", "namePrefix: p-\nresources: [../../base/i.yaml]")],
            None,
        ),
        (
            "in a circle",
            &[
                base,
                ("base/kustomization.yaml", "resources: [i.yaml, ../prod]\ncomponents: [../prod]"),
                ("prod/kustomization.yaml", "resources: [../base]\ncomponents: [../base]"),
            ],
            None,
        ),
        ("by an empty one", &[base, ("base/kustomization.yaml", "# nothing yet\n")], None),
        (
            "by Flux' kind of the same name",
            &[
                base,
                (
                    "base/kustomization.yaml",
                    "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nspec: {path: ./base}\n",
                ),
            ],
            None,
        ),
    ];
    for (case, files, by) in cases {
        let want = match by {
            Some((by, field)) => changed("base/i.yaml", by, field),
            None => SHOP.to_owned(),
        };
        assert_eq!(said(files), [want], "{case}");
    }
}

#[test]
fn a_kustomization_that_is_left_out_changes_nothing() {
    let shop = shop();
    let files = [
        ("base/i.yaml", &*shop),
        ("dev/kustomization.yaml", "namePrefix: dev-\nresources: [../base/i.yaml]"),
        ("dev/broken/kustomization.yaml", "resources: [../../base/i.yaml"),
    ];
    let exclude =
        |pattern: &str| Discover { exclude: vec![pattern.parse().unwrap()], ..Discover::default() };
    assert_eq!(wanted(&inventory(&files, &exclude("dev"))), [SHOP]);
    assert_eq!(wanted(&inventory(&files, &exclude("test"))), [""; 0]);
    // What is merely not looked into is deployed all the same.
    let include = Discover { include: vec!["base".parse().unwrap()], ..Discover::default() };
    assert_eq!(wanted(&inventory(&files, &include)), [""; 0]);
}

#[test]
fn a_patch_is_no_ingress_by_itself() {
    let (shop, other) = (shop(), ingress("shop", "tls-2", "other.example"));
    let part = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: web}\nspec: {rules: []}\n";
    let nameless =
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nspec: {tls: [{hosts: [Bad]}]}\n";
    for (case, patch, lost) in [
        ("one that would want something", &*other, true),
        ("one that would not", part, false),
        ("one that is no whole Ingress", nameless, false),
    ] {
        let files = [
            ("app/i.yaml", &*shop.replace("name: web", "name: shop")),
            ("app/kustomization.yaml", "resources: [i.yaml]\npatches: [{path: p.yaml}]"),
            ("app/p.yaml", patch),
        ];
        let said: Vec<_> =
            said(&files).into_iter().filter(|text| text.contains("p.yaml")).collect();
        let want = "app/p.yaml, document 1: is a patch of app/kustomization.yaml and no object by itself; commit the rendered manifest, or leave the file out with discover.exclude";
        assert_eq!(said, Vec::from_iter(lost.then_some(want)), "{case}");
    }
}

#[test]
fn a_kustomization_that_cannot_be_read() {
    let shop = shop();
    let cases = [
        ("resources:\n- i.yaml\n- [", "cannot be read ("),
        ("resources:\n\t- i.yaml\n", "cannot be read ("),
        ("resources: ./i.yaml\n", "is a string, not a list; correct it"),
        ("resources: [i.yaml]\npatches: {a: b}\n", "is a mapping, not a list; correct it"),
        ("resources: [i.yaml]\n---\nresources: []\n", "cannot be read (more than one document)"),
        ("resources: [i.yaml]\nnamePrefix: {{ env }}\n", "is a template"),
        ("- i.yaml\n", "is a list, not a mapping; correct it"),
        ("resources: [i.yaml] # \u{7f}\u{0}", "cannot be read ("),
    ];
    for (text, why) in cases {
        let files =
            [("app/i.yaml", &*shop), ("app/kustomization.yaml", text), ("app/j.yaml", &shop)];
        let said = said(&files);
        let [other, listed, own] = &said[..] else { panic!("{text}: {said:?}") };
        assert_eq!(other, SHOP, "{text}: of app/j.yaml, which is not listed");
        assert_eq!(
            listed,
            "app/i.yaml, document 1: is named by app/kustomization.yaml, which cannot be read; correct that file",
            "{text}"
        );
        assert!(own.starts_with("app/kustomization.yaml") && own.contains(why), "{text}: {own}");
    }
}

/// The one change that people can make good in the file itself.
#[test]
fn a_namespace_that_a_kustomization_gives() {
    let kustomization = "namespace: shop\nresources: [../base/i.yaml]";
    let cases = [
        ("none stated", "", put_into_shop()),
        ("another stated", "dev", put_into_shop()),
        ("the same stated", "shop", SHOP.to_owned()),
    ];
    for (case, namespace, want) in cases {
        let base = ingress(namespace, "tls", "shop.example");
        let files = [("base/i.yaml", &*base), ("prod/kustomization.yaml", kustomization)];
        assert_eq!(said(&files), [want], "{case}");
    }
}

fn put_into_shop() -> String {
    "base/i.yaml, document 1: is put into namespace \"shop\" by prod/kustomization.yaml; write that as its metadata.namespace too, or leave out the one that is not for you with discover.exclude".to_owned()
}

/// Placeholders in a base are no faults of their own.
#[test]
fn what_is_mended_on_the_way_is_one_fault() {
    let base = ingress("", "tls", "HOST, also bad");
    let files = [
        ("base/i.yaml", &*base),
        ("prod/kustomization.yaml", "namespace: shop\nresources: [../base/i.yaml]"),
    ];
    assert_eq!(said(&files), [put_into_shop()]);
}

#[test]
fn a_long_way_is_gone_to_its_end() {
    let shop = shop();
    let dirs: Vec<_> = (0..20_000).map(|n| format!("k{n}/kustomization.yaml")).collect();
    let lists: Vec<_> = (1..20_001).map(|n| format!("resources: [../k{n}]")).collect();
    let mut files: Vec<_> =
        dirs.iter().map(String::as_str).zip(lists.iter().map(String::as_str)).collect();
    files.push(("k20000/kustomization.yaml", "resources: [i.yaml]"));
    files.push(("k20000/i.yaml", &shop));
    assert_eq!(said(&files), [SHOP]);
    files[0].1 = "namePrefix: p-\nresources: [../k1]";
    assert_eq!(said(&files), [changed("k20000/i.yaml", "k0/kustomization.yaml", "namePrefix")]);
}
