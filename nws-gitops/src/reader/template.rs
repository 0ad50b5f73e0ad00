//! The labels and annotations that a field asks for, for a Secret.

use std::sync::Arc;

use serde_json::Value;

use super::Stated;
use super::node::{mapping, optional_text};
use super::reading::{Reading, is_template};
use crate::fault::FaultReason;
use crate::secret_template::{TemplateEntry, TemplatePart};

/// One of them, and the field that says so.
#[derive(Clone, Debug)]
pub(crate) struct StatedEntry {
    pub(crate) entry: TemplateEntry,
    /// As in `spec.secretTemplate.labels["team"]`.
    pub(crate) field: String,
}

/// Reads a field with `labels` and `annotations`. What cannot be set is told, and keeps nothing else from being so.
pub(super) fn read(
    reading: &mut Reading<'_>,
    field: &str,
    value: &Value,
) -> Stated<Arc<[StatedEntry]>> {
    let fields = (!value.is_null()).then(|| reading.keep(field, mapping(value))).flatten();
    let Some(fields) = fields else {
        return Stated::Nothing;
    };
    let known = TemplatePart::ALL.map(TemplatePart::field);
    for unknown in fields.keys().filter(|name| !known.contains(&name.as_str())) {
        let known = known.join(", ");
        reading.fault(&format!("{field}.{unknown}"), FaultReason::UnknownField { known });
    }
    let mut entries = Vec::new();
    for part in TemplatePart::ALL {
        let field = format!("{field}.{}", part.field());
        let stated = match fields.get(part.field()) {
            None | Some(Value::Null) => continue,
            Some(stated) => reading.keep(&field, mapping(stated)),
        };
        for (name, value) in stated.into_iter().flatten() {
            let field = format!("{field}[{name:?}]");
            let entry = reading.keep(&field, entry(part, name, value));
            let field = reading.place(&field);
            entries.extend(entry.map(|entry| StatedEntry { entry, field }));
        }
    }
    if entries.is_empty() {
        return Stated::Nothing;
    }
    Stated::Value { value: entries.into(), field: reading.place(field) }
}

fn entry(part: TemplatePart, name: &str, value: &Value) -> Result<TemplateEntry, FaultReason> {
    let value = optional_text(Some(value))?.unwrap_or_default();
    if is_template(name) || is_template(value) {
        return Err(FaultReason::Template);
    }
    Ok(TemplateEntry::new(part, name, value)?)
}
