//! A key that Secrets are sealed to, and its certificate.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256, RsaKeySize};

use crate::clock;
use crate::files;
use crate::process;

/// Bounds one decryption.
const LIMIT: Duration = Duration::from_secs(20);

/// How long a controller's certificate is valid.
const VALIDITY: time::Duration = time::Duration::days(3650);

/// The size of a sealing key. Controllers make 4096 bits; 2048 are the least that they are given, and made much faster.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Bits {
    Rsa2048,
    Rsa4096,
}

pub(super) struct SealingKey {
    /// The private key, PEM.
    file: PathBuf,
    certificate: String,
}

impl SealingKey {
    /// Makes a key, which is kept in `file`.
    pub(super) fn generate(file: &Path, bits: Bits) -> Result<Self> {
        let size = match bits {
            Bits::Rsa2048 => RsaKeySize::_2048,
            Bits::Rsa4096 => RsaKeySize::_4096,
        };
        let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, size)?;
        let mut params = CertificateParams::default();
        params.not_before = clock::now();
        params.not_after = params.not_before + VALIDITY;
        let certificate = params.self_signed(&key)?.pem();
        files::write_with_mode(file, key.serialize_pem(), 0o600)?;
        Ok(Self { file: file.to_owned(), certificate })
    }

    /// PEM.
    pub(super) fn certificate(&self) -> &str {
        &self.certificate
    }

    /// Opens one value: the length of the wrapped key (two bytes), the wrapped key, and what is encrypted with it.
    pub(super) async fn open(&self, openssl: &Path, value: &[u8], label: &str) -> Result<Vec<u8>> {
        let (length, rest) = value.split_first_chunk().context("the value is too short")?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (wrapped, data) = rest.split_at_checked(length).context("the value is too short")?;
        let key = self.unwrap_key(openssl, wrapped, label).await?;
        decrypt(&key, data)
    }

    async fn unwrap_key(&self, openssl: &Path, wrapped: &[u8], label: &str) -> Result<Vec<u8>> {
        let mut command = process::isolated(openssl);
        command.args(["pkeyutl", "-decrypt", "-inkey"]).arg(&self.file);
        command.args(["-pkeyopt", "rsa_padding_mode:oaep", "-pkeyopt", "rsa_oaep_md:sha256"]);
        command.args(["-pkeyopt", "rsa_mgf1_md:sha256"]);
        if !label.is_empty() {
            let hex: String = label.bytes().map(|byte| format!("{byte:02x}")).collect();
            command.args(["-pkeyopt", &format!("rsa_oaep_label:{hex}")]);
        }
        let ended = process::fed(command, wrapped, LIMIT).await?;
        ensure!(ended.status.success(), "OpenSSL does not unwrap the key of the value");
        Ok(ended.stdout)
    }
}

/// AES-256-GCM with a nonce of zeros, since each key is used once.
fn decrypt(key: &[u8], data: &[u8]) -> Result<Vec<u8>> {
    let key = UnboundKey::new(&AES_256_GCM, key).map_err(|_| anyhow!("the key is not 32 bytes"))?;
    let (mut data, nonce) = (data.to_vec(), Nonce::assume_unique_for_key([0; 12]));
    let plain = LessSafeKey::new(key).open_in_place(nonce, Aad::empty(), &mut data);
    let length = plain.map_err(|_| anyhow!("the value was changed"))?.len();
    data.truncate(length);
    Ok(data)
}
