//! Which namespace an object wants its Secrets in.

use super::super::surroundings::Surroundings;
use crate::fault::FaultReason;
use crate::reader::Applicant;
use crate::{Kind, RepoPath};

/// The namespace, or what is wrong with which field. Several, where it is not known which.
///
/// A file of our own can put a Secret where a manifest in its place could, and nowhere else: what a `fleet.yaml` does to all that
/// lies there it does to nothing of ours, so another namespace is refused instead of changed.
pub(super) fn namespaces(
    around: &Surroundings,
    path: &RepoPath,
    applicant: &Applicant,
) -> Result<Vec<String>, (String, FaultReason)> {
    if applicant.kind != Kind::Certificates {
        let namespaces = around.namespaces_of(path, applicant.namespace.as_deref());
        return namespaces.map_err(|reason| ("metadata.namespace".into(), reason));
    }
    let resolved = around.namespaces.resolve(path, applicant.namespace.as_deref());
    let entry = applicant.blocks.first().map_or("", |block| &block.field);
    let fault = |reason| (format!("{entry}.namespace"), reason);
    match (resolved, &applicant.namespace) {
        (Ok(place), Some(stated)) if place != *stated => {
            Err(fault(FaultReason::NamespaceElsewhere { place }))
        }
        (Err(FaultReason::NoNamespace), _) => Err(fault(FaultReason::Missing)),
        (resolved, _) => Ok(vec![resolved.map_err(fault)?]),
    }
}
