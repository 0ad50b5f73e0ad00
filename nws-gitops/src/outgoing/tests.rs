use std::convert::Infallible;
use std::sync::LazyLock;

use ::base64::Engine as _;
use ::base64::engine::general_purpose::STANDARD as BASE64;
use expect_test::expect;
use nws_expiry::{KeyEncoding, PrivateKey};
use proptest::prelude::*;
use rcgen::KeyPair;

use super::*;

static KEY: LazyLock<PrivateKey> = LazyLock::new(|| {
    PrivateKey::from_pkcs8_der(&KeyPair::generate().unwrap().serialize_der()).unwrap()
});

fn pem() -> String {
    KEY.to_pem().to_string()
}

fn path() -> RepoPath {
    "certs/shop/shop-tls.yaml".parse().unwrap()
}

/// What is said of a file that takes the place of another.
fn refusal(before: Option<&[u8]>, bytes: &[u8]) -> Option<String> {
    let path = path();
    let there = |_: &RepoPath| Ok::<_, Infallible>(before.map(|bytes| bytes.to_vec().into()));
    let found = check(&[Outgoing { path: &path, bytes }], there).unwrap();
    found.map(|key| key.what.to_string())
}

fn said(text: &str) -> Option<String> {
    refusal(None, text.as_bytes())
}

/// In lines of as many letters, indented as in a block scalar.
fn folded(text: &str, width: usize, line_break: &str) -> String {
    let lines = text.as_bytes().chunks(width).map(|line| std::str::from_utf8(line).unwrap());
    lines.collect::<Vec<_>>().join(line_break)
}

#[test]
fn a_key_however_it_is_wrapped() {
    let (pem, der) = (pem(), KEY.pkcs8_der());
    let older = KEY.to_pem_as(KeyEncoding::Pkcs1);
    let once = BASE64.encode(&pem);
    let certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
    let (in_pem, in_der) = ("a private key in clear (PEM", "a private key in clear (DER");
    let cases = [
        ("as it is", pem.clone(), format!("{in_pem})")),
        ("of the older form", older.to_string(), format!("{in_pem})")),
        ("in one line", format!("k: {:?}", pem), format!("{in_pem})")),
        ("in a Secret", format!("data:\n  tls.key: \"{once}\"\n"), format!("{in_pem} in base64)")),
        (
            "without quotes",
            format!("data:\n  tls.key: {once}\n  x: y\n"),
            format!("{in_pem} in base64)"),
        ),
        (
            "behind a certificate",
            format!("k: {}", BASE64.encode(format!("{certificate}{pem}"))),
            format!("{in_pem} in base64)"),
        ),
        (
            "behind a certificate, one letter further",
            format!("k: {}", BASE64.encode(format!("\n{certificate}{pem}"))),
            format!("{in_pem} in base64)"),
        ),
        (
            "folded",
            format!("k: |\n  {}\n", folded(&once, 64, "\n  ")),
            format!("{in_pem} in base64)"),
        ),
        (
            "folded in JSON",
            format!("{{\"k\":\"{}\"}}", folded(&once, 76, "\\r\\n")),
            format!("{in_pem} in base64)"),
        ),
        (
            "in a Secret in an annotation",
            format!("last-applied: '{{\"data\":{{\"tls.key\":\"{once}\"}}}}'"),
            format!("{in_pem} in base64)"),
        ),
        (
            "wrapped twice",
            format!("k: {}", BASE64.encode(&once)),
            format!("{in_pem} in base64 in base64)"),
        ),
        ("DER in base64", format!("k: {}", BASE64.encode(der)), format!("{in_der} in base64)")),
        (
            "DER in base64 twice",
            format!("k: {}", BASE64.encode(BASE64.encode(der))),
            format!("{in_der} in base64 in base64)"),
        ),
    ];
    for (case, text, want) in cases {
        assert_eq!(said(&text), Some(want), "{case}: {text}");
    }
    assert_eq!(refusal(None, der), Some(format!("{in_der})")));
}

#[test]
fn what_is_no_key_passes() {
    let encrypted =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMII\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let certificate = rcgen::generate_simple_self_signed(["shop.example".to_owned()]).unwrap().cert;
    let cases = [
        ("nothing", String::new()),
        ("a password keeps it", encrypted.to_owned()),
        ("a password keeps it, in base64", format!("k: {}", BASE64.encode(encrypted))),
        ("a certificate", certificate.pem()),
        ("a certificate in base64", format!("k: {}", BASE64.encode(certificate.pem()))),
        ("a certificate in an annotation", format!("k: {}", BASE64.encode(certificate.der()))),
        ("words", "the private key of shop.example stands sealed in its Secret".to_owned()),
    ];
    for (case, text) in cases {
        assert_eq!(said(&text), None, "{case}");
    }
}

fn secret(label: &str, kind: &str, values: &str) -> String {
    format!(
        "apiVersion: v1\nkind: {kind}\nmetadata:\n  name: shop-tls\n  namespace: shop\n{label}{values}"
    )
}

const OURS: &str = "  labels:\n    nws-certd/managed: \"true\"\n";
const SEALED: &str = "ENC[AES256_GCM,data:mHeXsmQ=,iv:vUMpILz3xchORqkzDFvgwENY7EqIHHGJdEF6C8xqbFE=,tag:IroV7hykADvD0IUaq6kikA==,type:str]";

#[test]
fn a_secret_of_ours_is_sealed_in_every_value_but_certificates() {
    let certificate = rcgen::generate_simple_self_signed(["shop.example".to_owned()]).unwrap().cert;
    let public = BASE64.encode(certificate.pem());
    let in_clear =
        |field: &str| Some(format!("a secret of nws-certd's that is not sealed ({field})"));
    let opaque = "data:\n  tls.key: c2VjcmV0\n";
    let cases = [
        ("in clear", secret(OURS, "Secret", opaque), in_clear("data[\"tls.key\"]")),
        (
            "as text",
            secret(OURS, "Secret", "stringData:\n  tls.key: secret\n"),
            in_clear("stringData[\"tls.key\"]"),
        ),
        (
            "one value of two",
            secret(OURS, "Secret", &format!("data:\n  a: {SEALED}\n  b: c2VjcmV0\n")),
            in_clear("data[\"b\"]"),
        ),
        (
            "in a list",
            format!(
                "kind: List\nitems:\n- {}",
                secret(OURS, "Secret", opaque).replace('\n', "\n  ")
            ),
            in_clear("data[\"tls.key\"]"),
        ),
        (
            "in the second document",
            format!("a: b\n---\n{}", secret(OURS, "Secret", opaque)),
            in_clear("data[\"tls.key\"]"),
        ),
        ("somebody else's", secret("", "Secret", opaque), None),
        ("sealed", secret(OURS, "Secret", &format!("data:\n  tls.key: {SEALED}\n")), None),
        (
            "an empty value, which SOPS leaves",
            secret(OURS, "Secret", "data:\n  tls.key: \"\"\n"),
            None,
        ),
        (
            "certificates in clear, as a creation rule may have it",
            secret(OURS, "Secret", &format!("data:\n  tls.crt: {public}\n  tls.key: {SEALED}\n")),
            None,
        ),
        (
            "a sealed secret",
            secret(OURS, "SealedSecret", "spec:\n  encryptedData: {tls.key: AgB}\n"),
            None,
        ),
    ];
    for (case, text, want) in cases {
        assert_eq!(said(&text), want, "{case}: {text}");
    }
}

#[test]
fn what_the_branch_exposes_already_may_stay_at_its_path() {
    let plain = |key: &str, more: &str| {
        let values = format!("data:\n  tls.key: {}\n", BASE64.encode(key));
        secret(OURS, "Secret", &format!("{more}{values}"))
    };
    let (ours, other) = (pem(), KEY.to_pem_as(KeyEncoding::Pkcs1).to_string());
    let before = plain(&ours, "");
    let relabelled = plain(&ours, "  annotations: {a: b}\n");
    assert_eq!(refusal(Some(before.as_bytes()), relabelled.as_bytes()), None, "only an annotation");
    let refused = Some("a private key in clear (PEM in base64)".to_owned());
    assert_eq!(
        refusal(Some(before.as_bytes()), plain(&other, "").as_bytes()),
        refused,
        "another key"
    );
    assert_eq!(refusal(None, relabelled.as_bytes()), refused, "another path");
    let both = format!("{relabelled}---\n{}", plain(&other, ""));
    assert_eq!(refusal(Some(before.as_bytes()), both.as_bytes()), refused, "one more");
}

#[test]
fn it_says_where_and_what_and_nothing_of_the_key() {
    let path = path();
    let text = format!("k: {}", BASE64.encode(pem()));
    let files = [Outgoing { path: &path, bytes: text.as_bytes() }];
    let found = check(&files, |_| Ok::<_, Infallible>(None)).unwrap().unwrap();
    expect!["certs/shop/shop-tls.yaml would hold a private key in clear (PEM in base64); seal it, or leave it out"]
        .assert_eq(&found.to_string());
    assert!(!format!("{found:?}").contains(&text[30..60]));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Sealed Secrets, SOPS and armor of age: random bytes in base64, in whatever lines.
    #[test]
    fn ciphertext_passes(bytes in prop::collection::vec(any::<u8>(), 0..6000), width in 1_usize..100) {
        let text = BASE64.encode(&bytes);
        let (first, second) = text.split_at(text.len() / 2);
        prop_assert_eq!(said(&format!("  tls.key: {text}\n")), None);
        prop_assert_eq!(said(&format!("  tls.key: ENC[AES256_GCM,data:{first},iv:{second},type:str]\n")), None);
        prop_assert_eq!(said(&format!("enc: |\n    {}\n", folded(&text, width, "\n    "))), None);
        prop_assert_eq!(refusal(None, &bytes), None);
    }

    /// Whatever stands before a key in the same text, and behind it.
    #[test]
    fn a_key_is_found_at_every_alignment(
        before in "[ -~\n]{0,200}",
        behind in "[ -~\n]{0,200}",
        width in 60_usize..120,
    ) {
        let text = BASE64.encode(format!("{before}\n{}\n{behind}", pem()));
        let in_lines = folded(&text, width, "\n    ");
        for text in [format!("  k: {text}\n"), format!("  k: >-\n    {in_lines}\n")] {
            prop_assert!(said(&text).is_some(), "{}", text);
        }
    }
}
