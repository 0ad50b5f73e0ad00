//! The manifest of a certificate, and what is read back from it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use expect_test::expect;
use nws_expiry::{Issued, KeyEncoding, PrivateKey};
use nws_gitops::{
    Provenance, SecretForm, SecretRef, SecretTemplate, Target, WantKey, deliveries, manifest,
};
use proptest::prelude::*;
use serde_json::Value;

use crate::world::{World, issue, key, lets_encrypt, seals};

#[test]
fn a_secret_as_it_is_committed() {
    let issued = issue(&["www.shop.example", "shop.example"]);
    let owner = Some("apps/shop".parse().unwrap());
    let by = Provenance { owner, ..lets_encrypt(Some("tlsserver")) };
    let text = manifest(&key("shop/shop-tls"), &issued, &by, &SecretForm::default());
    let shown = legible(text.as_str(), &issued);
    expect![[r#"
        apiVersion: "v1"
        kind: "Secret"
        metadata:
          namespace: "shop"
          name: "shop-tls"
          labels:
            nws-certd/managed: "true"
          annotations:
            helm.sh/resource-policy: "keep"
            nws-certd/ca: "https://acme-v02.api.letsencrypt.org/directory"
            nws-certd/certificate: "<leaf>"
            nws-certd/dns-names: "shop.example,www.shop.example"
            nws-certd/issuer: "CN=Test \\\"Intermediate\\\" \U000000E9"
            nws-certd/not-after: "2026-05-30T00:00:00Z"
            nws-certd/owner: "apps/shop"
            nws-certd/profile: "tlsserver"
            nws-certd/serial: "2a"
            nws-certd/sha256: "<fingerprint>"
            sealedsecrets.bitnami.com/managed: "true"
        type: "kubernetes.io/tls"
        data:
          tls.crt: "<chain>"
          tls.key: "<key>"
    "#]]
    .assert_eq(&shown);
}

/// With names in place of what differs from run to run.
fn legible(text: &str, issued: &Issued) -> String {
    let leaf = STANDARD.encode(issued.chain().certificates().next().unwrap());
    text.replace(&STANDARD.encode(issued.chain().to_pem()), "<chain>")
        .replace(&STANDARD.encode(&*issued.key().to_pem()), "<key>")
        .replace(&leaf, "<leaf>")
        .replace(&issued.leaf().fingerprint().to_string(), "<fingerprint>")
}

/// Ours come first, so that a template changes no line of theirs.
#[test]
fn a_secret_with_a_template() {
    let issued = issue(&["shop.example"]);
    let template = SecretTemplate::default()
        .with_label("team", "shop")
        .and_then(|template| template.with_label("on", ""))
        .and_then(|template| template.with_annotation("a.example/x", "{\"a\": \"b\\n\"}\n"))
        .unwrap();
    let text = manifest(&key("shop/shop-tls"), &issued, &Provenance::default(), &with(template));
    let shown = legible(text.as_str(), &issued);
    let metadata = shown.split_once("type:").unwrap().0;
    expect![[r#"
        apiVersion: "v1"
        kind: "Secret"
        metadata:
          namespace: "shop"
          name: "shop-tls"
          labels:
            nws-certd/managed: "true"
            "on": ""
            "team": "shop"
          annotations:
            helm.sh/resource-policy: "keep"
            nws-certd/certificate: "<leaf>"
            nws-certd/dns-names: "shop.example"
            nws-certd/issuer: "CN=Test \\\"Intermediate\\\" \U000000E9"
            nws-certd/not-after: "2026-05-30T00:00:00Z"
            nws-certd/serial: "2a"
            nws-certd/sha256: "<fingerprint>"
            nws-certd/template: "bc31891f9477ed49dccd184e464474d24ca4df57"
            sealedsecrets.bitnami.com/managed: "true"
            "a.example/x": "{\"a\": \"b\\n\"}\U0000000A"
    "#]]
    .assert_eq(metadata);
}

/// The encoding of a key that is there is kept where nobody can tell what is asked for, so it is read back.
#[test]
fn a_key_in_its_older_form() {
    let issued = issue(&["shop.example"]);
    let key = key("shop/shop-tls");
    for key_encoding in [KeyEncoding::Pkcs8, KeyEncoding::Pkcs1] {
        let form = SecretForm { key_encoding, ..SecretForm::default() };
        let text = manifest(&key, &issued, &Provenance::default(), &form);
        let read: Value = serde_saphyr::from_str(text.as_str()).unwrap();
        let pem = STANDARD.decode(read["data"]["tls.key"].as_str().unwrap()).unwrap();
        assert_eq!(String::from_utf8(pem).unwrap(), *issued.key().to_pem_as(key_encoding));
        let world = World::with(&[("certs/shop/shop-tls.yaml", text.as_str())]);
        assert_eq!(world.inventory().held(&key).unwrap().form, form);
    }
}

#[test]
fn the_same_certificate_gives_the_same_bytes() {
    let issued = issue(&["shop.example"]);
    let key = key("shop/shop-tls");
    for by in [Provenance::default(), lets_encrypt(None), lets_encrypt(Some("classic"))] {
        let again = manifest(&key, &issued.clone(), &by.clone(), &SecretForm::default());
        assert_eq!(manifest(&key, &issued, &by, &SecretForm::default()).as_str(), again.as_str());
    }
}

/// So a renewal by a CA that is not known changes what it changed before there were such annotations, and no line more.
#[test]
fn what_is_not_known_of_a_certificate_leaves_no_line() {
    let issued = issue(&["shop.example"]);
    let key = key("shop/shop-tls");
    let lines = |by: &Provenance| {
        let text = manifest(&key, &issued, by, &SecretForm::default());
        text.as_str().lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let mut all = lines(&lets_encrypt(Some("classic")));
    let known = all.extract_if(.., |line| {
        line.contains("nws-certd/ca:") || line.contains("nws-certd/profile:")
    });
    assert_eq!(known.count(), 2);
    assert_eq!(lines(&Provenance::default()), all);
}

#[test]
fn a_manifest_and_its_edit_never_show_the_key() {
    let issued = issue(&["shop.example"]);
    let key = key("shop/shop-tls");
    let by = Provenance::default();
    assert_eq!(
        format!("{:?}", manifest(&key, &issued, &by, &SecretForm::default())),
        "Manifest(..)"
    );
    let plan = deliveries(&World::new().inventory(), &[(key, &issued, &by)], &seals());
    let shown = format!("{plan:?}");
    assert!(!shown.contains("tls.key") && !shown.contains("LS0t"), "{shown}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// What Kubernetes reads is the Secret it was rendered for, with the chain and the key, letter for letter.
    #[test]
    fn reading_undoes_rendering(
        namespace in "[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?",
        name in "(on|no|null|1\\.5|0x1f|1e3|[a-z0-9]([a-z0-9.]{0,3}[a-z0-9])?)",
        host in "[a-z]{1,8}",
    ) {
        let Ok(secret) = SecretRef::new(&namespace, &name) else { return Ok(()) };
        let key = WantKey { target: Target::default(), secret };
        let issued = issue(&[&format!("{host}.example")]);
        let text = manifest(&key, &issued, &Provenance::default(), &SecretForm::default());
        let read: Value = serde_saphyr::from_str(text.as_str()).unwrap();
        prop_assert_eq!(&read["metadata"]["namespace"], &namespace);
        prop_assert_eq!(&read["metadata"]["name"], &name);
        let datum = |key: &str| STANDARD.decode(read["data"][key].as_str().unwrap()).unwrap();
        prop_assert_eq!(nws_expiry::Chain::from_pem(&datum("tls.crt")).unwrap(), issued.chain().clone());
        let pem = String::from_utf8(datum("tls.key")).unwrap();
        prop_assert!(PrivateKey::from_pem(pem.as_bytes()).unwrap().pkcs8_der() == issued.key().pkcs8_der());
    }

    /// What the repository says of a certificate is what was written, whatever stands in the URL of a CA.
    #[test]
    fn what_is_delivered_is_what_is_found(
        ca in proptest::option::of("\\PC{0,40}"),
        profile in proptest::option::of("[!-~]{1,64}"),
        owner in proptest::option::of("[!-.0-~]{2,9}/é"),
        group in prop::option::of("[a-z]{1,9}"),
        host in "[a-z]{1,8}",
        labels in prop::collection::vec(("([a-z]{1,5}\\.example/)?[a-zA-Z0-9]{1,4}", "[a-zA-Z0-9]{0,5}"), 0..4),
        annotations in prop::collection::vec(("(on|null|1\\.5|[a-z]{1,4})", "\\PC{0,20}\n?"), 0..4),
    ) {
        let by = Provenance {
            ca,
            profile: profile.map(|profile| profile.parse().unwrap()),
            owner: owner.and_then(|owner| owner.parse().ok()),
            group: group.map(|group| group.parse().unwrap()),
        };
        let template = template(&labels, &annotations);
        let issued = issue(&[&format!("{host}.example")]);
        let key = key("shop/shop-tls");
        let text = manifest(&key, &issued, &by, &with(template.clone()));
        let world = World::with(&[("certs/shop/shop-tls.yaml", text.as_str())]);
        let inventory = world.inventory();
        let held = inventory.held(&key).unwrap();
        prop_assert_eq!(held.chain.as_ref(), Some(issued.chain()));
        prop_assert_eq!(&held.provenance, &by);
        prop_assert_eq!(&held.form.template, &template);
    }
}

fn with(template: SecretTemplate) -> SecretForm {
    SecretForm { template, ..SecretForm::default() }
}

fn template(labels: &[(String, String)], annotations: &[(String, String)]) -> SecretTemplate {
    let template = labels.iter().try_fold(SecretTemplate::default(), |template, (name, value)| {
        template.with_label(name, value)
    });
    let all = annotations.iter().try_fold(template.unwrap(), |template, (name, value)| {
        template.with_annotation(name, value)
    });
    all.unwrap()
}
