//! The key that the values of one SOPS file are encrypted with.

use std::io::Write;

use aes_gcm::aead::consts::U32;
use aes_gcm::aead::rand_core::RngCore;
use aes_gcm::aead::{AeadInPlace, KeyInit, OsRng};
use aes_gcm::aes::Aes256;
use aes_gcm::{AesGcm, Nonce};
use age::armor::{ArmoredWriter, Format};
use age::x25519::Recipient;
use zeroize::Zeroizing;

use super::SopsError;
use super::ciphertext::{Ciphertext, IV_BYTES};

const KEY_BYTES: usize = 32;

/// AES-256-GCM with the IV that SOPS uses.
pub(super) type Cipher = AesGcm<Aes256, U32>;

/// A random key, for one file and never for another.
pub(super) struct DataKey {
    bytes: Zeroizing<[u8; KEY_BYTES]>,
    cipher: Cipher,
}

impl DataKey {
    pub(super) fn random() -> Result<Self, SopsError> {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        OsRng.try_fill_bytes(&mut *bytes).map_err(SopsError::Random)?;
        let cipher = Cipher::new((&*bytes).into());
        Ok(Self { bytes, cipher })
    }

    /// Encrypts a text that opens only at its place.
    pub(super) fn encrypt(&self, text: &str, place: &str) -> Result<Ciphertext, SopsError> {
        let mut iv = [0; IV_BYTES];
        OsRng.try_fill_bytes(&mut iv).map_err(SopsError::Random)?;
        // Encrypted where it lies, so that the text is in no other memory.
        let mut data = text.as_bytes().to_vec();
        let nonce = Nonce::from_slice(&iv);
        let tag = self.cipher.encrypt_in_place_detached(nonce, place.as_bytes(), &mut data);
        Ok(Ciphertext { data, iv, tag: tag.map_err(|_| SopsError::TooLong)?.into() })
    }

    /// The key itself, as an armored age file for one recipient.
    pub(super) fn encrypt_to(&self, recipient: &Recipient) -> Result<String, age::EncryptError> {
        let recipients = std::iter::once(recipient as &dyn age::Recipient);
        let armored = ArmoredWriter::wrap_output(Vec::new(), Format::AsciiArmor)?;
        let mut file = age::Encryptor::with_recipients(recipients)?.wrap_output(armored)?;
        file.write_all(&*self.bytes)?;
        let text = file.finish()?.finish()?;
        // Armor is ASCII.
        Ok(String::from_utf8_lossy(&text).into_owned())
    }
}
