//! Which repository a Secret goes to that several want, each to be given it in another.

use super::Asking;
use crate::fault::{Conflict, Fault};
use crate::inventory::Delivered;
use crate::{Targets, WantKey};

/// Leaves those in whose repository it is, if any, else those with the first, and tells the others: they look like other clusters
/// that wait for a Secret which only some get.
pub(super) fn decide(
    key: &WantKey,
    askings: &mut Vec<Asking>,
    held: Option<&Delivered>,
    targets: &Targets,
    faults: &mut Vec<Fault>,
) {
    let goes_to = |asking: &Asking| {
        let wanted_in = asking.source.path.repository();
        targets.destination_from(&key.target, wanted_in).root.repository()
    };
    let is_held = |asking: &&Asking| held.is_some_and(|h| h.path.repository() == goes_to(asking));
    let Some(holder) = askings.iter().find(is_held).or_else(|| askings.first()) else {
        return;
    };
    let repository = goes_to(holder).to_owned();
    if askings.iter().all(|asking| goes_to(asking) == repository) {
        return;
    }
    let reason = Conflict::OtherRepository {
        secret: key.secret.clone(),
        repository: repository.clone(),
        holder: holder.source.path.clone(),
    }
    .into();
    for asking in askings.extract_if(.., |asking| goes_to(asking) != repository) {
        faults.push(asking.source.secret_fault(&reason, &asking.names.certain));
    }
}
