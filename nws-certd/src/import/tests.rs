//! Certificates as other clients have them.

use aws_lc_rs::encoding::{AsDer as _, EcPrivateKeyRfc5915Der};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use nws_expiry::PrivateKey;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

/// A certificate and its key, PEM.
pub(crate) fn certificate(hosts: &[&str]) -> (String, String) {
    let pair = KeyPair::generate().unwrap();
    let names: Vec<_> = hosts.iter().map(ToString::to_string).collect();
    let made = CertificateParams::new(names).unwrap().self_signed(&pair).unwrap();
    (made.pem(), pair.serialize_pem())
}

/// The same with its issuer's.
pub(crate) fn chained(host: &str) -> (String, String) {
    let (pair, ca) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let above = params.self_signed(&ca).unwrap().pem();
    let issuer = Issuer::new(params, ca);
    let made = CertificateParams::new([host.to_owned()]).unwrap().signed_by(&pair, &issuer);
    (made.unwrap().pem() + &above, pair.serialize_pem())
}

/// The same ECDSA key in the older form.
pub(crate) fn sec1(pem: &str) -> String {
    let key = PrivateKey::from_pem(pem.as_bytes()).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, key.pkcs8_der()).unwrap();
    let der: EcPrivateKeyRfc5915Der<'_> = pair.private_key().as_der().unwrap();
    let text = BASE64_STANDARD.encode(der.as_ref());
    let lines: Vec<_> =
        text.as_bytes().chunks(64).map(|line| str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN EC PRIVATE KEY-----\n{}\n-----END EC PRIVATE KEY-----\n", lines.join("\n"))
}
