//! What each file has brought, so that it can be taken back when the file changes.

use std::collections::{BTreeMap, BTreeSet};

use nws_expiry::DnsName;

use super::claims::{self, Claimed, Rivals, Standing};
use super::offer::Offer;
use super::{Delivered, Wanted};
use crate::fault::Fault;
use crate::{RepoPath, SecretRef, Target, Targets, WantKey};

/// By file, but those that bring nothing; and who wants each Secret.
///
/// Most files bring one thing, for which a list is much smaller than a map.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    claims: BTreeMap<RepoPath, Vec<Claimed>>,
    held: BTreeMap<RepoPath, Vec<SecretRef>>,
    faults: BTreeMap<RepoPath, Vec<Fault>>,
    /// Sorted.
    wanting: BTreeMap<SecretRef, Vec<(Target, RepoPath)>>,
}

impl Index {
    /// Takes back what a file has brought. Adds the Secrets it spoke of to `stirred`.
    pub(super) fn remove(&mut self, path: &RepoPath, stirred: &mut BTreeSet<SecretRef>) {
        self.faults.remove(path);
        stirred.extend(self.held.remove(path).unwrap_or_default());
        for ((key, _), _) in self.claims.remove(path).unwrap_or_default() {
            if let Some(files) = self.wanting.get_mut(&key.secret) {
                files.retain(|(_, wanting)| wanting != path);
                if files.is_empty() {
                    self.wanting.remove(&key.secret);
                }
            }
            stirred.insert(key.secret);
        }
    }

    /// Takes in what a file brings, but its Secrets, which are returned. Adds those it speaks of to `stirred`.
    pub(super) fn add(
        &mut self,
        offer: Offer,
        stirred: &mut BTreeSet<SecretRef>,
    ) -> Vec<Delivered> {
        let Offer { path, claims, delivered, faults } = offer;
        for ((key, _), _) in &claims {
            let files = self.wanting.entry(key.secret.clone()).or_default();
            let wanting = (key.target.clone(), path.clone());
            if let Err(at) = files.binary_search(&wanting) {
                files.insert(at, wanting);
            }
            stirred.insert(key.secret.clone());
        }
        let held: Vec<_> = delivered.iter().map(|held| held.secret.clone()).collect();
        stirred.extend(held.iter().cloned());
        keep(&mut self.held, &path, held);
        keep(&mut self.claims, &path, claims);
        keep(&mut self.faults, &path, faults);
        delivered
    }

    /// Who gets a Secret, for each target that wants it; `same` is what is there of that name, `lost` are hosts of routes that nobody
    /// can read.
    pub(super) fn decide(
        &self,
        secret: &SecretRef,
        same: &[Delivered],
        lost: &BTreeSet<DnsName>,
        targets: &Targets,
        faults: &mut Vec<Fault>,
    ) -> Vec<Wanted> {
        let wanting = self.wanting.get(secret).map_or(&[][..], Vec::as_slice);
        let by_target = wanting.chunk_by(|one, other| one.0 == other.0);
        by_target
            .filter_map(|files| {
                let key = WantKey { target: files.first()?.0.clone(), secret: secret.clone() };
                let rivals = self.rivals(&key, files.iter().map(|(_, path)| path));
                claims::decide(key, rivals, same, lost, targets, faults)
            })
            .collect()
    }

    /// Whether a file certainly wants the hosts of routes.
    pub(super) fn is_open(&self, path: &RepoPath) -> bool {
        let mut claims = self.claims.get(path).into_iter().flatten();
        claims.any(|((_, standing), claim)| *standing == Standing::Certain && claim.is_open())
    }

    /// What is wrong with files by themselves.
    pub(super) fn faults(&self) -> impl Iterator<Item = &Fault> {
        self.faults.values().flatten()
    }

    fn rivals<'a>(&self, key: &WantKey, files: impl Iterator<Item = &'a RepoPath>) -> Rivals<'a> {
        let claims = files.flat_map(|path| {
            let claims = self.claims.get(path).into_iter().flatten();
            let of_key = claims.filter(|((claimed, _), _)| claimed == key);
            of_key.map(move |((_, standing), claim)| ((*standing, path), claim.clone()))
        });
        claims.collect()
    }
}

fn keep<T>(all: &mut BTreeMap<RepoPath, Vec<T>>, path: &RepoPath, some: Vec<T>) {
    if !some.is_empty() {
        all.insert(path.clone(), some);
    }
}
