//! Where certificates go, by layout and target.

use std::collections::BTreeMap;

use expect_test::expect;
use nws_gitops::{
    Destination, Discover, FleetClusters, Inventory, Layout, Plan, Provenance, Recovery, Targets,
    deliveries,
};

use crate::world::{NOW, World, author, ingress, issue, key, message, seals};

const KUSTOMIZATION: &str =
    "# what runs\nresources:\n  - ingress.yaml # the web\n  - deployment.yaml\n# the end\n";

fn laid_out(layout: Layout) -> Discover {
    let destination = Destination { layout, ..Destination::default() };
    Discover { targets: Targets::new(destination), ..Discover::default() }
}

fn shop() -> String {
    ingress("web", "shop/shop-tls", &["shop.example"])
}

fn paths(plan: &Plan) -> Vec<&str> {
    plan.edits.iter().map(|edit| edit.path.as_str()).collect()
}

fn faults(inventory: &Inventory) -> Vec<String> {
    inventory.faults.iter().map(ToString::to_string).collect()
}

#[test]
fn each_layout_has_its_place() {
    let cases = [
        (Layout::FleetBundles, vec!["certs/shop/fleet.yaml", "certs/shop/shop-tls.yaml"]),
        (
            Layout::FleetNested,
            vec![
                "apps/shop/.fleetignore",
                "apps/shop/tls/fleet.yaml",
                "apps/shop/tls/shop-tls.yaml",
            ],
        ),
        (Layout::Beside, vec!["apps/shop/shop-tls.yaml"]),
        (Layout::Tree, vec!["certs/shop/shop-tls.yaml"]),
    ];
    for (layout, files) in cases {
        let world = World::with(&[("apps/shop/ingress.yaml", &shop())]);
        let (discover, issued) = (laid_out(layout), issue(&["shop.example"]));
        let place = world.inventory_with(&discover).place(&key("shop/shop-tls"));
        assert_eq!(Some(&place.unwrap()[0].as_str()), files.last(), "{layout:?}");
        assert_eq!(paths(&world.deliver_wanted(&discover, &issued)), files, "{layout:?}");
        assert_eq!(faults(&world.inventory_with(&discover)), [""; 0], "{layout:?}");
        assert_eq!(paths(&world.deliver_wanted(&discover, &issued)), [""; 0], "{layout:?}");
        let renewed = paths(&world.deliver_wanted(&discover, &issue(&["shop.example"]))).len();
        assert_eq!(renewed, 1, "{layout:?}: a renewal changes one file");
    }
}

#[test]
fn a_nested_bundle_is_kept_out_of_its_application() {
    let world = World::with(&[
        ("apps/shop/.fleetignore", "# notes\n*.md"),
        ("apps/shop/fleet.yaml", "defaultNamespace: shop\n"),
        ("apps/shop/ingress.yaml", &shop()),
    ]);
    let discover = laid_out(Layout::FleetNested);
    world.deliver_wanted(&discover, &issue(&["shop.example"]));
    assert_eq!(world.file("apps/shop/.fleetignore").unwrap(), "# notes\n*.md\ntls\n");
    assert!(world.file("apps/shop/tls/fleet.yaml").unwrap().contains("defaultNamespace: \"shop\""));

    world.somebody_writes(&[("apps/shop/.fleetignore", "*.md\n")]);
    let plan = world.deliver_wanted(&discover, &issue(&["shop.example"]));
    assert_eq!(paths(&plan), ["apps/shop/.fleetignore", "apps/shop/tls/shop-tls.yaml"], "mended");
}

#[test]
fn a_kustomization_lists_the_secret_beside_what_wants_it() {
    let at_the_top = "kind: Kustomization\nresources: [apps/shop/ingress.yaml]\n";
    let cases = [
        (
            "in its directory",
            "apps/shop/kustomization.yaml",
            KUSTOMIZATION,
            "# what runs\nresources:\n  - ingress.yaml # the web\n  - deployment.yaml\n  - shop-tls.yaml\n# the end\n",
        ),
        (
            "at the top",
            "Kustomization",
            at_the_top,
            "kind: Kustomization\nresources: [apps/shop/ingress.yaml, apps/shop/shop-tls.yaml]\n",
        ),
    ];
    for (case, path, text, want) in cases {
        let world = World::with(&[("apps/shop/ingress.yaml", &shop()), (path, text)]);
        let discover = laid_out(Layout::Kustomize);
        world.deliver_wanted(&discover, &issue(&["shop.example"]));
        assert_eq!(world.file(path).unwrap(), want, "{case}");
        assert!(world.file("apps/shop/shop-tls.yaml").is_some(), "{case}");
        let plan = world.deliver_wanted(&discover, &issue(&["shop.example"]));
        assert_eq!(paths(&plan), ["apps/shop/shop-tls.yaml"], "{case}: once is enough");
    }
}

#[test]
fn many_in_one_commit_are_all_listed() {
    let two = format!("{}---\n{}", shop(), ingress("api", "shop/api-tls", &["api.example"]));
    let blog = ingress("blog", "blog/shop-tls", &["blog.example"]);
    let world = World::with(&[
        ("apps/shop/ingress.yaml", &two),
        ("apps/shop/deployment.yaml", &blog),
        ("apps/shop/kustomization.yaml", KUSTOMIZATION),
    ]);
    world.deliver_wanted(&laid_out(Layout::Kustomize), &issue(&["shop.example"]));
    expect![[r"
        # what runs
        resources:
          - ingress.yaml # the web
          - deployment.yaml
          - shop-tls.yaml
          - api-tls.yaml
          - shop-tls.shop.secret.yaml
        # the end
    "]]
    .assert_eq(&world.file("apps/shop/kustomization.yaml").unwrap());
}

#[test]
fn what_has_no_place_is_said_before_it_is_ordered() {
    let cases = [
        (Layout::Beside, "apps/shop/shop-tls.yaml", "a: 1\n", "move it away"),
        (
            Layout::Beside,
            "apps/shop/Chart.yaml",
            "name: shop\n",
            "apps/shop/Chart.yaml makes a Helm chart of what lies there",
        ),
        (
            Layout::Beside,
            "apps/fleet.yaml",
            "helm:\n  chart: web\n",
            "apps/fleet.yaml makes a Helm chart of what lies there",
        ),
        (
            Layout::Beside,
            "apps/shop/kustomization.yaml",
            KUSTOMIZATION,
            "apps/shop/kustomization.yaml builds only what it lists; set the layout kustomize",
        ),
        (
            Layout::Beside,
            "kustomization.yaml",
            "resources: [apps/shop/ingress.yaml]\n",
            "kustomization.yaml builds only what it lists; set the layout kustomize",
        ),
        (
            Layout::Kustomize,
            "apps/shop/other.yaml",
            "a: 1\n",
            "no kustomization lists apps/shop/ingress.yaml under resources",
        ),
        (
            Layout::Kustomize,
            "apps/shop/kustomization.yaml",
            "{resources: [ingress.yaml]}\n",
            "apps/shop/kustomization.yaml cannot be given \"shop-tls.yaml\" without touching more",
        ),
        (
            Layout::FleetNested,
            "apps/shop/base/tls/ca.yaml",
            "a: 1\n",
            "the line \"tls\" in apps/shop/.fleetignore would keep apps/shop/base/tls/ca.yaml out",
        ),
        (Layout::FleetNested, "apps/shop/tls", "a: 1\n", "apps/shop/tls is a file"),
        (Layout::Tree, "certs/shop", "a: 1\n", "certs/shop is a file"),
    ];
    for (layout, path, text, words) in cases {
        let world = World::with(&[("apps/shop/ingress.yaml", &shop()), (path, text)]);
        let inventory = world.inventory_with(&laid_out(layout));
        assert_eq!(inventory.wanted, [], "{layout:?} {path}");
        let fault = &inventory.faults[0];
        assert!(fault.to_string().contains(words) && fault.mentions("shop.example"), "{fault}");
    }
}

#[test]
fn a_line_of_theirs_that_comes_between_is_kept() {
    let world = World::with(&[
        ("apps/shop/ingress.yaml", &shop()),
        ("apps/shop/kustomization.yaml", KUSTOMIZATION),
    ]);
    let (discover, issued, by) =
        (laid_out(Layout::Kustomize), issue(&["shop.example"]), Provenance::default());
    let certificate = [(key("shop/shop-tls"), &issued, &by)];
    let ours = world.mirror("ours");
    let tip = ours.fetch().unwrap();
    let plan = deliveries(&ours.inventory(&tip, &discover).unwrap(), &certificate, &seals());
    let commit = ours.commit(&tip, &plan.edits, &message(), &author(), NOW).unwrap().unwrap();
    let theirs = KUSTOMIZATION.replace("# the end", "  - service.yaml\n# the end");
    world.somebody_writes(&[("apps/shop/kustomization.yaml", &theirs)]);
    assert_eq!(ours.push(&commit).unwrap_err().recovery(), Recovery::Rebuild);

    world.deliver_wanted(&discover, &issued);
    let both = theirs.replace("# the end", "  - shop-tls.yaml\n# the end");
    assert_eq!(world.file("apps/shop/kustomization.yaml").unwrap(), both);
}

/// What lies in the way of new ones is no reason to let an old one expire.
#[test]
fn what_goes_with_a_secret_keeps_no_renewal_out() {
    let world = World::with(&[
        ("apps/shop/ingress.yaml", &shop()),
        ("apps/shop/kustomization.yaml", KUSTOMIZATION),
    ]);
    let discover = laid_out(Layout::Kustomize);
    world.deliver_wanted(&discover, &issue(&["shop.example"]));
    let text = "{resources: [ingress.yaml]}\n";
    world.somebody_writes(&[("apps/shop/kustomization.yaml", text)]);
    assert_eq!(faults(&world.inventory_with(&discover)), [""; 0]);
    let plan = world.deliver_wanted(&discover, &issue(&["shop.example"]));
    assert_eq!(paths(&plan), ["apps/shop/shop-tls.yaml"]);
    assert_eq!(world.file("apps/shop/kustomization.yaml").unwrap(), text);
}

/// What is written is what is read back, whoever gives the namespace.
#[test]
fn a_secret_under_a_kustomization_that_gives_the_namespace() {
    let manifest = ingress("web", "somewhere/shop-tls", &["shop.example"]);
    let world = World::with(&[
        ("apps/shop/ingress.yaml", &manifest),
        ("apps/shop/kustomization.yaml", KUSTOMIZATION),
        ("overlays/kustomization.yaml", "namespace: shop\nresources: [../apps/shop]\n"),
    ]);
    let discover = laid_out(Layout::Kustomize);
    let issued = issue(&["shop.example"]);
    let plan = world.deliver_wanted(&discover, &issued);
    assert_eq!(paths(&plan), ["apps/shop/kustomization.yaml", "apps/shop/shop-tls.yaml"]);
    assert!(world.file("apps/shop/shop-tls.yaml").unwrap().contains("  namespace: \"shop\"\n"));
    let inventory = world.inventory_with(&discover);
    assert!(inventory.held(&key("shop/shop-tls")).is_some(), "{:?}", inventory.delivered);
    assert_eq!(paths(&world.deliver_wanted(&discover, &issued)), [""; 0]);
}

fn two_targets() -> Discover {
    let eu = Destination {
        clusters: FleetClusters { group: Some("eu".into()), labels: BTreeMap::new() },
        ..Destination::at("certs/eu".parse().unwrap())
    };
    let dirs = vec!["clusters/eu".parse().unwrap()];
    let targets = Targets::default().with("eu".parse().unwrap(), dirs, eu).unwrap();
    Discover { targets, ..Discover::default() }
}

#[test]
fn two_targets_have_a_secret_of_one_name() {
    let world = World::with(&[
        ("apps/shop/ingress.yaml", &shop()),
        ("clusters/eu/shop.yaml", &ingress("web", "shop/shop-tls", &["eu.shop.example"])),
    ]);
    let discover = two_targets();
    let inventory = world.inventory_with(&discover);
    let keys: Vec<_> = inventory.wanted.iter().map(|wanted| wanted.key.to_string()).collect();
    assert_eq!(keys, ["shop/shop-tls", "eu:shop/shop-tls"]);
    let plan = world.deliver_wanted(&discover, &issue(&["shop.example"]));
    let files = [
        "certs/eu/shop/fleet.yaml",
        "certs/eu/shop/shop-tls.yaml",
        "certs/shop/fleet.yaml",
        "certs/shop/shop-tls.yaml",
    ];
    assert_eq!(paths(&plan), files);
    let fleet = world.file(files[0]).unwrap();
    assert!(fleet.contains("overrideTargets:\n  - clusterGroup: \"eu\"\n"), "{fleet}");
    assert!(!world.file(files[2]).unwrap().contains("overrideTargets"));
    assert!(world.file(files[1]).unwrap().contains("    nws-certd/target: \"eu\"\n"));
    assert!(!world.file(files[3]).unwrap().contains("nws-certd/target"));
    assert_eq!(faults(&world.inventory_with(&discover)), [""; 0], "neither is a copy of the other");
}

#[test]
fn somebody_elses_secret_is_in_the_way_of_its_own_clusters_only() {
    let foreign = "apiVersion: v1\nkind: Secret\nmetadata: {name: shop-tls, namespace: shop}\n";
    let world = World::with(&[
        ("apps/shop/ingress.yaml", &shop()),
        ("clusters/eu/secret.yaml", foreign),
        ("clusters/eu/shop.yaml", &shop()),
    ]);
    let inventory = world.inventory_with(&two_targets());
    let keys: Vec<_> = inventory.wanted.iter().map(|wanted| wanted.key.to_string()).collect();
    assert_eq!(keys, ["shop/shop-tls"]);
    assert!(faults(&inventory)[0].starts_with("clusters/eu/shop.yaml, document 1"));
}

#[test]
fn a_place_that_would_be_taken_for_another_targets_is_none() {
    let world = World::with(&[("apps/shop/ingress.yaml", &shop())]);
    let default = Destination::at("apps".parse().unwrap());
    let beside = Destination { layout: Layout::Beside, ..Destination::at("eu".parse().unwrap()) };
    let dirs = vec!["apps/shop".parse().unwrap()];
    let targets = Targets::new(default).with("eu".parse().unwrap(), dirs, beside).unwrap();
    let inventory = world.inventory_with(&Discover { targets, ..Discover::default() });
    assert_eq!(inventory.wanted, []);
    let fault = &faults(&inventory)[0];
    assert!(fault.contains("in apps/shop/shop-tls.yaml, which is for target default"), "{fault}");
}

/// A bundle there would hold the target's bundles, and change with them.
#[test]
fn a_namespace_that_is_called_as_a_target_stands_beside_its_root() {
    let wants = ingress("web", "eu/web-tls", &["web.example"]);
    let world = World::with(&[("apps/web/ingress.yaml", &wants)]);
    let plan = world.deliver_wanted(&two_targets(), &issue(&["web.example"]));
    assert_eq!(paths(&plan), ["certs/eu--2/fleet.yaml", "certs/eu--2/web-tls.yaml"]);
}

/// `shop--2` is a namespace as well, and its first bundle the second one of `shop`.
#[test]
fn secrets_that_would_share_a_file_do_not() {
    let world = World::new();
    let issued = issue(&["shop.example"]);
    let names: Vec<_> = (0..Layout::MAX_PER_BUNDLE).map(|n| format!("shop/a{n:03}")).collect();
    let mut wants: Vec<_> = names.iter().map(|name| (name.as_str(), &issued)).collect();
    wants.extend([("shop/tls", &issued), ("shop--2/tls", &issued)]);
    let plan = world.deliver(&wants);
    let tls: Vec<_> = paths(&plan).into_iter().filter(|path| path.ends_with("/tls.yaml")).collect();
    assert_eq!(tls, ["certs/shop--2--2/tls.yaml", "certs/shop--2/tls.yaml"]);
    assert_eq!(paths(&world.deliver(&wants)), [""; 0]);
}
