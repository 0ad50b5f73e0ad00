use aws_lc_rs::encoding::{AsDer as _, EcPrivateKeyRfc5915Der, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine as _};
use serde_json::{Value, json};

use super::*;
use crate::der::{numbers, sequence};

fn pem(kind: &str, der: &[u8]) -> String {
    format!("-----BEGIN {kind}-----\n{}\n-----END {kind}-----\n", BASE64_STANDARD.encode(der))
}

/// A key of a curve: PKCS#8 and SEC 1.
fn ecdsa(curve: &'static EcdsaSigningAlgorithm) -> (Vec<u8>, Vec<u8>) {
    let pair = EcdsaKeyPair::generate(curve).unwrap();
    let sec1: EcPrivateKeyRfc5915Der<'_> = pair.private_key().as_der().unwrap();
    (pair.to_pkcs8v1().unwrap().as_ref().to_vec(), sec1.as_ref().to_vec())
}

/// An RSA key: PKCS#8 and the PKCS#1 at its end.
fn rsa() -> (Vec<u8>, Vec<u8>) {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let pkcs8: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    let pkcs8 = pkcs8.as_ref().to_vec();
    // version, algorithm and the head of the octet string are 26 bytes for a key of this size
    let pkcs1 = pkcs8[26..].to_vec();
    (pkcs8, pkcs1)
}

/// As certbot writes it (josepy), from PKCS#1.
fn rsa_jwk(pkcs1: &[u8]) -> Value {
    let numbers = numbers(pkcs1).unwrap();
    let mut jwk = json!({ "kty": "RSA" });
    for (name, number) in ["n", "e", "d", "p", "q", "dp", "dq", "qi"].iter().zip(&numbers[1..]) {
        jwk[*name] = BASE64_URL_SAFE_NO_PAD.encode(number).into();
    }
    jwk
}

fn p256_jwk(pkcs8: &[u8]) -> Value {
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).unwrap();
    let point = pair.public_key().as_ref().to_vec();
    let d: aws_lc_rs::encoding::EcPrivateKeyBin<'_> =
        aws_lc_rs::encoding::AsBigEndian::as_be_bytes(&pair.private_key()).unwrap();
    let [x, y, d] = [&point[1..33], &point[33..], d.as_ref()]
        .map(|number| BASE64_URL_SAFE_NO_PAD.encode(number));
    json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y, "d": d })
}

fn thumbprint(text: &str) -> String {
    match ImportedKey::from_file_text(text) {
        Ok(ImportedKey::P256(key)) => key.thumbprint().to_string(),
        Ok(ImportedKey::Rsa(key)) => key.thumbprint().to_string(),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn a_key_is_the_same_in_whatever_form() {
    let (pkcs8, sec1) = ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING);
    let want = AccountKey::from_pkcs8_der(&pkcs8).unwrap().thumbprint().to_string();
    let parameters = pem("EC PARAMETERS", &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7]);
    let cases = [
        ("PKCS#8", pem("PRIVATE KEY", &pkcs8)),
        ("SEC 1, as lego writes it", pem("EC PRIVATE KEY", &sec1)),
        (
            "with parameters before, as openssl ecparam writes it",
            parameters + &pem("EC PRIVATE KEY", &sec1),
        ),
        ("text before", format!("account of ops\r\n\r\n{}", pem("PRIVATE KEY", &pkcs8))),
        ("certbot's", p256_jwk(&pkcs8).to_string()),
        ("certbot's, laid out", format!("\n{:#}\n", p256_jwk(&pkcs8))),
    ];
    for (case, text) in cases {
        assert_eq!(thumbprint(&text), want, "P-256, {case}");
        assert!(matches!(ImportedKey::from_file_text(&text), Ok(ImportedKey::P256(_))), "{case}");
    }

    let (pkcs8, pkcs1) = rsa();
    let want = RsaAccountKey::from_pkcs8_der(&pkcs8).unwrap().thumbprint().to_string();
    let cases = [
        ("PKCS#8", pem("PRIVATE KEY", &pkcs8)),
        ("PKCS#1, as lego writes it", pem("RSA PRIVATE KEY", &pkcs1)),
        ("certbot's", rsa_jwk(&pkcs1).to_string()),
    ];
    for (case, text) in cases {
        assert_eq!(thumbprint(&text), want, "RSA, {case}");
        assert!(matches!(ImportedKey::from_file_text(&text), Ok(ImportedKey::Rsa(_))), "{case}");
    }
}

#[test]
fn what_cannot_be_used_is_named() {
    let (p384, p384_sec1) = ecdsa(&ECDSA_P384_SHA384_FIXED_SIGNING);
    let (p521, _) = ecdsa(&ECDSA_P521_SHA512_FIXED_SIGNING);
    let (p256k1, _) = ecdsa(&ECDSA_P256K1_SHA256_FIXED_SIGNING);
    let (p256, _) = ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING);
    let ed25519 = Ed25519KeyPair::generate().unwrap().to_pkcs8v1().unwrap();
    let mut other_point = p256_jwk(&p256);
    other_point["x"] = p256_jwk(&ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING).0)["x"].clone();
    let mut no_primes = rsa_jwk(&rsa().1);
    no_primes.as_object_mut().unwrap().remove("p");
    // 1024 bits: never made here, so the numbers mean nothing
    let small =
        sequence(&[&[], &[0xff; 128], &[1, 0, 1], &[1; 128], &[3; 64], &[5; 64], &[1], &[1], &[1]]);
    let kind = |found| InvalidAccountKey::Kind { found };
    let damaged = |form| InvalidAccountKey::Damaged { form };
    let cases = [
        ("nothing", String::new(), InvalidAccountKey::Absent),
        ("prose", "the key is in the other file".into(), InvalidAccountKey::Absent),
        ("a certificate", pem("CERTIFICATE", &[0x30, 0]), InvalidAccountKey::Absent),
        ("certbot's regr.json", r#"{"body":{},"uri":"https://ca.example/acct/1"}"#.into(), InvalidAccountKey::Absent),
        ("P-384", pem("PRIVATE KEY", &p384), kind("ECDSA P-384")),
        ("P-384 of lego", pem("EC PRIVATE KEY", &p384_sec1), kind("ECDSA P-384")),
        ("P-384 of certbot", r#"{"kty":"EC","crv":"P-384"}"#.into(), kind("ECDSA P-384")),
        ("P-521", pem("PRIVATE KEY", &p521), kind("ECDSA P-521")),
        ("secp256k1", pem("PRIVATE KEY", &p256k1), kind("ECDSA secp256k1")),
        ("Ed25519", pem("PRIVATE KEY", ed25519.as_ref()), kind("Ed25519")),
        ("Ed25519 as JWK", r#"{"kty":"OKP","crv":"Ed25519"}"#.into(), kind("an Edwards curve's")),
        ("an HMAC key", r#"{"kty":"oct","k":"AQAB"}"#.into(), kind("a shared secret")),
        ("SSH", pem("OPENSSH PRIVATE KEY", b"openssh-key-v1"), kind("a key of SSH")),
        ("encrypted", pem("ENCRYPTED PRIVATE KEY", &[0x30, 0]), InvalidAccountKey::Encrypted),
        (
            "encrypted in the older form",
            "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n".into(),
            InvalidAccountKey::Encrypted,
        ),
        ("cut off", pem("PRIVATE KEY", &p256)[..100].into(), damaged("PEM")),
        ("half of it", pem("PRIVATE KEY", &p256[..60]), damaged("a private key of a kind we know")),
        ("half an RSA key", pem("RSA PRIVATE KEY", &rsa().1[..600]), damaged("an RSA key in PKCS#1")),
        ("a small RSA key", pem("RSA PRIVATE KEY", &small), damaged("an RSA key in PKCS#1")),
        ("half a JWK", r#"{"kty":"RSA","n":"#.into(), damaged("a JWK")),
        ("a public JWK", r#"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#.into(), damaged("a JWK")),
        ("another's point", other_point.to_string(), damaged("a JWK")),
        ("no primes", no_primes.to_string(), damaged("a JWK")),
    ];
    for (case, text, want) in cases {
        assert_eq!(ImportedKey::from_file_text(&text).map(drop), Err(want), "{case}");
    }
}

#[test]
fn a_key_is_not_shown() {
    let (pkcs8, _) = rsa();
    let key = ImportedKey::from_file_text(&pem("PRIVATE KEY", &pkcs8)).unwrap();
    let want = format!(
        "Rsa(RsaAccountKey {{ thumbprint: Thumbprint({:?}), .. }})",
        thumbprint(&pem("PRIVATE KEY", &pkcs8))
    );
    assert_eq!(format!("{key:?}"), want);
}
