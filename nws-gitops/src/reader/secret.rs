//! The certificate in a Secret.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use nws_expiry::Chain;
use serde_json::Value;
use zeroize::Zeroizing;

use super::Secret;
use crate::manifest::{MANAGED_LABEL, RESOURCE_POLICY, TARGET_ANNOTATION};
use crate::{CA_ANNOTATION, PROFILE_ANNOTATION, Provenance};

/// A Secret that has a name, whatever its type: each keeps another of that name away.
pub(super) fn read(object: &Value, document: usize) -> Option<Secret> {
    let metadata = &object["metadata"];
    let managed = &metadata["labels"][MANAGED_LABEL];
    Some(Secret {
        document,
        namespace: metadata["namespace"].as_str().map(str::to_owned),
        name: metadata["name"].as_str()?.to_owned(),
        ours: managed == "true" || managed == true,
        target: metadata["annotations"][TARGET_ANNOTATION]
            .as_str()
            .and_then(|text| text.parse().ok()),
        stays: metadata["annotations"][RESOURCE_POLICY] == "keep",
        chain: chain(object),
        provenance: provenance(&metadata["annotations"]),
    })
}

/// A claim that cannot be read is none.
fn provenance(annotations: &Value) -> Provenance {
    Provenance {
        ca: annotations[CA_ANNOTATION].as_str().map(str::to_owned),
        profile: annotations[PROFILE_ANNOTATION].as_str().and_then(|text| text.parse().ok()),
    }
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
        (Value::String(text), _) => STANDARD.decode(&*without_line_breaks(text)).ok()?,
        _ => return None,
    };
    Some(Zeroizing::new(bytes))
}

/// Kubernetes' decoder passes over them (Go's encoding/base64).
fn without_line_breaks(text: &str) -> Cow<'_, str> {
    let breaks = ['\r', '\n'];
    if text.contains(breaks) { Cow::Owned(text.replace(breaks, "")) } else { Cow::Borrowed(text) }
}
