//! Sealed Secrets (`bitnami.com/v1alpha1`): what its controller opens, and nobody else.
//!
//! Each value has a data key of its own, used once: `u16 length || RSA-OAEP(data key) || AES-256-GCM(value)`, in base64
//! (`HybridEncrypt` of sealed-secrets). The label of the RSA encryption says where the value opens, and the name of the value is not
//! bound: whoever can write to the repository can exchange the two values of a Secret, which yields a Secret that no server takes.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use nws_expiry::Issued;
use zeroize::Zeroizing;

use super::{Scope, SealError, SealingCertificate};
use crate::{Manifest, Provenance, SecretForm, WantKey};

mod text;

pub(crate) use text::{BETWEEN, Public};

/// The annotation of a SealedSecret of ours that says which key it is sealed to.
pub(crate) const SEAL_KEY_ANNOTATION: &str = "nws-certd/seal-key-sha256";
/// The annotation that says how the key inside is written down, where that is not PKCS#8.
pub(crate) const KEY_ENCODING_ANNOTATION: &str = "nws-certd/key-encoding";

/// Renders a certificate as a SealedSecret, of which the controller makes a Secret of type `kubernetes.io/tls`.
///
/// All but the two sealed values is the same for the same certificate; they differ each time. In clear, and read back, is the public
/// leaf, not its chain. The Secret says what a plain one of [`manifest`](crate::manifest()) says, but for that leaf.
///
/// Whether the sealing certificate is fit to be used at this time ([`SealingCertificate::condition`]) is for the caller to see to.
///
/// # Errors
///
/// [`SealError`] if the cryptographic library fails.
pub fn manifest(
    key: &WantKey,
    issued: &Issued,
    provenance: &Provenance,
    form: &SecretForm,
    with: &SealingCertificate,
    scope: Scope,
) -> Result<Manifest, SealError> {
    let (chain, names, key_id) = (issued.chain(), issued.names(), with.key_id());
    let public = Public { key, chain, names, provenance, form, key_id, scope };
    let label = scope.label(&key.secret);
    let sealed = |value: &str| {
        seal(value.as_bytes(), with, &label).map(|sealed| STANDARD.encode(sealed)).map_err(|_| {
            SealError::Encryption { secret: key.secret.clone(), key_id: key_id.to_owned() }
        })
    };
    let certificates = sealed(&chain.to_pem())?;
    let private = sealed(&issued.key().to_pem_as(form.key_encoding))?;
    Ok(Manifest::of(public.render(&certificates, &private)))
}

/// One value, sealed. It is encrypted where it will stand, so no other copy of it is made.
fn seal(
    value: &[u8],
    with: &SealingCertificate,
    label: &str,
) -> Result<Zeroizing<Vec<u8>>, Unspecified> {
    let mut data_key = Zeroizing::new([0; 32]);
    rand::fill(&mut *data_key)?;
    let wrapped = with.wrap(&*data_key, label)?;
    let cipher = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &*data_key)?);
    let len = u16::try_from(wrapped.len()).map_err(|_| Unspecified)?;
    let head = [&len.to_be_bytes(), &*wrapped].concat();
    let whole = head.len() + value.len() + AES_256_GCM.tag_len();
    let mut sealed = Zeroizing::new(Vec::with_capacity(whole));
    sealed.extend_from_slice(&head);
    sealed.extend_from_slice(value);
    // As sealed-secrets has it: a key that encrypts one value needs no other nonce.
    let nonce = Nonce::assume_unique_for_key([0; 12]);
    let body = &mut sealed[head.len()..];
    let tag = cipher.seal_in_place_separate_tag(nonce, Aad::empty(), body)?;
    sealed.extend_from_slice(tag.as_ref());
    Ok(sealed)
}
