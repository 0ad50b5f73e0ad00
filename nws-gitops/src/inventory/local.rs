//! Faults that a file has by itself, as far as its place leaves them any meaning.

use std::collections::{BTreeMap, BTreeSet};

use super::claims::is_ours;
use super::file::{File, Files};
use super::surroundings::Surroundings;
use crate::discover::Discover;
use crate::fault::{Fault, FaultReason};
use crate::reader::{Applicant, LocalFault};
use crate::{Opting, RepoPath};

pub(super) fn faults(file: &File, around: &Surroundings) -> Vec<Fault> {
    if !around.discover.covers(&file.path) {
        Vec::new()
    } else if is_chart_template(&file.path, &around.ground.files) {
        of_a_template(file, &around.discover)
    } else if around.kustomizations.is_patch(&file.path) {
        of_a_patch(file)
    } else {
        of_a_manifest(file, around)
    }
}

/// What is wrong with an object that a kustomization changes may be mended there; that it is changed is said elsewhere.
fn of_a_manifest(file: &File, around: &Surroundings) -> Vec<Fault> {
    let objected =
        |applicant: &&Applicant| around.objection(&file.path, (*applicant).into()).is_some();
    let changed: BTreeSet<_> = file
        .parsed
        .applicants
        .iter()
        .filter(objected)
        .map(|applicant| Some(applicant.document))
        .collect();
    let faults = file.parsed.faults.iter().filter(|fault| !changed.contains(&fault.document));
    let faults = faults.filter(|fault| is_asked_for(file, fault.document, &around.discover));
    faults.map(|fault| fault.at(&file.path)).collect()
}

/// Where objects have to opt in, what is wrong with others is their owners' business.
fn is_asked_for(file: &File, document: Option<usize>, discover: &Discover) -> bool {
    let (Opting::OptedIn, Some(document)) = (discover.mode, document) else { return true };
    let mut issuers = file
        .parsed
        .applicants
        .iter()
        .filter(|applicant| applicant.document == document)
        .filter_map(|applicant| applicant.cert_manager.as_ref()?.issuer.as_ref());
    file.parsed.opted_in.contains(&document)
        || issuers.any(|issuer| discover.issuers.ca(issuer).is_some())
}

/// Helm renders what lies in `templates/` beside a `Chart.yaml`, even where it looks like a plain manifest.
pub(super) fn is_chart_template(path: &RepoPath, files: &Files) -> bool {
    let beside = |templates: RepoPath| {
        files.contains(&RepoPath::within(templates.parent().as_ref(), "Chart.yaml"))
    };
    path.ancestors().filter(|dir| dir.file_name() == "templates").any(beside)
}

/// Whatever is wrong with it, that it is a template is what matters: once for each document that wants something.
fn of_a_template(file: &File, discover: &Discover) -> Vec<Fault> {
    let parsed = &file.parsed;
    let mut documents: BTreeMap<Option<usize>, BTreeSet<String>> = BTreeMap::new();
    for fault in parsed.faults.iter().filter(|fault| is_asked_for(file, fault.document, discover)) {
        documents.entry(fault.document).or_default().extend(fault.hosts.iter().cloned());
    }
    let ours = |applicant: &&Applicant| is_ours(applicant, discover);
    for applicant in parsed.applicants.iter().filter(ours) {
        let hosts = applicant.hosts.iter().cloned();
        documents.entry(Some(applicant.document)).or_default().extend(hosts);
    }
    let fault = |(document, hosts): (Option<usize>, BTreeSet<String>)| Fault {
        path: file.path.clone(),
        document,
        field: None,
        reason: FaultReason::Template,
        hosts: hosts.into_iter().collect(),
    };
    documents.into_iter().map(fault).collect()
}

/// A patch need not be a whole object, but it has to be readable.
fn of_a_patch(file: &File) -> Vec<Fault> {
    let faults = file.parsed.faults.iter().filter(|fault| fault.field.is_none());
    faults.map(|fault| fault.at(&file.path)).collect()
}

impl LocalFault {
    pub(super) fn at(&self, path: &RepoPath) -> Fault {
        Fault {
            path: path.clone(),
            document: self.document,
            field: self.field.clone(),
            reason: self.reason.clone(),
            hosts: self.hosts.clone(),
        }
    }
}
