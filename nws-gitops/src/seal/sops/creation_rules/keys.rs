//! Whom a creation rule encrypts to.

use serde_json::Value;

use super::UnfitReason;
use crate::AgeRecipients;

/// Other keys than age's, as a rule names them.
const OF_A_RULE: [&str; 6] =
    ["kms", "pgp", "gcp_kms", "hckms", "azure_keyvault", "hc_vault_transit_uri"];

/// The same, as a key group names them.
const OF_A_GROUP: [&str; 6] = ["kms", "pgp", "gcp_kms", "hckms", "azure_keyvault", "hc_vault"];

/// Where there are key groups, what stands beside them counts for nothing.
pub(super) fn age(rule: &Value) -> Result<AgeRecipients, UnfitReason> {
    let mut entries = Vec::new();
    match list(rule, "key_groups")? {
        [] => take(rule, &OF_A_RULE, &mut entries)?,
        [group] => take_group(group, &mut entries)?,
        [..] => return Err(UnfitReason::SplitKey { field: "key_groups" }),
    }
    if rule["shamir_threshold"].as_u64().is_some_and(|threshold| threshold > 1) {
        return Err(UnfitReason::SplitKey { field: "shamir_threshold" });
    }
    AgeRecipients::new(entries).map_err(UnfitReason::Recipients)
}

/// A group may be merged from others.
fn take_group(group: &Value, entries: &mut Vec<String>) -> Result<(), UnfitReason> {
    list(group, "merge")?.iter().try_for_each(|group| take_group(group, entries))?;
    take(group, &OF_A_GROUP, entries)
}

fn take(
    keys: &Value,
    others: &[&'static str],
    entries: &mut Vec<String>,
) -> Result<(), UnfitReason> {
    if let Some(field) = others.iter().find(|field| is_set(&keys[**field])) {
        return Err(UnfitReason::OtherKeys { field });
    }
    match &keys["age"] {
        Value::Null => {}
        Value::String(text) => entries.extend(split(text)),
        Value::Array(list) => {
            for entry in list {
                let entry = entry.as_str().ok_or(UnfitReason::Form { field: "age" })?;
                entries.extend(split(entry));
            }
        }
        _ => return Err(UnfitReason::Form { field: "age" }),
    }
    Ok(())
}

fn split(text: &str) -> impl Iterator<Item = String> {
    text.split(',').map(str::trim).filter(|entry| !entry.is_empty()).map(str::to_owned)
}

fn is_set(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        _ => true,
    }
}

fn list<'a>(keys: &'a Value, field: &'static str) -> Result<&'a [Value], UnfitReason> {
    match &keys[field] {
        Value::Null => Ok(&[]),
        Value::Array(list) if list.iter().all(Value::is_object) => Ok(list),
        _ => Err(UnfitReason::Form { field }),
    }
}
