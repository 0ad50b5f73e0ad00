//! One handshake with one address.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use nws_expiry::{Fingerprint, InvalidCertificate, Leaf};
use rustls::client::Resumption;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::{AlertDescription, ClientConfig, Error};
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::onlooker::Onlooker;

/// For connection and handshake together; an edge that takes longer serves nobody.
const PATIENCE: Duration = Duration::from_secs(5);

/// What an address serves.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    /// Its end-entity certificate, whoever issued it and for whatever names.
    pub(crate) leaf: Leaf,
    /// What it shows with it, in its order.
    pub(crate) others: Vec<Fingerprint>,
}

/// TLS with whoever answers: nothing may be sent or believed that is not anybody's to know or to say.
///
/// # Errors
///
/// If the provider has none of the usual versions.
pub(crate) fn unverified() -> Result<ClientConfig, Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Onlooker::new(provider)))
        .with_no_client_auth();
    // A session that is taken up again would show no certificate.
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// Asks addresses for their certificates.
#[derive(Clone, Debug)]
pub(super) struct Probe {
    provider: Arc<CryptoProvider>,
    config: ClientConfig,
}

impl Probe {
    pub(super) fn new() -> Result<Self, Error> {
        Ok(Self { provider: Arc::new(aws_lc_rs::default_provider()), config: unverified()? })
    }

    /// What `address` serves for `server`, which it is told by SNI (RFC 6066 §3).
    pub(super) async fn ask(
        self,
        address: SocketAddr,
        server: ServerName<'static>,
    ) -> Result<Shown, ProbeError> {
        let onlooker = Arc::new(Onlooker::new(Arc::clone(&self.provider)));
        let mut config = self.config;
        config.dangerous().set_certificate_verifier(onlooker.clone());
        let shaken = timeout(PATIENCE, shake_hands(address, server, config)).await;
        match (onlooker.seen(), shaken) {
            (Some((certificate, others)), _) => {
                let leaf = Leaf::from_der(certificate);
                let leaf = leaf.map_err(|source| ProbeError::Unreadable { source })?;
                Ok(Shown { leaf, others: others.iter().map(|one| Fingerprint::of(one)).collect() })
            }
            (None, Ok(Ok(()))) => Err(ProbeError::NoCertificate),
            (None, Ok(Err(error))) => Err(error),
            (None, Err(_elapsed)) => Err(ProbeError::TimedOut),
        }
    }
}

async fn shake_hands(
    address: SocketAddr,
    server: ServerName<'static>,
    config: ClientConfig,
) -> Result<(), ProbeError> {
    let stream = TcpStream::connect(address).await.map_err(not_connected)?;
    let connector = TlsConnector::from(Arc::new(config));
    connector.connect(server, stream).await.map(drop).map_err(no_handshake)
}

fn not_connected(source: io::Error) -> ProbeError {
    match source.kind() {
        io::ErrorKind::ConnectionRefused => ProbeError::Refused,
        io::ErrorKind::TimedOut => ProbeError::TimedOut,
        _ => ProbeError::Unreachable { source },
    }
}

/// An edge that has no certificate for a name says so by one of these alerts: nginx and HAProxy, Go, rustls.
fn no_handshake(source: io::Error) -> ProbeError {
    use AlertDescription::{AccessDenied, HandshakeFailure, InternalError, UnrecognisedName};
    match source.get_ref().and_then(|error| error.downcast_ref::<Error>()) {
        Some(
            Error::NoCertificatesPresented
            | Error::AlertReceived(
                UnrecognisedName | HandshakeFailure | InternalError | AccessDenied,
            ),
        ) => ProbeError::NoCertificate,
        Some(_) | None => ProbeError::NoTls { source },
    }
}

/// Why it is not known what an address serves.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProbeError {
    /// Nothing listens there.
    #[error("refuses the connection; check that the edge runs, and edges.https_port")]
    Refused,
    /// Nothing was heard from there.
    #[error("does not answer within {} s; check that the edge runs, and the firewalls on the way", PATIENCE.as_secs())]
    TimedOut,
    /// There is no way there from here.
    #[error("cannot be reached from here; check this host's network, IPv6 above all")]
    Unreachable {
        /// Why.
        source: io::Error,
    },
    /// It speaks something else, or another version.
    #[error("does not speak TLS as we do; check edges.https_port")]
    NoTls {
        /// How the handshake ended.
        source: io::Error,
    },
    /// It has none for the name.
    #[error("serves no certificate for the name; check what the edge has loaded")]
    NoCertificate,
    /// It serves bytes that are none.
    #[error("serves a certificate that cannot be read; replace it")]
    Unreadable {
        /// Why.
        source: InvalidCertificate,
    },
}
