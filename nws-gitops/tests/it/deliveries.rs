//! From a certificate to the repository.

use expect_test::expect;
use nws_gitops::{Author, Discover, Message, Occasion, Plan, Provenance};

use crate::world::{World, ingress, issue, key, lets_encrypt};

#[test]
fn a_first_certificate_brings_its_bundle() {
    let world = World::with(&[(
        "apps/shop/ingress.yaml",
        &ingress("web", "shop/shop-tls", &["shop.example"]),
    )]);
    let issued = issue(&["shop.example"]);
    let plan = world.deliver(&[("shop/shop-tls", &issued)]);
    assert_eq!(paths(&plan), ["certs/shop/fleet.yaml", "certs/shop/shop-tls.yaml"]);
    assert_eq!(plan.deliveries[0].occasion, Occasion::First);
    expect![[r#"
        defaultNamespace: "shop"
        keepResources: true
        labels:
          nws-certd/managed: "true"
    "#]]
    .assert_eq(&world.file("certs/shop/fleet.yaml").unwrap());

    let inventory = world.inventory();
    let held = inventory.held(&key("shop/shop-tls")).unwrap();
    assert_eq!(held.chain.as_ref(), Some(issued.chain()));
    assert_eq!(inventory.wanted.len(), 1);
    assert_eq!(inventory.faults, []);
}

#[test]
fn a_plan_applied_and_planned_again_is_empty() {
    let world = World::new();
    let (shop, blog) = (issue(&["shop.example"]), issue(&["blog.example"]));
    let issued = [("shop/shop-tls", &shop), ("blog/blog-tls", &blog)];
    assert_eq!(world.deliver(&issued).deliveries.len(), 2);
    let again = world.deliver(&issued);
    assert_eq!((again.edits.len(), again.deliveries.len(), again.refused.len()), (0, 0, 0));
    assert_eq!(world.commits(), 1);
}

#[test]
fn a_renewal_changes_one_file() {
    let world = World::new();
    world.deliver(&[("shop/shop-tls", &issue(&["shop.example"]))]);
    let plan = world.deliver(&[("shop/shop-tls", &issue(&["shop.example"]))]);
    assert_eq!(paths(&plan), ["certs/shop/shop-tls.yaml"]);
    assert_eq!(plan.deliveries[0].occasion, Occasion::Renewal);
}

#[test]
fn who_issued_a_certificate_is_written_with_it_and_read_back() {
    let world = World::new();
    let by = lets_encrypt(Some("tlsserver"));
    world.deliver_from(&by, &[("shop/shop-tls", &issue(&["shop.example"]))]);
    assert_eq!(provenance(&world, "shop/shop-tls"), by);
    let by = lets_encrypt(None);
    world.deliver_from(&by, &[("shop/shop-tls", &issue(&["shop.example"]))]);
    assert_eq!(provenance(&world, "shop/shop-tls"), by, "of the renewal, not of what it replaced");
}

#[test]
fn a_certificate_is_not_delivered_again_to_say_who_issued_it() {
    let world = World::new();
    let issued = issue(&["shop.example"]);
    world.deliver(&[("shop/shop-tls", &issued)]);
    let plan = world.deliver_from(&lets_encrypt(Some("classic")), &[("shop/shop-tls", &issued)]);
    assert_eq!((plan.edits.len(), plan.deliveries.len(), plan.refused.len()), (0, 0, 0));
    assert_eq!(world.commits(), 1);
    assert_eq!(provenance(&world, "shop/shop-tls"), Provenance::default());
}

#[test]
fn claims_about_who_issued_a_certificate_are_read_leniently() {
    let secret = |labels: &str, annotations: &str| {
        format!(
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: tls\n  namespace: shop\n  labels: {{{labels}}}\n  annotations: {annotations}\ntype: kubernetes.io/tls\n"
        )
    };
    let ours = "nws-certd/managed: \"true\"";
    let both = "{nws-certd/ca: \"https://ca.example/dir\", nws-certd/profile: classic}";
    let ca = |text: &str| Some(text.to_owned());
    let profile = |text: &str| Some(text.parse().unwrap());
    let cases = [
        ("both", secret(ours, both), ca("https://ca.example/dir"), profile("classic")),
        ("a foreign secret's", secret("app: shop", both), None, None),
        ("none", secret(ours, "{}"), None, None),
        ("no mapping", secret(ours, "classic"), None, None),
        ("no name of a profile", secret(ours, "{nws-certd/profile: two words}"), None, None),
        ("a number", secret(ours, "{nws-certd/profile: 1.5}"), None, None),
        (
            "one that cannot be read beside one that can",
            secret(ours, "{nws-certd/ca: [], nws-certd/profile: classic}"),
            None,
            profile("classic"),
        ),
    ];
    for (case, text, ca, profile) in cases {
        let world = World::with(&[("certs/shop/tls.yaml", &text)]);
        assert_eq!(
            provenance(&world, "shop/tls"),
            Provenance { ca, profile, ..Provenance::default() },
            "{case}"
        );
    }
}

#[test]
fn a_secret_says_who_wanted_it() {
    let ingress = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: web, namespace: shop}\nspec: {tls: [{secretName: tls, hosts: [a.example]}]}\n";
    let cases: [(&[(&str, &str)], &str); 3] = [
        (&[("apps/shop/web.yaml", ingress)], "apps/shop"),
        (&[("apps/fleet.yaml", ""), ("apps/shop/web.yaml", ingress)], "apps"),
        (&[("web.yaml", ingress)], "."),
    ];
    for (files, want) in cases {
        let world = World::with(files);
        world.deliver(&[("shop/tls", &issue(&["a.example"]))]);
        let owner = provenance(&world, "shop/tls").owner.map(|owner| owner.to_string());
        assert_eq!(owner.as_deref(), Some(want));
    }
}

/// What the Secret of that name says.
fn provenance(world: &World, secret: &str) -> Provenance {
    let secret = secret.parse().unwrap();
    let inventory = world.inventory();
    let held = inventory.delivered.iter().find(|held| held.secret == secret).unwrap();
    held.provenance.clone()
}

#[test]
fn a_secret_that_was_moved_is_renewed_where_it_is() {
    let world = World::new();
    let first = issue(&["shop.example"]);
    world.deliver(&[("shop/shop-tls", &first)]);
    let text = world.file("certs/shop/shop-tls.yaml").unwrap();
    let moved = World::with(&[("apps/shop/tls.yaml", &text)]);
    let plan = moved.deliver(&[("shop/shop-tls", &issue(&["shop.example"]))]);
    assert_eq!(paths(&plan), ["apps/shop/tls.yaml"]);
}

#[test]
fn what_is_not_ours_is_never_overwritten() {
    let secret = |label: &str| {
        format!(
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: shop-tls\n  namespace: shop\n  labels: {{{label}}}\ntype: Opaque\n"
        )
    };
    let ours = secret("nws-certd/managed: \"true\"");
    let cases = [
        (
            "a secret of that name",
            vec![("apps/shop/tls.yaml", secret("app: shop"))],
            r#"certificate for shop/shop-tls is not delivered: apps/shop/tls.yaml holds secret shop/shop-tls, which nws-certd did not write; remove it, or take it over with: nws-certd import repo shop/shop-tls"#,
        ),
        (
            "a sealed secret of that name",
            vec![("apps/shop/tls.yaml", secret("").replace("kind: Secret", "kind: SealedSecret"))],
            r#"certificate for shop/shop-tls is not delivered: apps/shop/tls.yaml holds secret shop/shop-tls, which nws-certd did not write; remove it, or take it over with: nws-certd import repo shop/shop-tls"#,
        ),
        (
            "another file in its place",
            vec![("certs/shop/shop-tls.yaml", "kind: ConfigMap\n".to_owned())],
            "certificate for shop/shop-tls is not delivered: certs/shop/shop-tls.yaml is there and nws-certd did not write it; move it away",
        ),
        (
            "another object beside ours",
            vec![("certs/shop/shop-tls.yaml", format!("{ours}---\nkind: ConfigMap\n"))],
            "certificate for shop/shop-tls is not delivered: certs/shop/shop-tls.yaml holds other objects beside the secret; give the secret a file of its own",
        ),
        (
            "a file instead of the directory",
            vec![("certs/shop", "a note\n".to_owned())],
            "certificate for shop/shop-tls is not delivered: certs/shop is a file, where a directory is needed; move it away",
        ),
        (
            "a file instead of the root",
            vec![("certs", "a note\n".to_owned())],
            "certificate for shop/shop-tls is not delivered: certs is a file, where a directory is needed; move it away",
        ),
    ];
    for (case, files, said) in cases {
        let files: Vec<_> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
        let world = World::with(&files);
        let plan = world.deliver(&[("shop/shop-tls", &issue(&["shop.example"]))]);
        assert_eq!(paths(&plan), [""; 0], "{case}");
        let refused: Vec<_> = plan.refused.iter().map(ToString::to_string).collect();
        assert_eq!(refused, [said], "{case}");
    }
}

#[test]
fn a_secret_with_our_label_is_ours_to_fill() {
    let ours = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: shop-tls\n  namespace: shop\n  labels:\n    nws-certd/managed: \"true\"\n";
    let world = World::with(&[("certs/shop/shop-tls.yaml", ours)]);
    assert_eq!(world.inventory().faults.len(), 1);
    let plan = world.deliver(&[("shop/shop-tls", &issue(&["shop.example"]))]);
    assert_eq!(plan.deliveries.len(), 1);
    assert_eq!(world.inventory().faults, []);
}

#[test]
fn a_bundle_holds_two_hundred_secrets_and_the_rest_go_beside_it() {
    let world = World::new();
    let issued = issue(&["shop.example"]);
    let names: Vec<_> = (0..450).map(|index| format!("shop/tls-{index:03}")).collect();
    let wants: Vec<_> = names.iter().map(|name| (name.as_str(), &issued)).collect();
    world.deliver(&wants[..150]);
    world.deliver(&wants);
    let inventory = world.inventory();
    let count = |dir: &str| {
        inventory
            .delivered
            .iter()
            .filter(|held| held.path.parent().unwrap().as_str() == dir)
            .count()
    };
    assert_eq!(["certs/shop", "certs/shop--2", "certs/shop--3"].map(count), [200, 200, 50]);
    assert!(world.file("certs/shop--3/fleet.yaml").is_some());
    assert_eq!(paths(&world.deliver(&wants)), [""; 0], "a path never changes");
}

#[test]
fn a_commit_says_what_it_brings() {
    let world = World::new();
    let (shop, blog) = (issue(&["shop.example", "www.shop.example"]), issue(&["blog.example"]));
    let first = world.deliver(&[("shop/shop-tls", &shop)]);
    let text = Message::for_deliveries(&first.deliveries);
    expect![[r#"
        certs: issue shop/shop-tls

        shop/shop-tls: shop.example, www.shop.example until 2026-05-30T00:00:00Z

        Nws-Certd-Certificate: <fingerprint> shop/shop-tls
    "#]]
    .assert_eq(&text.as_str().replace(&shop.leaf().fingerprint().to_string(), "<fingerprint>"));

    let subjects = |issued: &[_]| {
        let plan = world.deliver(issued);
        Message::for_deliveries(&plan.deliveries).as_str().lines().next().unwrap().to_owned()
    };
    let shop = issue(&["shop.example"]);
    assert_eq!(subjects(&[("shop/shop-tls", &shop)]), "certs: renew shop/shop-tls");
    let shop = issue(&["shop.example"]);
    let both = [("shop/shop-tls", &shop), ("blog/blog-tls", &blog)];
    assert_eq!(subjects(&both), "certs: issue 1 and renew 1 certificates");
    let (shop, blog) = (issue(&["shop.example"]), issue(&["blog.example"]));
    let both = [("shop/shop-tls", &shop), ("blog/blog-tls", &blog)];
    assert_eq!(subjects(&both), "certs: renew 2 certificates");
}

#[test]
fn authors_git_cannot_write_down() {
    for (name, email) in [
        ("", "a@b.example"),
        ("a", ""),
        ("a <b>", "a@b.example"),
        ("a", "a@b\n.example"),
        (" a", "b@c"),
    ] {
        assert!(Author::new(name, email).is_err(), "{name:?} {email:?}");
    }
}

fn paths(plan: &Plan) -> Vec<&str> {
    plan.edits.iter().map(|edit| edit.path.as_str()).collect()
}

/// It comes with the next certificate, and goes with it.
#[test]
fn a_template_is_written_with_the_certificate() {
    let wants = |template: &str| {
        format!(
            "apiVersion: nws-certd/v1\nkind: Certificates\ncertificates: [{{namespace: shop, secretName: tls, hosts: [shop.example], secretTemplate: {template}}}]\n"
        )
    };
    let world = World::with(&[("nws-certd.yaml", &wants("{labels: {team: shop}}"))]);
    let discover = Discover::default();
    let labelled = |world: &World| {
        let text = world.file("certs/shop/tls.yaml").unwrap();
        (text.contains("\"team\": \"shop\"\n"), text.contains("\"tier\": \"web\"\n"))
    };
    let first = issue(&["shop.example"]);
    world.deliver_wanted(&discover, &first);
    assert_eq!(labelled(&world), (true, false));
    world.somebody_writes(&[("nws-certd.yaml", &wants("{annotations: {tier: web}}"))]);
    assert_eq!(world.deliver_wanted(&discover, &first).edits, [], "the same certificate");
    assert_eq!(labelled(&world), (true, false));
    world.deliver_wanted(&discover, &issue(&["shop.example"]));
    assert_eq!(labelled(&world), (false, true));
}
