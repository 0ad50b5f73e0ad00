//! What a SealedSecret of ours says in clear.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use nws_expiry::{Chain, Fingerprint, KeyEncoding};
use serde_json::Value;

use super::secret::template;
use crate::manifest::CERTIFICATE_ANNOTATION;
use crate::seal::sealed_secrets::{KEY_ENCODING_ANNOTATION, SEAL_KEY_ANNOTATION};
use crate::{Scope, SealedTo, SecretForm};

/// The leaf, without its chain. Names and dates are read from it, as from any certificate.
pub(super) fn chain(annotations: &Value) -> Option<Chain> {
    let der = STANDARD.decode(annotations[CERTIFICATE_ANNOTATION].as_str()?).ok()?;
    Chain::from_der(vec![der.into()]).ok()
}

/// Whatever is sealed has a scope; of a key that cannot be read nobody can tell whether it is still the right one.
pub(super) fn sealed_to(annotations: &Value) -> Option<Box<SealedTo>> {
    let key: Fingerprint = annotations[SEAL_KEY_ANNOTATION].as_str()?.parse().ok()?;
    let (key_id, scope) = (key.to_string(), Scope::of(annotations));
    Some(Box::new(SealedTo::SealedSecrets { key_id, scope }))
}

/// How the Secret is written that becomes of it.
pub(super) fn form(object: &Value) -> SecretForm {
    let metadata = &object["metadata"];
    let pkcs1 = KeyEncoding::Pkcs1.to_string();
    let is_older = metadata["annotations"][KEY_ENCODING_ANNOTATION] == pkcs1;
    SecretForm {
        template: template(&object["spec"]["template"]["metadata"]),
        key_encoding: if is_older { KeyEncoding::Pkcs1 } else { KeyEncoding::Pkcs8 },
    }
}
