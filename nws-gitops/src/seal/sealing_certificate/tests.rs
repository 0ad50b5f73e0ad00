//! Which certificates are sealed with, and for how long.

use std::error::Error;

use rcgen::{CertificateParams, CertifiedIssuer, KeyPair, PublicKeyData, SignatureAlgorithm};
use rsa::BigUint;
use rsa::pkcs1::UintRef;
use rsa::pkcs8::der::Encode;
use time::macros::datetime;

use super::*;

const MADE: OffsetDateTime = datetime!(2026-03-01 12:00 UTC);
const VECTOR: &[u8] = include_bytes!("../../../tests/sealed_secrets/controller.crt");

/// A public RSA key that nobody has the private one of.
struct Rsa(Vec<u8>);

impl Rsa {
    fn of(modulus: &BigUint) -> Self {
        let (modulus, exponent) = (modulus.to_bytes_be(), [1, 0, 1]);
        let (modulus, public_exponent) =
            (UintRef::new(&modulus).unwrap(), UintRef::new(&exponent).unwrap());
        Self(RsaPublicKey { modulus, public_exponent }.to_der().unwrap())
    }

    fn with_bits(bits: usize) -> Self {
        Self::of(&((BigUint::from(1u8) << (bits - 1)) + BigUint::from(12345u32)))
    }
}

impl PublicKeyData for Rsa {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_RSA_SHA256
    }
}

fn certificate(key: &impl PublicKeyData) -> String {
    let ca = CertificateParams::default();
    let ca = CertifiedIssuer::self_signed(ca, KeyPair::generate().unwrap()).unwrap();
    let mut params = CertificateParams::default();
    (params.not_before, params.not_after) = (MADE, MADE + Duration::days(3650));
    params.signed_by(key, &ca).unwrap().pem()
}

fn said(text: &str) -> String {
    match SealingCertificate::from_pem(text.as_bytes()) {
        Ok(_) => "sealed with".into(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn what_is_sealed_with_and_what_to_do_about_the_rest() {
    let rsa = |bits| certificate(&Rsa::with_bits(bits));
    let good = rsa(2048);
    let ec = certificate(&KeyPair::generate().unwrap());
    let even = certificate(&Rsa::of(&(BigUint::from(3u8) << 2046)));
    let key = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";
    let size = |bits| {
        format!(
            "the sealing key has {bits} bits, and 2048 to 4096 are sealed with; have the controller make another (--key-size)"
        )
    };
    let none =
        "the text holds no PEM block CERTIFICATE; write down what kubeseal --fetch-cert prints";
    let not_rsa = "the first certificate is for no RSA key, which sealed-secrets needs; take that of the controller (kubeseal --fetch-cert), not that of a web server";
    let cases = [
        ("the smallest", good.clone(), "sealed with".into()),
        ("an odd size", rsa(3001), "sealed with".into()),
        ("the largest", rsa(4096), "sealed with".into()),
        ("one bit less", rsa(2047), size(2047)),
        ("an old one", rsa(1024), size(1024)),
        ("one bit more", rsa(4097), size(4097)),
        ("more than libraries take", rsa(16384), size(16384)),
        ("a modulus that is no product of odd primes", even, "the sealing key is unfit; have the controller make another (kubeseal --fetch-cert)".into()),
        ("nothing", String::new(), none.into()),
        ("another block", key.into(), none.into()),
        ("behind another block", format!("{key}{good}"), "sealed with".into()),
        ("that of a web server", ec.clone(), not_rsa.into()),
        ("only the first counts", format!("{good}{ec}"), "sealed with".into()),
        ("only the first counts", format!("{ec}{good}"), not_rsa.into()),
        ("cut off", good[..400].into(), none.into()),
        ("no base64", good.replace("MII", "M*I"), "the text is broken PEM; write down anew what kubeseal --fetch-cert prints".into()),
        ("no certificate", key.replace("PUBLIC KEY", "CERTIFICATE"), "the first certificate cannot be read; write down anew what kubeseal --fetch-cert prints".into()),
    ];
    for (case, text, want) in cases {
        assert_eq!(said(&text), want, "{case}");
    }
    let damaged = SealingCertificate::from_pem(key.replace("PUBLIC KEY", "CERTIFICATE").as_bytes());
    assert!(damaged.unwrap_err().source().is_some(), "the cause is told");
}

/// The id was computed with OpenSSL: `openssl x509 -pubkey -noout | openssl pkey -pubin -outform DER | sha256sum`.
#[test]
fn a_certificate_shows_its_key_and_its_dates() {
    let read = SealingCertificate::from_pem(VECTOR).unwrap();
    assert_eq!(read.key_id(), "31ed7f692d07e6c817e08dcad91fcc8a3a82ae1380a7db4f1cd0ba4701d96713");
    assert_eq!(read.not_before(), datetime!(2026-01-01 0:00 UTC));
    assert_eq!(read.not_after(), datetime!(2036-01-01 0:00 UTC));
    let shown = format!("{read:?}");
    let want = format!("SealingCertificate {{ key_id: {:?}, validity: ", read.key_id());
    assert!(shown.starts_with(&want), "{shown}");
}

#[test]
fn when_it_is_sealed_with() {
    let read = SealingCertificate::from_pem(certificate(&Rsa::with_bits(2048)).as_bytes()).unwrap();
    let (second, end) = (Duration::SECOND, read.not_after());
    let old = MADE + Duration::days(45);
    let cases = [
        (MADE - second, Condition::NotYetValid),
        (MADE, Condition::Good),
        (old, Condition::Good),
        (old + second, Condition::Old),
        (end, Condition::Old),
        (end + second, Condition::Expired),
    ];
    for (now, want) in cases {
        assert_eq!(read.condition(now), want, "{now}");
    }
}
