//! Who wants which Secret, and who gets it where several do.

use std::collections::{BTreeMap, BTreeSet};

use nws_expiry::{DnsName, DnsNames};

use super::held;
use super::namespaces::Namespaces;
use super::{Delivered, File, Source, Tree, Wanted, WantedBy};
use crate::discover::{CertManager, Discover};
use crate::fault::{Fault, FaultReason};
use crate::reader::{Host, Ingress, TlsBlock};
use crate::{RepoPath, SecretRef, Target, WantKey};

/// What one file wants in one Secret.
#[derive(Default)]
pub(super) struct Claim {
    names: BTreeSet<DnsName>,
    sources: Vec<Source>,
}

/// Wants by Secret, then by file.
pub(super) type Claims = BTreeMap<WantKey, BTreeMap<RepoPath, Claim>>;

/// Every want of every file that is looked at; what cannot be wanted becomes a fault.
pub(super) fn collect(
    tree: &Tree,
    namespaces: &Namespaces<'_>,
    discover: &Discover,
    faults: &mut Vec<Fault>,
) -> Claims {
    let mut collector = Collector { namespaces, discover, claims: Claims::new(), faults };
    for file in tree.files.iter().filter(|file| discover.covers(&file.path)) {
        let chart_template = is_chart_template(&file.path, &tree.paths);
        for ingress in &file.parsed.ingresses {
            if chart_template {
                collector.fault(file, ingress, None, FaultReason::Template);
            } else {
                collector.ingress(file, ingress);
            }
        }
    }
    collector.claims
}

/// Helm renders what lies in `templates/` beside a `Chart.yaml`, even where it looks like a plain manifest.
fn is_chart_template(path: &RepoPath, paths: &BTreeSet<RepoPath>) -> bool {
    let beside = |templates: RepoPath| {
        let chart = templates
            .parent()
            .map_or_else(|| "Chart.yaml".to_owned(), |dir| format!("{dir}/Chart.yaml"));
        chart.parse().is_ok_and(|chart: RepoPath| paths.contains(&chart))
    };
    path.ancestors().filter(|dir| dir.file_name() == "templates").any(beside)
}

struct Collector<'a> {
    namespaces: &'a Namespaces<'a>,
    discover: &'a Discover,
    claims: Claims,
    faults: &'a mut Vec<Fault>,
}

impl Collector<'_> {
    fn ingress(&mut self, file: &File, ingress: &Ingress) {
        match (&ingress.cert_manager, self.discover.cert_manager) {
            (Some(annotation), CertManager::Skip) => {
                let reason = FaultReason::CertManager { annotation: annotation.clone() };
                return self.fault(file, ingress, Some("metadata.annotations"), reason);
            }
            (Some(_), CertManager::Adopt) | (None, CertManager::Skip | CertManager::Adopt) => {}
        }
        match self.namespaces.resolve(&file.path, ingress.namespace.as_deref()) {
            Ok(namespace) => {
                ingress.blocks.iter().for_each(|block| self.block(file, ingress, &namespace, block))
            }
            Err(reason) => self.fault(file, ingress, Some("metadata.namespace"), reason),
        }
    }

    fn block(&mut self, file: &File, ingress: &Ingress, namespace: &str, block: &TlsBlock) {
        let secret = match SecretRef::new(namespace, &block.secret) {
            Ok(secret) => secret,
            Err(invalid) => {
                let field = format!("{}.secretName", block.field);
                return self.fault(file, ingress, Some(&field), invalid.into());
            }
        };
        let names: Vec<_> =
            block.hosts.iter().filter_map(|host| self.name(file, ingress, host)).collect();
        if names.is_empty() {
            return;
        }
        let key = WantKey { target: Target::default(), secret };
        let claim = self.claims.entry(key).or_default().entry(file.path.clone()).or_default();
        claim.names.extend(names);
        claim.sources.push(Source {
            path: file.path.clone(),
            document: ingress.document,
            object: WantedBy::Ingress {
                namespace: namespace.to_owned(),
                name: ingress.name.clone(),
            },
            field: block.field.clone(),
        });
    }

    /// The name, if a certificate for it may be ordered; if not, the other names of its block are wanted all the same.
    fn name(&mut self, file: &File, ingress: &Ingress, host: &Host) -> Option<DnsName> {
        let name = host.name.clone();
        let reason = if name.is_wildcard() {
            FaultReason::Wildcard { name }
        } else if !self.discover.allow.allow(&name) {
            FaultReason::NotAllowed { name }
        } else {
            return Some(name);
        };
        self.fault(file, ingress, Some(&host.field), reason);
        None
    }

    fn fault(&mut self, file: &File, ingress: &Ingress, field: Option<&str>, reason: FaultReason) {
        self.faults.push(Fault {
            path: file.path.clone(),
            document: Some(ingress.document),
            field: field.map(str::to_owned),
            reason,
        });
    }
}

/// Gives each Secret to one set of names.
///
/// Within a file, names are united. Files that agree share it. Where they differ, the file whose names the certificate
/// already there carries keeps it, else the first by path; the others are told. A Secret that is somebody else's is
/// nobody's to have.
pub(super) fn decide(
    claims: Claims,
    delivered: &[Delivered],
    faults: &mut Vec<Fault>,
) -> Vec<Wanted> {
    claims
        .into_iter()
        .filter_map(|(key, by_file)| one_wanted(key, by_file, delivered, faults))
        .collect()
}

fn one_wanted(
    key: WantKey,
    by_file: BTreeMap<RepoPath, Claim>,
    delivered: &[Delivered],
    faults: &mut Vec<Fault>,
) -> Option<Wanted> {
    let same = held::named(delivered, &key.secret);
    if let Some(foreign) = same.iter().find(|held| !held.ours) {
        let reason =
            FaultReason::ForeignSecret { secret: key.secret.clone(), path: foreign.path.clone() };
        faults.extend(by_file.values().flat_map(|claim| refusals(claim, &reason)));
        return None;
    }
    let names_held = same.iter().find_map(|held| held.chain.as_ref()?.leaf().names());
    let holder = holder(&by_file, names_held)?.clone();
    let names = by_file.get(&holder)?.names.clone();
    let mut sources = Vec::new();
    for claim in by_file.into_values() {
        if claim.names == names {
            sources.extend(claim.sources);
        } else {
            let reason =
                FaultReason::Conflict { secret: key.secret.clone(), holder: holder.clone() };
            faults.extend(refusals(&claim, &reason));
        }
    }
    sources.sort();
    Some(Wanted { key, names: DnsNames::new(names).ok()?, sources })
}

fn holder<'a>(
    by_file: &'a BTreeMap<RepoPath, Claim>,
    held: Option<&DnsNames>,
) -> Option<&'a RepoPath> {
    let has_it = |claim: &Claim| held.is_some_and(|held| held.iter().eq(&claim.names));
    by_file
        .iter()
        .find(|(_, claim)| has_it(claim))
        .or_else(|| by_file.iter().next())
        .map(|(path, _)| path)
}

fn refusals<'a>(claim: &'a Claim, reason: &'a FaultReason) -> impl Iterator<Item = Fault> {
    claim
        .sources
        .iter()
        .map(move |source| source.fault(format!("{}.secretName", source.field), reason.clone()))
}
