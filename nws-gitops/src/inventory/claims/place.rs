//! Which namespace an object wants its Secrets in.

use super::super::namespaces::Namespaces;
use crate::fault::FaultReason;
use crate::reader::Applicant;
use crate::{Kind, RepoPath};

/// The namespace, or what is wrong with which field.
///
/// A file of our own can put a Secret where a manifest in its place could, and nowhere else: what a `fleet.yaml` does to all that
/// lies there it does to nothing of ours, so another namespace is refused instead of changed.
pub(super) fn namespace(
    namespaces: &Namespaces,
    path: &RepoPath,
    applicant: &Applicant,
) -> Result<String, (String, FaultReason)> {
    let resolved = namespaces.resolve(path, applicant.namespace.as_deref());
    if applicant.kind != Kind::Certificates {
        return resolved.map_err(|reason| ("metadata.namespace".into(), reason));
    }
    let entry = applicant.blocks.first().map_or("", |block| &block.field);
    let fault = |reason| (format!("{entry}.namespace"), reason);
    match (resolved, &applicant.namespace) {
        (Ok(place), Some(stated)) if place != *stated => {
            Err(fault(FaultReason::NamespaceElsewhere { place }))
        }
        (Err(FaultReason::NoNamespace), _) => Err(fault(FaultReason::Missing)),
        (resolved, _) => resolved.map_err(fault),
    }
}
