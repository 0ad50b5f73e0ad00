//! What there is to see to in a repository.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use nws_expiry::Issued;
use nws_gitops::{
    Destination, Discover, Facts, Finding, FleetPath, Layout, Provenance, Rules, SecretForm,
    Severity, Snapshot, Targets, lint, manifest,
};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use crate::work_tree::WorkTree;
use crate::world::{NOW, World, ingress, issue, key};

/// Of every certificate here; 90 days after it began.
const END: OffsetDateTime = datetime!(2026-05-30 0:00 UTC);

fn facts(world: &World, discover: &Discover, paths: &[&str]) -> Facts {
    let paths: Vec<FleetPath> = paths.iter().map(|path| path.parse().unwrap()).collect();
    Snapshot::open(&world.remote_dir()).unwrap().facts(discover, &paths).unwrap()
}

fn said(findings: &[Finding]) -> Vec<String> {
    let line = |one: &Finding| format!("{} {}: {one}", one.severity.as_str(), one.reason.kind());
    findings.iter().map(line).collect()
}

/// What is found where nothing is configured.
fn found(world: &World) -> Vec<String> {
    said(&lint(&facts(world, &Discover::default(), &[]), &Rules::default(), NOW))
}

fn found_below(world: &World, paths: &[&str]) -> Vec<String> {
    said(&lint(&facts(world, &Discover::default(), paths), &Rules::default(), NOW))
}

/// A Secret as kubectl writes it, without the key.
fn foreign(secret: &str, issued: &Issued) -> String {
    let (namespace, name) = secret.split_once('/').unwrap();
    let chain = STANDARD.encode(issued.chain().to_pem());
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: {name}, namespace: {namespace}}}\ntype: kubernetes.io/tls\ndata: {{tls.crt: {chain}}}\n"
    )
}

/// The same as we write it, key and all.
fn ours(secret: &str, issued: &Issued) -> String {
    manifest(&key(secret), issued, &Provenance::default(), &SecretForm::default())
        .as_str()
        .to_owned()
}

#[test]
fn a_repository_in_order_has_no_finding() {
    let world = World::with(&[
        ("apps/shop/fleet.yaml", "{}\n"),
        ("apps/shop/ingress.yaml", &ingress("web", "shop/shop-tls", &["shop.example"])),
    ]);
    assert_eq!(found(&world), [""; 0], "before anything is delivered");
    world.deliver(&[("shop/shop-tls", &issue(&["shop.example"]))]);
    assert_eq!(found(&world), [""; 0], "and then");
    assert_eq!(found_below(&world, &["apps/*", "certs/*"]), [""; 0], "as Fleet looks at it");
    assert_eq!(found_below(&world, &["."]), [""; 0], "from the top, too");
    assert_eq!(found(&World::new()), [""; 0], "nothing at all");
}

#[test]
fn what_cannot_be_served_comes_first() {
    let annotated = ingress("mine", "shop/mine", &["m.example"])
        .replace("  name: mine", "  name: mine\n  annotations: {cert-manager.io/issuer: le}");
    let world = World::with(&[
        ("apps/1.yaml", &annotated),
        ("apps/2.yaml", &ingress("a", "shop/tls", &["a.example", "A.example"])),
    ]);
    assert_eq!(
        found(&world),
        [
            r#"error fault: apps/2.yaml, document 1, spec.tls[0].hosts[1]: host name "A.example" has upper-case letters; write "a.example""#,
            r#"warning fault: apps/1.yaml, document 1, metadata.annotations: is left to cert-manager because of the annotation "cert-manager.io/issuer"; remove it, or set discover.cert_manager = "adopt""#,
        ]
    );
}

#[test]
fn keys_in_clear_are_somebody_elses() {
    let pem = "-----BEGIN PRIVATE KEY-----\\nMII\\n";
    let world = World::with(&[
        (
            "a.yaml",
            &format!(
                "kind: Secret\napiVersion: v1\nmetadata: {{name: a, namespace: shop}}\nstringData: {{tls.key: \"{pem}\"}}\n"
            ),
        ),
        (
            "b.yaml",
            &format!(
                "kind: List\napiVersion: v1\nitems:\n- kind: Secret\n  metadata: {{name: b}}\n  data: {{k: {}}}\n",
                STANDARD.encode("-----BEGIN EC PRIVATE KEY-----\n")
            ),
        ),
        (
            "c.yaml",
            "kind: SealedSecret\napiVersion: bitnami.com/v1alpha1\nmetadata: {name: c, namespace: shop}\nspec: {encryptedData: {tls.key: AgB}}\n",
        ),
        ("i.yaml", &ingress("web", "shop/shop-tls", &["shop.example"])),
    ]);
    world.deliver(&[("shop/shop-tls", &issue(&["shop.example"]))]);
    let facts = facts(&world, &Discover::default(), &[]);
    assert_eq!(facts.clear_keys.iter().filter(|key| key.ours).count(), 1, "that of the delivery");
    let in_clear = "warning keys-in-clear: .: git.encryption = \"none\": nws-certd writes its private keys in clear, where every clone and fork, Fleet's bundles and Helm's releases keep them for good; seal them (git.encryption)";
    for (may_hold_keys, severity, more) in
        [(false, "error", None), (true, "warning", Some(in_clear))]
    {
        let rules = Rules { may_hold_keys, ..Rules::default() };
        let remedy = "holds a private key in clear; seal it, and replace the key too, as the history keeps this one";
        assert_eq!(
            said(&lint(&facts, &rules, NOW)),
            more.map(str::to_owned).into_iter().chain([
                format!(
                    r#"{severity} clear-key: a.yaml, document 1, stringData["tls.key"]: secret shop/a {remedy}"#
                ),
                format!(
                    r#"{severity} clear-key: b.yaml, document 1, data["k"]: secret b {remedy}"#
                ),
            ]).collect::<Vec<_>>()
        );
    }
    assert!(!format!("{facts:?}").contains("BEGIN"), "no key is kept");
}

#[test]
fn what_nobody_renews_is_told_when_it_is_time() {
    let issued = issue(&["shop.example"]);
    let world = World::with(&[
        ("a.yaml", &foreign("shop/theirs", &issued)),
        ("certs/shop/gone.yaml", &ours("shop/gone", &issued)),
        ("i.yaml", &ingress("web", "shop/shop-tls", &["shop.example"])),
    ]);
    world.deliver(&[("shop/shop-tls", &issued)]);
    let facts = facts(&world, &Discover::default(), &[]);
    let (day, hour) =
        (Rules { renew_before: Some("1d".parse().unwrap()), ..Rules::default() }, Duration::HOUR);
    let usual = Rules::default();
    let third = END - Duration::days(30);
    let cases = [
        ("one second early", usual, third - Duration::SECOND, "", ""),
        ("a third left", usual, third, "warning", "warning"),
        ("the last second", usual, END - Duration::SECOND, "warning", "warning"),
        ("over", usual, END, "error", "warning"),
        ("two days left of one that is renewed late", day, END - 48 * hour, "", ""),
        ("one day left", day, END - 24 * hour, "warning", "warning"),
    ];
    for (case, rules, now, theirs, gone) in cases {
        let findings = lint(&facts, &rules, now);
        let of = |file: &str| {
            let mut all =
                findings.iter().filter(|one| one.place.as_ref().unwrap().as_str() == file);
            let severity = all.next().map_or("", |one| one.severity.as_str());
            assert!(all.next().is_none(), "{case}");
            severity
        };
        assert_eq!((of("a.yaml"), of("certs/shop/gone.yaml")), (theirs, gone), "{case}");
        assert_eq!(of("certs/shop/shop-tls.yaml"), "", "{case}: what is wanted is ours to renew");
    }
    assert_eq!(
        said(&lint(&facts, &usual, END)),
        [
            "error unattended: a.yaml, document 1: the certificate in secret shop/theirs ended at 2026-05-30 00:00:00Z; renew it, or have a manifest want it and take it over with: nws-certd import repo shop/theirs",
            "warning unattended: certs/shop/gone.yaml, document 1: the certificate in secret shop/gone ended at 2026-05-30 00:00:00Z; no manifest wants it, so it is not renewed: remove it, or have one want it",
        ]
    );
}

#[test]
fn one_secret_in_several_files() {
    let issued = issue(&["shop.example"]);
    let (theirs, mine) = (foreign("shop/tls", &issued), ours("shop/tls", &issued));
    let twice = |file: &str, other: &str| {
        format!(
            "warning held-twice: {file}, document 1: holds secret shop/tls, as does {other}; remove one of them, or tell the clusters apart with [[targets]]"
        )
    };
    let cases = [
        ("theirs alone", vec![("a.yaml", &theirs)], vec![]),
        ("theirs", vec![("a.yaml", &theirs), ("b.yaml", &theirs)], vec![twice("b.yaml", "a.yaml")]),
        (
            "both",
            vec![("a.yaml", &theirs), ("b.yaml", &mine)],
            vec!["error fault: a.yaml, document 1: holds secret shop/tls, as does b.yaml, which is the one kept up to date; remove this file".to_owned()],
        ),
        (
            "ours",
            vec![("a.yaml", &mine), ("b.yaml", &mine)],
            vec!["error fault: b.yaml, document 1: holds secret shop/tls, as does a.yaml, which is the one kept up to date; remove this file".to_owned()],
        ),
        (
            "of two groups of clusters",
            vec![("clusters/eu/a.yaml", &theirs), ("b.yaml", &theirs)],
            vec![],
        ),
    ];
    for (case, files, want) in cases {
        let files: Vec<_> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
        let world = World::with(&files);
        let targets = Targets::default()
            .with(
                "eu".parse().unwrap(),
                vec!["clusters/eu".parse().unwrap()],
                Destination::at("certs/eu".parse().unwrap()),
            )
            .unwrap();
        let discover = Discover { targets, ..Discover::default() };
        let findings = lint(&facts(&world, &discover, &[]), &Rules::default(), NOW);
        assert_eq!(said(&findings), want, "{case}");
    }
}

/// An application whose certificate lies in a bundle within its own.
fn nested() -> World {
    let issued = issue(&["shop.example"]);
    let secret = |name: &str| ours(name, &issued);
    World::with(&[
        ("apps/shop/fleet.yaml", "{}\n"),
        ("apps/shop/ingress.yaml", &ingress("web", "shop/a", &["shop.example"])),
        ("apps/shop/tls/fleet.yaml", "{}\n"),
        ("apps/shop/tls/a.yaml", &secret("shop/a")),
        ("apps/shop/tls/b.yaml", &secret("shop/b")),
    ])
}

#[test]
fn a_renewal_deploys_one_bundle() {
    let world = nested();
    let trouble = |others: &str| {
        format!(
            "warning several-bundles: apps/shop/tls: a renewal of shop/a, shop/b deploys {others} anew too; add the line \"tls\" to apps/shop/.fleetignore"
        )
    };
    assert_eq!(found(&world), [trouble("apps/shop")]);
    assert_eq!(found_below(&world, &["apps"]), [trouble("apps/shop")]);
    world.somebody_writes(&[("apps/top.yaml", "kind: ConfigMap\n")]);
    assert_eq!(found(&world), [trouble("apps/shop")], "who knows whether apps is a bundle?");
    assert_eq!(found_below(&world, &["apps"]), [trouble("apps/shop and apps")]);
    world.somebody_writes(&[("apps/shop/.fleetignore", "tls\n")]);
    assert_eq!(found(&world), [""; 0]);
    assert_eq!(found_below(&world, &["apps"]), [""; 0]);
}

#[test]
fn what_a_delivery_brings_along_is_there_by_then() {
    let world = World::with(&[
        ("apps/shop/fleet.yaml", "{}\n"),
        ("apps/shop/ingress.yaml", &ingress("web", "shop/shop-tls", &["shop.example"])),
    ]);
    let layout = |layout: Layout| Discover {
        targets: Targets::new(Destination { layout, ..Destination::default() }),
        ..Discover::default()
    };
    let deployed_by = |world: &World, chosen: Layout| {
        let facts = facts(world, &layout(chosen), &["apps/*", "certs/*"]);
        assert_eq!(said(&lint(&facts, &Rules::default(), NOW)), [""; 0], "{chosen:?}");
        let (_, touched) = facts.renewals().next().unwrap();
        assert_eq!(touched.holders.len(), 1, "{chosen:?}");
        touched.deployers[0].dir.as_ref().unwrap().to_string()
    };
    assert_eq!(deployed_by(&world, Layout::FleetBundles), "certs/shop");
    assert_eq!(deployed_by(&world, Layout::FleetNested), "apps/shop/tls");
    assert_eq!(deployed_by(&world, Layout::Beside), "apps/shop");
    let tree = facts(&world, &layout(Layout::Tree), &["apps/*"]);
    assert_eq!(
        said(&lint(&tree, &Rules::default(), NOW)),
        [
            "warning not-deployed: certs/shop: a renewal of shop/shop-tls reaches no cluster, as no path of a GitRepo leads to it; add one, or give it another place (git.root)"
        ]
    );
    let unknown = facts(&world, &layout(Layout::Tree), &[]);
    assert_eq!(said(&lint(&unknown, &Rules::default(), NOW)), [""; 0], "nobody says where");
    let listing = ("apps/shop/kustomization.yaml", "resources:\n- ingress.yaml\n");
    world.somebody_writes(&[listing]);
    assert_eq!(deployed_by(&world, Layout::Kustomize), "apps/shop");
}

#[test]
fn what_fleet_packs_and_does_not_deploy() {
    let issued = issue(&["shop.example"]);
    let secret = ours("shop/shop-tls", &issued);
    let ingress = ingress("web", "shop/shop-tls", &["shop.example"]);
    let silent = "warning not-deployed: apps/shop: a renewal of shop/shop-tls reaches no cluster, as Fleet deploys a chart's templates and what a kustomization lists, and nothing beside; list it there, or give it a bundle of its own (git.layout)";
    for (case, file, text, want) in [
        ("plain", "x.yaml", "kind: ConfigMap\n", None),
        ("not listed", "kustomization.yaml", "resources: [ingress.yaml]\n", Some(silent)),
        ("listed", "kustomization.yaml", "resources: [ingress.yaml, tls.yaml]\n", None),
        ("a chart", "Chart.yaml", "name: shop\n", Some(silent)),
    ] {
        let world = World::with(&[
            ("apps/shop/fleet.yaml", "{}\n"),
            ("apps/shop/ingress.yaml", &ingress),
            ("apps/shop/tls.yaml", &secret),
            (&format!("apps/shop/{file}"), text),
        ]);
        assert_eq!(found(&world), want.into_iter().collect::<Vec<_>>(), "{case}");
    }
}

#[test]
fn bundles_that_etcd_does_not_take() {
    // Random text of base64 letters: what compression takes away, base64 adds.
    let noise = |len: usize| {
        let mut state = 1_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            state.to_be_bytes()[0]
        };
        STANDARD.encode((0..len / 4 * 3).map(|_| next()).collect::<Vec<_>>())
    };
    let world = World::with(&[
        ("a/fleet.yaml", "{}\n"),
        ("a/data.txt", &noise(1_700_000)),
        ("b/fleet.yaml", "{}\n"),
        ("b/data.txt", &noise(1_400_000)),
        ("c/fleet.yaml", "{}\n"),
        ("c/data.txt", &"words ".repeat(400_000)),
    ]);
    assert_eq!(
        found(&world),
        [
            "error bundle-size: a: the bundle takes more than 1.50 MiB, which is all that etcd stores of one; split it, or have Fleet keep bundles in an OCI registry",
            "warning bundle-size: b: the bundle takes 1.34 MiB of the 1.50 MiB that etcd stores of one; split it before it grows, or have Fleet keep bundles in an OCI registry",
        ]
    );
}

#[test]
fn every_secret_of_a_large_repository_is_judged() {
    let (tree, issued) = (WorkTree::new(), issue(&["shop.example"]));
    for n in 0..1_000 {
        let (dir, namespace) = (format!("apps/app-{n}"), format!("ns-{}", n % 50));
        let wanted = ingress("web", &format!("{namespace}/tls-{n}"), &[&format!("h{n}.example")]);
        tree.write(&format!("{dir}/fleet.yaml"), "{}\n");
        tree.write(&format!("{dir}/ingress.yaml"), &wanted);
        let theirs = foreign(&format!("{namespace}/theirs-{n}"), &issued);
        tree.write(&format!("{dir}/theirs.yaml"), &theirs);
    }
    tree.git(&["add", "--all"]);
    let paths = ["apps/*", "certs/*"].map(|path| path.parse().unwrap());
    let snapshot = Snapshot::open(tree.top()).unwrap();
    let facts = snapshot.facts(&Discover::default(), &paths).unwrap();
    let findings = lint(&facts, &Rules::default(), END);
    assert_eq!(findings.iter().filter(|one| one.severity == Severity::Error).count(), 1_000);
    assert_eq!(facts.renewals().count(), 1_000);
}
