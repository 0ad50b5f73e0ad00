//! How certificates are to be made, where one is there already: an ECDSA P-256 one of Let's Encrypt's, of profile `tlsserver`.

use nws_gitops::{Inventory, Wanted};

use crate::world::{World, ingress, issue, lets_encrypt};

/// An Ingress for `shop/tls` with these annotations.
fn annotated(name: &str, annotations: &str, hosts: &[&str]) -> String {
    let annotations = format!("metadata:\n  annotations: {{{annotations}}}\n");
    ingress(name, "shop/tls", hosts).replace("metadata:\n", &annotations)
}

/// A repository that holds a certificate for these names, and in which somebody has then written these files.
fn held(names: &[&str], files: &[(&str, &str)]) -> Inventory {
    let world = World::new();
    world.deliver_from(&lets_encrypt(Some("tlsserver")), &[("shop/tls", &issue(names))]);
    world.somebody_writes(files);
    world.inventory()
}

/// What is wanted with which options, and the fields at fault.
fn said(inventory: &Inventory) -> Vec<String> {
    let wanted = inventory.wanted.iter().map(|Wanted { names, options, .. }| {
        let key_type = options.key_type.map_or("-", |key_type| key_type.as_str());
        let profile = options.profile.as_ref().map_or("-", |profile| profile.as_str());
        format!("{names}: {key_type} {profile}")
    });
    let fault = |fault: &nws_gitops::Fault| {
        let field = fault.field.as_deref().unwrap_or("-");
        format!("{} {} {field}", fault.path, fault.document.unwrap_or(0))
    };
    wanted.chain(inventory.faults.iter().map(fault)).collect()
}

const KEY_TYPE: &str = "a.yaml 1 metadata.annotations[\"nws-certd/key-type\"]";
const PROFILE: &str = "a.yaml 1 metadata.annotations[\"nws-certd/profile\"]";

/// Whatever is wrong with its options, a live certificate is renewed, and with what it is known to work with.
#[test]
fn an_option_that_cannot_be_read_leaves_a_certificate_as_it_is() {
    let (key_type, profile) = ("nws-certd/key-type: rsa", "nws-certd/profile: two words");
    let both = format!("{key_type}, {profile}");
    let cases: [(&str, &str, &[&str], &[&str]); 5] = [
        ("the key type", key_type, &["a.example"], &["a.example: ecdsa-p256 -", KEY_TYPE]),
        ("the profile", profile, &["a.example"], &["a.example: - tlsserver", PROFILE]),
        ("both", &both, &["a.example"], &["a.example: ecdsa-p256 tlsserver", KEY_TYPE, PROFILE]),
        (
            "one, beside one that is changed",
            "nws-certd/key-type: rsa, nws-certd/profile: classic",
            &["a.example"],
            &["a.example: ecdsa-p256 classic", KEY_TYPE],
        ),
        (
            "one, as a host is added",
            key_type,
            &["a.example", "b.example"],
            &["a.example, b.example: ecdsa-p256 -", KEY_TYPE],
        ),
    ];
    for (case, annotations, hosts, want) in cases {
        let text = annotated("a", annotations, hosts);
        assert_eq!(said(&held(&["a.example"], &[("a.yaml", &text)])), want, "{case}");
    }
}

#[test]
fn an_option_that_cannot_be_read_takes_nothing_from_its_neighbours() {
    let good = annotated("good", "", &["a.example"]);
    let both = annotated("b", "nws-certd/key-type: rsa", &["b.example"]) + "---\n" + &good;
    let files = [("a.yaml", &*both)];
    let new = held(&["a.example"], &files);
    assert_eq!(said(&new), ["a.example: - -", KEY_TYPE], "b.example is not ordered yet");
    let there = held(&["a.example", "b.example"], &files);
    assert_eq!(said(&there), ["a.example, b.example: ecdsa-p256 -", KEY_TYPE], "nor dropped");
}

#[test]
fn of_two_that_differ_the_one_that_has_its_way_keeps_it() {
    let first =
        annotated("a", "nws-certd/key-type: rsa-2048, nws-certd/profile: x", &["a.example"]);
    let second = annotated(
        "z",
        "nws-certd/key-type: ecdsa-p256, nws-certd/profile: tlsserver",
        &["a.example"],
    );
    let files = [("a.yaml", &*first), ("z.yaml", &*second)];
    let inventory = held(&["a.example"], &files);
    assert_eq!(said(&inventory), ["a.example: ecdsa-p256 tlsserver", KEY_TYPE, PROFILE]);
    assert_eq!(
        inventory.faults[0].to_string(),
        "a.yaml, document 1, metadata.annotations[\"nws-certd/key-type\"]: asks for \"rsa-2048\" in secret shop/tls, for which \
         z.yaml, document 1, asks for \"ecdsa-p256\", which it gets; write the same in both, or give one of them another \
         secretName"
    );
    assert_eq!(inventory.wanted[0].sources.len(), 2, "both are served");
}

/// A hold is between the file and us, so what becomes of the file on its way to the cluster does not lift it.
#[test]
fn what_is_said_of_when_holds_of_a_certificate_that_is_there() {
    let held = |annotations: &str, kustomization: &str| {
        let text = annotated("a", annotations, &["a.example"]);
        held(&["a.example"], &[("a.yaml", &text), ("kustomization.yaml", kustomization)])
    };
    let (plain, changed) = ("resources: [a.yaml]\n", "namePrefix: x-\nresources: [a.yaml]\n");
    let cases = [
        ("as it is deployed", "nws-certd/hold: x, nws-certd/renew-before: 9d", plain, (1, 1)),
        ("or not", "nws-certd/hold: x, nws-certd/renew-before: 9d", changed, (1, 1)),
        (
            "beside one that cannot be read",
            "nws-certd/hold: x, nws-certd/renew-before: 9",
            plain,
            (0, 1),
        ),
        ("neither can be read", "nws-certd/hold: '', nws-certd/renew-before: 9", plain, (0, 0)),
    ];
    for (case, annotations, kustomization, want) in cases {
        let inventory = held(annotations, kustomization);
        let Wanted { overrides, .. } = &inventory.wanted[0];
        assert_eq!((overrides.renew_before.len(), overrides.holds.len()), want, "{case}");
    }
}

/// What its annotations are once it is deployed is not known either.
#[test]
fn a_certificate_under_a_kustomization_stays_as_it_is() {
    let text = annotated("a", "nws-certd/key-type: rsa-4096", &["a.example"]);
    let files = [
        ("a.yaml", &*text),
        ("kustomization.yaml", "commonAnnotations: {nws-certd/profile: x}\nresources: [a.yaml]\n"),
    ];
    let inventory = held(&["a.example"], &files);
    assert_eq!(said(&inventory), ["a.example: ecdsa-p256 tlsserver", "a.yaml 1 -"]);
}
