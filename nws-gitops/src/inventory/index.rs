//! What each file has brought, so that it can be taken back when the file changes.

use std::collections::{BTreeMap, BTreeSet};

use super::claims::{self, Claims, Rivals};
use super::offer::Offer;
use super::{Delivered, Wanted};
use crate::fault::Fault;
use crate::{RepoPath, SecretRef, Target, WantKey};

/// By file, but those that bring nothing; and who wants each Secret.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    claims: BTreeMap<RepoPath, Claims>,
    held: BTreeMap<RepoPath, BTreeSet<SecretRef>>,
    faults: BTreeMap<RepoPath, Vec<Fault>>,
    wanting: BTreeMap<SecretRef, BTreeMap<Target, BTreeSet<RepoPath>>>,
}

impl Index {
    /// Takes back what a file has brought. Adds the Secrets it spoke of to `stirred`.
    pub(super) fn remove(&mut self, path: &RepoPath, stirred: &mut BTreeSet<SecretRef>) {
        self.faults.remove(path);
        stirred.extend(self.held.remove(path).unwrap_or_default());
        for (key, _) in self.claims.remove(path).unwrap_or_default().into_keys() {
            self.unwant(&key, path);
            stirred.insert(key.secret);
        }
    }

    fn unwant(&mut self, key: &WantKey, path: &RepoPath) {
        let Some(by_target) = self.wanting.get_mut(&key.secret) else {
            return;
        };
        if let Some(files) = by_target.get_mut(&key.target) {
            files.remove(path);
        }
        by_target.retain(|_, files| !files.is_empty());
        if by_target.is_empty() {
            self.wanting.remove(&key.secret);
        }
    }

    /// Takes in what a file brings, but its Secrets, which are returned. Adds those it speaks of to `stirred`.
    pub(super) fn add(
        &mut self,
        offer: Offer,
        stirred: &mut BTreeSet<SecretRef>,
    ) -> Vec<Delivered> {
        let Offer { path, claims, delivered, faults } = offer;
        for (key, _) in claims.keys() {
            let by_target = self.wanting.entry(key.secret.clone()).or_default();
            by_target.entry(key.target.clone()).or_default().insert(path.clone());
            stirred.insert(key.secret.clone());
        }
        let held: BTreeSet<_> = delivered.iter().map(|held| held.secret.clone()).collect();
        stirred.extend(held.iter().cloned());
        keep(&mut self.held, &path, held, BTreeSet::is_empty);
        keep(&mut self.claims, &path, claims, BTreeMap::is_empty);
        keep(&mut self.faults, &path, faults, Vec::is_empty);
        delivered
    }

    /// Who gets a Secret, for each target that wants it; `same` is what is there of that name.
    pub(super) fn decide(
        &self,
        secret: &SecretRef,
        same: &[Delivered],
        faults: &mut Vec<Fault>,
    ) -> Vec<Wanted> {
        let by_target = self.wanting.get(secret).into_iter().flatten();
        by_target
            .filter_map(|(target, files)| {
                let key = WantKey { target: target.clone(), secret: secret.clone() };
                let rivals = self.rivals(&key, files);
                claims::decide(key, rivals, same, faults)
            })
            .collect()
    }

    /// What is wrong with files by themselves.
    pub(super) fn faults(&self) -> impl Iterator<Item = &Fault> {
        self.faults.values().flatten()
    }

    fn rivals<'a>(&'a self, key: &WantKey, files: &'a BTreeSet<RepoPath>) -> Rivals<'a> {
        let claims = files.iter().filter_map(|path| Some((path, self.claims.get(path)?)));
        claims.flat_map(|(path, claims)| claims::of(claims, key, path)).collect()
    }
}

fn keep<T>(all: &mut BTreeMap<RepoPath, T>, path: &RepoPath, one: T, is_nothing: fn(&T) -> bool) {
    if !is_nothing(&one) {
        all.insert(path.clone(), one);
    }
}
