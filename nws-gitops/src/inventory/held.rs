//! The Secrets that are there.

use std::collections::BTreeMap;

use super::Delivered;
use super::file::File;
use super::surroundings::Surroundings;
use crate::fault::{Conflict, Fault, FaultReason};
use crate::reader::Secret;
use crate::{GroupName, Provenance, SecretRef, Target, Targets, WantKey};

/// A file's Secrets that say where they belong. One that does not is in nobody's way, and its owner's business. One that
/// kustomizations put into several namespaces counts where it says itself.
pub(super) fn secrets(file: &File, around: &Surroundings) -> Vec<Delivered> {
    let secrets = file.parsed.secrets.iter();
    secrets.filter_map(|secret| delivered(file, secret, around)).collect()
}

/// More are not told of one name: nobody reads them.
const MAX_FAULTS: usize = 100;

/// What is wrong with all Secrets of one name.
pub(super) fn faults<'a>(
    same: &'a [Delivered],
    targets: &'a Targets,
) -> impl Iterator<Item = Fault> + 'a {
    let empty = same.iter().filter(|held| held.ours && held.chain.is_none()).map(no_certificate);
    let firsts = Firsts::of(same, targets);
    empty.chain(same.iter().filter_map(move |held| firsts.fault(held))).take(MAX_FAULTS)
}

/// The Secrets of ours that count among those of one name, by target and group: the first by path.
struct Firsts<'a> {
    targets: &'a Targets,
    by_place: BTreeMap<(&'a Target, Option<&'a GroupName>), &'a Delivered>,
}

impl<'a> Firsts<'a> {
    fn of(same: &'a [Delivered], targets: &'a Targets) -> Self {
        let mut by_place = BTreeMap::new();
        for held in same.iter().filter(|held| held.ours && !targets.is_left_behind(held)) {
            let group = targets.group_of(&held.target, &held.path);
            by_place.entry((&held.target, group)).or_insert(held);
        }
        Self { targets, by_place }
    }

    /// What is wrong with one that does not count.
    fn fault(&self, held: &Delivered) -> Option<Fault> {
        if held.ours && self.targets.is_left_behind(held) {
            let mut all = self.by_place.iter();
            let instead = all.find(|((target, _), _)| **target == held.target);
            return instead.map(|(_, other)| left_behind(other, held));
        }
        let group = self.targets.group_of(&held.target, &held.path);
        let first = self.by_place.get(&(&held.target, group))?;
        (!std::ptr::eq(*first, held)).then(|| twice(first, held))
    }
}

/// Those of one name, in a list that is sorted by name.
pub(super) fn named<'a>(held: &'a [Delivered], secret: &SecretRef) -> &'a [Delivered] {
    let from = held.partition_point(|held| held.secret < *secret);
    let count = held[from..].partition_point(|held| held.secret == *secret);
    &held[from..from + count]
}

/// Those of one name for the same clusters.
pub(super) fn of<'a>(held: &'a [Delivered], key: &WantKey) -> impl Iterator<Item = &'a Delivered> {
    named(held, &key.secret).iter().filter(|held| held.target == key.target)
}

fn delivered(file: &File, secret: &Secret, around: &Surroundings) -> Option<Delivered> {
    let own = secret.namespace.as_deref();
    let namespace = around
        .namespace_of(&file.path, own)
        .or_else(|| around.namespaces.resolve(&file.path, own).ok())?;
    let targets = &around.discover.targets;
    Some(Delivered {
        secret: SecretRef::new(&namespace, &secret.name).ok()?,
        target: if secret.ours {
            targets.of_secret(&file.path, secret.target.as_ref())
        } else {
            targets.of(&file.path)
        },
        path: file.path.clone(),
        document: secret.document,
        blob: file.blob,
        ours: secret.ours,
        stays: secret.stays,
        chain: secret.chain.clone(),
        sealed: secret.sealed.clone(),
        provenance: if secret.ours { secret.provenance.clone() } else { Provenance::default() },
        form: secret.form.clone(),
        is_sealed: secret.is_sealed,
        alone: file.parsed.documents == 1 && file.parsed.secrets.len() == 1,
    })
}

fn no_certificate(held: &Delivered) -> Fault {
    Fault {
        path: held.path.clone(),
        document: Some(held.document),
        field: None,
        reason: FaultReason::NoCertificate,
        hosts: Vec::new(),
    }
}

/// The first by path of ours for the same clusters is the one that counts.
fn twice(first: &Delivered, second: &Delivered) -> Fault {
    let (secret, other) = (second.secret.clone(), first.path.clone());
    of_second(second, Conflict::DeliveredTwice { secret, other })
}

/// It was for clusters as they were told apart before.
fn left_behind(other: &Delivered, held: &Delivered) -> Fault {
    let (secret, other) = (held.secret.clone(), other.path.clone());
    of_second(held, Conflict::LeftBehind { secret, other })
}

fn of_second(held: &Delivered, conflict: Conflict) -> Fault {
    Fault {
        path: held.path.clone(),
        document: Some(held.document),
        field: None,
        reason: conflict.into(),
        hosts: hosts(held),
    }
}

fn hosts(held: &Delivered) -> Vec<String> {
    let names = held.chain.as_ref().and_then(|chain| chain.leaf().names());
    names.into_iter().flat_map(|names| names.iter()).map(ToString::to_string).collect()
}
