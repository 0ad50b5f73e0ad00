//! What one commit wants and holds, or one of each of several repositories.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use nws_expiry::{Chain, DnsName, DnsNames};

use crate::delivery::objections;
use crate::discover::Discover;
use crate::fault::{Fault, FaultReason};
use crate::layout::Placer;
use crate::{
    CertificateOptions, Kind, ObjectId, Overrides, Owner, Provenance, RefusalReason, RepoPath,
    RepositoryName, SealedTo, SecretForm, SecretRef, Target, Targets, Tip, WantKey, parallel,
};

mod claimants;
mod claims;
mod decide;
mod deployed;
mod file;
mod ground;
mod held;
mod index;
mod kustomize;
mod local;
mod namespaces;
mod offer;
mod routes;
mod surroundings;
mod whereabouts;

use claimants::Claimants;
pub(crate) use file::{Entry, File};
use index::Index;
use offer::Offer;
pub(crate) use surroundings::Change;
use surroundings::Surroundings;

pub(crate) use ground::Ground;

/// Where each repository was seen.
pub type Tips = BTreeMap<RepositoryName, Tip>;

/// Everything about certificates in one commit, or in one of each of several repositories, in a fixed order: the same commits give
/// the same inventory.
///
/// The clusters may apply all repositories, so who gets which Secret is decided over all of them. What a file says of others, as a
/// `fleet.yaml` or a kustomization does, ends with its repository.
#[derive(Clone, Debug)]
pub struct Inventory {
    /// The commits.
    pub tips: Tips,
    /// The certificates that are wanted, by key.
    pub wanted: Vec<Wanted>,
    /// The Secrets that are there, ours or not, by name and path.
    pub delivered: Vec<Delivered>,
    /// What keeps a certificate from being served as written, by place.
    pub faults: Vec<Fault>,
    around: Surroundings,
    index: Index,
    claimants: Claimants,
    /// What is wrong with Secrets, by name.
    of_secrets: BTreeMap<SecretRef, Vec<Fault>>,
    /// What nothing is there for yet.
    unheld: BTreeSet<WantKey>,
    /// What would be wanted if there were a place for it.
    placeless: Vec<Wanted>,
    /// Whether a change was broken off in the middle, so that the next cannot build on it.
    torn: bool,
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
    /// How its Secret is written, from the next time on.
    pub form: SecretForm,
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
pub struct WantedBy {
    /// Which kind of object it is.
    pub kind: Kind,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl fmt::Display for WantedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}/{}", self.kind, self.namespace, self.name)
    }
}

/// A Secret in the repository, or something that becomes one there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Delivered {
    /// Which Secret.
    pub secret: SecretRef,
    /// The clusters it is for.
    pub target: Target,
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
    /// The certificate in the clear `tls.crt` of a `kubernetes.io/tls` Secret, or the leaf alone that stands beside a sealed one of
    /// ours, where there is one; never the key.
    pub chain: Option<Chain>,
    /// For whom one of ours says it is sealed.
    pub sealed: Option<Box<SealedTo>>,
    /// Who issued it, as far as a Secret of ours says so.
    pub provenance: Provenance,
    /// How one of ours is written.
    pub form: SecretForm,
    /// Whether what it holds is encrypted, whoever can open it.
    pub(crate) is_sealed: bool,
    /// Whether the file holds nothing else.
    pub(crate) alone: bool,
}

impl Delivered {
    /// The names its certificate carries.
    fn names(&self) -> impl Iterator<Item = &DnsName> {
        let names = self.chain.as_ref().and_then(|chain| chain.leaf().names());
        names.into_iter().flat_map(DnsNames::iter)
    }

    /// What it serves, if it is ours.
    pub(crate) fn key(&self) -> WantKey {
        WantKey { target: self.target.clone(), secret: self.secret.clone() }
    }
}

impl Inventory {
    /// That of a commit without files.
    pub(crate) fn empty(discover: &Discover) -> Self {
        let around = Surroundings { discover: discover.clone(), ..Surroundings::default() };
        Self {
            tips: Tips::new(),
            wanted: Vec::new(),
            delivered: Vec::new(),
            faults: Vec::new(),
            around,
            index: Index::default(),
            claimants: Claimants::default(),
            of_secrets: BTreeMap::new(),
            unheld: BTreeSet::new(),
            placeless: Vec::new(),
            torn: false,
        }
    }

    /// The commit of a repository.
    pub fn tip(&self, repository: &RepositoryName) -> Tip {
        self.tips.get(repository).copied().unwrap_or(Tip { commit: None })
    }

    /// Whether a change can build on it.
    pub(crate) fn is_whole(&self) -> bool {
        !self.torn
    }

    /// One without files, and with the same settings.
    pub(crate) fn begin_anew(&self) -> Self {
        Self::empty(&self.around.discover)
    }

    /// Makes it the inventory of another commit of one repository, given what differs. `read` reads files of whatever repository; of
    /// those that say nothing it may be silent.
    ///
    /// However one comes to these commits, their inventory is the same. If something cannot be read, it stays that of those it was.
    pub(crate) fn change<E>(
        &mut self,
        repository: &RepositoryName,
        tip: Tip,
        changes: &[Change],
        read: impl Fn(&[(RepoPath, ObjectId)]) -> Result<Vec<File>, E>,
    ) -> Result<(), E> {
        let mut files = read(&to_read(changes))?;
        let affected = self.around.note(changes, &files);
        files.extend(read(&affected).inspect_err(|_| self.torn = true)?);
        let offers = parallel::map(files, |file| Offer::of(&file, &self.around));
        let redone =
            changes.iter().map(|(path, _)| path).chain(affected.iter().map(|(path, _)| path));
        let (stirred, moved) = self.replace(&redone.collect(), offers);
        self.decide(stirred, moved);
        let placeless = self.refuse_what_has_no_place();
        self.faults = self.all_faults(placeless);
        self.tips.insert(repository.clone(), tip);
        Ok(())
    }

    /// What these files bring now. Which Secrets they speak of, or spoke of; and the hosts of certificates that came or went.
    fn replace(
        &mut self,
        redone: &BTreeSet<&RepoPath>,
        offers: Vec<Offer>,
    ) -> (BTreeSet<SecretRef>, BTreeSet<DnsName>) {
        let (mut stirred, mut moved) = (BTreeSet::new(), BTreeSet::new());
        redone.iter().for_each(|path| self.index.remove(path, &mut stirred));
        if !stirred.is_empty() {
            let gone = self.delivered.extract_if(.., |held| redone.contains(&held.path));
            gone.for_each(|held| moved.extend(held.names().cloned()));
        }
        let index = &mut self.index;
        let come = offers.into_iter().flat_map(|offer| index.add(offer, &mut stirred));
        let come: Vec<_> = come.collect();
        // Where nothing is claimed yet, everything is decided anyway.
        if !self.claimants.are_none() {
            moved.extend(come.iter().flat_map(Delivered::names).cloned());
        }
        self.delivered.extend(come);
        self.delivered.sort_by(|a, b| {
            (&a.secret, &a.path, a.document).cmp(&(&b.secret, &b.path, b.document))
        });
        (stirred, moved)
    }

    /// What could not be delivered is not to be ordered either. Returns what is wrong with it.
    fn refuse_what_has_no_place(&mut self) -> Vec<Fault> {
        let objections: BTreeMap<_, _> = objections(self).into_iter().collect();
        let mut faults = Vec::new();
        let objected = |wanted: &mut Wanted| objections.contains_key(&wanted.key);
        for wanted in self.wanted.extract_if(.., objected) {
            if let Some(reason) = objections.get(&wanted.key) {
                let reason = FaultReason::NoPlace(reason.clone());
                let fault = |source: &Source| source.secret_fault(&reason, &wanted.names);
                faults.extend(wanted.sources.iter().map(fault));
            }
            self.placeless.push(wanted);
        }
        faults
    }

    fn all_faults(&self, mut faults: Vec<Fault>) -> Vec<Fault> {
        faults.extend(self.index.faults().chain(self.of_secrets.values().flatten()).cloned());
        let routes = &self.around.routes;
        if routes.all_waiting().any(|path| self.index.is_open(path)) {
            faults.extend(routes.lost(&self.around));
        }
        faults.sort_by_cached_key(|fault| {
            (fault.path.clone(), fault.document, fault.field.clone(), fault.reason.to_string())
        });
        // What several listeners take from one route is wrong once.
        faults.dedup();
        faults
    }

    /// Whose a Secret is: who had it when it was written, as long as he wants it, else the first who does.
    pub fn owner(&self, key: &WantKey) -> Option<Owner> {
        let had_it = self.held(key).and_then(|held| held.provenance.owner.clone());
        let sources = self.want(key)?.sources.iter();
        let mut owners = sources.map(|source| Owner::of(&source.path, &self.around.ground));
        let first = owners.next()?;
        had_it.filter(|had_it| *had_it == first || owners.any(|one| one == *had_it)).or(Some(first))
    }

    /// What is wanted of this key.
    pub fn want(&self, key: &WantKey) -> Option<&Wanted> {
        let at = self.wanted.binary_search_by(|wanted| wanted.key.cmp(key)).ok()?;
        self.wanted.get(at)
    }

    /// How the Secret of a want is to be written; one that nobody wants, as it is.
    pub(crate) fn form(&self, key: &WantKey) -> SecretForm {
        let wanted = self.want(key).map(|wanted| &wanted.form);
        wanted.or_else(|| self.held(key).map(|held| &held.form)).cloned().unwrap_or_default()
    }

    /// Where a Secret is, or where it would be put next: one file for each group.
    ///
    /// # Errors
    ///
    /// [`RefusalReason`] says what stands in its way.
    pub fn place(&self, key: &WantKey) -> Result<Vec<RepoPath>, RefusalReason> {
        Placer::new(self).place(key)
    }

    /// The repository that a Secret is in, or would be put into; empty for the only one.
    pub fn repository_of(&self, key: &WantKey) -> &str {
        match self.held(key) {
            Some(held) => held.path.repository(),
            None => self.destination(key).root.repository(),
        }
    }

    pub(crate) fn targets(&self) -> &Targets {
        &self.around.discover.targets
    }

    pub(crate) fn ground(&self) -> &Ground {
        &self.around.ground
    }

    /// What is wanted and has no Secret of ours yet.
    pub(crate) fn unheld(&self) -> impl Iterator<Item = &WantKey> {
        self.unheld.iter()
    }
}

fn to_read(changes: &[Change]) -> Vec<(RepoPath, ObjectId)> {
    let blob = |(path, entry): &Change| match entry {
        Entry::Read(blob) => Some((path.clone(), *blob)),
        Entry::Other | Entry::Gone => None,
    };
    changes.iter().filter_map(blob).collect()
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
            field: Some(format!("{}.{}", self.field, self.object.kind.secret_field())),
            reason: reason.clone(),
            hosts: names.into_iter().map(ToString::to_string).collect(),
        }
    }
}

#[cfg(test)]
mod tests;
