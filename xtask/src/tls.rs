//! Certificates for the listeners of a world: Pebble's own, the proxy's, the edges' placeholder.

use std::sync::Arc;

use anyhow::{Context, Result};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};

/// The CA that a world's HTTPS listeners are trusted by. It has nothing to do with the ACME CA that is being tried.
pub(crate) struct ListenerCa(CertifiedIssuer<'static, KeyPair>);

/// A certificate with its key, both PEM.
pub(crate) struct Identity {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl ListenerCa {
    pub(crate) fn generate() -> Result<Self> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "nws-certd world listeners");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        Ok(Self(CertifiedIssuer::self_signed(params, KeyPair::generate()?)?))
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// Issues for host names and IP addresses.
    pub(crate) fn issue(&self, subjects: &[String]) -> Result<Identity> {
        let key = KeyPair::generate()?;
        let certificate = CertificateParams::new(subjects)?.signed_by(&key, &self.0)?;
        Ok(Identity { certificate: certificate.pem(), key: key.serialize_pem() })
    }
}

/// What an edge shows while it has nothing better; no client trusts it.
pub(crate) fn placeholder() -> Result<Identity> {
    let made = rcgen::generate_simple_self_signed(["placeholder.invalid".to_owned()])?;
    Ok(Identity { certificate: made.cert.pem(), key: made.signing_key.serialize_pem() })
}

impl Identity {
    /// How a server shows this identity, over HTTP/2 and HTTP/1.1.
    pub(crate) fn server(&self) -> Result<ServerConfig> {
        let chain = CertificateDer::pem_slice_iter(self.certificate.as_bytes())
            .collect::<Result<_, _>>()?;
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes())?;
        let mut config =
            ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }
}

/// A client that trusts the certificates in `pem` and nothing else.
pub(crate) fn client_trusting(pem: &str) -> Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        roots
            .add(certificate.context("a root is no PEM certificate")?)
            .context("a root cannot be used")?;
    }
    anyhow::ensure!(!roots.is_empty(), "there is no root to trust");
    Ok(ClientConfig::builder().with_root_certificates(Arc::new(roots)).with_no_client_auth())
}
