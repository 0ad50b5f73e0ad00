//! Secrets of ours that are not sealed.

use gix::bstr::ByteSlice;
use nws_expiry::Chain;
use serde_json::Value;
use zeroize::Zeroizing;

use super::documents;
use super::secret::{datum, is_ours};
use crate::MANAGED_LABEL;

/// A value in a Secret of ours that is neither sealed nor public; it may be a key, so it is wiped on drop.
pub(crate) struct Unsealed {
    /// Where it is, as in `data["tls.key"]`.
    pub(crate) field: String,
    /// What is written there.
    pub(crate) value: Zeroizing<Vec<u8>>,
}

/// All such values in a file. What cannot be read as a Secret is none to a cluster either.
pub(crate) fn unsealed(bytes: &[u8]) -> Vec<Unsealed> {
    let Some(text) = bytes.to_str().ok().filter(|text| text.contains(MANAGED_LABEL)) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let documents = documents::split(text).into_iter();
    let secrets = documents.filter(|text| documents::may_be_plain_secret(text));
    for object in secrets.filter_map(|text| documents::read(text).ok()) {
        take(&object, &mut found);
    }
    found
}

/// Of a list, each of its items.
fn take(object: &Value, found: &mut Vec<Unsealed>) {
    if object["kind"] == "Secret" {
        if is_ours(object) {
            found.extend(["data", "stringData"].into_iter().flat_map(|of| values(object, of)));
        }
    } else if let Some(items) = object["items"].as_array() {
        items.iter().for_each(|item| take(item, found));
    }
}

fn values<'a>(object: &'a Value, of: &'a str) -> impl Iterator<Item = Unsealed> + 'a {
    let all = object[of].as_object().into_iter().flatten();
    all.filter(move |(name, value)| !is_sealed(value) && !is_public(object, name)).map(
        move |(name, value)| Unsealed {
            field: format!("{of}[{name:?}]"),
            value: Zeroizing::new(match value {
                Value::String(text) => text.as_bytes().to_vec(),
                other => other.to_string().into_bytes(),
            }),
        },
    )
}

/// As SOPS writes a value, which leaves empty ones as they are.
fn is_sealed(value: &Value) -> bool {
    match value {
        Value::String(text) => text.is_empty() || text.starts_with("ENC["),
        Value::Null => true,
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => false,
    }
}

/// Certificates are for everybody, and a creation rule of SOPS may leave them in clear.
fn is_public(object: &Value, name: &str) -> bool {
    datum(object, name).is_some_and(|bytes| Chain::from_pem(&bytes).is_ok())
}
