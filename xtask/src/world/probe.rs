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
    pub(crate) not_after: OffsetDateTime,
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
            not_after: inside.validity().not_after.to_system_time().into(),
        })
    }
}
