use proptest::prelude::*;

use super::*;

/// Paths and what the files say.
type Written<'a> = &'a [(&'a str, &'a str)];

fn file(path: &str, text: &str) -> PackedFile {
    let text: Box<str> = text.into();
    PackedFile { path: path.parse().unwrap(), bytes: text.len() as u64, text: Some(text) }
}

fn repository(files: Written<'_>) -> Vec<PackedFile> {
    files.iter().map(|(path, text)| file(path, text)).collect()
}

fn top() -> [FleetPath; 1] {
    [".".parse().unwrap()]
}

fn dirs(bundles: &[&Bundle]) -> String {
    let names = bundles.iter().map(|bundle| bundle.dir.as_ref().map_or(".", RepoPath::as_str));
    names.collect::<Vec<_>>().join(" ")
}

const TLS: &str = "apps/shop/tls/shop-tls.yaml";
const FLEET: (&str, &str) = ("apps/shop/fleet.yaml", "");
const NESTED: (&str, &str) = ("apps/shop/tls/fleet.yaml", "");
const FILE: (&str, &str) = (TLS, "kind: Secret");

#[test]
fn a_file_is_held_by_every_bundle_above_it_and_deployed_by_what_reads_it() {
    let kustomization = |text| ("apps/shop/kustomization.yaml", text);
    // apply.go `shouldCreateBundleForThisPath`, loaddirectory.go `GetContent`, style.go `DetermineStyle`, helm.go `manifests`.
    let cases: &[(&str, Written<'_>, &str, &str)] = &[
        ("the root swallows all", &[FILE], ".", "."),
        ("one bundle", &[FLEET, FILE], "apps/shop", "apps/shop"),
        ("fleet.yml", &[("apps/shop/fleet.yml", ""), FILE], "apps/shop", "apps/shop"),
        (
            "nested, with fleet.yml",
            &[FLEET, ("apps/shop/tls/fleet.yml", ""), FILE],
            "apps/shop/tls apps/shop",
            "apps/shop/tls",
        ),
        ("nested: held twice", &[FLEET, NESTED, FILE], "apps/shop/tls apps/shop", "apps/shop/tls"),
        (
            "nested, ignored by name",
            &[FLEET, ("apps/shop/.fleetignore", "# certificates\ntls  \n"), NESTED, FILE],
            "apps/shop/tls",
            "apps/shop/tls",
        ),
        (
            "dir/* is the directory",
            &[FLEET, ("apps/shop/.fleetignore", "tls/*"), NESTED, FILE],
            "apps/shop/tls",
            "apps/shop/tls",
        ),
        (
            "a path is no base name",
            &[FLEET, ("apps/shop/.fleetignore", "shop/tls"), NESTED, FILE],
            "apps/shop/tls apps/shop",
            "apps/shop/tls",
        ),
        (
            "a pattern of files, at any depth",
            &[FLEET, ("apps/shop/.fleetignore", "*-tls.yaml"), FILE],
            "",
            "",
        ),
        (
            "a .fleetignore above the bundle is not read",
            &[FLEET, ("apps/.fleetignore", "tls"), FILE],
            "apps/shop",
            "apps/shop",
        ),
        (
            "not listed by kustomize",
            &[FLEET, kustomization("resources: [ingress.yaml]"), FILE],
            "apps/shop",
            "",
        ),
        (
            "listed by kustomize",
            &[FLEET, kustomization("resources: [./tls/shop-tls.yaml]"), FILE],
            "apps/shop",
            "apps/shop",
        ),
        (
            "listed through another",
            &[
                FLEET,
                kustomization("resources: [tls]"),
                ("apps/shop/tls/Kustomization", "resources: [shop-tls.yaml, ..]"),
                FILE,
            ],
            "apps/shop",
            "apps/shop",
        ),
        (
            "kustomization.yml is none for Fleet",
            &[FLEET, ("apps/shop/kustomization.yml", "resources: []"), FILE],
            "apps/shop",
            "apps/shop",
        ),
        (
            "kustomize.dir",
            &[
                ("apps/shop/fleet.yaml", "kustomize: {dir: tls}"),
                ("apps/shop/tls/kustomization.yaml", "resources: []"),
                FILE,
            ],
            "apps/shop",
            "",
        ),
        ("beside a chart", &[FLEET, ("apps/shop/Chart.yaml", ""), FILE], "apps/shop", ""),
        (
            "a chart from elsewhere",
            &[("apps/shop/fleet.yaml", "helm: {repo: 'https://charts.example'}"), FILE],
            "apps/shop",
            "",
        ),
        ("in a chart below", &[FLEET, ("apps/shop/tls/Chart.yaml", ""), FILE], "apps/shop", ""),
        (
            "a bundle beside has no say",
            &[FLEET, ("apps/shop-2/fleet.yaml", ""), FILE],
            "apps/shop",
            "apps/shop",
        ),
    ];
    for (case, files, holders, deployers) in cases {
        let bundles = Bundles::of(&top(), &repository(files));
        let touched = bundles.touched_by(&TLS.parse().unwrap());
        assert_eq!(dirs(&touched.holders), *holders, "{case}: holders");
        assert_eq!(dirs(&touched.deployers), *deployers, "{case}: deployers");
    }
}

#[test]
fn where_a_file_stands_in_a_bundle_decides_too() {
    let chart = ("c/Chart.yaml", "");
    let cases: &[(&str, Written<'_>, bool, bool)] = &[
        ("r/a.json", &[], true, true),
        ("r/a.txt", &[], true, false),
        ("r/.hidden.yaml", &[], false, false),
        ("r/.hidden/a.yaml", &[], false, false),
        ("r/fleet.yaml", &[], false, false),
        ("r/overlays/eu/a.yaml", &[], true, false),
        ("r/b/overlays/a.yaml", &[], true, true),
        ("c/templates/a.yaml", &[chart], true, true),
        ("c/crds/a.yaml", &[chart], true, false),
        ("elsewhere/a.txt", &[], false, false),
    ];
    for (path, more, held, deployed) in cases {
        let mut files = repository(&[("r/fleet.yaml", ""), ("c/fleet.yaml", "")]);
        files.extend(repository(more));
        let bundles = Bundles::of(&top(), &files);
        let touched = bundles.touched_by(&path.parse().unwrap());
        assert_eq!(!touched.holders.is_empty(), *held, "{path}: held");
        assert_eq!(!touched.deployers.is_empty(), *deployed, "{path}: deployed");
    }
}

#[test]
fn each_root_makes_a_bundle_of_what_no_fleet_yaml_claims() {
    let files = repository(&[("certs/a/fleet.yaml", ""), ("certs/a/t.yaml", ""), ("x/t.yaml", "")]);
    let cases: [(&str, &[&str], &str); 9] = [
        ("the top", &["."], ". certs/a"),
        ("one directory", &["certs"], "certs/a"),
        ("two", &["./certs/", "x"], "certs/a x"),
        ("one in the other", &["certs", "certs/a"], "certs/a"),
        ("the top and another", &[".", "x"], ". certs/a x"),
        ("a pattern", &["*"], "certs/a x"),
        ("a pattern stays within a directory", &["c*"], "certs/a"),
        ("a name that only begins alike", &["cert"], ""),
        ("nobody says", &[], "certs/a"),
    ];
    for (case, paths, expected) in cases {
        let paths: Vec<_> = paths.iter().map(|path| path.parse().unwrap()).collect();
        let bundles = Bundles::of(&paths, &files);
        assert_eq!(dirs(&bundles.iter().collect::<Vec<_>>()), expected, "{case}");
    }
}

#[test]
fn a_nested_bundle_is_cured_by_one_line() {
    let mut files = repository(&[("top.yaml", ""), FLEET, NESTED, FILE]);
    let path = TLS.parse().unwrap();
    let bundles = Bundles::of(&top(), &files);
    let touched = bundles.touched_by(&path);
    assert_eq!(dirs(&touched.holders), "apps/shop/tls apps/shop .");
    let cure = touched.cure().unwrap();
    assert_eq!((cure.file.as_str(), &*cure.line), ("apps/shop/.fleetignore", "tls"));

    files.push(file(cure.file.as_str(), &cure.line));
    let cured = Bundles::of(&top(), &files);
    let touched = cured.touched_by(&path);
    assert_eq!(dirs(&touched.holders), "apps/shop/tls");
    assert_eq!(dirs(&touched.deployers), "apps/shop/tls");
    assert_eq!(touched.cure(), None);
}

#[test]
fn a_bundle_weighs_what_is_packed_into_it() {
    let bundles = Bundles::of(&top(), &repository(&[FLEET, NESTED, FILE, ("apps/shop/.x", "1")]));
    let weights: Vec<_> = bundles.iter().map(|bundle| (bundle.files, bundle.bytes)).collect();
    // The outer one packs the nested `fleet.yaml` too, only its own is left out.
    assert_eq!(weights, [(2, 12), (1, 12)]);
}

#[test]
fn many_bundles_are_read_one_by_one() {
    let dir = |n: usize| format!("certs/shop-{n}");
    let mut files: Vec<_> = (0..5_000)
        .flat_map(|n| {
            [file(&format!("{}/fleet.yaml", dir(n)), ""), file(&format!("{}/tls.yaml", dir(n)), "")]
        })
        .collect();
    files.push(file("certs/.fleetignore", "nothing"));
    let bundles = Bundles::of(&top(), &files);
    assert_eq!(bundles.iter().count(), 5_000);
    let each = (0..5_000).map(|n| format!("{}/tls.yaml", dir(n)).parse().unwrap());
    assert!(
        each.map(|path| bundles.touched_by(&path).deployers.len()).all(|deployers| deployers == 1)
    );
}

proptest! {
    /// The line that is named leaves the file to its nearest bundle, whatever else there is.
    #[test]
    fn a_cure_cures(
        places in proptest::collection::btree_set("(a/|b/){0,3}(fleet[.]yaml|Chart[.]yaml|x[.]yaml)", 1..8),
        path in "(a/|b/){0,4}t[.]yaml",
    ) {
        let mut files: Vec<_> = places.iter().map(|place| file(place, "")).collect();
        let path: RepoPath = path.parse().unwrap();
        let bundles = Bundles::of(&top(), &files);
        let before = bundles.touched_by(&path);
        if let Some(cure) = before.cure() {
            files.push(file(cure.file.as_str(), &cure.line));
            let bundles = Bundles::of(&top(), &files);
            let after = bundles.touched_by(&path);
            prop_assert_eq!(dirs(&after.holders), dirs(&before.holders[..1]));
            prop_assert_eq!(dirs(&after.deployers), dirs(&before.holders[..1]));
        }
    }
}
