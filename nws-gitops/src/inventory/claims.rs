//! Who wants which Secret, and who gets it where several do.

use std::collections::{BTreeMap, BTreeSet};

use nws_expiry::{DnsName, DnsNames};

use super::held;
use super::kustomize::Kustomizations;
use super::local::is_chart_template;
use super::namespaces::Namespaces;
use super::{Delivered, File, Source, Tree, Wanted, WantedBy};
use crate::discover::Discover;
use crate::fault::{Fault, FaultReason};
use crate::reader::{Applicant, Host, Stated, StatedOptions, TlsBlock};
use crate::{RepoPath, SecretRef, Target, WantKey};

mod duration;
mod options;
mod overrides;
mod place;
mod terms;
mod verdict;

use terms::Terms;
use verdict::Verdict;
pub(super) use verdict::is_ours;

/// What one file wants in one Secret.
#[derive(Default)]
pub(super) struct Claim(Vec<Asking>);

/// What one place wants in it.
pub(super) struct Asking {
    source: Source,
    names: BTreeSet<DnsName>,
    options: StatedOptions,
}

impl Claim {
    fn names(&self) -> BTreeSet<DnsName> {
        self.0.iter().flat_map(|asking| &asking.names).cloned().collect()
    }

    /// Drops what asks for a certificate that nobody can tell how to make, unless the one that is there carries one of its
    /// names: that is kept up, made as it is. Whether anything is left.
    fn settles(&mut self, held: Option<&DnsNames>) -> bool {
        let is_held = |name: &DnsName| held.is_some_and(|held| held.contains(name));
        self.0.retain(|asking| asking.options.are_known() || asking.names.iter().any(is_held));
        !self.0.is_empty()
    }
}

/// What a claim is worth.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Standing {
    /// The file says what is deployed.
    Certain,
    /// What is deployed may be something else. Nothing is ordered for that; but a certificate that was delivered for just
    /// these names is kept up as it is, since taking it away would be a guess too.
    OnlyIfHeld,
}

/// Wants by Secret, then by standing and file.
pub(super) type Claims = BTreeMap<WantKey, BTreeMap<(Standing, RepoPath), Claim>>;

pub(super) struct Collector<'a> {
    namespaces: &'a Namespaces<'a>,
    kustomizations: &'a Kustomizations<'a>,
    discover: &'a Discover,
    claims: Claims,
    faults: &'a mut Vec<Fault>,
    /// Of the Ingress at hand.
    standing: Standing,
}

impl<'a> Collector<'a> {
    pub(super) fn new(
        namespaces: &'a Namespaces<'a>,
        kustomizations: &'a Kustomizations<'a>,
        discover: &'a Discover,
        faults: &'a mut Vec<Fault>,
    ) -> Self {
        let (claims, standing) = (Claims::new(), Standing::Certain);
        Self { namespaces, kustomizations, discover, claims, faults, standing }
    }

    /// Every want of every file that is looked at; what cannot be wanted becomes a fault.
    pub(super) fn collect(mut self, tree: &Tree) -> Claims {
        for file in tree.files.iter().filter(|file| self.discover.covers(&file.path)) {
            if !is_chart_template(&file.path, &tree.paths) {
                file.parsed.applicants.iter().for_each(|applicant| self.applicant(file, applicant));
            }
        }
        self.claims
    }

    fn applicant(&mut self, file: &File, applicant: &Applicant) {
        self.standing = Standing::Certain;
        let ca = match Verdict::on(applicant, self.discover) {
            Verdict::Ours(ca) => ca,
            Verdict::CertManagers(field, reason) => {
                return self.fault(file, applicant, Some(field), reason, &applicant.hosts);
            }
            Verdict::Unasked => return,
        };
        self.weigh(file, applicant);
        self.tell_of_request(file, applicant);
        let terms = self.known(file, applicant, Terms::of(applicant, ca));
        match place::namespace(self.namespaces, &file.path, applicant) {
            Ok(namespace) => applicant
                .blocks
                .iter()
                .for_each(|block| self.block(file, applicant, &namespace, block, &terms)),
            Err((field, reason)) => {
                self.fault(file, applicant, Some(&field), reason, &applicant.hosts);
            }
        }
    }

    /// The same, unless the CA that is named is none of the operator's.
    fn known<'t>(&mut self, file: &File, applicant: &Applicant, mut terms: Terms<'t>) -> Terms<'t> {
        if let Stated::Value { value, field } = &applicant.options.ca
            && !self.discover.cas.contains(value)
        {
            let reason = FaultReason::UnknownCa { ca: value.clone() };
            self.fault(file, applicant, Some(field), reason, &applicant.hosts);
            terms.options = StatedOptions { ca: Stated::Unknown, ..terms.options.unsettled() };
        }
        terms
    }

    /// An Ingress that is changed on its way has that one fault; what else is wrong with it may be mended there.
    fn weigh(&mut self, file: &File, applicant: &Applicant) {
        let wants = !applicant.blocks.is_empty();
        if let Some(reason) = self.kustomizations.objection(&file.path, applicant, self.discover) {
            if wants {
                self.fault(file, applicant, None, reason, &applicant.hosts);
            }
            self.standing = Standing::OnlyIfHeld;
        }
    }

    /// What is wrong with what it asks of cert-manager, now that it asks it of us.
    fn tell_of_request(&mut self, file: &File, applicant: &Applicant) {
        let faults = applicant.cert_manager.iter().flat_map(|request| &request.faults);
        match self.standing {
            Standing::Certain => self.faults.extend(faults.map(|fault| fault.at(&file.path))),
            Standing::OnlyIfHeld => {}
        }
    }

    fn block(
        &mut self,
        file: &File,
        applicant: &Applicant,
        namespace: &str,
        block: &TlsBlock,
        terms: &Terms<'_>,
    ) {
        let secret = match SecretRef::new(namespace, &block.secret) {
            Ok(secret) => secret,
            Err(invalid) => {
                let field = format!("{}.secretName", block.field);
                let hosts: Vec<_> = block.hosts.iter().map(|host| host.name.to_string()).collect();
                return self.fault(file, applicant, Some(&field), invalid.into(), &hosts);
            }
        };
        let names: Vec<_> = block
            .hosts
            .iter()
            .chain(terms.names)
            .filter_map(|host| self.name(file, applicant, host))
            .collect();
        if names.is_empty() {
            return;
        }
        let key = WantKey { target: Target::default(), secret };
        let by_file = self.claims.entry(key).or_default();
        let claim = by_file.entry((self.standing, file.path.clone())).or_default();
        claim.0.push(Asking {
            source: source(file, applicant, namespace, block),
            names: names.into_iter().collect(),
            options: match self.standing {
                Standing::Certain => terms.options.clone(),
                Standing::OnlyIfHeld => terms.options.unsettled(),
            },
        });
    }

    /// The name, if a certificate for it may be ordered; if not, the other names of its block are wanted all the same.
    fn name(&mut self, file: &File, applicant: &Applicant, host: &Host) -> Option<DnsName> {
        let name = host.name.clone();
        let reason = if name.is_wildcard() {
            FaultReason::Wildcard { name }
        } else if !self.discover.allow.allow(&name) {
            FaultReason::NotAllowed { name }
        } else {
            return Some(name);
        };
        self.fault(file, applicant, Some(&host.field), reason, &[host.name.to_string()]);
        None
    }

    fn fault(
        &mut self,
        file: &File,
        applicant: &Applicant,
        field: Option<&str>,
        reason: FaultReason,
        hosts: &[String],
    ) {
        match self.standing {
            Standing::Certain => self.faults.push(Fault {
                path: file.path.clone(),
                document: Some(applicant.document),
                field: field.map(str::to_owned),
                reason,
                hosts: hosts.to_vec(),
            }),
            Standing::OnlyIfHeld => {}
        }
    }
}

fn source(file: &File, applicant: &Applicant, namespace: &str, block: &TlsBlock) -> Source {
    Source {
        path: file.path.clone(),
        document: applicant.document,
        object: WantedBy {
            kind: applicant.kind,
            namespace: namespace.to_owned(),
            name: applicant.name.clone(),
        },
        field: block.field.clone(),
    }
}

/// Gives each Secret to one set of names.
///
/// Within a file, names are united. Files that agree share it. Where they differ, the file whose names the certificate
/// already there carries keeps it, else the first by path; the others are told. A Secret that is somebody else's is
/// nobody's to have. Files that agree on the names may still differ in their options, which [`options`] decides, and in when
/// it is ordered, which [`overrides`] takes together.
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
    mut by_file: BTreeMap<(Standing, RepoPath), Claim>,
    delivered: &[Delivered],
    faults: &mut Vec<Fault>,
) -> Option<Wanted> {
    let same = held::named(delivered, &key.secret);
    let ours = same.iter().filter(|held| held.ours);
    let (held, names_held) = ours.filter_map(|held| Some((held, names_of(held)?))).next().unzip();
    let has_it = |claim: &Claim| names_held.is_some_and(|held| held.iter().eq(&claim.names()));
    by_file.retain(|(standing, _), claim| match standing {
        Standing::Certain => claim.settles(names_held),
        Standing::OnlyIfHeld => has_it(claim),
    });
    if let Some(foreign) = same.iter().find(|held| !held.ours) {
        let reason =
            FaultReason::ForeignSecret { secret: key.secret.clone(), path: foreign.path.clone() };
        faults.extend(by_file.values().flat_map(|claim| refusals(claim, &reason)));
        return None;
    }
    let holder = by_file.iter().find(|(_, claim)| has_it(claim)).or_else(|| by_file.iter().next());
    let ((_, holder), claim) = holder?;
    let (holder, names) = (holder.clone(), claim.names());
    let mut askings = Vec::new();
    for claim in by_file.into_values() {
        if claim.names() == names {
            askings.extend(claim.0);
        } else {
            let reason =
                FaultReason::Conflict { secret: key.secret.clone(), holder: holder.clone() };
            faults.extend(refusals(&claim, &reason));
        }
    }
    askings.sort_by(|one, other| one.source.cmp(&other.source));
    let options = options::decide(&key.secret, &askings, held, faults);
    let overrides = overrides::gather(&askings);
    duration::compare(&askings, held, faults);
    let sources = askings.into_iter().map(|asking| asking.source).collect();
    Some(Wanted { key, names: DnsNames::new(names).ok()?, options, overrides, sources })
}

fn names_of(held: &Delivered) -> Option<&DnsNames> {
    held.chain.as_ref()?.leaf().names()
}

fn refusals<'a>(claim: &'a Claim, reason: &'a FaultReason) -> impl Iterator<Item = Fault> {
    let names = claim.names();
    claim.0.iter().map(move |asking| asking.source.secret_fault(reason, &names))
}
