//! However one comes to a commit, its inventory is the same.

use proptest::prelude::*;

use super::*;
use crate::{Destination, Layout};

/// Places that bear on each other.
const PATHS: [&str; 21] = [
    "apps/shop/ingress.yaml",
    "apps/shop/patch.yaml",
    "apps/shop/templates/ingress.yaml",
    "apps/shop/Chart.yaml",
    "apps/shop/fleet.yaml",
    "apps/shop/kustomization.yaml",
    "apps/blog/ingress.yaml",
    "apps/blog/kustomization.yaml",
    "apps/blog/nws-certd.yaml",
    "apps/fleet.yml",
    "apps-of-others/ingress.yaml",
    "component/kustomization.yaml",
    "overlay/kustomization.yaml",
    "overlay/fleet.yaml",
    "overlays/test/kustomization.yaml",
    "certs",
    "certs/kustomization.yaml",
    "certs/shop/tls.yaml",
    "certs/shop/other.yaml",
    "certs/eu/shop/tls.yaml",
    "README.md",
];

fn texts() -> Vec<String> {
    let patch = "kind: Ingress\napiVersion: networking.k8s.io/v1\nmetadata: {name: web}\n";
    let ours = |host: &str| {
        let made = rcgen::generate_simple_self_signed([host.to_owned()]).unwrap();
        let data = made.cert.pem().replace('\n', "\\n");
        format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: tls, namespace: shop, labels: {{nws-certd/managed: \"true\"}}}}\ntype: kubernetes.io/tls\nstringData: {{tls.crt: \"{data}\"}}\n"
        )
    };
    [
        ingress("shop", "tls", "a.example"),
        ingress("shop", "tls", "b.example"),
        ingress("", "tls", "a.example, c.example"),
        ingress("blog", "other", "a.example, BAD"),
        ingress("blog", "tls", "b.example, c.example"),
        format!(
            "{}---\n{}",
            ingress("shop", "tls", "a.example"),
            ingress("", "other", "d.example")
        ),
        patch.to_owned(),
        patch.replace("web", "other"),
        "kind: Deployment\nmetadata: {name: web}\n".to_owned(),
        ours("a.example"),
        ours("b.example"),
        ours("c.example").replace("nws-certd/managed", "somebody"),
        ours("a.example").replace("namespace: shop", "namespace: blog"),
        ours("a.example").replace("labels:", "annotations: {nws-certd/owner: apps}, labels:"),
        "namespace: shop\n".to_owned(),
        "defaultNamespace: blog\n".to_owned(),
        "namespace: [\n".to_owned(),
        "resources: [ingress.yaml, patch.yaml]\n".to_owned(),
        "resources: [ingress.yaml]\nnamespace: shop\n".to_owned(),
        "resources: [ingress.yaml]\npatches: [{path: patch.yaml}]\n".to_owned(),
        "resources: [../apps/shop, ../apps/blog]\nnamePrefix: x-\n".to_owned(),
        "resources: [ingress.yaml]\ncomponents: [../../component]\n".to_owned(),
        "kind: [Ingress\n".to_owned(),
        "helm: {chart: x}\n".to_owned(),
        "nothing: of interest\n".to_owned(),
        gateway("shop"),
        gateway("blog"),
        route("shop", "g.example"),
        route("blog", "h.example"),
        route("shop", "j.example").replace("name: web}", "name: web, annotations: {nws-certd/enabled: 'false'}}"),
        route("shop", "g.example").replace("name: web}", "name: web, annotations: {nws-certd/enabled: nah}}"),
        "kind: HTTPRoute\napiVersion: gateway.networking.k8s.io/v1\nspec: {parentRefs: [{name: 1}], hostnames: [i.example]}\n".to_owned(),
        "kind: Certificate\napiVersion: cert-manager.io/v1\nmetadata: {name: c, namespace: shop}\nspec: {secretName: tls, dnsNames: [a.example], duration: 9000h, issuerRef: {name: le}}\n".to_owned(),
        "apiVersion: nws-certd/v1\nkind: Certificates\ncertificates: [{secretName: other, hosts: [b.example]}]\n".to_owned(),
        "namespace: blog\nresources: [../apps/shop, shop/tls.yaml]\n".to_owned(),
        "namespace: shop\nresources: [../../apps/shop, ../../overlay]\n".to_owned(),
        "resources: [../apps/shop]\ncomponents: [../component]\nnamespace: test\n".to_owned(),
    ]
    .into()
}

/// A Gateway whose one listener takes whatever hosts its routes bring.
fn gateway(namespace: &str) -> String {
    format!(
        "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {{name: web, namespace: {namespace}}}\nspec:\n  listeners: [{{name: https, port: 443, protocol: HTTPS, allowedRoutes: {{namespaces: {{from: All}}}}, tls: {{certificateRefs: [{{name: tls}}]}}}}]\n"
    )
}

fn route(gateway: &str, host: &str) -> String {
    format!(
        "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {{name: web}}\nspec: {{parentRefs: [{{name: web, namespace: {gateway}}}], hostnames: [{host}]}}\n"
    )
}

/// Which path, and which text; none removes the file.
type Commit = Vec<(usize, Option<usize>)>;

fn commit() -> impl Strategy<Value = Commit> {
    let text = prop_oneof![4 => (0..37_usize).prop_map(Some), 1 => Just(None)];
    prop::collection::vec((0..PATHS.len(), text), 1..5)
}

/// Which of these repositories it goes to.
fn commits(to: &'static [&'static str]) -> impl Strategy<Value = Vec<(&'static str, Commit)>> {
    prop::collection::vec((prop::sample::select(to), commit()), 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn the_incremental_inventory_equals_the_cold_one(
        beside in any::<bool>(),
        commits in prop_oneof![commits(&[""]), commits(&["one:", "other:"])],
    ) {
        let texts = texts();
        let destination = Destination { layout: Layout::Kustomize, ..Destination::default() };
        let targets = if beside { Targets::new(destination) } else { Targets::default() };
        let issuers = [("le".parse().unwrap(), "le".parse().unwrap())].into_iter().collect();
        let discover = Discover { targets, issuers, ..Discover::default() };
        let mut warm = Repository::new(&discover);
        for (repository, commit) in commits {
            let changes: Vec<_> = commit
                .iter()
                .map(|(path, text)| (format!("{repository}{}", PATHS[*path]), *text))
                .collect();
            let changes: Vec<_> = changes
                .iter()
                .map(|(path, text)| (path.as_str(), text.map(|text| texts[text].as_str())))
                .collect();
            warm.change(&changes);
            prop_assert_eq!(said(&warm.inventory), said(&cold(&warm, &discover)));
        }
    }
}

/// Everything but the commits.
fn said(inventory: &Inventory) -> String {
    format!("{:#?}", Inventory { tips: Tips::new(), ..inventory.clone() })
}

fn cold(warm: &Repository, discover: &Discover) -> Inventory {
    let files = warm.files.iter().map(|(path, text)| (path.shown(), Some(&text[..])));
    let mut cold = Repository::new(discover);
    cold.change_bytes(files);
    cold.inventory
}

#[test]
fn nothing_but_what_the_cluster_joins_crosses_a_repository() {
    let (shop, none) = (ingress("shop", "tls", "a.example"), ingress("", "tls", "a.example"));
    let patch = "resources: [../../one:apps/i.yaml, ../one:apps/i.yaml]\nnamePrefix: x-\n";
    let (gateway, route) = (gateway("shop"), route("shop", "r.example"));
    type Case<'a> = (&'a str, Files<'a>, &'a str);
    let cases: [Case<'_>; 4] = [
        (
            "a fleet.yaml",
            &[("one:apps/i.yaml", &none), ("other:fleet.yaml", "namespace: shop")],
            "states no namespace",
        ),
        (
            "a kustomization",
            &[("one:apps/i.yaml", &shop), ("other:apps/kustomization.yaml", patch)],
            "shop/tls: a.example",
        ),
        (
            "a chart",
            &[("one:templates/i.yaml", &shop), ("other:Chart.yaml", "name: a")],
            "shop/tls: a.example",
        ),
        (
            "a route does",
            &[
                ("one:g.yaml", &gateway),
                ("other:a/fleet.yaml", "namespace: a"),
                ("other:a/r.yaml", &route),
            ],
            "shop/tls: r.example",
        ),
    ];
    for (case, files, want) in cases {
        let inventory = inventory(files, &Discover::default());
        let said = [wanted(&inventory), faults(&inventory)].concat().join("\n");
        assert!(said.contains(want), "{case}: {said}");
    }
}

#[test]
fn a_file_that_did_not_change_means_something_else() {
    let (shop, none) = (ingress("shop", "tls", "a.example"), ingress("", "tls", "a.example"));
    let build = "resources: [i.yaml]\npatches: [{path: p.yaml}]\n";
    let patch = "kind: Ingress\nmetadata: {name: web}\n";
    let other = patch.replace("web", "other");
    let (wanted_so, changed) = ("shop/tls: a.example", "is changed by");
    type Case<'a> = (&'a str, Files<'a>, (&'a str, Option<&'a str>), [&'a str; 2]);
    let (gateway, route) = (gateway("shop"), route("shop", "r.example"));
    let waits = "no route";
    let list = ("a/kustomization.yaml", "resources: [i.yaml]");
    let overlay = ("o/kustomization.yaml", "namespace: shop\nresources: [../a]");
    let cases: [Case<'_>; 14] = [
        (
            "a route comes",
            &[("g.yaml", &gateway), ("a/fleet.yaml", "namespace: a")],
            ("a/r.yaml", Some(&route)),
            [waits, "shop/tls: r.example"],
        ),
        (
            "a route goes",
            &[("g.yaml", &gateway), ("a/fleet.yaml", "namespace: a"), ("a/r.yaml", &route)],
            ("a/r.yaml", None),
            ["shop/tls: r.example", waits],
        ),
        (
            "a route's file is a template now",
            &[
                ("g.yaml", &gateway),
                ("a/fleet.yaml", "namespace: a"),
                ("a/templates/r.yaml", &route),
            ],
            ("a/Chart.yaml", Some("name: a")),
            ["shop/tls: r.example", waits],
        ),
        (
            "fleet.yaml comes",
            &[("a/i.yaml", &none)],
            ("a/fleet.yaml", Some("namespace: shop")),
            ["states no namespace", wanted_so],
        ),
        (
            "fleet.yaml goes",
            &[("a/i.yaml", &none), ("a/fleet.yaml", "namespace: shop")],
            ("a/fleet.yaml", None),
            [wanted_so, "states no namespace"],
        ),
        (
            "an overlay with a namespace comes",
            &[("a/i.yaml", &none), list],
            (overlay.0, Some(overlay.1)),
            ["states no namespace", wanted_so],
        ),
        (
            "another overlay comes",
            &[("a/i.yaml", &none), list, overlay],
            ("p/kustomization.yaml", Some("namespace: other\nresources: [../a]")),
            [wanted_so, "but not by all that deploys it"],
        ),
        (
            "fleet.yaml comes beside the overlay",
            &[("a/i.yaml", &none), list, overlay],
            ("o/fleet.yaml", Some("namespace: other")),
            [wanted_so, "but not by all that deploys it"],
        ),
        (
            "the overlay is taken in by another",
            &[
                ("a/i.yaml", &none),
                list,
                ("p/kustomization.yaml", "namespace: other\nresources: [../a]"),
            ],
            ("o/kustomization.yaml", Some("namespace: shop\nresources: [../p]")),
            ["other/tls: a.example", wanted_so],
        ),
        (
            "Chart.yaml comes",
            &[("a/templates/i.yaml", &shop)],
            ("a/Chart.yaml", Some("name: a")),
            [wanted_so, "is a template"],
        ),
        (
            "the patch is of it now",
            &[("a/i.yaml", &shop), ("a/kustomization.yaml", build), ("a/p.yaml", &other)],
            ("a/p.yaml", Some(patch)),
            [wanted_so, changed],
        ),
        (
            "the patch comes",
            &[("a/i.yaml", &shop), ("a/kustomization.yaml", build)],
            ("a/p.yaml", Some(&other)),
            [changed, wanted_so],
        ),
        (
            "the patch says nothing of interest",
            &[("a/i.yaml", &shop), ("a/kustomization.yaml", build), ("a/p.yaml", patch)],
            ("a/p.yaml", Some("kind: Service")),
            [changed, wanted_so],
        ),
        (
            "the kustomization goes",
            &[("a/i.yaml", &shop), ("a/kustomization.yaml", build)],
            ("a/kustomization.yaml", None),
            [changed, wanted_so],
        ),
    ];
    for (case, files, change, [before, after]) in cases {
        let mut repository = Repository::new(&Discover::default());
        let files: Vec<_> = files.iter().map(|(path, text)| (*path, Some(*text))).collect();
        repository.change(&files);
        let said =
            |inventory: &Inventory| [wanted(inventory), faults(inventory)].concat().join("\n");
        assert!(
            said(&repository.inventory).contains(before),
            "{case}: {}",
            said(&repository.inventory)
        );
        repository.change(&[change]);
        assert!(
            said(&repository.inventory).contains(after),
            "{case}: {}",
            said(&repository.inventory)
        );
    }
}

#[test]
fn a_change_that_cannot_be_read_leaves_the_inventory_as_it_was() {
    let (shop, fleet) = (ingress("", "tls", "a.example"), "namespace: shop\n");
    let mut repository = Repository::new(&Discover::default());
    repository.change(&[("a/i.yaml", Some(&shop)), ("a/fleet.yaml", Some(fleet))]);
    let said = |inventory: &Inventory| [wanted(inventory), faults(inventory)].concat();
    assert_eq!(said(&repository.inventory), ["shop/tls: a.example"]);

    let blob = "4b825dc642cb6eb9a060e54bf8d69288fbee4904".parse().unwrap();
    let gone: RepoPath = "a/fleet.yaml".parse().unwrap();
    let changes = [(gone, Entry::Gone)];
    let affected =
        |files: &[(RepoPath, ObjectId)]| if files.is_empty() { Ok(vec![]) } else { Err(blob) };
    let at = Tip { commit: Some(blob) };
    let only = RepositoryName::default();
    assert_eq!(repository.inventory.change(&only, at, &changes, affected), Err(blob));
    assert_eq!(said(&repository.inventory), ["shop/tls: a.example"]);
    assert_eq!(repository.inventory.tip(&only), Tip { commit: None });
    assert!(!repository.inventory.is_whole(), "the next begins anew");
}
