//! Sealed Secrets: who opens them, how they are written, and what is read back.

mod programs;

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use expect_test::expect;
use nws_expiry::{Issued, KeyEncoding};
use nws_gitops::{
    FaultReason, Provenance, Scope, SealedTo, SecretForm, SecretRef, SecretTemplate, WantKey,
    sealed_secret,
};
use proptest::prelude::*;

use crate::controller::{CONTROLLERS, Controller, sealed_values};
use crate::world::{World, issue, key, lets_encrypt};

const PATH: &str = "certs/shop/shop-tls.yaml";

/// One with a key that lies open beside the tests.
fn known() -> Controller {
    let key = include_str!("../sealed_secrets/controller.key");
    Controller::of(key, include_str!("../sealed_secrets/controller.crt"))
}

fn seal(key: &WantKey, issued: &Issued, to: &Controller, scope: Scope) -> String {
    let (by, form) = (Provenance::default(), SecretForm::default());
    let sealed = sealed_secret(key, issued, &by, &form, &to.certificate, scope);
    sealed.unwrap().as_str().to_owned()
}

/// What stands in the two values.
fn plain(issued: &Issued) -> [Vec<u8>; 2] {
    [issued.chain().to_pem().into_bytes(), issued.key().to_pem().as_bytes().to_vec()]
}

/// As sealed-secrets has it, in its own words.
fn label(secret: &SecretRef, scope: Scope) -> String {
    match scope {
        Scope::Strict => format!("{}/{}", secret.namespace(), secret.name()),
        Scope::NamespaceWide => secret.namespace().to_owned(),
        Scope::ClusterWide => String::new(),
    }
}

#[test]
fn a_sealed_secret_as_it_is_committed() {
    let issued = issue(&["www.shop.example", "shop.example"]);
    let controller = known();
    let owner = Some("apps/shop".parse().unwrap());
    let by = Provenance { owner, ..lets_encrypt(Some("tlsserver")) };
    let template = SecretTemplate::default()
        .with_label("team", "shop")
        .and_then(|template| template.with_annotation("a.example/x", "{\"a\": \"b\\n\"}\n"))
        .unwrap();
    let form = SecretForm { template, key_encoding: KeyEncoding::Pkcs1 };
    let with = &controller.certificate;
    let key = key("eu:shop/shop-tls");
    let text = sealed_secret(&key, &issued, &by, &form, with, Scope::NamespaceWide).unwrap();
    expect![[r#"
        apiVersion: "bitnami.com/v1alpha1"
        kind: "SealedSecret"
        metadata:
          namespace: "shop"
          name: "shop-tls"
          labels:
            nws-certd/managed: "true"
          annotations:
            helm.sh/resource-policy: "keep"
            nws-certd/ca: "https://acme-v02.api.letsencrypt.org/directory"
            nws-certd/certificate: "<leaf>"
            nws-certd/key-encoding: "PKCS1"
            nws-certd/owner: "apps/shop"
            nws-certd/profile: "tlsserver"
            nws-certd/seal-key-sha256: "31ed7f692d07e6c817e08dcad91fcc8a3a82ae1380a7db4f1cd0ba4701d96713"
            nws-certd/target: "eu"
            sealedsecrets.bitnami.com/namespace-wide: "true"
        spec:
          encryptedData:
            tls.crt: "<sealed certificates>"
            tls.key: "<sealed key>"
          template:
            metadata:
              namespace: "shop"
              name: "shop-tls"
              labels:
                nws-certd/managed: "true"
                "team": "shop"
              annotations:
                helm.sh/resource-policy: "keep"
                nws-certd/ca: "https://acme-v02.api.letsencrypt.org/directory"
                nws-certd/dns-names: "shop.example,www.shop.example"
                nws-certd/issuer: "CN=Test \\\"Intermediate\\\" \U000000E9"
                nws-certd/not-after: "2026-05-30T00:00:00Z"
                nws-certd/owner: "apps/shop"
                nws-certd/profile: "tlsserver"
                nws-certd/serial: "2a"
                nws-certd/sha256: "<fingerprint>"
                nws-certd/target: "eu"
                nws-certd/template: "2a55a5b761a3e7d2dbfa85c073bdfdda1ea218c3"
                sealedsecrets.bitnami.com/managed: "true"
                sealedsecrets.bitnami.com/namespace-wide: "true"
                "a.example/x": "{\"a\": \"b\\n\"}\U0000000A"
            type: "kubernetes.io/tls"
    "#]]
    .assert_eq(&legible(text.as_str(), &issued));
}

/// With names in place of what differs from run to run.
fn legible(text: &str, issued: &Issued) -> String {
    let leaf = STANDARD.encode(issued.chain().certificates().next().unwrap());
    let [certificates, private] = sealed_values(text).map(|value| STANDARD.encode(value));
    text.replace(&certificates, "<sealed certificates>")
        .replace(&private, "<sealed key>")
        .replace(&leaf, "<leaf>")
        .replace(&issued.leaf().fingerprint().to_string(), "<fingerprint>")
}

/// Most say nothing of how the key inside is written, of a scope, a target or a template.
#[test]
fn what_is_as_usual_leaves_no_line() {
    let issued = issue(&["shop.example"]);
    let controller = known();
    let text = legible(&seal(&key("shop/shop-tls"), &issued, &controller, Scope::Strict), &issued);
    let own = text.split_once("spec:").unwrap().0;
    expect![[r#"
        apiVersion: "bitnami.com/v1alpha1"
        kind: "SealedSecret"
        metadata:
          namespace: "shop"
          name: "shop-tls"
          labels:
            nws-certd/managed: "true"
          annotations:
            helm.sh/resource-policy: "keep"
            nws-certd/certificate: "<leaf>"
            nws-certd/seal-key-sha256: "31ed7f692d07e6c817e08dcad91fcc8a3a82ae1380a7db4f1cd0ba4701d96713"
    "#]]
    .assert_eq(own);
    assert!(!text.contains("-wide") && !text.contains("nws-certd/template"), "{text}");
}

#[test]
fn a_sealed_manifest_never_shows_itself_and_holds_nothing_in_clear() {
    let (key, issued) = (key("shop/shop-tls"), issue(&["shop.example"]));
    let (by, form) = (Provenance::default(), SecretForm::default());
    let with = &CONTROLLERS[0].certificate;
    let sealed = sealed_secret(&key, &issued, &by, &form, with, Scope::Strict).unwrap();
    assert_eq!(format!("{sealed:?}"), "Manifest(..)");
    for part in ["PRIVATE KEY", &STANDARD.encode("-----BEGIN ")[..14]] {
        assert!(!sealed.as_str().contains(part), "{part}");
    }
    let held = World::with(&[(PATH, sealed.as_str())]).inventory();
    assert!(held.faults.is_empty(), "{:?}", held.faults);
}

/// Two values of one Secret, or of two, never have a data key in common, and nothing of what is written comes twice.
#[test]
fn nothing_is_used_twice() {
    let (key, issued) = (key("shop/shop-tls"), issue(&["shop.example"]));
    let controller = &CONTROLLERS[0];
    let (mut keys, mut parts, mut count) = (BTreeSet::new(), BTreeSet::new(), 0);
    for _ in 0..50 {
        for value in sealed_values(&seal(&key, &issued, controller, Scope::Strict)) {
            let data_key = controller.data_key(&value, "shop/shop-tls").unwrap();
            assert_eq!(data_key.len(), 32);
            keys.insert(data_key);
            let (wrapped, ciphertext) = value[2..].split_at(256);
            parts.extend([wrapped.to_vec(), ciphertext[..32].to_vec()]);
            count += 1;
        }
    }
    assert_eq!((keys.len(), parts.len()), (count, 2 * count));
}

/// A mark that cannot be read is none, and what is not ours tells us nothing.
#[test]
fn what_somebody_has_edited() {
    let issued = issue(&["shop.example"]);
    let text = seal(&key("shop/shop-tls"), &issued, &CONTROLLERS[0], Scope::ClusterWide);
    let line = |start: &str| text.lines().find(|line| line.contains(start)).unwrap();
    let (leaf, seal_key) = (line("nws-certd/certificate"), line("nws-certd/seal-key-sha256"));
    let (wide, managed) = (line("cluster-wide"), "    nws-certd/managed: \"true\"\n");
    let cases: [(&str, String, bool, Option<Scope>, usize); 7] = [
        ("as it was", text.clone(), true, Some(Scope::ClusterWide), 0),
        ("no leaf", text.replace(leaf, ""), false, Some(Scope::ClusterWide), 1),
        (
            "a leaf that is none",
            text.replace(leaf, "    nws-certd/certificate: \"AAAA\""),
            false,
            Some(Scope::ClusterWide),
            1,
        ),
        ("no key", text.replace(seal_key, ""), true, None, 0),
        (
            "a key that is none",
            text.replace(seal_key, "    nws-certd/seal-key-sha256: \"AB\""),
            true,
            None,
            0,
        ),
        ("another scope", text.replacen(wide, "", 1), true, Some(Scope::Strict), 0),
        ("not ours", text.replacen(managed, "    mine: \"true\"\n", 1), false, None, 0),
    ];
    for (case, text, has_leaf, scope, faults) in cases {
        let inventory = World::with(&[(PATH, &text)]).inventory();
        let [held] = inventory.delivered.as_slice() else { panic!("{case}: {inventory:?}") };
        assert_eq!(held.chain.is_some(), has_leaf, "{case}");
        let key_id = CONTROLLERS[0].certificate.key_id().to_owned();
        let sealed = scope.map(|scope| SealedTo::SealedSecrets { key_id, scope });
        assert_eq!(held.sealed.as_deref(), sealed.as_ref(), "{case}");
        let told =
            inventory.faults.iter().filter(|fault| fault.reason == FaultReason::NoCertificate);
        assert_eq!(told.count(), faults, "{case}: {:?}", inventory.faults);
    }
}

fn secrets() -> impl Strategy<Value = SecretRef> {
    let all =
        ("[a-z0-9]([a-z0-9-]{0,4}[a-z0-9])?", "(on|null|1\\.5|[a-z0-9]{1,3}(\\.[a-z]{1,3})?)");
    all.prop_map(|(namespace, name)| SecretRef::new(&namespace, &name).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Every value opens with the right key, and with no other; and where its scope says, and nowhere else.
    #[test]
    fn who_opens_a_value_and_where(
        secret in secrets(),
        other in secrets(),
        scope in prop::sample::select(&Scope::ALL[..]),
        size in 0..CONTROLLERS.len(),
    ) {
        let key = WantKey { target: Default::default(), secret: secret.clone() };
        let issued = issue(&["shop.example"]);
        let values = sealed_values(&seal(&key, &issued, &CONTROLLERS[size], scope));
        let beside = SecretRef::new(secret.namespace(), other.name()).unwrap();
        let namesake = SecretRef::new(other.namespace(), secret.name()).unwrap();
        for place in [&secret, &other, &beside, &namesake] {
            let opens = match scope {
                Scope::Strict => *place == secret,
                Scope::NamespaceWide => place.namespace() == secret.namespace(),
                Scope::ClusterWide => true,
            };
            for (at, controller) in CONTROLLERS.iter().enumerate() {
                // A controller reads the scope from the marks beside the values.
                let found = values.clone().map(|value| controller.open(&value, &label(place, scope)));
                let want = plain(&issued).map(|value| (opens && at == size).then_some(value));
                prop_assert_eq!(found, want, "{} {} at {}", scope, secret, place);
            }
        }
        for another in Scope::ALL.into_iter().filter(|another| *another != scope) {
            let label = label(&secret, another);
            prop_assert_eq!(CONTROLLERS[size].open(&values[1], &label), None, "marked {}", another);
        }
    }

    #[test]
    fn any_flipped_bit_is_refused(at in any::<prop::sample::Index>(), bit in 0..8, size in 0..3usize) {
        let (key, issued) = (key("shop/shop-tls"), issue(&["shop.example"]));
        let controller = &CONTROLLERS[size];
        for mut value in sealed_values(&seal(&key, &issued, controller, Scope::Strict)) {
            let at = at.index(value.len());
            value[at] ^= 1u8 << bit;
            prop_assert_eq!(controller.open(&value, "shop/shop-tls"), None);
            value[at] ^= 1u8 << bit;
            prop_assert!(controller.open(&value, "shop/shop-tls").is_some());
        }
    }

    /// What the repository says of a sealed certificate is what was written.
    #[test]
    fn reading_undoes_rendering(
        secret in secrets(),
        target in "(default|eu)",
        ca in prop::option::of("\\PC{0,40}"),
        profile in prop::option::of("[!-~]{1,64}"),
        owner in prop::option::of("[!-.0-~]{2,9}/é"),
        group in prop::option::of("[a-z]{1,9}"),
        label in prop::option::of("[a-zA-Z0-9]{0,5}"),
        annotation in prop::option::of("\\PC{0,20}\n?"),
        scope in prop::sample::select(&Scope::ALL[..]),
        key_encoding in prop::sample::select(&[KeyEncoding::Pkcs8, KeyEncoding::Pkcs1][..]),
        size in 0..CONTROLLERS.len(),
    ) {
        let by = Provenance {
            ca,
            profile: profile.map(|profile| profile.parse().unwrap()),
            owner: owner.and_then(|owner| owner.parse().ok()),
            group: group.map(|group| group.parse().unwrap()),
        };
        let mut template = SecretTemplate::default();
        if let Some(value) = label {
            template = template.with_label("on", &value).unwrap();
        }
        if let Some(value) = annotation {
            template = template.with_annotation("a.example/x", &value).unwrap();
        }
        let form = SecretForm { template, key_encoding };
        let key = WantKey { target: target.parse().unwrap(), secret };
        let (issued, with) = (issue(&["shop.example"]), &CONTROLLERS[size].certificate);
        let text = sealed_secret(&key, &issued, &by, &form, with, scope).unwrap();
        let inventory = World::with(&[(PATH, text.as_str())]).inventory();
        let [held] = inventory.delivered.as_slice() else { panic!("{inventory:?}") };
        let leaf = held.chain.as_ref().map(|chain| (chain.leaf(), chain.certificates().len()));
        prop_assert_eq!(leaf, Some((issued.leaf(), 1)));
        prop_assert_eq!((&held.secret, held.target.as_str()), (&key.secret, "default"));
        prop_assert_eq!((held.ours, held.stays), (true, true));
        prop_assert_eq!(&held.provenance, &by);
        prop_assert_eq!(&held.form, &form);
        let key_id = with.key_id().to_owned();
        prop_assert_eq!(held.sealed.as_deref(), Some(&SealedTo::SealedSecrets { key_id, scope }));
    }
}
