//! Who gets a Secret where several want it.

use std::collections::{BTreeMap, BTreeSet};

use nws_expiry::{DnsName, DnsNames};

use super::super::held;
use super::super::{Delivered, Wanted};
use super::{Asking, Claim, Standing, duration, form, options, overrides, repositories};
use crate::fault::{Conflict, Fault, FaultReason};
use crate::{Owner, RepoPath, Targets, WantKey};

/// What is wanted in a Secret, by standing and file.
pub(in crate::inventory) type Rivals<'a> = BTreeMap<(Standing, &'a RepoPath), Claim>;

/// What bears on who gets a Secret.
pub(in crate::inventory) struct Case<'a> {
    /// What is there of its name.
    pub(in crate::inventory) same: &'a [Delivered],
    /// The hosts of routes that nobody can read.
    pub(in crate::inventory) lost: &'a BTreeSet<DnsName>,
    /// Where what is wanted goes.
    pub(in crate::inventory) targets: &'a Targets,
    /// Who owns a file.
    pub(in crate::inventory) owner: &'a dyn Fn(&RepoPath) -> Owner,
}

/// Gives a Secret to one set of names.
///
/// What one owner wants is united. Owners that agree share it. Where they differ, one of them has it, and the others are told
/// ([`Incumbent::among`]). A Secret that somebody else wrote is nobody's to have, unless one of ours was there before. Who agrees
/// on the names may still differ in options, which [`options`] decides, and in when it is ordered, which [`overrides`] takes
/// together, and in where it goes, which [`repositories`] decides.
pub(in crate::inventory) fn decide(
    key: WantKey,
    rivals: Rivals<'_>,
    case: &Case<'_>,
    faults: &mut Vec<Fault>,
) -> Option<Wanted> {
    let incumbent = Incumbent::of(case.same, &key);
    let parties = parties(rivals, &incumbent, case);
    if let Some(foreign) = incumbent.keeps_out() {
        let (secret, path) = (key.secret.clone(), foreign.path.clone());
        let reason = Conflict::ForeignSecret { secret, path }.into();
        faults.extend(parties.iter().flat_map(|party| party.refusals(&reason)));
        return None;
    }
    let holder = incumbent.among(&parties)?;
    let (names, first) = (holder.names.clone(), holder.path.clone());
    let (sharing, refused): (Vec<_>, Vec<_>) =
        parties.into_iter().partition(|party| party.names == names);
    let reason = Conflict::Secret { secret: key.secret.clone(), holder: first }.into();
    faults.extend(refused.iter().flat_map(|party| party.refusals(&reason)));
    let mut askings: Vec<_> = sharing.into_iter().flat_map(|party| party.askings).collect();
    askings.sort_by(|one, other| one.source.cmp(&other.source));
    repositories::decide(&key, &mut askings, incumbent.held, case.targets, faults);
    let options = options::decide(&key.secret, &askings, incumbent.held, faults);
    let overrides = overrides::gather(&askings);
    let form = form::decide(&key.secret, &askings, incumbent.held, faults);
    duration::compare(&askings, incumbent.held, faults);
    let mut sources: Vec<_> = askings.into_iter().map(|asking| asking.source).collect();
    sources.shrink_to_fit();
    Some(Wanted { key, names: DnsNames::new(names).ok()?, options, overrides, form, sources })
}

/// What one owner wants in a Secret.
struct Party {
    owner: Owner,
    /// The first of the files.
    path: RepoPath,
    standing: Standing,
    names: BTreeSet<DnsName>,
    askings: Vec<Asking>,
}

impl Party {
    fn take(&mut self, claim: Claim) {
        self.names.extend(claim.names());
        self.askings.extend(claim.0);
    }

    fn refusals<'a>(&'a self, reason: &'a FaultReason) -> impl Iterator<Item = Fault> {
        let faults = self.askings.iter();
        faults.map(move |asking| asking.source.secret_fault(reason, &asking.names.certain))
    }
}

/// By owner: those who certainly want something first, then by path.
fn parties(rivals: Rivals<'_>, incumbent: &Incumbent<'_>, case: &Case<'_>) -> Vec<Party> {
    let mut parties: Vec<Party> = Vec::new();
    for ((standing, path), mut claim) in rivals {
        if !incumbent.settles(standing, &mut claim, case.lost) {
            continue;
        }
        let owner = (case.owner)(path);
        match parties.iter_mut().find(|party| party.owner == owner) {
            Some(party) => party.take(claim),
            None => {
                let mut party = Party {
                    owner,
                    path: path.clone(),
                    standing,
                    names: BTreeSet::new(),
                    askings: Vec::new(),
                };
                party.take(claim);
                parties.push(party);
            }
        }
    }
    parties.retain(|party| party.standing == Standing::Certain || incumbent.is_of(&party.names));
    parties
}

/// The Secret that is there.
struct Incumbent<'a> {
    /// Ours, if its certificate can be read.
    held: Option<&'a Delivered>,
    names: Option<&'a DnsNames>,
    /// Ours, whatever is in it.
    is_ours: bool,
    foreign: Option<&'a Delivered>,
}

impl<'a> Incumbent<'a> {
    fn of(same: &'a [Delivered], key: &WantKey) -> Self {
        let all = || held::of(same, key);
        let ours = || all().filter(|held| held.ours);
        let (held, names) = ours().filter_map(|held| Some((held, names_of(held)?))).next().unzip();
        Self {
            held,
            names,
            is_ours: ours().next().is_some(),
            foreign: all().find(|held| !held.ours),
        }
    }

    /// The Secret of somebody else that was there before ours.
    fn keeps_out(&self) -> Option<&'a Delivered> {
        self.foreign.filter(|_| !self.is_ours)
    }

    fn is_of(&self, names: &BTreeSet<DnsName>) -> bool {
        self.names.is_some_and(|held| held.iter().eq(names))
    }

    /// Whether a claim counts. What is not certain orders nothing, so it counts as far as the certificate has it all.
    fn settles(&self, standing: Standing, claim: &mut Claim, lost: &BTreeSet<DnsName>) -> bool {
        claim.settle(self.names, lost)
            && match standing {
                Standing::Certain => claim.settles(self.names),
                Standing::OnlyIfHeld => {
                    let held = |name: &DnsName| self.names.is_some_and(|held| held.contains(name));
                    claim.names().iter().all(held)
                }
            }
    }

    /// Who has it: who had it when it was written; else who wants the very names it carries; else who wants most of them; else the first.
    fn among<'p>(&self, parties: &'p [Party]) -> Option<&'p Party> {
        let written_for = self.held.and_then(|held| held.provenance.owner.as_ref());
        let had_it = parties.iter().find(|party| Some(&party.owner) == written_for);
        had_it
            .or_else(|| parties.iter().find(|party| self.is_of(&party.names)))
            // The first of several that want as many, which `max_by_key` would give last.
            .or_else(|| parties.iter().rev().max_by_key(|party| self.in_common(party)))
    }

    fn in_common(&self, party: &Party) -> usize {
        let held = |name: &&DnsName| self.names.is_some_and(|held| held.contains(name));
        party.names.iter().filter(held).count()
    }
}

fn names_of(held: &Delivered) -> Option<&DnsNames> {
    held.chain.as_ref()?.leaf().names()
}
