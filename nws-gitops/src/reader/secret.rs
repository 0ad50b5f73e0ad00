//! The certificate in a Secret.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use nws_expiry::{Chain, KeyEncoding};
use serde_json::Value;
use zeroize::Zeroizing;

use super::{Secret, clear_key, sealed_secret, sops};
use crate::manifest::{CERTIFICATE_ANNOTATION, MANAGED_LABEL, RESOURCE_POLICY, TARGET_ANNOTATION};
use crate::provenance::GROUP_ANNOTATION;
use crate::secret_template::{TEMPLATE_ANNOTATION, TemplateEntry, TemplatePart};
use crate::{
    CA_ANNOTATION, OWNER_ANNOTATION, PROFILE_ANNOTATION, Provenance, SecretForm, SecretTemplate,
};

/// A Secret that has a name, whatever its type: each keeps another of that name away.
pub(super) fn read(object: &Value, document: usize) -> Option<Secret> {
    let metadata = &object["metadata"];
    let annotations = &metadata["annotations"];
    let ours = is_ours(object);
    let is_sealed_secret = ours && object["kind"] == "SealedSecret";
    let sealed = match is_sealed_secret {
        true => sealed_secret::sealed_to(annotations),
        false if ours => sops::sealed_to(object),
        false => None,
    };
    Some(Secret {
        document,
        namespace: metadata["namespace"].as_str().map(str::to_owned),
        name: metadata["name"].as_str()?.to_owned(),
        ours,
        target: annotations[TARGET_ANNOTATION].as_str().and_then(|text| text.parse().ok()),
        stays: annotations[RESOURCE_POLICY] == "keep",
        chain: match is_sealed_secret || sealed.is_some() {
            true => leaf(annotations),
            false => chain(object),
        },
        clear_key: clear_key::field(object),
        provenance: provenance(annotations),
        form: if is_sealed_secret { sealed_secret::form(object) } else { form(object) },
        sealed: sealed.map(Box::new),
        is_sealed: is_sealed(object),
    })
}

fn form(object: &Value) -> SecretForm {
    SecretForm { template: template(&object["metadata"]), key_encoding: key_encoding(object) }
}

/// By its label.
pub(super) fn is_ours(object: &Value) -> bool {
    let managed = &object["metadata"]["labels"][MANAGED_LABEL];
    managed == "true" || managed == true
}

/// Whether it is something that becomes a Secret once it is decrypted, or was encrypted by SOPS.
pub(crate) fn is_sealed(object: &Value) -> bool {
    let becomes_one = ["SealedSecret", "SopsSecret"].iter().any(|kind| object["kind"] == *kind);
    becomes_one || object["sops"].is_object()
}

/// A claim that cannot be read is none.
fn provenance(annotations: &Value) -> Provenance {
    Provenance {
        ca: annotations[CA_ANNOTATION].as_str().map(str::to_owned),
        profile: annotations[PROFILE_ANNOTATION].as_str().and_then(|text| text.parse().ok()),
        owner: annotations[OWNER_ANNOTATION].as_str().and_then(|text| text.parse().ok()),
        group: annotations[GROUP_ANNOTATION].as_str().and_then(|text| text.parse().ok()),
    }
}

/// As the first bytes tell, which are no part of the key.
fn key_encoding(object: &Value) -> KeyEncoding {
    let text = object["data"]["tls.key"].as_str().unwrap_or_default();
    let begins = |label: &str| text.starts_with(&STANDARD.encode(label));
    // As many bytes as are letters of base64 by themselves: `EC` and `RSA`, in place of `PRIVATE`.
    let is_older = ["-----BEGIN E", "-----BEGIN R"].into_iter().any(begins);
    if is_older { KeyEncoding::Pkcs1 } else { KeyEncoding::Pkcs8 }
}

/// What was asked for, as it was written; none where somebody has changed it since.
pub(super) fn template(metadata: &Value) -> SecretTemplate {
    let Some(mark) = metadata["annotations"][TEMPLATE_ANNOTATION].as_str() else {
        return SecretTemplate::default();
    };
    let of = |part: TemplatePart| {
        let all = metadata[part.field()].as_object().into_iter().flatten();
        all.filter_map(move |(name, value)| TemplateEntry::new(part, name, value.as_str()?).ok())
    };
    let found = TemplatePart::ALL.into_iter().flat_map(of).collect::<SecretTemplate>();
    if found.mark().as_deref() == Some(mark) { found } else { SecretTemplate::default() }
}

/// The leaf that stands in clear beside a sealed chain. Names and dates are read from it, as from any certificate.
fn leaf(annotations: &Value) -> Option<Chain> {
    let der = STANDARD.decode(annotations[CERTIFICATE_ANNOTATION].as_str()?).ok()?;
    Chain::from_der(vec![der.into()]).ok()
}

fn chain(object: &Value) -> Option<Chain> {
    if object["type"] != "kubernetes.io/tls" {
        return None;
    }
    Chain::from_pem(&datum(object, "tls.crt")?).ok()
}

/// What a Secret holds under a name, which may be a key, so it is wiped on drop.
pub(crate) fn datum(object: &Value, name: &str) -> Option<Zeroizing<Vec<u8>>> {
    let bytes = match (&object["data"][name], &object["stringData"][name]) {
        (_, Value::String(text)) => text.clone().into_bytes(),
        (Value::String(text), _) => STANDARD.decode(without_line_breaks(text).as_bytes()).ok()?,
        _ => return None,
    };
    Some(Zeroizing::new(bytes))
}

/// Kubernetes' decoder passes over them (Go's encoding/base64).
fn without_line_breaks(text: &str) -> Zeroizing<String> {
    let mut whole = Zeroizing::new(String::with_capacity(text.len()));
    text.split(['\r', '\n']).for_each(|line| whole.push_str(line));
    whole
}
