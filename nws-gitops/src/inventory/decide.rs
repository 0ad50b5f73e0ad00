//! Who gets what, once it is known what files bring.

use std::collections::{BTreeMap, BTreeSet};

use nws_expiry::{DnsName, DnsNames};

use super::claimants::{Holders, Rival};
use super::claims::Case;
use super::{Inventory, Source, Wanted, held};
use crate::discover::SharedHosts;
use crate::fault::{Conflict, Fault, FaultReason};
use crate::{Owner, SecretRef};

/// What is wanted in a Secret as far as nobody else's Secrets are looked at, for each target; and what is wrong with it.
struct Candidate {
    secret: SecretRef,
    wanted: Vec<Wanted>,
    faults: Vec<Fault>,
}

impl Inventory {
    /// Decides on these Secrets anew, and on those that contend with them for a host. `moved` are the hosts of certificates that came
    /// or went.
    pub(super) fn decide(&mut self, stirred: BTreeSet<SecretRef>, mut moved: BTreeSet<DnsName>) {
        self.wanted.append(&mut self.placeless);
        self.take_back(&stirred, &mut moved);
        let lost = self.around.routes.lost_names(&self.around);
        let mut candidates = self.candidates(&stirred, &lost);
        match self.around.discover.shared_hosts {
            SharedHosts::Allow => {}
            SharedHosts::Refuse => self.contend(&mut candidates, stirred, moved, &lost),
        }
        candidates.into_iter().for_each(|candidate| self.settle(candidate));
        self.wanted.sort_by(|a, b| a.key.cmp(&b.key));
    }

    /// What was decided on these Secrets.
    fn take_back(&mut self, secrets: &BTreeSet<SecretRef>, moved: &mut BTreeSet<DnsName>) {
        self.unheld.retain(|key| !secrets.contains(&key.secret));
        for wanted in self.wanted.extract_if(.., |wanted| secrets.contains(&wanted.key.secret)) {
            self.claimants.remove(&wanted.key.secret, &wanted.names, moved);
        }
        secrets.iter().for_each(|secret| self.claimants.remove_refused(secret, moved));
    }

    fn candidates(
        &self,
        secrets: &BTreeSet<SecretRef>,
        lost: &BTreeSet<DnsName>,
    ) -> Vec<Candidate> {
        let owner = |path: &_| Owner::of(path, &self.around.ground);
        let targets = &self.around.discover.targets;
        let candidate = |secret: &SecretRef| {
            let same = held::named(&self.delivered, secret);
            let mut faults = held::faults(same, targets).collect();
            let wanted = self.index.decide(
                secret,
                &Case { same, lost, targets, owner: &owner },
                &mut faults,
            );
            Candidate { secret: secret.clone(), wanted, faults }
        };
        secrets.iter().map(candidate).collect()
    }

    /// Has each go without the hosts that are another namespace's.
    fn contend(
        &mut self,
        candidates: &mut Vec<Candidate>,
        stirred: BTreeSet<SecretRef>,
        mut moved: BTreeSet<DnsName>,
        lost: &BTreeSet<DnsName>,
    ) {
        self.claim(candidates);
        moved.extend(candidates.iter().flat_map(Candidate::names).cloned());
        let neighbours: BTreeSet<_> =
            self.claimants.of(&moved).filter(|secret| !stirred.contains(secret)).cloned().collect();
        self.take_back(&neighbours, &mut moved);
        let beside = self.candidates(&neighbours, lost);
        self.claim(&beside);
        candidates.extend(beside);
        let hosts = candidates.iter().flat_map(Candidate::names);
        let targets = &self.around.discover.targets;
        let holders = Holders::of(&self.claimants, hosts, &self.delivered, targets);
        let refused: Vec<_> = candidates
            .iter()
            .map(|one| self.claimants.refuse(&one.secret, &one.wanted, &holders))
            .collect();
        for (candidate, refused) in candidates.iter_mut().zip(refused) {
            if !refused.is_empty() {
                self.go_without(candidate, &refused);
            }
        }
    }

    fn claim(&mut self, candidates: &[Candidate]) {
        for Candidate { secret, wanted, .. } in candidates {
            wanted.iter().for_each(|wanted| self.claimants.add(secret, &wanted.names));
        }
    }

    fn go_without(&self, candidate: &mut Candidate, refused: &BTreeMap<DnsName, Rival>) {
        let sources: Vec<&Source> =
            candidate.wanted.iter().flat_map(|wanted| &wanted.sources).collect();
        for (host, rival) in refused {
            let asking = self.index.asking(&candidate.secret, host);
            let reason = FaultReason::Conflict(self.conflict(host, rival));
            candidate.faults.extend(
                asking
                    .filter(|source| sources.contains(source))
                    .map(|source| source.host_fault(&reason, host)),
            );
        }
        candidate.wanted = std::mem::take(&mut candidate.wanted)
            .into_iter()
            .filter_map(|wanted| {
                let left = wanted.names.iter().filter(|name| !refused.contains_key(*name)).cloned();
                let names = DnsNames::new(left).ok()?;
                Some(Wanted { names, ..wanted })
            })
            .collect();
    }

    fn conflict(&self, host: &DnsName, rival: &Rival) -> Conflict {
        let (host, namespace) = (host.clone(), rival.secret.namespace().to_owned());
        let source = self.index.asking(&rival.secret, &host).next();
        let path = source.map(|source| source.path.clone());
        match rival.holds {
            true => Conflict::HostHeld { host, namespace, path },
            false => Conflict::HostContested { host, namespace, path },
        }
    }

    fn settle(&mut self, candidate: Candidate) {
        let Candidate { secret, wanted, faults } = candidate;
        let keys = wanted.iter().map(|wanted| &wanted.key);
        let unheld: Vec<_> = keys.filter(|key| self.held(key).is_none()).cloned().collect();
        self.unheld.extend(unheld);
        self.wanted.extend(wanted);
        self.of_secrets.remove(&secret);
        if !faults.is_empty() {
            self.of_secrets.insert(secret, faults);
        }
    }
}

impl Candidate {
    fn names(&self) -> impl Iterator<Item = &DnsName> {
        self.wanted.iter().flat_map(|wanted| wanted.names.iter())
    }
}

impl Source {
    /// What is wrong with one of the hosts it names.
    fn host_fault(&self, reason: &FaultReason, host: &DnsName) -> Fault {
        Fault {
            path: self.path.clone(),
            document: Some(self.document),
            field: Some(self.field.clone()),
            reason: reason.clone(),
            hosts: vec![host.to_string()],
        }
    }
}
