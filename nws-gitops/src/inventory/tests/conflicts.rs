//! Who gets what several want.

use super::*;
use crate::discover::SharedHosts;

/// A Secret of ours with a certificate for these hosts, and what its annotation says of whose it is.
fn ours(secret: &str, hosts: &[&str], owner: Option<&str>) -> String {
    let (namespace, name) = secret.split_once('/').unwrap();
    let hosts: Vec<_> = hosts.iter().map(|host| (*host).to_owned()).collect();
    let made = rcgen::generate_simple_self_signed(hosts).unwrap();
    let certificate = made.cert.pem().replace('\n', "\\n");
    let owner = owner.map_or_else(String::new, |owner| format!("nws-certd/owner: {owner}"));
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: {name}, namespace: {namespace}, labels: {{nws-certd/managed: \"true\"}}, annotations: {{{owner}}}}}\ntype: kubernetes.io/tls\nstringData: {{tls.crt: \"{certificate}\"}}\n"
    )
}

fn said(inventory: &Inventory) -> Vec<String> {
    let faults = faults(inventory);
    let short = faults.iter().map(|fault| fault.split(';').next().unwrap().to_owned());
    wanted(inventory).into_iter().chain(short).collect()
}

const TAKEN: &str = "document 1, spec.tls[0].secretName: wants secret shop/tls, which";

#[test]
fn one_secret_wanted_several_times() {
    let (a, b) = (ingress("shop", "tls", "a.example"), ingress("shop", "tls", "b.example"));
    let both = format!("{a}---\n{b}");
    let conflict =
        |loser: &str, holder: &str| format!("{loser}, {TAKEN} {holder} wants with other hosts");
    let united = "shop/tls: a.example, b.example".to_owned();
    let of_a = "shop/tls: a.example".to_owned();
    let cases: [(&str, Files<'_>, Vec<String>, usize); 8] = [
        ("in one file", &[("apps/i.yaml", &both)], vec![united.clone()], 2),
        ("in one directory", &[("apps/1.yaml", &a), ("apps/2.yaml", &b)], vec![united.clone()], 2),
        (
            "in one bundle",
            &[("apps/fleet.yaml", ""), ("apps/x/1.yaml", &a), ("apps/y/2.yaml", &b)],
            vec![united],
            2,
        ),
        (
            "in two directories that agree",
            &[("x/1.yaml", &a), ("y/2.yaml", &a)],
            vec![of_a.clone()],
            2,
        ),
        (
            "in two directories that differ",
            &[("x/1.yaml", &a), ("y/2.yaml", &b)],
            vec![of_a.clone(), conflict("y/2.yaml", "x/1.yaml")],
            1,
        ),
        (
            "in a directory and one below",
            &[("x/1.yaml", &a), ("x/y/2.yaml", &b)],
            vec![of_a.clone(), conflict("x/y/2.yaml", "x/1.yaml")],
            1,
        ),
        (
            "in two bundles",
            &[("x/fleet.yaml", ""), ("x/1.yaml", &a), ("x/y/fleet.yaml", ""), ("x/y/2.yaml", &b)],
            vec![of_a.clone(), conflict("x/y/2.yaml", "x/1.yaml")],
            1,
        ),
        (
            "in three directories of which two agree",
            &[("x/1.yaml", &a), ("y/2.yaml", &b), ("z/3.yaml", &a)],
            vec![of_a, conflict("y/2.yaml", "x/1.yaml")],
            2,
        ),
    ];
    for (case, files, want, sources) in cases {
        let inventory = inventory(files, &Discover::default());
        assert_eq!(said(&inventory), want, "{case}");
        assert_eq!(inventory.wanted[0].sources.len(), sources, "{case}");
    }
}

#[test]
fn the_holder_of_a_secret_keeps_it() {
    let (held, of) = ("certs/shop/tls.yaml", |hosts: &str| ingress("shop", "tls", hosts));
    let z = |want: &str| format!("shop/tls: {want}");
    let cases = [
        ("who wants the names it carries", ["b.example", "a.example"], None, "a.example"),
        (
            "who wants most of them",
            ["c.example", "a.example, b.example"],
            None,
            "a.example, b.example",
        ),
        (
            "whom it was written for, whatever he wants now",
            ["a.example", "b.example"],
            Some("z"),
            "b.example",
        ),
        (
            "nobody, if whom it was written for is gone",
            ["a.example", "b.example"],
            Some("gone"),
            "a.example",
        ),
        ("the first, if it says nothing", ["b.example", "c.example"], None, "b.example"),
    ];
    for (case, [first, last], owner, want) in cases {
        let files = [
            ("a/i.yaml", of(first)),
            ("z/i.yaml", of(last)),
            (held, ours("shop/tls", &["a.example"], owner)),
        ];
        let files = files.each_ref().map(|(path, text)| (*path, text.as_str()));
        let inventory = inventory(&files, &Discover::default());
        assert_eq!(wanted(&inventory), [z(want)], "{case}");
        assert_eq!(inventory.faults.len(), 1, "{case}: {:?}", inventory.faults);
    }
}

/// Else whoever may commit a manifest could keep others from being renewed.
#[test]
fn a_secret_of_somebody_else_that_comes_after_ours_changes_nothing_for_it() {
    let foreign = ours("shop/tls", &["x.example"], None).replace("nws-certd/managed", "team");
    let want = ingress("shop", "tls", "a.example");
    let before = [("a/i.yaml", &*want), ("b/s.yaml", &*foreign)];
    let refused = "a/i.yaml, document 1, spec.tls[0].secretName: wants secret shop/tls, which b/s.yaml holds and nws-certd did not write";
    assert_eq!(said(&inventory(&before, &Discover::default())), [refused]);

    let held = ours("shop/tls", &["a.example"], None);
    let after = [before[0], before[1], ("certs/shop/tls.yaml", &*held)];
    let told = "b/s.yaml, document 1: holds secret shop/tls, as does certs/shop/tls.yaml, which is the one kept up to date";
    assert_eq!(said(&inventory(&after, &Discover::default())), ["shop/tls: a.example", told]);
}

#[test]
fn a_host_in_two_namespaces() {
    let files = |held: &[(&'static str, String)]| {
        let mut files = vec![
            ("a/i.yaml", ingress("blog", "tls", "h.example, a.example")),
            ("b/i.yaml", ingress("shop", "tls", "h.example, b.example")),
        ];
        files.extend(held.iter().cloned());
        files
    };
    let has = |path, secret: &str| (path, ours(secret, &["h.example"], None));
    let blog = "blog/tls: a.example".to_owned();
    let shop = "shop/tls: b.example, h.example".to_owned();
    let told = |loser: &str, holder: &str, namespace: &str| {
        format!(
            "{loser}, document 1, spec.tls[0]: names h.example, for which namespace {namespace} has a certificate ({holder} asks for it)"
        )
    };
    let contested = |one: &str, other: &str, namespace: &str| {
        format!(
            "{one}, document 1, spec.tls[0]: names h.example, as does namespace {namespace} ({other} asks for it)"
        )
    };
    let cases: [(&str, Vec<_>, Vec<String>); 5] = [
        (
            "nobody has it",
            vec![],
            vec![
                blog.clone(),
                "shop/tls: b.example".into(),
                contested("a/i.yaml", "b/i.yaml", "shop"),
                contested("b/i.yaml", "a/i.yaml", "blog"),
            ],
        ),
        (
            "one has it",
            vec![has("certs/shop/tls.yaml", "shop/tls")],
            vec![blog.clone(), shop.clone(), told("a/i.yaml", "b/i.yaml", "shop")],
        ),
        (
            "one has it under another name",
            vec![has("certs/shop/old.yaml", "shop/old")],
            vec![blog.clone(), shop.clone(), told("a/i.yaml", "b/i.yaml", "shop")],
        ),
        (
            "both have it",
            vec![has("certs/blog/tls.yaml", "blog/tls"), has("certs/shop/tls.yaml", "shop/tls")],
            vec!["blog/tls: a.example, h.example".into(), shop.clone()],
        ),
        (
            "one has it, and the other says so of himself in a place of his own",
            vec![has("a/s.yaml", "blog/tls"), has("certs/shop/tls.yaml", "shop/tls")],
            vec![blog, shop, told("a/i.yaml", "b/i.yaml", "shop")],
        ),
    ];
    for (case, held, want) in cases {
        let files = files(&held);
        let files: Vec<_> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
        assert_eq!(said(&inventory(&files, &Discover::default())), want, "{case}");
        let discover = Discover { shared_hosts: SharedHosts::Allow, ..Discover::default() };
        let all = ["blog/tls: a.example, h.example", "shop/tls: b.example, h.example"];
        assert_eq!(said(&inventory(&files, &discover)), all, "{case}, which is allowed");
    }
}

/// A want that has nothing else is none, until the host is free.
#[test]
fn a_host_is_free_when_the_other_namespace_leaves_it() {
    let (one, other) = (ingress("blog", "tls", "h.example"), ingress("shop", "tls", "h.example"));
    let mut repository = Repository::new(&Discover::default());
    repository.change(&[("a/i.yaml", Some(&one))]);
    assert_eq!(said(&repository.inventory), ["blog/tls: h.example"]);
    repository.change(&[("certs/blog/tls.yaml", Some(&ours("blog/tls", &["h.example"], None)))]);
    repository.change(&[("b/i.yaml", Some(&other))]);
    let told = "b/i.yaml, document 1, spec.tls[0]: names h.example, for which namespace blog has a certificate (a/i.yaml asks for it)";
    assert_eq!(said(&repository.inventory), ["blog/tls: h.example", told]);
    repository.change(&[("a/i.yaml", None)]);
    assert_eq!(said(&repository.inventory), ["shop/tls: h.example"]);
}
