//! What a sealed-secrets controller does with its key, written after sealed-secrets' own `HybridDecrypt`.

use std::fs;
use std::process::Command;
use std::sync::LazyLock;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::rsa::{OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, PrivateDecryptingKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use nws_gitops::SealingCertificate;
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use serde_json::Value;

/// One for each size of key; to make them takes seconds.
pub(crate) static CONTROLLERS: [LazyLock<Controller>; 3] = [
    LazyLock::new(|| Controller::new(RsaKeySize::_2048)),
    LazyLock::new(|| Controller::new(RsaKeySize::_3072)),
    LazyLock::new(|| Controller::new(RsaKeySize::_4096)),
];

/// A controller with one key.
pub(crate) struct Controller {
    pub(crate) key_pem: String,
    pub(crate) certificate_pem: String,
    key: OaepPrivateDecryptingKey,
    pub(crate) certificate: SealingCertificate,
}

impl Controller {
    fn new(size: RsaKeySize) -> Self {
        let pair = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, size).unwrap();
        let certificate = CertificateParams::default().self_signed(&pair).unwrap();
        Self::of(&pair.serialize_pem(), &certificate.pem())
    }

    pub(crate) fn of(key_pem: &str, certificate: &str) -> Self {
        let pkcs8 = KeyPair::from_pem(key_pem).unwrap().serialize_der();
        let key = PrivateDecryptingKey::from_pkcs8(&pkcs8).unwrap();
        Self {
            key_pem: key_pem.into(),
            certificate_pem: certificate.into(),
            key: OaepPrivateDecryptingKey::new(key).unwrap(),
            certificate: SealingCertificate::from_pem(certificate.as_bytes()).unwrap(),
        }
    }

    /// A sealed value, if it was sealed to this key with this label.
    pub(crate) fn open(&self, sealed: &[u8], label: &str) -> Option<Vec<u8>> {
        let (_, value) = split(sealed)?;
        decrypted(&self.data_key(sealed, label)?, value)
    }

    pub(crate) fn data_key(&self, sealed: &[u8], label: &str) -> Option<Vec<u8>> {
        let (wrapped, _) = split(sealed)?;
        let mut room = vec![0; self.key.min_output_size()];
        let label = Some(label.as_bytes());
        let key = self.key.decrypt(&OAEP_SHA256_MGF1SHA256, wrapped, &mut room, label).ok()?;
        Some(key.to_vec())
    }

    /// The same by OpenSSL, which has the data key.
    pub(crate) fn open_with_openssl(&self, sealed: &[u8], label: &str) -> Option<Vec<u8>> {
        let (wrapped, value) = split(sealed)?;
        let dir = tempfile::tempdir().unwrap();
        let (key, input) = (dir.path().join("key.pem"), dir.path().join("wrapped"));
        fs::write(&key, &self.key_pem).unwrap();
        fs::write(&input, wrapped).unwrap();
        #[expect(
            clippy::disallowed_methods,
            reason = "the judge is OpenSSL, not the code under test"
        )]
        let mut openssl = Command::new("openssl");
        openssl.args(["pkeyutl", "-decrypt", "-inkey"]).arg(&key).arg("-in").arg(&input);
        for option in ["rsa_padding_mode:oaep", "rsa_oaep_md:sha256", "rsa_mgf1_md:sha256"] {
            openssl.args(["-pkeyopt", option]);
        }
        if !label.is_empty() {
            let hex: String = label.bytes().map(|byte| format!("{byte:02x}")).collect();
            openssl.arg("-pkeyopt").arg(format!("rsa_oaep_label:{hex}"));
        }
        let done = openssl.output().unwrap();
        done.status.success().then(|| decrypted(&done.stdout, value))?
    }
}

/// The data key, encrypted, and what is encrypted with it.
fn split(sealed: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = sealed.split_first_chunk()?;
    rest.split_at_checked(u16::from_be_bytes(*len).into())
}

fn decrypted(key: &[u8], value: &[u8]) -> Option<Vec<u8>> {
    let cipher = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).ok()?);
    let nonce = Nonce::assume_unique_for_key([0; 12]);
    let mut value = value.to_vec();
    Some(cipher.open_in_place(nonce, Aad::empty(), &mut value).ok()?.to_vec())
}

/// The sealed values of a SealedSecret, decoded: `tls.crt`, `tls.key`.
pub(crate) fn sealed_values(manifest: &str) -> [Vec<u8>; 2] {
    let read: Value = serde_saphyr::from_str(manifest).unwrap();
    let values = &read["spec"]["encryptedData"];
    assert_eq!(values.as_object().unwrap().len(), 2);
    ["tls.crt", "tls.key"].map(|name| STANDARD.decode(values[name].as_str().unwrap()).unwrap())
}
