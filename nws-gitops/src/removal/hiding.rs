//! Faults behind which a want may be hidden.
//!
//! A Secret counts as unwanted only if no fault could be hiding that somebody wants it. That is so of a fault that names one of
//! its hosts, of one in the file that last wanted it, and of one beside or above that file, as a kustomization or a `fleet.yaml`
//! may decide what the file means, and a file may be renamed as it breaks. Where nobody knows any more which file wanted it, any
//! fault that names no host is enough.

use nws_expiry::DnsNames;

use crate::{Fault, FaultReason, Inventory, RepoPath};

/// The first fault that may hide a want for these names, which these files were the last to ask for.
pub(super) fn hiding<'a>(
    inventory: &'a Inventory,
    names: Option<&DnsNames>,
    sources: &[RepoPath],
) -> Option<&'a Fault> {
    inventory.faults.iter().filter(|fault| is_of_wants(fault)).find(|fault| {
        let names_one =
            names.is_none_or(|names| names.iter().any(|name| fault.mentions(name.as_str())));
        names_one
            || match sources {
                [] => fault.hosts().is_empty(),
                known => known.iter().any(|source| is_near(fault, source)),
            }
    })
}

/// What is wrong with a Secret that is there says nothing of who wants which.
fn is_of_wants(fault: &Fault) -> bool {
    !matches!(fault.reason, FaultReason::NoCertificate | FaultReason::DeliveredTwice { .. })
}

/// Compared as they are shown, since what was read back may lie in another repository than it seems to.
fn is_near(fault: &Fault, source: &RepoPath) -> bool {
    match fault.path.parent() {
        None => true,
        Some(dir) => source.ancestors().any(|above| above.shown() == dir.shown()),
    }
}
