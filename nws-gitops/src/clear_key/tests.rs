use nws_expiry::{KeyEncoding, PrivateKey};
use proptest::prelude::*;
use rcgen::KeyPair;

use super::*;

fn formats(bytes: &[u8]) -> Vec<KeyFormat> {
    keys(bytes).map(|(format, _)| format).collect()
}

#[test]
fn a_pem_key_that_no_password_keeps() {
    let cases = [
        ("PKCS#8", "-----BEGIN PRIVATE KEY-----\nMII", true),
        ("SEC 1", "-----BEGIN EC PRIVATE KEY-----\nMII", true),
        ("PKCS#1", "-----BEGIN RSA PRIVATE KEY-----\nMII", true),
        ("DSA", "-----BEGIN DSA PRIVATE KEY-----\nMII", true),
        ("OpenSSH", "-----BEGIN OPENSSH PRIVATE KEY-----\nb3B", true),
        (
            "behind a certificate",
            "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\nMII",
            true,
        ),
        ("in one line of YAML", "k: \"-----BEGIN PRIVATE KEY-----\\nMII\"", true),
        ("with a password", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMII", false),
        (
            "with a password, the old way",
            "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n",
            false,
        ),
        ("a certificate", "-----BEGIN CERTIFICATE-----\nMII", false),
        ("a public key", "-----BEGIN PUBLIC KEY-----\nMII", false),
        ("an age file", "-----BEGIN AGE ENCRYPTED FILE-----\nYWdl", false),
        ("a cut line", "-----BEGIN PRIVATE KEY", false),
        ("words", "the PRIVATE KEY----- is elsewhere", false),
        ("nothing", "", false),
    ];
    for (case, text, want) in cases {
        let want = if want { vec![KeyFormat::Pem] } else { Vec::new() };
        assert_eq!(formats(text.as_bytes()), want, "{case}");
    }
}

/// The bytes of every kind of key in both encodings, with what they are.
fn der_keys() -> Vec<(String, Vec<u8>)> {
    let ours =
        [&rcgen::PKCS_ECDSA_P256_SHA256, &rcgen::PKCS_ECDSA_P384_SHA384, &rcgen::PKCS_RSA_SHA256];
    let mut all: Vec<_> = ours
        .into_iter()
        .map(|kind| {
            PrivateKey::from_pkcs8_der(&KeyPair::generate_for(kind).unwrap().serialize_der())
        })
        .flat_map(|key| {
            let key = key.unwrap();
            [KeyEncoding::Pkcs8, KeyEncoding::Pkcs1].map(|encoding| {
                let pem = key.to_pem_as(encoding);
                (format!("{:?} {encoding}", key.key_type()), body(&pem))
            })
        })
        .collect();
    let others = [&rcgen::PKCS_ED25519, &rcgen::PKCS_ECDSA_P521_SHA512];
    all.extend(
        others.into_iter().map(|kind| {
            (format!("{kind:?}"), KeyPair::generate_for(kind).unwrap().serialize_der())
        }),
    );
    all
}

fn body(pem: &str) -> Vec<u8> {
    use base64::Engine as _;
    let lines = pem.lines().filter(|line| !line.starts_with("-----")).collect::<String>();
    base64::engine::general_purpose::STANDARD.decode(lines).unwrap()
}

#[test]
fn a_der_key_is_found_whole_wherever_it_begins() {
    for (case, der) in der_keys() {
        let bytes = [b"before \x30\x82".as_slice(), &der, b"behind"].concat();
        let found: Vec<_> = keys(&bytes).collect();
        assert_eq!(found.first(), Some(&(KeyFormat::Der, der.as_slice())), "{case}");
        assert_eq!(formats(&der[..der.len() - 1]), [], "{case}, cut");
    }
}

#[test]
fn what_is_in_der_and_no_private_key() {
    let key = KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(["shop.example".to_owned()]).unwrap();
    let request = params.serialize_request(&key).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let encrypted = b"\x30\x1c\x30\x0e\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d\x30\x01\x00\x04\x0a0123456789";
    assert_eq!(formats(request.der()), [], "a request");
    assert_eq!(formats(certificate.der()), [], "a certificate");
    assert_eq!(formats(&body(&key.public_key_pem())), [], "a public key");
    assert_eq!(formats(encrypted), [], "a key with a password");
}

proptest! {
    /// Ciphertext never looks like a key.
    #[test]
    fn random_bytes_are_no_key(bytes in prop::collection::vec(any::<u8>(), 0..4096)) {
        prop_assert_eq!(formats(&bytes), []);
    }

    /// What surrounds a key hides it as little as what is wrong with the header before it.
    #[test]
    fn a_key_is_found_in_whatever_bytes(
        before in prop::collection::vec(any::<u8>(), 0..200),
        scalar in any::<[u8; 32]>(),
        behind in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let head = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20";
        let bytes = [&before[..], head, &scalar, &behind].concat();
        prop_assert_eq!(formats(&bytes), [KeyFormat::Der]);
    }
}
