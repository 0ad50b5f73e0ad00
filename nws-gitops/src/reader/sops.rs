//! What a SOPS file says in clear.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::SealedTo;

/// Whom it is encrypted to, if it is a SOPS file.
pub(super) fn sealed_to(object: &Value) -> Option<SealedTo> {
    let sops = object["sops"].as_object()?;
    let age = sops.get("age").and_then(Value::as_array).into_iter().flatten();
    let recipients: BTreeSet<_> =
        age.filter_map(|entry| entry["recipient"].as_str()).map(str::to_owned).collect();
    Some(SealedTo::Age { recipients })
}

/// The names of the Secrets that a SopsSecret of somebody else becomes. If one is encrypted, all that is known is its own, which its
/// Secret usually has.
pub(super) fn names(object: &Value) -> Vec<&str> {
    let templates = object["spec"]["secretTemplates"].as_array().into_iter().flatten();
    let clear = |name: &&str| !name.starts_with("ENC[");
    let names = templates.map(|template| template["name"].as_str().filter(clear));
    let own = || object["metadata"]["name"].as_str().into_iter().collect();
    match names.collect::<Option<BTreeSet<_>>>() {
        Some(names) if !names.is_empty() => names.into_iter().collect(),
        Some(_) | None => own(),
    }
}
