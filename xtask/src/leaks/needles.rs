//! The ways in which a private key is written, each as bytes that stand nowhere unless the key does.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};

use super::Needle;

/// What stands before the number that is secret in an ECDSA key, of SEC 1 and so of PKCS#8, for P-256 and P-384.
const BEFORE_SCALAR: [&[u8]; 2] = [&[2, 1, 1, 4, 32], &[2, 1, 1, 4, 48]];
/// The same of an Ed25519 key that ssh-keygen has written: seed and public key as one string of 64 bytes.
const BEFORE_SEED: &[u8] = &[0, 0, 0, 64];

/// How many characters of base64 are looked for at a time: 96 bits of a key, and a line's end leaves that whole in one of them.
const WINDOW: usize = 16;

/// What to look for, of a private key as DER or as OpenSSH has it. Its public half is no part of it, as that is anywhere.
pub(super) fn of_key(whose: &str, der: &[u8]) -> Vec<Needle> {
    secret(der).map_or_else(Vec::new, |secret| needles(whose, encodings(secret)))
}

/// What to look for, of a secret text: itself, and in base64.
pub(super) fn of_text(whose: &str, text: &str) -> Vec<Needle> {
    let mut ways: BTreeSet<_> = aligned(text.as_bytes()).into_iter().collect();
    ways.insert(text.as_bytes().to_vec());
    needles(whose, ways)
}

/// What any key has, of those that the daemon makes: as PEM, as PEM in base64, and as DER.
pub(super) fn of_any_key() -> Vec<Needle> {
    let labels = ["", "EC ", "RSA "].map(|kind| format!("-----BEGIN {kind}PRIVATE KEY-----"));
    let encoded = labels.iter().flat_map(|label| aligned(label.as_bytes()));
    let der = [
        hex(b"306b0201010420"), // P-256, from within PKCS#8 on
        hex(b"30819b0201010430"),
        hex(b"020100300d06092a864886f70d01010105000482"),
    ];
    let ways = encoded.chain(["PRIVATE KEY-----".into()]).chain(der);
    needles("a private key", ways.collect())
}

fn needles(whose: &str, ways: BTreeSet<Vec<u8>>) -> Vec<Needle> {
    ways.into_iter().map(|bytes| Needle { whose: whose.to_owned(), bytes }).collect()
}

/// The bytes of a key that nobody else has. Of RSA it is the end of what speeds it up, which gives the rest away.
fn secret(der: &[u8]) -> Option<&[u8]> {
    let ecdsa = BEFORE_SCALAR.iter().find_map(|before| after(der, before, before[4].into()));
    let openssh = || after(der, BEFORE_SEED, 32).filter(|_| der.starts_with(b"openssh-key-v1"));
    let rsa = || der.get(der.len().checked_sub(40)?..der.len() - 8).filter(|_| der.len() > 1000);
    ecdsa.or_else(openssh).or_else(rsa)
}

/// So many bytes after a mark.
fn after<'a>(bytes: &'a [u8], mark: &[u8], len: usize) -> Option<&'a [u8]> {
    let at = bytes.windows(mark.len()).position(|part| part == mark)? + mark.len();
    bytes.get(at..at + len)
}

fn encodings(secret: &[u8]) -> BTreeSet<Vec<u8>> {
    let hexadecimal: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut ways = BTreeSet::from([
        secret.to_vec(),
        hexadecimal.to_uppercase().into_bytes(),
        hexadecimal.into_bytes(),
    ]);
    // As Rust's Debug and JSON show bytes.
    ways.extend([", ", ","].map(|between| numbers(secret, between)));
    for text in aligned(secret) {
        // Lines end between groups of four characters.
        for window in text.windows(WINDOW).step_by(4) {
            ways.extend(aligned(window));
            ways.insert(window.to_vec());
        }
    }
    ways
}

fn numbers(bytes: &[u8], between: &str) -> Vec<u8> {
    bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(between).into_bytes()
}

/// Bytes in base64 of both alphabets, wherever in a longer text they begin: what of it does not depend on what is around.
fn aligned(bytes: &[u8]) -> Vec<Vec<u8>> {
    let starts = (0..3).filter_map(|skipped| bytes.get(skipped..));
    let whole = starts.map(|rest| &rest[..rest.len() / 3 * 3]);
    whole
        .flat_map(|whole| {
            [&BASE64_STANDARD_NO_PAD, &BASE64_URL_SAFE_NO_PAD].map(|engine| engine.encode(whole))
        })
        .map(String::into_bytes)
        .collect()
}

fn hex(text: &[u8]) -> Vec<u8> {
    let digit = |digit: u8| char::from(digit).to_digit(16).unwrap_or_default() as u8;
    text.chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::encoding::{AsDer, EcPrivateKeyRfc5915Der, Pkcs8V1Der};
    use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
    use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE};
    use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384};

    use super::super::Search;
    use super::*;

    fn pem(label: &str, der: &[u8]) -> String {
        let text = BASE64_STANDARD.encode(der).into_bytes();
        let lines = text.chunks(64).map(|line| String::from_utf8_lossy(line) + "\n");
        let body: String = lines.map(|line| line.into_owned()).collect();
        format!("-----BEGIN {label}-----\n{body}-----END {label}-----\n")
    }

    fn hexadecimal(der: &[u8]) -> String {
        der.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Every way in which somebody might write it by mistake.
    fn written(der: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
        let pem = pem("PRIVATE KEY", der);
        let shifted = |by: usize| BASE64_STANDARD.encode("x".repeat(by) + &pem).into_bytes();
        vec![
            ("PEM", pem.clone().into_bytes()),
            ("PEM in JSON", serde_json::to_vec(&pem).unwrap()),
            ("PEM without line ends", pem.replace('\n', "").into_bytes()),
            ("PEM in base64, as a Secret has it", shifted(0)),
            ("after something else", shifted(1)),
            ("after something longer", shifted(2)),
            ("DER", der.to_vec()),
            ("DER in base64", BASE64_STANDARD.encode(der).into_bytes()),
            ("DER as Rust shows it", format!("{der:?}").into_bytes()),
            ("DER in JSON", serde_json::to_vec(der).unwrap()),
            ("base64url", BASE64_URL_SAFE.encode(der).into_bytes()),
            ("hexadecimal", hexadecimal(der).into_bytes()),
            ("HEXADECIMAL", hexadecimal(der).to_uppercase().into_bytes()),
        ]
    }

    fn ecdsa() -> KeyPair {
        KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap()
    }

    fn keys() -> Vec<(&'static str, Vec<u8>)> {
        let p256 = ecdsa().serialized_der().to_vec();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &p256).unwrap();
        let sec1: EcPrivateKeyRfc5915Der<'_> = pair.private_key().as_der().unwrap();
        let rsa = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let rsa: Pkcs8V1Der<'_> = rsa.as_der().unwrap();
        let p384 = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap();
        vec![
            ("P-256, SEC 1", sec1.as_ref().to_vec()),
            ("P-256", p256),
            ("P-384", p384.serialized_der().to_vec()),
            ("RSA", rsa.as_ref().to_vec()),
        ]
    }

    #[test]
    fn a_key_is_found_however_it_is_written_and_another_is_not() {
        for (kind, der) in keys() {
            let search = Search::for_all(of_key("it", &der)).unwrap();
            for (way, bytes) in written(&der) {
                let said = search.expect_none(&bytes, "a file").unwrap_err().to_string();
                assert_eq!(said, "a file has it", "{kind}, {way}");
            }
            for (way, bytes) in written(ecdsa().serialized_der()) {
                search.expect_none(&bytes, "a file").unwrap_or_else(|_| panic!("{kind}, {way}"));
            }
        }
    }

    #[test]
    fn a_certificate_has_nothing_of_its_key() {
        let key = ecdsa();
        let params = rcgen::CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let search = Search::for_all(of_key("it", key.serialized_der())).unwrap();
        let any = Search::for_all(of_any_key()).unwrap();
        for (way, bytes) in written(certificate.der()) {
            search.expect_none(&bytes, way).unwrap();
        }
        any.expect_none(certificate.der(), "DER").unwrap();
        any.expect_none(certificate.pem().as_bytes(), "PEM").unwrap();
    }

    #[test]
    fn a_key_that_nobody_knows_is_found_as_pem_and_as_der() {
        let any = Search::for_all(of_any_key()).unwrap();
        for (kind, der) in keys().into_iter().skip(1) {
            for (way, bytes) in written(&der).into_iter().take(7) {
                assert!(any.expect_none(&bytes, "").is_err(), "{kind}, {way}");
            }
        }
    }

    #[test]
    fn a_text_is_found_as_it_is_and_in_base64() {
        let search = Search::for_all(of_text("it", "hunter2hunter2")).unwrap();
        for text in ["a hunter2hunter2 b", &BASE64_STANDARD.encode("user:hunter2hunter2")] {
            assert!(search.expect_none(text.as_bytes(), "").is_err(), "{text}");
        }
        search.expect_none(b"hunter2", "").unwrap();
    }
}
