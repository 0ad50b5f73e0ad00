//! What follows from what is wanted and what there is. Pure: facts and `now` in, a plan out.

use std::collections::BTreeMap;

use nws_expiry::{Decision, DnsNames, KeyType, Leaf, Policy, Reason, Spread, Subject, decide};
use nws_gitops::{Delivered, Inventory, RepoPath, WantKey, Wanted};
use time::OffsetDateTime;

use crate::store::{CertificateFacts, CertificateKey, Facts, IssuedFacts, WantRow};

/// How certificates are decided on.
#[derive(Clone, Debug)]
pub struct Rules {
    /// When they are renewed.
    pub policy: Policy,
    /// The kind of key they get.
    pub key_type: KeyType,
    /// What makes this installation's spread its own: the thumbprint of its account key, which survives the loss of all state.
    pub installation: String,
}

/// Everything that follows, as of one commit and one instant.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// One for each certificate that is wanted, by key.
    pub certificates: Vec<Planned>,
}

/// One certificate: who wants it, what there is, what comes next.
#[derive(Clone, Debug)]
pub struct Planned {
    /// Which one.
    pub key: CertificateKey,
    /// Who wants it.
    pub wants: Vec<PlannedWant>,
    /// What stands for it now: the earliest to end of what its wants have.
    pub have: Option<Leaf>,
    /// Until when the branch has one for everyone who wants it; `None` if it lacks one for somebody.
    pub pushed_until: Option<OffsetDateTime>,
    /// When the newest one was stored, if one was.
    pub issued_at: Option<OffsetDateTime>,
    /// What comes next.
    pub next: Next,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// Failures since the last success.
    pub failures: u32,
}

/// One Secret that a certificate is wanted for.
#[derive(Clone, Debug)]
pub struct PlannedWant {
    /// Which Secret.
    pub key: WantKey,
    /// Who asks for it, for people.
    pub source: String,
    /// Whether the store holds a newer certificate than the branch.
    pub delivery: Delivery,
}

/// Where a certificate stands on its way into the repository.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Delivery {
    /// There is nothing to deliver yet.
    Nothing,
    /// The newest is stored and not yet in the branch.
    Outbox,
    /// The branch has the newest, in this file.
    Pushed(RepoPath),
}

/// What comes next for a certificate.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Next {
    /// Nothing before this instant, when it becomes due.
    Keep {
        /// When.
        until: OffsetDateTime,
    },
    /// An order, now.
    Order(Reason),
    /// An order, but not before this instant, as the last attempt failed.
    Wait {
        /// When.
        until: OffsetDateTime,
        /// Why it is to be ordered.
        reason: Reason,
    },
}

impl Plan {
    /// Decides about everything that is wanted.
    pub fn of(now: OffsetDateTime, inventory: &Inventory, facts: &Facts, rules: &Rules) -> Self {
        let mut plan = Self::default();
        let mut grouped: BTreeMap<CertificateKey, Vec<&Wanted>> = BTreeMap::new();
        for want in &inventory.wanted {
            grouped.entry(certificate_key(want, rules)).or_default().push(want);
        }
        let known: BTreeMap<_, _> =
            facts.certificates.iter().map(|known| (&known.key, known)).collect();
        for (key, wants) in grouped {
            let known = known.get(&key).copied();
            plan.certificates.push(Evidence { now, inventory, known, rules }.planned(key, &wants));
        }
        plan
    }

    /// What is planned for one certificate.
    pub fn find(&self, key: &CertificateKey) -> Option<&Planned> {
        let at = self.certificates.binary_search_by(|planned| planned.key.cmp(key)).ok()?;
        self.certificates.get(at)
    }

    /// The wants as rows of the store.
    pub fn rows(&self) -> Vec<WantRow> {
        let rows = |planned: &Planned| {
            let certificate = planned.key.clone();
            planned.wants.clone().into_iter().map(move |want| WantRow {
                key: want.key,
                certificate: certificate.clone(),
                source: want.source,
            })
        };
        self.certificates.iter().flat_map(rows).collect()
    }

    /// What is stored and not yet in the branch.
    pub fn outbox(&self) -> impl Iterator<Item = (&Planned, &WantKey)> {
        self.certificates.iter().flat_map(|planned| {
            let waiting = planned.wants.iter().filter(|want| want.delivery == Delivery::Outbox);
            waiting.map(move |want| (planned, &want.key))
        })
    }
}

fn source(want: &Wanted) -> String {
    want.sources.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn certificate_key(want: &Wanted, rules: &Rules) -> CertificateKey {
    CertificateKey { names: want.names.clone(), key_type: rules.key_type }
}

/// What a decision about one certificate rests on.
struct Evidence<'a> {
    now: OffsetDateTime,
    inventory: &'a Inventory,
    known: Option<&'a CertificateFacts>,
    rules: &'a Rules,
}

impl Evidence<'_> {
    fn planned(&self, key: CertificateKey, wants: &[&Wanted]) -> Planned {
        let stored = self
            .known
            .and_then(|known| known.issued.as_ref())
            .filter(|stored| self.is_usable(stored, &key));
        let wants: Vec<_> = wants.iter().map(|want| (*want, self.in_branch(want, &key))).collect();
        let have = self.have(stored, &wants);
        let delivery = |branch| delivery(stored, branch);
        let planned_want = |(want, branch): &(&Wanted, _)| PlannedWant {
            key: want.key.clone(),
            source: source(want),
            delivery: delivery(*branch),
        };
        Planned {
            next: self.next(&key, have),
            have: have.cloned(),
            pushed_until: pushed_until(&wants),
            issued_at: stored.map(|stored| stored.at),
            last_error: self.known.and_then(|known| known.last_error.clone()),
            failures: self.known.map_or(0, |known| known.failures),
            wants: wants.iter().map(planned_want).collect(),
            key,
        }
    }

    /// A stored certificate that has ended is no use to anyone.
    fn is_usable(&self, stored: &IssuedFacts, key: &CertificateKey) -> bool {
        let leaf = stored.chain.leaf();
        leaf.is_for(&key.names) && leaf.not_after() > self.now
    }

    /// What the branch holds for a want, if it is for the same names and kind of key.
    fn in_branch(&self, want: &Wanted, key: &CertificateKey) -> Option<(&Delivered, &Leaf)> {
        let held = self.inventory.held(&want.key)?;
        let leaf = held.chain.as_ref()?.leaf();
        fits(leaf, &key.names, key.key_type).then_some((held, leaf))
    }

    /// The earliest to end of what the wants have; `None` if one of them has nothing and can be given nothing.
    fn have<'a>(
        &self,
        stored: Option<&'a IssuedFacts>,
        wants: &[(&Wanted, Option<(&'a Delivered, &'a Leaf)>)],
    ) -> Option<&'a Leaf> {
        let stored = stored.map(|stored| stored.chain.leaf());
        let best = wants.iter().map(|(_, branch)| later(stored, branch.map(|(_, leaf)| leaf)));
        best.collect::<Option<Vec<_>>>()?.into_iter().min_by_key(|leaf| leaf.not_after())
    }

    fn next(&self, key: &CertificateKey, have: Option<&Leaf>) -> Next {
        let spread = Spread::of(&self.rules.installation, &key.names);
        let subject = Subject { names: &key.names, key_type: key.key_type, spread };
        match decide(self.now, subject, have, &self.rules.policy) {
            Decision::Keep { until } => Next::Keep { until },
            Decision::Order(reason) => match self.known.and_then(|known| known.wait_until) {
                Some(until) if self.now < until => Next::Wait { until, reason },
                _ => Next::Order(reason),
            },
        }
    }
}

fn pushed_until(wants: &[(&Wanted, Option<(&Delivered, &Leaf)>)]) -> Option<OffsetDateTime> {
    let ends = wants.iter().map(|(_, branch)| branch.map(|(_, leaf)| leaf.not_after()));
    ends.collect::<Option<Vec<_>>>()?.into_iter().min()
}

fn fits(leaf: &Leaf, names: &DnsNames, key_type: KeyType) -> bool {
    leaf.is_for(names) && leaf.key_type() == Some(key_type)
}

fn later<'a>(one: Option<&'a Leaf>, other: Option<&'a Leaf>) -> Option<&'a Leaf> {
    one.into_iter().chain(other).max_by_key(|leaf| leaf.not_after())
}

/// A stored certificate is delivered unless the branch has it, or one that lasts longer: what is there is never made worse.
fn delivery(stored: Option<&IssuedFacts>, branch: Option<(&Delivered, &Leaf)>) -> Delivery {
    match (stored.map(|stored| stored.chain.leaf()), branch) {
        (None, None) => Delivery::Nothing,
        (Some(stored), Some((held, leaf)))
            if leaf.fingerprint() == stored.fingerprint()
                || leaf.not_after() > stored.not_after() =>
        {
            Delivery::Pushed(held.path.clone())
        }
        (None, Some((held, _))) => Delivery::Pushed(held.path.clone()),
        (Some(_), _) => Delivery::Outbox,
    }
}

#[cfg(test)]
mod tests;
