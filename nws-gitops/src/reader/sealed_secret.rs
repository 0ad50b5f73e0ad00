//! What a SealedSecret of ours says in clear.

use nws_expiry::{Fingerprint, KeyEncoding};
use serde_json::Value;

use super::secret::template;
use crate::seal::sealed_secrets::{KEY_ENCODING_ANNOTATION, SEAL_KEY_ANNOTATION};
use crate::{Scope, SealedTo, SecretForm};

/// Whatever is sealed has a scope; of a key that cannot be read nobody can tell whether it is still the right one.
pub(super) fn sealed_to(annotations: &Value) -> Option<SealedTo> {
    let key: Fingerprint = annotations[SEAL_KEY_ANNOTATION].as_str()?.parse().ok()?;
    let (key_id, scope) = (key.to_string(), Scope::of(annotations));
    Some(SealedTo::SealedSecrets { key_id, scope })
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
