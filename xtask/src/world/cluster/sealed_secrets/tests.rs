//! What a controller opens, sealed here by other code than it opens with.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::rand;
use aws_lc_rs::rsa::{OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, PublicEncryptingKey};
use x509_cert::Certificate;
use x509_cert::der::{DecodePem, Encode};

use super::*;
use crate::loopback::Network;
use crate::tools;
use crate::world::manifest::SecretName;

const CERTIFICATE: &str = "leaf";
const KEY: &str = "key";

async fn controller(folder: &Path) -> Controller {
    let network = Network::claim();
    let address = network.free_address(network.host(1)).unwrap();
    let openssl = tools::openssl().await.unwrap();
    Controller::start(&openssl, folder, Bits::Rsa2048, address).await.unwrap()
}

/// Seals as `pkg/crypto` does.
fn seal(certificate: &str, plain: &str, label: &str) -> String {
    let certificate = Certificate::from_pem(certificate).unwrap();
    let spki = certificate.tbs_certificate().subject_public_key_info().to_der().unwrap();
    let public = OaepPublicEncryptingKey::new(PublicEncryptingKey::from_der(&spki).unwrap());
    let public = public.unwrap();
    let (mut key, mut wrapped) = ([0; 32], vec![0; public.ciphertext_size()]);
    rand::fill(&mut key).unwrap();
    let label = label.as_bytes();
    public.encrypt(&OAEP_SHA256_MGF1SHA256, &key, &mut wrapped, Some(label)).unwrap();
    let mut data = plain.as_bytes().to_vec();
    let cipher = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).unwrap());
    let nonce = Nonce::assume_unique_for_key([0; 12]);
    cipher.seal_in_place_append_tag(nonce, Aad::empty(), &mut data).unwrap();
    let length = u16::try_from(wrapped.len()).unwrap().to_be_bytes();
    BASE64_STANDARD.encode([&length[..], &wrapped, &data].concat())
}

/// The SealedSecret `shop/tls` with one annotation, its values sealed under `label`.
fn sealed(certificate: &str, annotation: &str, label: &str) -> SealedSecret {
    let values = [("tls.crt", CERTIFICATE), ("tls.key", KEY)];
    let values = values.map(|(name, plain)| (name.to_owned(), seal(certificate, plain, label)));
    SealedSecret {
        name: SecretName { namespace: "shop".into(), name: "tls".into() },
        annotations: serde_json::from_value(serde_json::json!({ annotation: "true" })).unwrap(),
        encrypted: values.into_iter().collect(),
        template: Annotations::default(),
    }
}

async fn opens(controller: &Controller, sealed: &SealedSecret) -> bool {
    match controller.open(sealed).await {
        Ok(TlsSecret { identity, .. }) => {
            identity.certificate == CERTIFICATE && identity.key == KEY
        }
        Err(_) => false,
    }
}

#[tokio::test]
async fn values_open_where_their_scope_says_and_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    let controller = controller(folder.path()).await;
    let certificate = controller.certificate();
    let cases = [
        ("strict", "other", "shop/tls", true),
        ("strict, of another name", "other", "shop/tls2", false),
        ("strict, sealed for the namespace", "other", "shop", false),
        ("for the namespace", NAMESPACE_WIDE, "shop", true),
        ("for another namespace", NAMESPACE_WIDE, "shop2", false),
        ("for the namespace, sealed strictly", NAMESPACE_WIDE, "shop/tls", false),
        ("for the cluster", CLUSTER_WIDE, "", true),
        ("for the cluster, sealed for the namespace", CLUSTER_WIDE, "shop", false),
    ];
    for (case, annotation, label, want) in cases {
        let opened = opens(&controller, &sealed(&certificate, annotation, label)).await;
        assert_eq!(opened, want, "{case}");
    }
}

#[tokio::test]
async fn a_value_that_was_changed_does_not_open() {
    let folder = tempfile::tempdir().unwrap();
    let controller = controller(folder.path()).await;
    let whole = sealed(&controller.certificate(), "other", "shop/tls");
    let value = BASE64_STANDARD.decode(&whole.encrypted["tls.key"]).unwrap();
    for at in [0, 2, 100, value.len() - 1] {
        let (mut changed, mut sealed) = (value.clone(), whole.clone());
        changed[at] ^= 1;
        sealed.encrypted.insert("tls.key".into(), BASE64_STANDARD.encode(changed));
        assert!(!opens(&controller, &sealed).await, "byte {at}");
    }
}

#[tokio::test]
async fn what_was_sealed_to_an_older_key_opens_until_that_is_retired() {
    let folder = tempfile::tempdir().unwrap();
    let controller = controller(folder.path()).await;
    let old = sealed(&controller.certificate(), "other", "shop/tls");
    controller.rotate().unwrap();
    let new = sealed(&controller.certificate(), "other", "shop/tls");
    assert!(opens(&controller, &old).await && opens(&controller, &new).await);
    controller.retire_old_keys();
    assert!(!opens(&controller, &old).await && opens(&controller, &new).await);
}
