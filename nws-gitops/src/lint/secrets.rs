//! What is wrong with the Secrets that are there, as far as it is no fault of the inventory's.

use std::collections::BTreeMap;

use nws_expiry::{Policy, Validity};
use time::OffsetDateTime;

use super::{ClearKey, Finding, FindingReason, Rules, Severity};
use crate::{Delivered, Inventory};

/// Ours are as the operator has configured them: sealed, or named to be in clear, which is a finding of its own.
pub(super) fn clear_key(key: &ClearKey, rules: &Rules) -> Option<Finding> {
    (!key.ours).then(|| Finding {
        severity: if rules.may_hold_keys { Severity::Warning } else { Severity::Error },
        place: Some(key.path.clone()),
        document: Some(key.document),
        field: Some(key.field.clone()),
        reason: FindingReason::ClearKey { secret: key.secret.clone() },
    })
}

/// One for the configuration, however many Secrets of ours there are.
pub(super) fn keys_in_clear(rules: &Rules) -> Option<Finding> {
    rules.may_hold_keys.then_some(Finding {
        severity: Severity::Warning,
        place: None,
        document: None,
        field: None,
        reason: FindingReason::KeysInClear,
    })
}

/// The certificates that nobody is known to renew, and that should have been by now.
pub(super) fn ending(
    inventory: &Inventory,
    rules: &Rules,
    now: OffsetDateTime,
) -> impl Iterator<Item = Finding> {
    let unattended = inventory
        .delivered
        .iter()
        .filter(|held| !held.ours || inventory.want(&held.key()).is_none());
    unattended.filter_map(move |held| {
        let validity = held.chain.as_ref()?.leaf().validity();
        (renewed_at(validity, rules) <= now).then(|| end(held, validity.not_after(), now))
    })
}

fn renewed_at(validity: Validity, rules: &Rules) -> OffsetDateTime {
    let lifetime = validity.lifetime();
    let before = match rules.renew_before {
        Some(before) => before.of(lifetime),
        None => Policy::usually_before(lifetime),
    };
    validity.not_after() - before
}

fn end(held: &Delivered, not_after: OffsetDateTime, now: OffsetDateTime) -> Finding {
    let (secret, ours) = (held.secret.clone(), held.ours);
    let (severity, reason) = match (now < not_after, ours) {
        (true, _) => (Severity::Warning, FindingReason::Ending { secret, not_after, ours }),
        (false, true) => (Severity::Warning, FindingReason::Ended { secret, not_after, ours }),
        (false, false) => (Severity::Error, FindingReason::Ended { secret, not_after, ours }),
    };
    at(held, severity, reason)
}

/// What several files of others hold for the same clusters; beside one of ours that is a fault already.
pub(super) fn held_twice(inventory: &Inventory) -> impl Iterator<Item = Finding> {
    let same_name = inventory.delivered.chunk_by(|one, other| one.secret == other.secret);
    same_name.filter(|same| same.len() > 1).flat_map(|same| {
        let mut by_target: BTreeMap<_, Vec<&Delivered>> = BTreeMap::new();
        same.iter().for_each(|held| by_target.entry(&held.target).or_default().push(held));
        by_target.into_values().flat_map(of_one_target).collect::<Vec<_>>()
    })
}

fn of_one_target(same: Vec<&Delivered>) -> Vec<Finding> {
    let [first, others @ ..] = &*same else { return Vec::new() };
    if same.iter().any(|held| held.ours) {
        return Vec::new();
    }
    let twice = others.iter().map(|held| {
        let reason =
            FindingReason::HeldTwice { secret: held.secret.clone(), other: first.path.clone() };
        at(held, Severity::Warning, reason)
    });
    twice.collect()
}

fn at(held: &Delivered, severity: Severity, reason: FindingReason) -> Finding {
    let place = Some(held.path.clone());
    Finding { severity, place, document: Some(held.document), field: None, reason }
}
