//! A verifier that keeps what it sees.

use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::{DigitallySignedStruct, Error, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

/// Accepts any certificate of one handshake and keeps it and what comes with it, even if the handshake fails later, for instance for want of a client's.
///
/// Nothing may be sent or believed over a connection that was made with this.
#[derive(Debug)]
pub(super) struct Onlooker {
    provider: Arc<CryptoProvider>,
    seen: OnceLock<Vec<CertificateDer<'static>>>,
}

impl Onlooker {
    pub(super) fn new(provider: Arc<CryptoProvider>) -> Self {
        Self { provider, seen: OnceLock::new() }
    }

    /// The end-entity certificate, once it was shown, and what was shown with it.
    pub(super) fn seen(&self) -> Option<(&CertificateDer<'static>, &[CertificateDer<'static>])> {
        self.seen.get()?.split_first()
    }
}

impl ServerCertVerifier for Onlooker {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let all = std::iter::once(end_entity).chain(intermediates);
        self.seen.get_or_init(|| all.map(|one| one.clone().into_owned()).collect());
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
