//! The kind of key that cert-manager is asked for.

use nws_expiry::KeyType;
use serde_json::Value;

use super::super::Stated;
use super::super::node::optional_text;
use super::super::reading::Reading;
use super::settings::Setting;
use crate::fault::FaultReason;

/// What is said of it, in whatever order.
#[derive(Default)]
pub(super) struct Key {
    pub(super) algorithm: Option<Setting>,
    pub(super) size: Option<Setting>,
}

impl Key {
    /// The kind; the operator's where nothing is said, though cert-manager's would be RSA.
    pub(super) fn kind(self, reading: &mut Reading<'_>) -> Stated<KeyType> {
        let Some(field) =
            self.algorithm.as_ref().or(self.size.as_ref()).map(|one| one.field.clone())
        else {
            return Stated::Nothing;
        };
        let algorithm = match &self.algorithm {
            Some(one) => reading.keep(&one.field, optional_text(Some(&one.value))),
            None => Some(None),
        };
        let Some(algorithm) = algorithm else { return Stated::Unknown };
        let size = self.size.map_or(Value::Null, |size| size.value);
        match kind(algorithm.filter(|text| !text.is_empty()), &size) {
            Some(value) => Stated::Value { value, field: reading.place(&field) },
            None => {
                let algorithm = algorithm.unwrap_or("RSA");
                let found =
                    if size.is_null() { algorithm.into() } else { format!("{algorithm} {size}") };
                reading.fault(&field, FaultReason::UnservedKey { found });
                Stated::Unknown
            }
        }
    }
}

/// cert-manager's defaults are RSA, and the smallest size of each.
fn kind(algorithm: Option<&str>, size: &Value) -> Option<KeyType> {
    let size = match size {
        Value::Null => None,
        other => Some(other.as_u64()?),
    };
    match (algorithm.unwrap_or("RSA"), size.filter(|size| *size != 0)) {
        ("RSA", None | Some(2048)) => Some(KeyType::Rsa2048),
        ("RSA", Some(3072)) => Some(KeyType::Rsa3072),
        ("RSA", Some(4096)) => Some(KeyType::Rsa4096),
        ("ECDSA", None | Some(256)) => Some(KeyType::EcdsaP256),
        ("ECDSA", Some(384)) => Some(KeyType::EcdsaP384),
        _ => None,
    }
}
