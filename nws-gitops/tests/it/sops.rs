//! SOPS files: who opens them, what is refused, and what is read back.

mod opening;
mod programs;
mod properties;
mod reading;

use std::collections::BTreeSet;

use age::x25519::Identity;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use expect_test::expect;
use nws_expiry::{Issued, KeyEncoding};
use nws_gitops::{
    AgeRecipients, Manifest, Provenance, SealError, SecretForm, SecretTemplate, SopsError,
    SopsKind, manifest, sops_manifest,
};
use regex::Regex;
use time::OffsetDateTime;
use time::macros::datetime;

use self::opening::{Refused, Tree, data_key, decrypt, open};
use crate::world::{NOW, issue, key, lets_encrypt};

const KINDS: [SopsKind; 2] = [SopsKind::Secret, SopsKind::SopsSecret];

/// What Helm and the controller of Sealed Secrets go by, which is nothing to SOPS.
const FOR_OTHERS: [&str; 2] = ["helm.sh/resource-policy", "sealedsecrets.bitnami.com/managed"];

fn recipients(identities: &[&Identity]) -> AgeRecipients {
    AgeRecipients::new(identities.iter().map(|one| one.to_public().to_string())).unwrap()
}

fn sealed(issued: &Issued, form: &SecretForm, to: &AgeRecipients, kind: SopsKind) -> String {
    let (key, by) = (key("shop/shop-tls"), lets_encrypt(None));
    sops_manifest(&key, issued, &by, form, to, kind, NOW).unwrap().as_str().to_owned()
}

/// The plain manifest as SOPS decrypts it.
fn plain(issued: &Issued, form: &SecretForm) -> Tree {
    let text = manifest(&key("shop/shop-tls"), issued, &lets_encrypt(None), form);
    Tree::read(text.as_str()).without(&FOR_OTHERS)
}

fn with(template: SecretTemplate) -> SecretForm {
    SecretForm { template, ..SecretForm::default() }
}

/// With names in place of what differs from run to run.
fn legible(text: &str, issued: &Issued) -> String {
    let leaf = STANDARD.encode(issued.chain().certificates().next().unwrap());
    let text = text.replace(&leaf, "<leaf>");
    let text = text.replace(&issued.leaf().fingerprint().to_string(), "<fingerprint>");
    let random = [
        ("ENC\\[AES256_GCM,data:[^,]+,iv:[^,]{44},tag:[^,]{24},type:str\\]", "ENC[..]"),
        ("recipient: age1.{58}\n", "recipient: age1..\n"),
        ("(FILE-----\n)( {12}[A-Za-z0-9+/=]{1,64}\n)+", "$1            ..\n"),
    ];
    random.iter().fold(text, |text, (random, name)| {
        Regex::new(random).unwrap().replace_all(&text, *name).into_owned()
    })
}

#[test]
fn a_secret_as_it_is_committed() {
    let (issued, identity) = (issue(&["shop.example"]), Identity::generate());
    let to = recipients(&[&identity, &Identity::generate()]);
    let text = sealed(&issued, &SecretForm::default(), &to, SopsKind::Secret);
    expect![[r#"
        apiVersion: "v1"
        kind: "Secret"
        metadata:
          namespace: "shop"
          name: "shop-tls"
          labels:
            nws-certd/managed: "true"
          annotations:
            nws-certd/ca: "https://acme-v02.api.letsencrypt.org/directory"
            nws-certd/certificate: "<leaf>"
            nws-certd/dns-names: "shop.example"
            nws-certd/issuer: "CN=Test \\\"Intermediate\\\" \U000000E9"
            nws-certd/not-after: "2026-05-30T00:00:00Z"
            nws-certd/serial: "2a"
            nws-certd/sha256: "<fingerprint>"
        type: "kubernetes.io/tls"
        data:
          tls.crt: ENC[..]
          tls.key: ENC[..]
        sops:
            age:
                - recipient: age1..
                  enc: |
                    -----BEGIN AGE ENCRYPTED FILE-----
                    ..
                    -----END AGE ENCRYPTED FILE-----
                - recipient: age1..
                  enc: |
                    -----BEGIN AGE ENCRYPTED FILE-----
                    ..
                    -----END AGE ENCRYPTED FILE-----
            lastmodified: "2026-03-01T12:00:00Z"
            mac: ENC[..]
            encrypted_regex: ^(data|stringData)$
            version: 3.11.0
    "#]]
    .assert_eq(&legible(&text, &issued));
}

#[test]
fn a_sops_secret_as_it_is_committed() {
    let (issued, identity) = (issue(&["shop.example"]), Identity::generate());
    let template = SecretTemplate::default()
        .with_label("team", "shop")
        .and_then(|template| template.with_label("on", ""))
        .and_then(|template| template.with_annotation("a.example/x", "{\"a\": \"b\\n\"}\n"))
        .unwrap();
    let to = recipients(&[&identity]);
    let text = sealed(&issued, &with(template), &to, SopsKind::SopsSecret);
    expect![[r#"
        apiVersion: "isindir.github.com/v1alpha3"
        kind: "SopsSecret"
        metadata:
          namespace: "shop"
          name: "shop-tls"
          labels:
            nws-certd/managed: "true"
            "on": ""
            "team": "shop"
          annotations:
            nws-certd/ca: "https://acme-v02.api.letsencrypt.org/directory"
            nws-certd/certificate: "<leaf>"
            nws-certd/dns-names: "shop.example"
            nws-certd/issuer: "CN=Test \\\"Intermediate\\\" \U000000E9"
            nws-certd/not-after: "2026-05-30T00:00:00Z"
            nws-certd/serial: "2a"
            nws-certd/sha256: "<fingerprint>"
            nws-certd/template: "bc31891f9477ed49dccd184e464474d24ca4df57"
            "a.example/x": "{\"a\": \"b\\n\"}\U0000000A"
        spec:
          secretTemplates:
            - name: ENC[..]
              type: ENC[..]
              labels:
                nws-certd/managed: ENC[..]
                "on": ""
                "team": ENC[..]
              annotations:
                nws-certd/ca: ENC[..]
                nws-certd/dns-names: ENC[..]
                nws-certd/issuer: ENC[..]
                nws-certd/not-after: ENC[..]
                nws-certd/serial: ENC[..]
                nws-certd/sha256: ENC[..]
                nws-certd/template: ENC[..]
                "a.example/x": ENC[..]
              data:
                tls.crt: ENC[..]
                tls.key: ENC[..]
        sops:
            age:
                - recipient: age1..
                  enc: |
                    -----BEGIN AGE ENCRYPTED FILE-----
                    ..
                    -----END AGE ENCRYPTED FILE-----
            lastmodified: "2026-03-01T12:00:00Z"
            mac: ENC[..]
            encrypted_suffix: Templates
            version: 3.11.0
    "#]]
    .assert_eq(&legible(&text, &issued));
}

/// Opened it is the Secret that would be committed in clear.
#[test]
fn what_is_sealed_is_the_plain_secret() {
    let (issued, identity) = (issue(&["shop.example"]), Identity::generate());
    let to = recipients(&[&identity]);
    for key_encoding in [KeyEncoding::Pkcs8, KeyEncoding::Pkcs1] {
        let template = SecretTemplate::default().with_label("team", "shop").unwrap();
        let form = SecretForm { key_encoding, template };
        let want = plain(&issued, &form);
        let secret = open(&sealed(&issued, &form, &to, SopsKind::Secret), &identity).unwrap();
        assert_eq!(secret, want);

        let sops = open(&sealed(&issued, &form, &to, SopsKind::SopsSecret), &identity).unwrap();
        assert_eq!(sops.get("metadata"), want.get("metadata"));
        let template = &sops.get("spec").unwrap().get("secretTemplates").unwrap().items()[0];
        for field in ["type", "data"] {
            assert_eq!(template.get(field), want.get(field), "{field}");
        }
        let metadata = want.without(&["nws-certd/certificate"]);
        for field in ["name", "labels", "annotations"] {
            assert_eq!(template.get(field), metadata.get("metadata").unwrap().get(field));
        }
    }
}

/// The file of Flux' own tests (kustomize-controller, internal/controller/testdata/sops), with the identity published beside it.
#[test]
fn what_opens_our_files_opens_a_file_of_somebody_else() {
    const IDENTITY: &str =
        "AGE-SECRET-KEY-1RH87A5Z54ZGUR9S0AS3R6WHFSEFNPLYMAKF5Z2CEU7R06VRJ0A3Q7242AM";
    let (text, identity) = (include_str!("sops/flux.yaml"), IDENTITY.parse().unwrap());
    let document = open(text, &identity).unwrap();
    assert_eq!(document.get("stringData").unwrap().get("key").unwrap().text(), "value");
    let sops = Tree::read(text).get("sops").unwrap().clone();
    let key = data_key(&sops, &identity).unwrap();
    assert_eq!(key[..4], [0x55, 0x8e, 0x95, 0xc8]);
    let mac = decrypt(&key, sops.get("mac").unwrap().text(), "2024-11-12T13:33:42Z").unwrap();
    assert!(mac.starts_with("5E6C78D06EF2D302") && mac.ends_with("3B48862"), "{mac}");
    assert_eq!(open(&text.replace("name: age", "name: other"), &identity), Err(Refused::Mac));
}

#[test]
fn each_recipient_opens_it_and_nobody_else() {
    let (issued, form) = (issue(&["shop.example"]), SecretForm::default());
    let all: Vec<_> = (0..4).map(|_| Identity::generate()).collect();
    for kind in KINDS {
        for count in 1..all.len() {
            let text = sealed(
                &issued,
                &form,
                &recipients(&all.iter().take(count).collect::<Vec<_>>()),
                kind,
            );
            for (index, identity) in all.iter().enumerate() {
                let opened = open(&text, identity);
                let want = if index < count { Ok(()) } else { Err(Refused::Identity) };
                assert_eq!(opened.map(drop), want, "{index} of {count}, {kind:?}");
            }
        }
    }
}

#[test]
fn neither_a_data_key_nor_an_iv_comes_twice() {
    let (issued, identity) = (issue(&["shop.example"]), Identity::generate());
    let (to, iv) = (recipients(&[&identity]), Regex::new(",iv:([^,]+),").unwrap());
    let (mut keys, mut ivs, mut count) = (BTreeSet::new(), BTreeSet::new(), 0);
    for kind in KINDS {
        for _ in 0..20 {
            let text = sealed(&issued, &SecretForm::default(), &to, kind);
            keys.insert(data_key(Tree::read(&text).get("sops").unwrap(), &identity).unwrap());
            let found: Vec<_> = iv.captures_iter(&text).map(|one| one[1].to_owned()).collect();
            count += found.len();
            ivs.extend(found);
        }
    }
    assert_eq!((keys.len(), ivs.len()), (40, count));
    assert!(keys.iter().all(|key| key.len() == 32));
}

/// Without a fraction, and in UTC: that is how SOPS writes it anew before it checks the MAC.
#[test]
fn the_instant_is_written_as_sops_writes_it() {
    let (issued, identity) = (issue(&["shop.example"]), Identity::generate());
    let cases = [
        (datetime!(2026-03-01 12:00 UTC), "2026-03-01T12:00:00Z"),
        (datetime!(2026-03-01 12:00:59.999 UTC), "2026-03-01T12:00:59Z"),
        (datetime!(2026-03-01 00:30 +2), "2026-02-28T22:30:00Z"),
    ];
    for (at, want) in cases {
        let text = made_at(&issued, &recipients(&[&identity]), at);
        assert!(text.as_str().contains(&format!("    lastmodified: \"{want}\"\n")), "{want}");
        assert!(open(text.as_str(), &identity).is_ok(), "{want}");
    }
}

fn made_at(issued: &Issued, to: &AgeRecipients, at: OffsetDateTime) -> Manifest {
    let (key, by, form) = (key("a/b"), Provenance::default(), SecretForm::default());
    sops_manifest(&key, issued, &by, &form, to, SopsKind::Secret, at).unwrap()
}

/// SOPS would look for ciphertext there, and refuse the file.
#[test]
fn a_label_that_sops_takes_for_data_is_refused() {
    let (issued, identity) = (issue(&["shop.example"]), Identity::generate());
    let label = |name| SecretTemplate::default().with_label(name, "a").unwrap();
    let annotation = |name| SecretTemplate::default().with_annotation(name, "a").unwrap();
    let cases = [
        (SopsKind::Secret, label("data"), Some("data")),
        (SopsKind::Secret, annotation("stringData"), Some("stringData")),
        (SopsKind::Secret, label("a.example/data"), None),
        (SopsKind::Secret, label("database"), None),
        (SopsKind::Secret, label("Templates"), None),
        (SopsKind::SopsSecret, label("Templates"), Some("Templates")),
        (SopsKind::SopsSecret, annotation("a.example/myTemplates"), Some("a.example/myTemplates")),
        (SopsKind::SopsSecret, label("data"), None),
    ];
    for (kind, template, want) in cases {
        let (key, by, to) = (key("a/b"), Provenance::default(), recipients(&[&identity]));
        let made = sops_manifest(&key, &issued, &by, &with(template), &to, kind, NOW);
        match (made, want) {
            (Ok(text), None) => drop(open(text.as_str(), &identity).unwrap()),
            (Err(SealError::Sops { secret, source }), Some(want)) => {
                assert_eq!(secret, key.secret);
                let SopsError::TakenForData { name, .. } = source else { panic!("{source}") };
                assert_eq!(&*name, want);
            }
            (made, want) => panic!("{made:?} for {want:?}"),
        }
    }
}

#[test]
fn no_manifest_shows_its_text() {
    let (issued, identity) = (issue(&["shop.example"]), Identity::generate());
    let text = made_at(&issued, &recipients(&[&identity]), NOW);
    assert_eq!(format!("{text:?}"), "Manifest(..)");
    let pem = issued.key().to_pem();
    let secret = STANDARD.encode(pem.as_bytes());
    assert!(!text.as_str().contains(&secret[..40]) && !text.as_str().contains(&secret[40..80]));
}
