//! A sealed-secrets controller: sealing keys of its own, and what opens SealedSecrets with them.
//!
//! RSA is OpenSSL's, so that nothing of what sealed them opens them. The format is that of `pkg/crypto` of sealed-secrets.

mod certificate_server;
mod sealing_key;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, anyhow};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::files;
use crate::tls::Identity;
use crate::world::manifest::{Annotations, SealedSecret, TlsSecret};

use certificate_server::CertificateServer;
pub(crate) use sealing_key::Bits;
use sealing_key::SealingKey;

const NAMESPACE_WIDE: &str = "sealedsecrets.bitnami.com/namespace-wide";
const CLUSTER_WIDE: &str = "sealedsecrets.bitnami.com/cluster-wide";

pub(crate) struct Controller {
    openssl: PathBuf,
    folder: PathBuf,
    bits: Bits,
    /// All that there ever were, the newest last.
    keys: Mutex<Vec<Arc<SealingKey>>>,
    server: CertificateServer,
}

impl Controller {
    /// Makes the first key, and offers its certificate at `address` and in a file.
    pub(super) async fn start(
        openssl: &Path,
        folder: &Path,
        bits: Bits,
        address: SocketAddr,
    ) -> Result<Self> {
        let key = SealingKey::generate(&folder.join("sealing-key-1.pem"), bits)?;
        let server = CertificateServer::start(address, key.certificate()).await?;
        files::write(&folder.join("sealed-secrets.pem"), key.certificate())?;
        Ok(Self {
            openssl: openssl.to_owned(),
            folder: folder.to_owned(),
            bits,
            keys: Mutex::new(vec![Arc::new(key)]),
            server,
        })
    }

    /// Where an operator has put the certificate; it stays the first until somebody writes another.
    pub(crate) fn certificate_file(&self) -> PathBuf {
        self.folder.join("sealed-secrets.pem")
    }

    /// What it answers itself as, to `GET /v1/cert.pem`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// The certificate of the newest key, PEM.
    pub(crate) fn certificate(&self) -> String {
        self.server.certificate()
    }

    /// Begins another key, as controllers do every thirty days; what was sealed to an older one opens as before.
    pub(crate) fn rotate(&self) -> Result<()> {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let file = self.folder.join(format!("sealing-key-{}.pem", keys.len() + 1));
        let key = SealingKey::generate(&file, self.bits)?;
        self.server.offer(key.certificate());
        keys.push(Arc::new(key));
        Ok(())
    }

    /// Forgets every key but the newest, as an operator may once nothing is sealed to them any more.
    pub(crate) fn retire_old_keys(&self) {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = keys.len().saturating_sub(1);
        keys.drain(..newest);
    }

    /// # Errors
    ///
    /// If no key opens one of the values under the SealedSecret's own name and scope.
    pub(super) async fn open(&self, sealed: &SealedSecret) -> Result<TlsSecret> {
        let identity = Identity {
            certificate: self.open_value(sealed, "tls.crt").await?,
            key: self.open_value(sealed, "tls.key").await?,
        };
        Ok(TlsSecret { name: sealed.name.clone(), annotations: sealed.template.clone(), identity })
    }

    async fn open_value(&self, sealed: &SealedSecret, key: &str) -> Result<String> {
        let value = sealed.encrypted.get(key).with_context(|| format!("{key} is missing"))?;
        let value = BASE64_STANDARD.decode(value).with_context(|| format!("{key} is no base64"))?;
        let plain = self.try_keys(&value, &label(sealed)).await;
        let plain =
            plain.with_context(|| format!("no key could decrypt {key} of {}", sealed.name))?;
        String::from_utf8(plain).with_context(|| format!("{key} is no PEM"))
    }

    async fn try_keys(&self, value: &[u8], label: &str) -> Result<Vec<u8>> {
        let keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut outcome = Err(anyhow!("there is no key"));
        for key in keys.iter().rev() {
            outcome = key.open(&self.openssl, value, label).await;
            if outcome.is_ok() {
                break;
            }
        }
        outcome
    }
}

/// What binds the values to where they are for, by the scope that the SealedSecret's own annotations say.
fn label(SealedSecret { name, annotations, .. }: &SealedSecret) -> String {
    match Scope::of(annotations) {
        Scope::ClusterWide => String::new(),
        Scope::NamespaceWide => name.namespace.clone(),
        Scope::Strict => name.to_string(),
    }
}

enum Scope {
    Strict,
    NamespaceWide,
    ClusterWide,
}

impl Scope {
    fn of(annotations: &Annotations) -> Self {
        if annotations.say(CLUSTER_WIDE) {
            Self::ClusterWide
        } else if annotations.say(NAMESPACE_WIDE) {
            Self::NamespaceWide
        } else {
            Self::Strict
        }
    }
}

#[cfg(test)]
mod tests;
