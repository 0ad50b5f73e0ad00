//! How a Secret is written, where several objects speak of it.

use std::collections::BTreeMap;

use super::Asking;
use super::options::{self, Opinion};
use crate::fault::Fault;
use crate::reader::Stated;
use crate::secret_template::{SecretTemplate, TemplateEntry};
use crate::{Delivered, InvalidTemplateEntry, SecretForm, SecretRef};

/// Its template and the encoding of its key, from all of them.
pub(super) fn decide(
    secret: &SecretRef,
    askings: &[Asking],
    held: Option<&Delivered>,
    faults: &mut Vec<Fault>,
) -> SecretForm {
    let encodings = askings.iter().map(|asking| (asking, &asking.options.key_encoding)).collect();
    let encoding_held = held.map(|held| held.form.key_encoding);
    SecretForm {
        template: template(secret, askings, held, faults),
        key_encoding: options::one(secret, encodings, encoding_held, faults).unwrap_or_default(),
    }
}

/// All that they ask for. Where they contradict each other, the first by place has its way, and the others are told.
///
/// Where one asks for what cannot be told, what is there stays as it is, but for what others say.
fn template(
    secret: &SecretRef,
    askings: &[Asking],
    held: Option<&Delivered>,
    faults: &mut Vec<Fault>,
) -> SecretTemplate {
    let mut kept: BTreeMap<_, Opinion<'_, TemplateEntry>> = BTreeMap::new();
    let mut room = SecretTemplate::MAX_BYTES;
    for opinion in askings.iter().flat_map(opinions) {
        match kept.get(&opinion.value.key()) {
            Some(first) if first.value == opinion.value => {}
            Some(first) => faults.push(opinion.overruled_by(first, secret)),
            None if room < opinion.value.len() => {
                faults.push(opinion.fault(InvalidTemplateEntry::TooLong.into()));
            }
            None => {
                room -= opinion.value.len();
                kept.insert(opinion.value.key(), opinion);
            }
        }
    }
    let is_unknown = |asking: &Asking| matches!(asking.options.template, Stated::Unknown);
    let there = held.filter(|_| askings.iter().any(is_unknown));
    let there = there.into_iter().flat_map(|held| held.form.template.entries());
    there.chain(kept.into_values().map(|opinion| opinion.value.clone())).collect()
}

fn opinions(asking: &Asking) -> impl Iterator<Item = Opinion<'_, TemplateEntry>> {
    let entries = match &asking.options.template {
        Stated::Value { value, .. } => &value[..],
        Stated::Nothing | Stated::Unknown => &[],
    };
    entries.iter().map(move |stated| Opinion { asking, value: &stated.entry, field: &stated.field })
}
