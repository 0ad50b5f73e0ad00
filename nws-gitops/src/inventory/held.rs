//! The Secrets that are there.

use std::collections::{BTreeMap, btree_map};

use super::Delivered;
use super::file::File;
use super::namespaces::Namespaces;
use crate::fault::{Fault, FaultReason};
use crate::reader::Secret;
use crate::{Provenance, SecretRef, Targets, WantKey};

/// A file's Secrets that say where they belong. One that does not is in nobody's way, and its owner's business.
pub(super) fn secrets(file: &File, namespaces: &Namespaces, targets: &Targets) -> Vec<Delivered> {
    let secrets = file.parsed.secrets.iter();
    secrets.filter_map(|secret| delivered(file, secret, namespaces, targets)).collect()
}

/// What is wrong with all Secrets of one name.
pub(super) fn faults(same: &[Delivered]) -> impl Iterator<Item = Fault> {
    let empty = same.iter().filter(|held| held.ours && held.chain.is_none()).map(no_certificate);
    let mut firsts = BTreeMap::new();
    let ours = same.iter().filter(|held| held.ours);
    empty.chain(ours.filter_map(move |held| match firsts.entry(&held.target) {
        btree_map::Entry::Vacant(place) => {
            place.insert(held);
            None
        }
        btree_map::Entry::Occupied(first) => Some(twice(first.get(), held)),
    }))
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

fn delivered(
    file: &File,
    secret: &Secret,
    namespaces: &Namespaces,
    targets: &Targets,
) -> Option<Delivered> {
    let namespace = namespaces.resolve(&file.path, secret.namespace.as_deref()).ok()?;
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
        provenance: if secret.ours { secret.provenance.clone() } else { Provenance::default() },
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
    Fault {
        path: second.path.clone(),
        document: Some(second.document),
        field: None,
        reason: FaultReason::DeliveredTwice {
            secret: second.secret.clone(),
            other: first.path.clone(),
        },
        hosts: hosts(second),
    }
}

fn hosts(held: &Delivered) -> Vec<String> {
    let names = held.chain.as_ref().and_then(|chain| chain.leaf().names());
    names.into_iter().flat_map(|names| names.iter()).map(ToString::to_string).collect()
}
