//! What Secrets are sealed to: sealing certificates, in files or from controllers.

use std::path::PathBuf;

use nws_gitops::{
    AgeRecipients, FleetClusters, GroupName, RepositoryName, Scope, SealingCertificate, SopsKind,
};
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use time::macros::datetime;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::World;
use crate::config::{Encryption, RecipientSettings, RecipientSource, SealSettings};
use crate::sealing::Sealing;
use crate::state_dir::StatePaths;

/// SOPS, for these.
pub(in crate::daemon::tests) fn sops(recipients: &[&str]) -> SealSettings {
    let source = RecipientSource::Age(Some(AgeRecipients::new(recipients).unwrap()));
    for_all(Encryption::Sops(SopsKind::Secret), source)
}

/// SealedSecrets, to a certificate from there.
pub(in crate::daemon::tests) fn sealed(source: RecipientSource) -> SealSettings {
    for_all(Encryption::SealedSecrets(Scope::Strict), source)
}

fn for_all(encryption: Encryption, source: RecipientSource) -> SealSettings {
    let (name, clusters) = (GroupName::default(), FleetClusters::default());
    SealSettings { encryption, recipients: vec![RecipientSettings { name, clusters, source }] }
}

/// A sealing certificate, as a controller makes them, and the id of its key.
pub(in crate::daemon::tests) fn certificate() -> (String, String) {
    let pair = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    let mut params = CertificateParams::default();
    params.not_before = datetime!(2026-02-27 12:00 UTC);
    params.not_after = datetime!(2036-02-27 12:00 UTC);
    let pem = params.self_signed(&pair).unwrap().pem();
    let id = SealingCertificate::from_pem(pem.as_bytes()).unwrap().key_id().to_owned();
    (pem, id)
}

/// A controller that takes every connection, and answers once it has a certificate.
pub(in crate::daemon::tests) struct Controller {
    url: String,
    certificate: watch::Sender<Option<String>>,
    serving: JoinHandle<()>,
}

impl Controller {
    pub(in crate::daemon::tests) async fn silent() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let certificate = watch::Sender::new(None);
        let sender = certificate.clone();
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, sender.subscribe()));
            }
        });
        Self { url, certificate, serving }
    }

    pub(in crate::daemon::tests) fn gives(&self, certificate: &str) {
        self.certificate.send_replace(Some(certificate.to_owned()));
    }

    pub(in crate::daemon::tests) fn source(&self) -> RecipientSource {
        RecipientSource::Controller(self.url.parse().unwrap())
    }
}

impl Drop for Controller {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Who has asked may be gone before there is an answer.
async fn serve(stream: TcpStream, mut certificate: watch::Receiver<Option<String>>) {
    let mut stream = BufReader::new(stream);
    let mut line = String::from("-");
    while !line.trim().is_empty() {
        line.clear();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return;
        }
    }
    let Ok(text) = certificate.wait_for(Option::is_some).await.map(|it| it.clone()) else { return };
    let text = text.unwrap_or_default();
    let length = text.len();
    let answer =
        format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{text}");
    let _ = stream.write_all(answer.as_bytes()).await;
}

impl World {
    pub(super) fn sealing(&self, names: &[RepositoryName]) -> Sealing {
        let seal = self.seal.lock().unwrap().clone();
        let apart = self.seal_apart.lock().unwrap().clone();
        let state = StatePaths::of(&self.place("state"));
        std::fs::create_dir_all(self.place("state")).unwrap();
        let of = |name: &RepositoryName| match &apart {
            Some((repository, seal)) if name.as_str() == *repository => seal.clone(),
            Some(_) | None => seal.clone(),
        };
        let each: Vec<_> = names.iter().map(|name| (name, of(name))).collect();
        Sealing::of(each.iter().map(|(name, seal)| (*name, seal)), &state)
    }

    /// A file of the daemon's host.
    pub(in crate::daemon::tests) fn on_the_host(&self, file: &str) -> PathBuf {
        self.place(file)
    }
}
