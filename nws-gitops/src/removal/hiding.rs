//! Faults behind which a want may be hidden.
//!
//! A Secret counts as unwanted only if no fault could be hiding that somebody wants it. That is so of a fault that names one of
//! its hosts, of one in the file that last wanted it, and of one beside or above that file, as a kustomization or a `fleet.yaml`
//! may decide what the file means, and a file may be renamed as it breaks. Where nobody knows any more which file wanted it, any
//! fault that names no host is enough.

use nws_expiry::DnsNames;

use crate::{Conflict, Fault, FaultReason, Inventory, RepoPath};

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

/// What is wrong with a Secret that is there says nothing of who wants which, nor does what is told beside a want that counts, or
/// of an object that is known to be cert-manager's.
fn is_of_wants(fault: &Fault) -> bool {
    let hides_none = matches!(
        fault.reason,
        FaultReason::NoCertificate
            | FaultReason::Conflict(Conflict::DeliveredTwice { .. } | Conflict::LeftBehind { .. },)
            | FaultReason::NotFollowed { .. }
            | FaultReason::TemplateEntry(_)
            | FaultReason::AnotherDuration { .. }
            | FaultReason::CertManager { .. }
            | FaultReason::UnmappedIssuer { .. }
            | FaultReason::OtherIssuer { .. }
    );
    !hides_none
}

/// What was read back may lie in another repository than it seems to, and a repository may have got its name since: where that
/// leaves a doubt, it is near.
fn is_near(fault: &Fault, source: &RepoPath) -> bool {
    let Some(dir) = fault.path.parent() else { return true };
    if dir.is_top() && source.repository().is_empty() {
        return true;
    }
    source.ancestors().any(|above| {
        above.shown() == dir.shown() || (!dir.is_top() && above.as_str() == dir.as_str())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_near_a_file_in_its_repository_and_where_it_may_have_been() {
        for (fault, source, near) in [
            ("apps/shop/b.yaml", "apps/shop/a.yaml", true),
            ("apps/kustomization.yaml", "apps/shop/a.yaml", true),
            ("fleet.yaml", "apps/shop/a.yaml", true),
            ("apps/blog/b.yaml", "apps/shop/a.yaml", false),
            ("one:apps/shop/b.yaml", "one:apps/shop/a.yaml", true),
            ("one:fleet.yaml", "one:apps/shop/a.yaml", true),
            ("other:fleet.yaml", "one:apps/shop/a.yaml", false),
            ("other:apps/blog/b.yaml", "one:apps/shop/a.yaml", false),
            ("one:apps/shop/b.yaml", "apps/shop/a.yaml", true),
            ("one:fleet.yaml", "apps/shop/a.yaml", true),
        ] {
            let path = RepoPath::read_back(fault).unwrap();
            let (document, field, hosts) = (None, None, Vec::new());
            let fault = Fault { path, document, field, reason: FaultReason::NoNamespace, hosts };
            assert_eq!(
                is_near(&fault, &RepoPath::read_back(source).unwrap()),
                near,
                "{fault} {source}"
            );
        }
        // A directory whose name looks like a repository's, in an only repository.
        let path = "one:apps/b.yaml".parse().unwrap();
        let (document, field, hosts) = (None, None, Vec::new());
        let fault = Fault { path, document, field, reason: FaultReason::NoNamespace, hosts };
        assert!(is_near(&fault, &RepoPath::read_back("one:apps/a.yaml").unwrap()));
    }
}
