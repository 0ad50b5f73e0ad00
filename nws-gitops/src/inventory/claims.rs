//! Who wants which Secret, and who gets it where several do.

use std::collections::{BTreeMap, BTreeSet};

use nws_expiry::{DnsName, DnsNames};

use super::file::File;
use super::held;
use super::local::is_chart_template;
use super::surroundings::Surroundings;
use super::{Delivered, Source, Wanted, WantedBy};
use crate::discover::CertManager;
use crate::fault::{Fault, FaultReason};
use crate::reader::{Applicant, Host, StatedOptions, TlsBlock};
use crate::{RepoPath, SecretRef, Targets, WantKey};

mod listeners;
mod names;
mod options;
mod overrides;
mod repositories;

use names::Names;

/// What one file wants in one Secret.
#[derive(Clone, Debug, Default)]
pub(super) struct Claim(Vec<Asking>);

/// What one place wants in it.
#[derive(Clone, Debug)]
pub(super) struct Asking {
    source: Source,
    names: Names,
    options: StatedOptions,
}

impl Claim {
    /// The same without room for more: there are as many as there are certificates.
    fn compact(mut self) -> Self {
        self.0.shrink_to_fit();
        self
    }

    fn names(&self) -> BTreeSet<DnsName> {
        self.0.iter().flat_map(|asking| &asking.names.certain).cloned().collect()
    }

    /// Drops what asks for a certificate that nobody can tell how to make, unless the one that is there carries one of its
    /// names: that is kept up, made as it is. Whether anything is left.
    fn settles(&mut self, held: Option<&DnsNames>) -> bool {
        let is_held = |name: &DnsName| held.is_some_and(|held| held.contains(name));
        self.0.retain(|asking| {
            asking.options.are_known() || asking.names.certain.iter().any(is_held)
        });
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

/// What one file wants in one Secret.
pub(super) type Claimed = ((WantKey, Standing), Claim);

pub(super) struct Collector<'a> {
    around: &'a Surroundings,
    claims: BTreeMap<(WantKey, Standing), Claim>,
    faults: &'a mut Vec<Fault>,
    /// Of the object at hand.
    standing: Standing,
}

/// A document of a file.
#[derive(Clone, Copy)]
struct Place<'a> {
    path: &'a RepoPath,
    document: usize,
}

impl<'a> Place<'a> {
    fn of(file: &'a File, applicant: &Applicant) -> Self {
        Self { path: &file.path, document: applicant.document }
    }
}

impl<'a> Collector<'a> {
    pub(super) fn new(around: &'a Surroundings, faults: &'a mut Vec<Fault>) -> Self {
        Self { around, claims: BTreeMap::new(), faults, standing: Standing::Certain }
    }

    /// Every want of a file, if it is looked at; what cannot be wanted becomes a fault.
    pub(super) fn collect(mut self, file: &File) -> Vec<Claimed> {
        if self.around.discover.covers(&file.path)
            && !is_chart_template(&file.path, &self.around.ground.files)
        {
            file.parsed.applicants.iter().for_each(|applicant| self.applicant(file, applicant));
        }
        self.claims.into_iter().map(|(key, claim)| (key, claim.compact())).collect()
    }

    fn applicant(&mut self, file: &File, applicant: &Applicant) {
        self.standing = Standing::Certain;
        match (&applicant.cert_manager, self.around.discover.cert_manager) {
            (Some(annotation), CertManager::Skip) => {
                let reason = FaultReason::CertManager { annotation: annotation.clone() };
                let place = Place::of(file, applicant);
                return self.fault(place, Some("metadata.annotations"), reason, &applicant.hosts);
            }
            (Some(_), CertManager::Adopt) | (None, CertManager::Skip | CertManager::Adopt) => {}
        }
        self.weigh(file, applicant);
        match self.around.namespaces.resolve(&file.path, applicant.namespace.as_deref()) {
            Ok(namespace) => applicant
                .blocks
                .iter()
                .for_each(|block| self.block(file, applicant, &namespace, block)),
            Err(reason) => {
                let place = Place::of(file, applicant);
                self.fault(place, Some("metadata.namespace"), reason, &applicant.hosts);
            }
        }
    }

    /// An object that is changed on its way has that one fault; what else is wrong with it may be mended there.
    fn weigh(&mut self, file: &File, applicant: &Applicant) {
        let wants = !applicant.blocks.is_empty();
        if let Some(reason) = self.around.kustomizations.objection(
            &file.path,
            applicant.into(),
            &self.around.discover,
        ) {
            if wants {
                self.fault(Place::of(file, applicant), None, reason, &applicant.hosts);
            }
            self.standing = Standing::OnlyIfHeld;
        }
    }

    fn block(&mut self, file: &File, applicant: &Applicant, namespace: &str, block: &TlsBlock) {
        let place = Place::of(file, applicant);
        let secret = match secret(namespace, block) {
            Ok(secret) => secret,
            Err(reason) => {
                let field = format!("{}.{}", block.field, applicant.kind.secret_field());
                let hosts: Vec<_> = block.hosts.iter().map(|host| host.name.to_string()).collect();
                return self.fault(place, Some(&field), reason, &hosts);
            }
        };
        let names = block.hosts.iter().filter_map(|host| self.name(place, host)).collect();
        let mut names = Names { certain: names, ..Names::default() };
        if let Some(listener) = &block.listener {
            let gateway = (applicant.kind, namespace, &*applicant.name);
            self.names_of_routes(place, gateway, listener, &mut names);
        }
        if names.are_none() {
            return;
        }
        let key = WantKey { target: self.around.discover.targets.of(&file.path), secret };
        let claim = self.claims.entry((key, self.standing)).or_default();
        claim.0.push(Asking {
            source: source(file, applicant, namespace, block),
            names,
            options: match self.standing {
                Standing::Certain => applicant.options.clone(),
                Standing::OnlyIfHeld => applicant.options.unsettled(),
            },
        });
    }

    /// The name, if a certificate for it may be ordered; if not, the other names beside it are wanted all the same.
    fn name(&mut self, place: Place<'_>, host: &Host) -> Option<DnsName> {
        let name = host.name.clone();
        let reason = if name.is_wildcard() {
            FaultReason::Wildcard { name }
        } else if !self.around.discover.allow.allow(&name) {
            FaultReason::NotAllowed { name }
        } else {
            return Some(name);
        };
        self.fault(place, Some(&host.field), reason, &[host.name.to_string()]);
        None
    }

    fn fault(
        &mut self,
        place: Place<'_>,
        field: Option<&str>,
        reason: FaultReason,
        hosts: &[String],
    ) {
        match self.standing {
            Standing::Certain => self.faults.push(Fault {
                path: place.path.clone(),
                document: Some(place.document),
                field: field.map(str::to_owned),
                reason,
                hosts: hosts.to_vec(),
            }),
            Standing::OnlyIfHeld => {}
        }
    }
}

fn secret(namespace: &str, block: &TlsBlock) -> Result<SecretRef, FaultReason> {
    let stated = block.listener.as_ref().and_then(|listener| listener.secret_namespace.as_deref());
    match stated.filter(|stated| *stated != namespace) {
        Some(stated) => Err(FaultReason::SecretElsewhere { namespace: stated.to_owned() }),
        None => Ok(SecretRef::new(namespace, &block.secret)?),
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

/// What is wanted in a Secret, by standing and file.
pub(super) type Rivals<'a> = BTreeMap<(Standing, &'a RepoPath), Claim>;

/// Gives a Secret to one set of names.
///
/// Within a file, names are united. Files that agree share it. Where they differ, the file whose names the certificate
/// already there carries keeps it, else the first by path; the others are told. A Secret that is somebody else's is
/// nobody's to have. Files that agree on the names may still differ in their options, which [`options`] decides, and in when
/// it is ordered, which [`overrides`] takes together, and in where it goes, which [`repositories`] decides. `lost` are the hosts of routes that nobody can read.
pub(super) fn decide(
    key: WantKey,
    mut rivals: Rivals<'_>,
    same: &[Delivered],
    lost: &BTreeSet<DnsName>,
    targets: &Targets,
    faults: &mut Vec<Fault>,
) -> Option<Wanted> {
    let ours = held::of(same, &key).filter(|held| held.ours);
    let (held, names_held) = ours.filter_map(|held| Some((held, names_of(held)?))).next().unzip();
    rivals.retain(|_, claim| claim.settle(names_held, lost));
    let has_it = |claim: &Claim| names_held.is_some_and(|held| held.iter().eq(&claim.names()));
    rivals.retain(|(standing, _), claim| match standing {
        Standing::Certain => claim.settles(names_held),
        Standing::OnlyIfHeld => has_it(claim),
    });
    if let Some(foreign) = held::of(same, &key).find(|held| !held.ours) {
        let reason =
            FaultReason::ForeignSecret { secret: key.secret.clone(), path: foreign.path.clone() };
        faults.extend(rivals.values().flat_map(|claim| refusals(claim, &reason)));
        return None;
    }
    let holder = rivals.iter().find(|(_, claim)| has_it(claim)).or_else(|| rivals.iter().next());
    let (&(_, holder), claim) = holder?;
    let names = claim.names();
    let mut askings = Vec::new();
    for claim in rivals.into_values() {
        if claim.names() == names {
            askings.extend(claim.0);
        } else {
            let reason =
                FaultReason::Conflict { secret: key.secret.clone(), holder: holder.clone() };
            faults.extend(refusals(&claim, &reason));
        }
    }
    askings.sort_by(|one, other| one.source.cmp(&other.source));
    repositories::decide(&key, &mut askings, held, targets, faults);
    let options = options::decide(&key.secret, &askings, held, faults);
    let overrides = overrides::gather(&askings);
    let mut sources: Vec<_> = askings.into_iter().map(|asking| asking.source).collect();
    sources.shrink_to_fit();
    Some(Wanted { key, names: DnsNames::new(names).ok()?, options, overrides, sources })
}

fn names_of(held: &Delivered) -> Option<&DnsNames> {
    held.chain.as_ref()?.leaf().names()
}

fn refusals<'a>(claim: &'a Claim, reason: &'a FaultReason) -> impl Iterator<Item = Fault> {
    claim.0.iter().map(move |asking| asking.source.secret_fault(reason, &asking.names.certain))
}
