//! The key that an order is for.

use nws_acme::generate_key;
use nws_expiry::PrivateKey;

use super::outcome::OrderFailure;
use super::{Attempt, Ordering};
use crate::store::CertificateKey;

impl Ordering {
    /// A new key; or that of the certificate before, where keys are used again and it is fit for that.
    pub(super) async fn key_for(&self, attempt: &Attempt) -> Result<PrivateKey, OrderFailure> {
        let certificate = &attempt.certificate;
        let before = if self.reuse_key || attempt.keeps_key {
            self.key_before(certificate).await?
        } else {
            None
        };
        match before {
            Some(key) => Ok(key),
            None => generate_key(certificate.key_type).map_err(OrderFailure::NewKey),
        }
    }

    /// A key that does not open, or was revoked with its certificate, is no key to go on with.
    async fn key_before(
        &self,
        certificate: &CertificateKey,
    ) -> Result<Option<PrivateKey>, OrderFailure> {
        let stored = self.store.outbox(certificate).await.map_err(OrderFailure::Store)?;
        let opened = stored.and_then(|stored| self.vault.open_sealed(&stored.sealed_key).ok());
        let key = opened.and_then(|der| PrivateKey::from_pkcs8_der(&der).ok());
        match key.filter(|key| key.key_type() == certificate.key_type) {
            Some(key) if !self.is_revoked(&key).await? => Ok(Some(key)),
            Some(_) | None => Ok(None),
        }
    }

    /// Whether a certificate for the key is to be revoked, or was.
    pub(super) async fn is_revoked(&self, key: &PrivateKey) -> Result<bool, OrderFailure> {
        self.store.is_key_of_revoked(key.public_key()).await.map_err(OrderFailure::Store)
    }
}
