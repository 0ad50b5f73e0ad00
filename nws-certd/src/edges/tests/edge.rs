//! An edge on a port of its own.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use nws_expiry::Fingerprint;
use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use rustls::crypto::aws_lc_rs::{default_provider, sign::any_supported_type};
use rustls::server::{ResolvesServerCertUsingSni, WebPkiClientVerifier};
use rustls::sign::{self, SingleCertAndKey};
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// A certificate that an edge has, with its key.
#[derive(Clone)]
pub(crate) struct Held {
    name: String,
    der: CertificateDer<'static>,
    key: Arc<KeyPair>,
}

pub(crate) fn certificate(name: &str) -> Held {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(vec![name.to_owned()]).unwrap();
    Held { name: name.into(), der: cert.der().clone(), key: Arc::new(signing_key) }
}

impl Held {
    pub(crate) fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.der)
    }

    /// As it is in DER.
    pub(crate) fn der(&self) -> &[u8] {
        &self.der
    }

    fn with_key(&self, der: CertificateDer<'static>) -> sign::CertifiedKey {
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.serialize_der()));
        sign::CertifiedKey::new(vec![der], any_supported_type(&key).unwrap())
    }
}

/// What an edge does with a connection.
#[derive(Clone)]
pub(crate) enum Behaviour {
    /// For any name.
    Serve(Held),
    /// For its own name alone.
    ServeByName(Held),
    AskForClients(Held),
    AskForClientsByTls12(Held),
    /// Bytes that are no certificate.
    ServeJunk,
    Http,
    HangUp,
    Silence,
}

pub(crate) struct TestEdge {
    pub(crate) port: u16,
    behaviour: Arc<Mutex<Behaviour>>,
}

impl TestEdge {
    pub(crate) async fn at(ip: IpAddr, port: u16, behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind((ip, port)).await.unwrap();
        let edge = Self {
            port: listener.local_addr().unwrap().port(),
            behaviour: Arc::new(Mutex::new(behaviour)),
        };
        let behaviour = Arc::clone(&edge.behaviour);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let behaviour = behaviour.lock().unwrap().clone();
                tokio::spawn(behave(stream, behaviour));
            }
        });
        edge
    }

    /// From the next connection on.
    pub(crate) fn now(&self, behaviour: Behaviour) {
        *self.behaviour.lock().unwrap() = behaviour;
    }
}

async fn behave(mut stream: TcpStream, behaviour: Behaviour) {
    let config = match behaviour {
        Behaviour::Serve(held) => always(held.with_key(held.der.clone())),
        Behaviour::ServeByName(held) => by_name(&held),
        Behaviour::AskForClients(held) => asking(&held, &TLS13),
        Behaviour::AskForClientsByTls12(held) => asking(&held, &TLS12),
        Behaviour::ServeJunk => {
            always(certificate("junk.example").with_key(b"no certificate".to_vec().into()))
        }
        Behaviour::Http => {
            let answer = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";
            stream.write_all(answer).await.unwrap();
            stream.read_to_end(&mut Vec::new()).await.unwrap_or_default();
            return;
        }
        Behaviour::HangUp => {
            stream.shutdown().await.unwrap();
            stream.read_to_end(&mut Vec::new()).await.unwrap_or_default();
            return;
        }
        Behaviour::Silence => {
            stream.read_to_end(&mut Vec::new()).await.unwrap_or_default();
            return;
        }
    };
    // How a handshake ends is the other side's to tell; it goes on after ours, as a server's would.
    if let Ok(mut stream) = TlsAcceptor::from(Arc::new(config)).accept(stream).await {
        stream.read_to_end(&mut Vec::new()).await.unwrap_or_default();
    }
}

fn always(certified: sign::CertifiedKey) -> ServerConfig {
    ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)))
}

fn by_name(held: &Held) -> ServerConfig {
    let mut names = ResolvesServerCertUsingSni::new();
    names.add(&held.name, held.with_key(held.der.clone())).unwrap();
    ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(names))
}

fn asking(held: &Held, version: &'static rustls::SupportedProtocolVersion) -> ServerConfig {
    let provider = Arc::new(default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(held.der.clone()).unwrap();
    let clients = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone());
    ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_client_cert_verifier(clients.build().unwrap())
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(held.with_key(held.der.clone()))))
}
