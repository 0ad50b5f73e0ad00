//! The Secrets that are there.

use super::namespaces::Namespaces;
use super::{Delivered, File};
use crate::fault::{Fault, FaultReason};
use crate::layout::target_of;
use crate::reader::Secret;
use crate::{Provenance, SecretRef};

/// All Secrets that say where they belong. One that does not is in nobody's way, and its owner's business.
pub(super) fn secrets(
    files: &[File],
    namespaces: &Namespaces<'_>,
    faults: &mut Vec<Fault>,
) -> Vec<Delivered> {
    let mut held = Vec::new();
    for file in files {
        held.extend(
            file.parsed.secrets.iter().filter_map(|secret| delivered(file, secret, namespaces)),
        );
    }
    held.sort_by(|a: &Delivered, b| {
        (&a.secret, &a.path, a.document).cmp(&(&b.secret, &b.path, b.document))
    });
    faults.extend(held.iter().filter(|held| held.ours && held.chain.is_none()).map(no_certificate));
    faults.extend(held.windows(2).filter_map(|pair| twice(&pair[0], &pair[1])));
    held
}

/// Those of one name, in a list that is sorted by name.
pub(super) fn named<'a>(held: &'a [Delivered], secret: &SecretRef) -> &'a [Delivered] {
    let from = held.partition_point(|held| held.secret < *secret);
    let count = held[from..].partition_point(|held| held.secret == *secret);
    &held[from..from + count]
}

fn delivered(file: &File, secret: &Secret, namespaces: &Namespaces<'_>) -> Option<Delivered> {
    let namespace = namespaces.resolve(&file.path, secret.namespace.as_deref()).ok()?;
    Some(Delivered {
        secret: SecretRef::new(&namespace, &secret.name).ok()?,
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

/// Two of ours for the same clusters; the first by path is the one that counts.
fn twice(first: &Delivered, second: &Delivered) -> Option<Fault> {
    let same = first.ours && second.ours && first.secret == second.secret;
    (same && target_of(&first.path) == target_of(&second.path)).then(|| Fault {
        path: second.path.clone(),
        document: Some(second.document),
        field: None,
        reason: FaultReason::DeliveredTwice {
            secret: second.secret.clone(),
            other: first.path.clone(),
        },
        hosts: hosts(second),
    })
}

fn hosts(held: &Delivered) -> Vec<String> {
    let names = held.chain.as_ref().and_then(|chain| chain.leaf().names());
    names.into_iter().flat_map(|names| names.iter()).map(ToString::to_string).collect()
}
