//! What one commit wants and holds.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use nws_expiry::{Chain, DnsName, DnsNames};

use crate::delivery::objections;
use crate::discover::Discover;
use crate::fault::{Fault, FaultReason};
use crate::layout::{is_within, target_of};
use crate::reader::Parsed;
use crate::{
    CertificateOptions, ObjectId, Overrides, Provenance, RepoPath, SecretRef, Tip, WantKey,
};

mod claims;
mod held;
mod kustomize;
mod local;
mod namespaces;

/// Everything about certificates in one commit, in a fixed order: the same commit gives the same inventory.
#[derive(Clone, Debug)]
pub struct Inventory {
    /// The commit.
    pub tip: Tip,
    /// The certificates that are wanted, by key.
    pub wanted: Vec<Wanted>,
    /// The Secrets that are there, ours or not, by name and path.
    pub delivered: Vec<Delivered>,
    /// What keeps a certificate from being served as written, by place.
    pub faults: Vec<Fault>,
    /// The files under the layout's root, whatever they hold.
    paths: BTreeSet<RepoPath>,
}

/// A Secret that some manifests want.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Wanted {
    /// Which Secret.
    pub key: WantKey,
    /// The names its certificate is to carry.
    pub names: DnsNames,
    /// How it is to be made.
    pub options: CertificateOptions,
    /// When it is ordered, where somebody says so.
    pub overrides: Overrides,
    /// Who wants it; at least one.
    pub sources: Vec<Source>,
}

/// The place in a manifest that wants a certificate.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Source {
    /// The file.
    pub path: RepoPath,
    /// The YAML document in it, the first being 1.
    pub document: usize,
    /// The object.
    pub object: WantedBy,
    /// The field, as in `spec.tls[0]`.
    pub field: String,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, document {}, {}, {}", self.path, self.document, self.object, self.field)
    }
}

/// The object that wants a certificate.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum WantedBy {
    /// An Ingress of `networking.k8s.io/v1`, by `spec.tls`.
    Ingress {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
}

impl fmt::Display for WantedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ingress { namespace, name } => write!(f, "Ingress {namespace}/{name}"),
        }
    }
}

/// A Secret in the repository, or something that becomes one there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Delivered {
    /// Which Secret.
    pub secret: SecretRef,
    /// The file that holds it.
    pub path: RepoPath,
    /// The YAML document in it, the first being 1.
    pub document: usize,
    /// The file's contents, by name.
    pub blob: ObjectId,
    /// Whether it carries the label `nws-certd/managed: "true"`.
    pub ours: bool,
    /// Whether the live Secret stays when the file goes (`helm.sh/resource-policy: keep`), as far as Helm is asked.
    pub stays: bool,
    /// The certificate in the clear `tls.crt` of a `kubernetes.io/tls` Secret, where there is one; never the key.
    pub chain: Option<Chain>,
    /// Who issued it, as far as a Secret of ours says so.
    pub provenance: Provenance,
    /// Whether the file holds nothing else.
    pub(crate) alone: bool,
}

impl Delivered {
    /// What it serves, if it is ours.
    pub(crate) fn key(&self) -> WantKey {
        WantKey { target: target_of(&self.path), secret: self.secret.clone() }
    }
}

impl Inventory {
    pub(crate) fn assemble(tip: Tip, tree: &Tree, discover: &Discover) -> Self {
        let namespaces = namespaces::Namespaces::of(&tree.files);
        let kustomizations = kustomize::Kustomizations::of(&tree.files, discover);
        let mut faults = local::faults(tree, &kustomizations, discover);
        let delivered = held::secrets(&tree.files, &namespaces, &mut faults);
        let claims = claims::Collector::new(&namespaces, &kustomizations, discover, &mut faults)
            .collect(tree);
        let wanted = claims::decide(claims, &delivered, &mut faults);
        let paths = tree.paths.iter().filter(|path| is_within(path)).cloned().collect();
        let mut inventory = Self { tip, wanted, delivered, faults, paths };
        inventory.refuse_what_has_no_place();
        inventory.faults.sort_by_cached_key(|fault| {
            (fault.path.clone(), fault.document, fault.field.clone(), fault.reason.to_string())
        });
        inventory
    }

    /// What could not be delivered is not to be ordered either.
    fn refuse_what_has_no_place(&mut self) {
        let objections: BTreeMap<_, _> = objections(self).into_iter().collect();
        let objected = |wanted: &mut Wanted| objections.contains_key(&wanted.key);
        for wanted in self.wanted.extract_if(.., objected) {
            if let Some(reason) = objections.get(&wanted.key) {
                let reason = FaultReason::NoPlace(reason.clone());
                let fault = |source: &Source| source.secret_fault(&reason, &wanted.names);
                self.faults.extend(wanted.sources.iter().map(fault));
            }
        }
    }

    /// Our Secret for a want, if there is one: what a renewal replaces.
    pub fn held(&self, key: &WantKey) -> Option<&Delivered> {
        let mut same = held::named(&self.delivered, &key.secret).iter();
        same.find(|held| held.ours && target_of(&held.path) == key.target)
    }

    /// Somebody else's Secret of that name, which keeps ours out.
    pub fn foreign(&self, secret: &SecretRef) -> Option<&Delivered> {
        held::named(&self.delivered, secret).iter().find(|held| !held.ours)
    }

    pub(crate) fn paths(&self) -> &BTreeSet<RepoPath> {
        &self.paths
    }
}

/// The files of a commit.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    /// Those that were read, by path as git orders them.
    pub(crate) files: Vec<File>,
    /// All of them.
    pub(crate) paths: BTreeSet<RepoPath>,
}

#[derive(Debug)]
pub(crate) struct File {
    pub(crate) path: RepoPath,
    pub(crate) blob: ObjectId,
    pub(crate) parsed: Arc<Parsed>,
}

impl Source {
    /// What is wrong with the Secret it wants, at the cost of these names.
    fn secret_fault<'a>(
        &self,
        reason: &FaultReason,
        names: impl IntoIterator<Item = &'a DnsName>,
    ) -> Fault {
        Fault {
            path: self.path.clone(),
            document: Some(self.document),
            field: Some(format!("{}.secretName", self.field)),
            reason: reason.clone(),
            hosts: names.into_iter().map(ToString::to_string).collect(),
        }
    }
}

#[cfg(test)]
mod tests;
