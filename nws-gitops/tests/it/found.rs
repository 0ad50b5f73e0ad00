//! What an inventory finds beside certificates that are there.

use nws_gitops::{Discover, Edit, Inventory};

use crate::world::{World, ingress, issue, key, names, remove, write};

#[test]
fn the_holder_of_a_certificate_keeps_its_secret() {
    let world =
        World::with(&[("apps/z/ingress.yaml", &ingress("z", "shop/shop-tls", &["z.example"]))]);
    world.deliver(&[("shop/shop-tls", &issue(&["z.example"]))]);
    world.somebody_writes(&[(
        "apps/a/ingress.yaml",
        &ingress("a", "shop/shop-tls", &["a.example"]),
    )]);
    let inventory = world.inventory();
    assert_eq!(wanted(&inventory), ["shop/shop-tls: z.example"]);
    assert_eq!(
        faults(&inventory),
        [
            "apps/a/ingress.yaml, document 1, spec.tls[0].secretName: wants secret shop/shop-tls, which apps/z/ingress.yaml \
          wants with other hosts; give one of them another secretName"
        ]
    );
}

/// Nor is it put into memory: its size stands before it.
#[test]
fn a_file_that_no_api_server_would_take_is_told_and_the_rest_goes_on() {
    let good = ingress("web", "shop/shop-tls", &["shop.example"]);
    let large = format!("{good}# {}\n", "x".repeat(8 << 20));
    let world = World::with(&[
        ("a/ingress.yaml", &large),
        ("c/fleet.yaml", &large),
        ("c/ingress.yaml", &ingress("web", "c/c-tls", &["c.example"])),
        ("d/ingress.yaml", &good),
    ]);
    let inventory = world.inventory();
    assert_eq!(wanted(&inventory), ["shop/shop-tls: shop.example"]);
    let too_large = |path: &str| {
        let size = large.len();
        format!(
            "{path}: has {size} bytes, where 8388608 are read at most; split it, or leave it out with discover.exclude"
        )
    };
    assert_eq!(
        faults(&inventory),
        [
            too_large("a/ingress.yaml"),
            too_large("c/fleet.yaml"),
            "c/ingress.yaml, document 1, metadata.namespace: has its namespace from c/fleet.yaml, which cannot be read; correct that file"
                .to_owned(),
        ]
    );
}

/// What is deployed may be something else now, but taking the certificate away would be a guess too.
#[test]
fn a_certificate_that_is_there_stays_wanted_under_a_kustomization() {
    let manifest = ingress("web", "shop/shop-tls", &["shop.example"]);
    let issued = issue(&["shop.example"]);
    let world = World::with(&[("apps/ingress.yaml", &manifest)]);
    world.deliver(&[("shop/shop-tls", &issued)]);
    world.somebody_writes(&[(
        "apps/kustomization.yaml",
        "namePrefix: p-\nresources: [ingress.yaml]\n",
    )]);
    let fault = "apps/ingress.yaml, document 1: is changed by apps/kustomization.yaml (namePrefix), which is not guessed at; \
        commit the rendered manifest, or leave the file out with discover.exclude";
    let inventory = world.inventory();
    assert_eq!(wanted(&inventory), ["shop/shop-tls: shop.example"]);
    assert_eq!(faults(&inventory), [fault]);
    assert!(inventory.faults[0].mentions("shop.example"));
    assert!(world.deliver(&[("shop/shop-tls", &issued)]).edits.is_empty());

    let renamed = ingress("web", "shop/shop-tls", &["shop.example", "www.shop.example"]);
    world.somebody_writes(&[("apps/ingress.yaml", &renamed)]);
    let inventory = world.inventory();
    assert_eq!(wanted(&inventory), [""; 0], "other names would be ordered anew");
    assert_eq!(faults(&inventory), [fault]);
    assert!(inventory.held(&key("shop/shop-tls")).is_some(), "and nothing is taken away");
}

/// A route is many people's business: one that breaks it takes no host out of a certificate that others share, nor puts one in.
#[test]
fn a_route_that_nobody_can_read_takes_nothing_away() {
    let gateway = "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: public, namespace: edge}\nspec:\n  \
        listeners: [{name: a, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: tls}]}}]\n";
    let route = |host: &str| {
        format!(
            "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {{name: web, namespace: edge}}\nspec:\n  \
            parentRefs: [{{name: public}}]\n  hostnames: [{host}]\n"
        )
    };
    let both = "edge/tls: a.example, b.example";
    let world = World::with(&[
        ("g.yaml", gateway),
        ("a.yaml", &route("a.example")),
        ("b.yaml", &route("b.example")),
    ]);
    assert_eq!(wanted(&world.inventory()), [both]);
    world.deliver(&[("edge/tls", &issue(&["a.example", "b.example"]))]);

    let broken = route("b.example, c.example") + "  x: :\n   - y";
    let cases = [
        ("broken", &*broken, 1, both),
        ("a template", &route("b.example, \"{{ .more }}\""), 1, both),
        ("right again", &route("b.example"), 0, both),
        ("nothing", "", 0, "edge/tls: a.example"),
    ];
    for (case, text, faults, want) in cases {
        world.somebody_writes(&[("b.yaml", text)]);
        let inventory = world.inventory();
        assert_eq!(wanted(&inventory), [want], "{case}");
        assert_eq!(inventory.faults.len(), faults, "{case}");
    }
}

#[test]
fn leaving_a_directory_out_hides_no_certificate() {
    let world = World::new();
    world.deliver(&[("shop/shop-tls", &issue(&["shop.example"]))]);
    let discover = Discover { exclude: vec!["certs".parse().unwrap()], ..Discover::default() };
    let inventory = world.inventory_with(&discover);
    assert_eq!(
        inventory.delivered[0].chain.as_ref().unwrap().leaf().names(),
        Some(&names(&["shop.example"]))
    );
}

#[test]
fn two_files_with_one_secret_are_reported() {
    let world = World::new();
    world.deliver(&[("shop/shop-tls", &issue(&["shop.example"]))]);
    let copy = world.file("certs/shop/shop-tls.yaml").unwrap();
    world.somebody_writes(&[("apps/shop/tls.yaml", &copy)]);
    assert_eq!(
        faults(&world.inventory()),
        [
            "certs/shop/shop-tls.yaml, document 1: holds secret shop/shop-tls, as does apps/shop/tls.yaml, which is the one \
          kept up to date; remove this file"
        ]
    );
}

#[test]
fn an_inventory_after_a_change_equals_a_cold_one() {
    let world = World::with(&[("apps/a.yaml", &ingress("a", "shop/a-tls", &["a.example"]))]);
    let warm = world.mirror("warm");
    let mut inventory = warm.inventory(&warm.fetch().unwrap(), &Discover::default()).unwrap();
    world.somebody_writes(&[
        ("apps/a.yaml", &ingress("a", "shop/a-tls", &["aa.example"])),
        ("apps/b.yaml", &ingress("b", "shop/b-tls", &["b.example"])),
        ("apps/broken.yaml", "kind: Ingress\n: :\n- x"),
    ]);
    warm.refresh(&mut inventory, &warm.fetch().unwrap()).unwrap();
    assert_eq!(format!("{inventory:?}"), format!("{:?}", world.inventory()));
    assert_eq!(wanted(&inventory), ["shop/a-tls: aa.example", "shop/b-tls: b.example"]);
    assert_eq!(inventory.faults.len(), 1);
}

#[test]
fn the_inventory_of_a_commit_that_is_gone_is_read_anew() {
    let shop = ingress("a", "shop/a-tls", &["a.example"]);
    let (world, other) =
        (World::with(&[("apps/a.yaml", &shop)]), World::with(&[("b.yaml", &shop)]));
    let mirror = world.mirror("ours");
    let mut inventory = mirror.inventory(&mirror.fetch().unwrap(), &Discover::default()).unwrap();
    let elsewhere = other.mirror("ours");
    let tip = elsewhere.fetch().unwrap();
    elsewhere.refresh(&mut inventory, &tip).unwrap();
    assert_eq!(format!("{inventory:?}"), format!("{:?}", other.inventory()));
}

#[test]
fn a_file_that_becomes_a_directory_and_comes_back() {
    let shop = ingress("a", "shop/a-tls", &["a.example"]);
    let world = World::with(&[("apps.yaml", &shop), ("b.yaml", "x: 1\n")]);
    let mirror = world.mirror("ours");
    let mut inventory = mirror.inventory(&mirror.fetch().unwrap(), &Discover::default()).unwrap();
    let commits: [[Edit; 2]; 2] = [
        [remove("apps.yaml"), write("apps.yaml/b.yaml", &shop)],
        [remove("apps.yaml/b.yaml"), write("apps.yaml", &shop)],
    ];
    for commits in commits {
        // Nobody of us can do both in one commit, but one look can see both.
        for edit in commits {
            world.somebody_edits(&[edit]);
        }
        mirror.refresh(&mut inventory, &mirror.fetch().unwrap()).unwrap();
        assert_eq!(format!("{inventory:?}"), format!("{:?}", world.inventory()));
        assert_eq!(wanted(&inventory), ["shop/a-tls: a.example"]);
    }
}

fn wanted(inventory: &Inventory) -> Vec<String> {
    inventory.wanted.iter().map(|wanted| format!("{}: {}", wanted.key, wanted.names)).collect()
}

fn faults(inventory: &Inventory) -> Vec<String> {
    inventory.faults.iter().map(ToString::to_string).collect()
}

#[test]
fn what_could_not_be_delivered_is_not_wanted_until_there_is_room() {
    let wants = ingress("shop", "shop/shop-tls", &["shop.example"]);
    let cases = [
        ("a file in its place", "certs/shop/shop-tls.yaml", "certs/shop/shop-tls.yaml is there"),
        ("a file for a directory", "certs/shop", "certs/shop is a file"),
    ];
    for (case, path, words) in cases {
        let world = World::with(&[("apps/shop.yaml", &wants), (path, "somebody's\n")]);
        let inventory = world.inventory();
        assert_eq!((inventory.wanted.len(), inventory.faults.len()), (0, 1), "{case}");
        let fault = &inventory.faults[0];
        assert_eq!(fault.path.as_str(), "apps/shop.yaml", "{case}");
        assert!(fault.to_string().contains(words) && fault.mentions("shop.example"), "{fault}");
    }
    let world = World::with(&[("apps/shop.yaml", &wants), ("certs/shop/other.yaml", "x: 1\n")]);
    assert_eq!(world.inventory().wanted.len(), 1, "beside it");
}
