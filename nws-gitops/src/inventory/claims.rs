//! Who wants which Secret, and who gets it where several do.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use nws_expiry::{DnsName, DnsNames};

use super::file::File;
use super::local::is_chart_template;
use super::surroundings::Surroundings;
use super::{Source, WantedBy};
use crate::fault::{Fault, FaultReason};
use crate::reader::{Applicant, Host, Stated, StatedOptions, TlsBlock};
use crate::{RepoPath, SecretRef, WantKey};

mod decide;
mod duration;
mod form;
mod listeners;
mod names;
mod options;
mod overrides;
mod place;
mod repositories;
mod terms;
mod verdict;

use terms::Terms;
use verdict::Verdict;
pub(super) use verdict::is_ours;

pub(super) use decide::{Case, Rivals, decide};
use names::Names;

/// What one file wants in one Secret.
#[derive(Clone, Debug, Default)]
pub(super) struct Claim(Vec<Asking>);

/// What one place wants in it.
#[derive(Clone, Debug)]
pub(super) struct Asking {
    source: Source,
    names: Names,
    options: Arc<StatedOptions>,
}

impl Claim {
    /// The same without room for more: there are as many as there are certificates.
    fn compact(mut self) -> Self {
        self.0.shrink_to_fit();
        self
    }

    /// The places that ask for a host.
    pub(super) fn asking(&self, host: &DnsName) -> impl Iterator<Item = &Source> {
        let asking = self.0.iter().filter(move |asking| asking.names.certain.contains(host));
        asking.map(|asking| &asking.source)
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
        let place = Place::of(file, applicant);
        let ca = match Verdict::on(applicant, &self.around.discover) {
            Verdict::Ours(ca) => ca,
            Verdict::CertManagers(field, reason) => {
                return self.fault(place, Some(field), reason, &applicant.hosts);
            }
            Verdict::Unasked => return,
        };
        self.weigh(file, applicant);
        self.tell_of_request(file, applicant);
        let terms = self.known(place, applicant, Terms::of(applicant, ca));
        match place::namespaces(self.around, &file.path, applicant) {
            Ok(namespaces) => {
                for (namespace, block) in every(&namespaces, &applicant.blocks) {
                    self.block(file, applicant, namespace, block, &terms);
                }
            }
            Err((field, reason)) => {
                self.fault(place, Some(&field), reason, &applicant.hosts);
            }
        }
    }

    /// The same, unless the CA that is named is none of the operator's.
    fn known<'t>(
        &mut self,
        place: Place<'_>,
        applicant: &Applicant,
        mut terms: Terms<'t>,
    ) -> Terms<'t> {
        if let Stated::Value { value, field } = &applicant.options.ca
            && !self.around.discover.cas.contains(value)
        {
            let reason = FaultReason::UnknownCa { ca: value.clone() };
            self.fault(place, Some(field), reason, &applicant.hosts);
            terms.options =
                Arc::new(StatedOptions { ca: Stated::Unknown, ..terms.options.unsettled() });
        }
        terms
    }

    /// An object that is changed on its way has that one fault; what else is wrong with it may be mended there.
    fn weigh(&mut self, file: &File, applicant: &Applicant) {
        let wants = !applicant.blocks.is_empty();
        if let Some(reason) = self.around.objection(&file.path, applicant.into()) {
            if wants {
                self.fault(Place::of(file, applicant), None, reason, &applicant.hosts);
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
        let place = Place::of(file, applicant);
        let secret = match secret(namespace, block) {
            Ok(secret) => secret,
            Err(reason) => {
                let field = format!("{}.{}", block.field, applicant.kind.secret_field());
                let hosts: Vec<_> = block.hosts.iter().map(|host| host.name.to_string()).collect();
                return self.fault(place, Some(&field), reason, &hosts);
            }
        };
        let hosts = block.hosts.iter().chain(terms.names);
        let names = hosts.filter_map(|host| self.name(place, host)).collect();
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
                Standing::Certain => terms.options.clone(),
                Standing::OnlyIfHeld => Arc::new(terms.options.unsettled()),
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

/// Every Secret that is wanted in each namespace.
fn every<'a>(
    namespaces: &'a [String],
    blocks: &'a [TlsBlock],
) -> impl Iterator<Item = (&'a str, &'a TlsBlock)> {
    namespaces
        .iter()
        .flat_map(move |namespace| blocks.iter().map(move |block| (&**namespace, block)))
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
