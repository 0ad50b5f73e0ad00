//! What a SOPS file says in clear.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Secret, secret};
use crate::{Provenance, SealedTo, SecretForm, SecretRef};

/// Whom it is encrypted to, if it is a SOPS file.
pub(super) fn sealed_to(object: &Value) -> Option<SealedTo> {
    let sops = object["sops"].as_object()?;
    let age = sops.get("age").and_then(Value::as_array).into_iter().flatten();
    let recipients: BTreeSet<_> =
        age.filter_map(|entry| entry["recipient"].as_str()).map(str::to_owned).collect();
    Some(SealedTo::Age { recipients })
}

/// The Secrets that a SopsSecret becomes. One of ours has the name of its Secret.
pub(super) fn secrets(object: &Value, document: usize) -> Vec<Secret> {
    if secret::is_ours(object) {
        return secret::read(object, document).into_iter().collect();
    }
    let namespace = object["metadata"]["namespace"].as_str();
    // There may be as many names as fit into a file, and each takes the namespace along.
    if namespace.is_some_and(|namespace| namespace.len() > SecretRef::MAX_NAMESPACE_LEN) {
        return Vec::new();
    }
    names(object).into_iter().map(|name| foreign(name, namespace, document)).collect()
}

/// If one name is encrypted, all that is known is the object's own, which its Secret usually has.
fn names(object: &Value) -> BTreeSet<&str> {
    let templates = object["spec"]["secretTemplates"].as_array().into_iter().flatten();
    let clear = |name: &&str| !name.starts_with("ENC[");
    let names = templates.map(|template| template["name"].as_str().filter(clear));
    let own = || object["metadata"]["name"].as_str().into_iter().collect();
    names.collect::<Option<BTreeSet<_>>>().filter(|names| !names.is_empty()).unwrap_or_else(own)
}

/// A Secret of which only its name is of interest.
fn foreign(name: &str, namespace: Option<&str>, document: usize) -> Secret {
    Secret {
        document,
        namespace: namespace.map(str::to_owned),
        name: name.to_owned(),
        ours: false,
        target: None,
        stays: false,
        chain: None,
        sealed: None,
        is_sealed: true,
        clear_key: None,
        provenance: Provenance::default(),
        form: SecretForm::default(),
    }
}
