//! Values as Kubernetes types them.

use serde_json::{Map, Value};

use crate::fault::FaultReason;

/// A string that has to be there.
pub(super) fn text(value: Option<&Value>) -> Result<&str, FaultReason> {
    match optional_text(value)? {
        Some(text) if !text.is_empty() => Ok(text),
        Some(_) | None => Err(FaultReason::Missing),
    }
}

/// A string, where anything else is what YAML made of an unquoted one.
pub(super) fn optional_text(value: Option<&Value>) -> Result<Option<&str>, FaultReason> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other @ (Value::Array(_) | Value::Object(_))) => {
            Err(FaultReason::Shape { found: kind(other), wanted: "a string" })
        }
        Some(other) => Err(FaultReason::NotAString { found: kind(other) }),
    }
}

/// A list, which may be absent.
pub(super) fn list(value: Option<&Value>) -> Result<&[Value], FaultReason> {
    match value {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(items)) => Ok(items),
        Some(other) => Err(FaultReason::Shape { found: kind(other), wanted: "a list" }),
    }
}

/// A mapping.
pub(super) fn mapping(value: &Value) -> Result<&Map<String, Value>, FaultReason> {
    match value {
        Value::Object(map) => Ok(map),
        other => Err(FaultReason::Shape { found: kind(other), wanted: "a mapping" }),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    }
}
