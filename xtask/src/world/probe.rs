//! A TLS client that trusts the world's CA and nothing else: what it accepts, a browser would.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use time::OffsetDateTime;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::der::oid::db::rfc5912::{
    ID_EC_PUBLIC_KEY, RSA_ENCRYPTION, SECP_256_R_1, SECP_384_R_1,
};
use x509_cert::spki::SubjectPublicKeyInfoOwned;

use crate::tls;

/// Bounds connecting and the handshake.
const LIMIT: Duration = Duration::from_secs(5);

#[derive(Clone)]
pub(crate) struct Probe {
    connector: TlsConnector,
    port: u16,
}

/// What a server showed and the client accepted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Leaf {
    /// Lower-case hexadecimal.
    pub(crate) serial: String,
    pub(crate) issuer: String,
    pub(crate) not_before: OffsetDateTime,
    pub(crate) not_after: OffsetDateTime,
    pub(crate) key: PublicKey,
}

impl Probe {
    pub(crate) fn new(root: &str, port: u16) -> Result<Self> {
        Ok(Self { connector: TlsConnector::from(Arc::new(tls::client_trusting(root)?)), port })
    }

    /// The port that is asked on every address.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The certificate that `address` serves for `host`.
    ///
    /// # Errors
    ///
    /// If nothing answers there, or with a certificate that is expired, for other names, or of another CA.
    pub(crate) async fn leaf(&self, address: IpAddr, host: &str) -> Result<Leaf> {
        let shaken = tokio::time::timeout(LIMIT, self.shake_hands(address, host)).await;
        shaken
            .unwrap_or_else(|_| Err(anyhow!("no answer")))
            .with_context(|| format!("{host} on {address}"))
    }

    async fn shake_hands(&self, address: IpAddr, host: &str) -> Result<Leaf> {
        let name = ServerName::try_from(host.to_owned())?;
        let stream = TcpStream::connect((address, self.port)).await?;
        let stream = self.connector.connect(name, stream).await?;
        let (_, session) = stream.get_ref();
        let shown = session
            .peer_certificates()
            .and_then(<[_]>::first)
            .context("no certificate was shown")?;
        Leaf::read(shown)
    }
}

/// The key that a certificate is for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct PublicKey {
    algorithm: ObjectIdentifier,
    /// For elliptic curves.
    curve: Option<ObjectIdentifier>,
    bits: Vec<u8>,
}

impl PublicKey {
    fn of(spki: &SubjectPublicKeyInfoOwned) -> Self {
        let curve = spki.algorithm.parameters.as_ref();
        Self {
            algorithm: spki.algorithm.oid,
            curve: curve.and_then(|curve| curve.decode_as().ok()),
            bits: spki.subject_public_key.raw_bytes().to_vec(),
        }
    }

    /// As Ingresses name it; anything else than these by its algorithm.
    pub(crate) fn kind(&self) -> String {
        match (self.algorithm, self.curve, self.bits.len()) {
            (ID_EC_PUBLIC_KEY, Some(SECP_256_R_1), _) => "ecdsa-p256".to_owned(),
            (ID_EC_PUBLIC_KEY, Some(SECP_384_R_1), _) => "ecdsa-p384".to_owned(),
            // The modulus, with 14 bytes around it.
            (RSA_ENCRYPTION, _, 270) => "rsa-2048".to_owned(),
            (algorithm, curve, length) => format!("{algorithm} {curve:?}, {length} bytes"),
        }
    }
}

impl Leaf {
    /// The first certificate of a chain, PEM.
    pub(crate) fn of_chain(pem: &str) -> Result<Self> {
        Self::read(&CertificateDer::from_pem_slice(pem.as_bytes())?)
    }

    fn read(der: &CertificateDer<'_>) -> Result<Self> {
        let certificate = Certificate::from_der(der)?;
        let inside = certificate.tbs_certificate();
        Ok(Self {
            serial: inside
                .serial_number()
                .as_bytes()
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect(),
            issuer: inside.issuer().to_string(),
            not_before: inside.validity().not_before.to_system_time().into(),
            not_after: inside.validity().not_after.to_system_time().into(),
            key: PublicKey::of(inside.subject_public_key_info()),
        })
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384};

    use super::Leaf;

    #[test]
    fn keys_are_called_as_ingresses_call_them() {
        let cases =
            [(&PKCS_ECDSA_P256_SHA256, "ecdsa-p256"), (&PKCS_ECDSA_P384_SHA384, "ecdsa-p384")];
        for (algorithm, kind) in cases {
            let key = KeyPair::generate_for(algorithm).unwrap();
            let params = CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
            let leaf = Leaf::of_chain(&params.self_signed(&key).unwrap().pem()).unwrap();
            assert_eq!(leaf.key.kind(), kind);
        }
    }
}
