//! When a certificate is ordered, where several objects speak of that.

use super::Asking;
use crate::overrides::HoldText;
use crate::reader::Stated;
use crate::{Hold, Overrides};

/// What all of them say together; what cannot be read says nothing.
pub(super) fn gather(askings: &[Asking]) -> Overrides {
    let stated = |asking: &Asking| match &asking.options.renew_before {
        Stated::Value { value, .. } => Some(*value),
        Stated::Nothing | Stated::Unknown => None,
    };
    Overrides {
        renew_before: askings.iter().filter_map(stated).collect(),
        holds: askings.iter().filter_map(hold).collect(),
    }
}

fn hold(asking: &Asking) -> Option<Hold> {
    let Stated::Value { value: HoldText::Yes(reason), field } = &asking.options.hold else {
        return None;
    };
    Some(Hold {
        path: asking.source.path.clone(),
        document: asking.source.document,
        field: field.clone(),
        reason: reason.clone(),
    })
}
