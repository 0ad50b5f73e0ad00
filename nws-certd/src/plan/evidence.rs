//! What a decision about one certificate rests on.

mod had;
mod in_branch;

use std::collections::{BTreeMap, HashMap};

use nws_acme::choice::{Choice, Incumbent, Standing, Unfit, choose, needed_by};
use nws_expiry::budget::Exemption;
use nws_expiry::{Decision, Fingerprint, Held, Reason, Spread, Subject, Window, decide};
use nws_gitops::{Delivered, Inventory, NotSealable, Overrides, WantKey, Wanted};
use time::OffsetDateTime;

pub(super) use had::Had;

use super::revoked::Revocations;
use super::standing::{Occasion, concerns, is_to_come, standing, stands};
use super::{CaView, Delivery, Next, Obstruction, Planned, PlannedWant, Rules, source};
use crate::store::{
    CertificateFacts, CertificateKey, Facts, Obstacle, OpenOrder, ReadBack, RenewalFacts,
};

/// The facts by what is asked for.
pub(super) struct Known<'a> {
    certificates: HashMap<&'a CertificateKey, &'a CertificateFacts>,
    orders: HashMap<&'a CertificateKey, &'a OpenOrder>,
    renewals: HashMap<Fingerprint, &'a RenewalFacts>,
    obstacles: &'a [Obstacle],
    revocations: Revocations<'a>,
    read_back: &'a ReadBack,
}

impl<'a> Known<'a> {
    pub(super) fn of(facts: &'a Facts) -> Self {
        Self {
            certificates: facts.certificates.iter().map(|known| (&known.key, known)).collect(),
            orders: facts.orders.iter().map(|order| (&order.certificate, order)).collect(),
            renewals: facts.renewals.iter().map(|said| (said.fingerprint, said)).collect(),
            obstacles: &facts.obstacles,
            revocations: Revocations::of(&facts.revocations),
            read_back: &facts.read_back,
        }
    }

    pub(super) fn certificate(&self, key: &CertificateKey) -> Option<&'a CertificateFacts> {
        self.certificates.get(key).copied()
    }

    pub(super) fn order(&self, key: &CertificateKey) -> Option<&'a OpenOrder> {
        self.orders.get(key).copied()
    }
}

/// Everything that is known of one certificate.
pub(super) struct Evidence<'a> {
    pub(super) now: OffsetDateTime,
    pub(super) inventory: &'a Inventory,
    pub(super) facts: &'a Known<'a>,
    pub(super) certificate: Option<&'a CertificateFacts>,
    pub(super) order: Option<&'a OpenOrder>,
    pub(super) rules: &'a Rules,
    pub(super) overrides: Overrides,
    pub(super) cas: &'a [CaView],
    pub(super) unsealable: &'a BTreeMap<WantKey, Vec<NotSealable>>,
    pub(super) wants: &'a [&'a Wanted],
}

impl Evidence<'_> {
    pub(super) fn planned(&self, key: CertificateKey) -> Planned {
        let stored = self.stored(&key);
        let wants: Vec<_> =
            self.wants.iter().map(|want| (*want, self.in_branch(want, &key))).collect();
        let had = self.had(&key, stored, &wants);
        let said = had.and_then(|had| self.facts.renewals.get(&had.leaf.fingerprint()));
        let planned_want =
            |(want, branch): &(&Wanted, Option<(&Delivered, Had<'_>)>)| PlannedWant {
                key: want.key.clone(),
                source: source(want),
                delivery: self.delivery(&key, stored, *branch),
                is_key_held: Had::is_same(stored, branch.map(|(_, had)| had)),
                edited: self.edited(want),
            };
        let (next, goes_to) = self.unless_held(had, self.unless_unsealable(self.next(&key, had)));
        let view = goes_to.and_then(|ca| self.cas.get(ca));
        Planned {
            next,
            holds: self.overrides.holds.iter().cloned().collect(),
            keeps_key: self.overrides.keeps_key,
            goes_to,
            exemption: view.map_or(Exemption::None, |view| self.exemption(view, had)),
            is_open: goes_to.is_some() && goes_to == self.open_at(),
            in_spite: self.is_in_spite(&key, had, goes_to),
            have: had.map(|had| had.leaf.clone()),
            pushed_until: pushed_until(&wants),
            issued_at: stored.map(|stored| stored.at),
            issued_by: had.and_then(|had| had.ca.map(str::to_owned)),
            suggested: had.and_then(|had| self.suggested(had)),
            explanation_url: said.and_then(|said| said.explanation_url.clone()),
            last_error: self.certificate.and_then(|known| known.last_error.clone()),
            failures: self.certificate.map_or(0, |known| known.failures),
            failing: self.certificate.and_then(CertificateFacts::failing),
            outlook: self.certificate.map(|known| known.outlook.clone()).unwrap_or_default(),
            wants: wants.iter().map(planned_want).collect(),
            key,
        }
    }

    /// What the store has; a stored certificate that has ended, or is revoked, is no use to anyone.
    fn stored(&self, key: &CertificateKey) -> Option<Had<'_>> {
        let stored = self.certificate?.issued.as_ref()?;
        let had = Had::from(stored);
        let is_over =
            had.leaf.not_after() <= self.now || self.facts.revocations.is_useless(had.leaf);
        (had.leaf.is_for(&key.names) && !is_over).then_some(had)
    }

    /// The earliest to end of what the wants have; `None` if one of them has nothing and can be given nothing.
    fn had<'a>(
        &'a self,
        key: &CertificateKey,
        stored: Option<Had<'a>>,
        wants: &[(&Wanted, Option<(&'a Delivered, Had<'a>)>)],
    ) -> Option<Had<'a>> {
        let best = wants.iter().map(|(_, branch)| {
            let both = stored.into_iter().chain(branch.map(|(_, had)| had));
            both.max_by_key(|had| self.rank(key, *had))
        });
        best.collect::<Option<Vec<_>>>()?.into_iter().min_by_key(|had| self.rank(key, *had))
    }

    /// What is not to be replaced is better than what is, and then what ends later.
    fn rank(&self, key: &CertificateKey, had: Had<'_>) -> (bool, OffsetDateTime) {
        (self.replace(key, had).is_none(), had.leaf.not_after())
    }

    /// A stored certificate is delivered unless the branch has it, or a better one: what is there is never made worse.
    fn delivery(
        &self,
        key: &CertificateKey,
        stored: Option<Had<'_>>,
        branch: Option<(&Delivered, Had<'_>)>,
    ) -> Delivery {
        match (stored, branch) {
            (None, None) => Delivery::Nothing,
            (Some(stored), Some((held, had)))
                if had.leaf.fingerprint() == stored.leaf.fingerprint()
                    || self.rank(key, had) > self.rank(key, stored) =>
            {
                Delivery::Pushed(held.path.clone())
            }
            (None, Some((held, _))) => Delivery::Pushed(held.path.clone()),
            (Some(_), _) => Delivery::Outbox,
        }
    }

    /// Why a certificate is to be replaced whatever its dates say.
    fn replace(&self, key: &CertificateKey, had: Had<'_>) -> Option<Reason> {
        if let Some(reason) = self.facts.revocations.replace(had.leaf) {
            return Some(reason);
        }
        let have = had.leaf.key_type();
        if have != Some(key.key_type) {
            return Some(Reason::KeyTypeDiffers { have });
        }
        let asked = self.certificate.and_then(|known| known.asked_at);
        match asked.filter(|asked| had.at < *asked) {
            Some(at) => Some(Reason::Asked { at }),
            None if self.has_another_profile(key, had) => {
                Some(Reason::ProfileDiffers { have: had.profile.cloned() })
            }
            None => None,
        }
    }

    /// Whether its CA would issue it with another profile now. Of a CA that is no longer configured, or was never noted, only what
    /// the certificate itself asks for is compared: another order of CAs is no reason to issue anything anew.
    fn has_another_profile(&self, key: &CertificateKey, had: Had<'_>) -> bool {
        let ca = had.ca.and_then(|ca| self.cas.iter().find(|view| view.directory == ca));
        let want = match (&key.profile, ca) {
            (Some(profile), _) => Some(profile),
            (None, Some(ca)) => ca.profile.as_ref(),
            (None, None) => return false,
        };
        had.profile != want
    }

    /// What comes next, and which CA an order goes to now.
    fn next(&self, key: &CertificateKey, had: Option<Had<'_>>) -> (Next, Option<usize>) {
        let decision = self.decide(key, had);
        let (choice, standings) = match &decision {
            Decision::Keep { .. } => {
                let standings = self.standings(key, had, |_| true);
                (self.choose(had, None, &standings), standings)
            }
            Decision::Order(reason) => self.chosen(key, had, reason),
        };
        let goes_to = match choice {
            Choice::Use(ca) => Some(ca),
            Choice::Wait { .. } | Choice::Nobody => None,
        };
        let reason = match decision {
            Decision::Keep { until, rule } => return (Next::Keep { until, rule }, goes_to),
            Decision::Order(reason) => reason,
        };
        let failed = self.certificate.and_then(|known| known.wait_until);
        let waits = |until: &OffsetDateTime| {
            is_to_come(self.now, *until) && self.keeps_waiting(had, *until)
        };
        let next = match (failed.filter(waits), choice) {
            (Some(until), _) => Next::Wait { until, reason, on: self.failed() },
            (None, Choice::Use(_)) => Next::Order(reason),
            (None, Choice::Wait { until }) => {
                Next::Wait { until, reason, on: self.limit(key, had, &standings) }
            }
            (None, Choice::Nobody) => self.held_back(key, had, reason),
        };
        (next, goes_to)
    }

    fn decide(&self, key: &CertificateKey, had: Option<Had<'_>>) -> Decision {
        let spread = Spread::of(&self.rules.installation, &key.names);
        let subject = Subject { names: &key.names, key_type: key.key_type, spread };
        let held = had.map(|had| self.held(key, had));
        match decide(self.now, subject, held, &self.policy(had)) {
            Decision::Order(Reason::Absent) if self.is_somewhere(key) => {
                Decision::Order(Reason::KeyNotHeld)
            }
            decision => decision,
        }
    }

    /// Whether the branch has it for somebody.
    fn is_somewhere(&self, key: &CertificateKey) -> bool {
        let held = self.wants.iter().filter_map(|want| self.inventory.held(&want.key));
        let mut leaves = held.filter_map(|held| held.chain.as_ref()).map(nws_expiry::Chain::leaf);
        leaves.any(|leaf| leaf.is_for(&key.names) && self.now < leaf.not_after())
    }

    fn held<'a>(&self, key: &CertificateKey, had: Had<'a>) -> Held<'a> {
        let (suggested, replace) = (self.suggested(had), self.replace(key, had));
        Held { leaf: had.leaf, suggested, replace }
    }

    /// When its CA suggests that it be renewed.
    pub(super) fn suggested(&self, had: Had<'_>) -> Option<Window> {
        self.facts.renewals.get(&had.leaf.fingerprint())?.window
    }

    /// Where an order goes: to the CA it is open at as long as that answers, else as the operator's order and its need say.
    pub(super) fn choose(
        &self,
        had: Option<Had<'_>>,
        reason: Option<&Reason>,
        standings: &[Standing],
    ) -> Choice {
        if let Some(ca) = self.open_at()
            && matches!(standings.get(ca), Some(Standing::Ready | Standing::Probe))
        {
            return Choice::Use(ca);
        }
        // What is revoked is of no more use than nothing.
        let had = had.filter(|had| !self.facts.revocations.is_revoked(had.leaf));
        let incumbent = had.map(|had| Incumbent {
            due: reason.and_then(Reason::since).unwrap_or(self.now),
            ends: had.leaf.not_after(),
        });
        choose(self.now, standings, needed_by(self.now, incumbent))
    }

    /// The CA that an order is open at; one that is no longer configured has none.
    pub(super) fn open_at(&self) -> Option<usize> {
        let order = self.order.filter(|order| order.url.is_some())?;
        match &order.ca {
            Some(ca) => self.cas.iter().position(|view| view.directory == *ca),
            None => Some(0),
        }
    }

    /// How each CA stands, by the obstacles that stand themselves.
    pub(super) fn standings(
        &self,
        key: &CertificateKey,
        had: Option<Had<'_>>,
        stands: impl Fn(&Obstacle) -> bool,
    ) -> Vec<Standing> {
        let of = |(at, view): (usize, &CaView)| {
            if !self.may_come_from(view) {
                return Standing::Unfit(Unfit::NotNamed);
            }
            let here = |met: &&Obstacle| met.ca == view.directory && stands(met);
            let obstacles = self.facts.obstacles.iter().filter(here);
            standing(self.now, key, self.occasion(at, had), obstacles, &view.availability)
        };
        self.cas.iter().enumerate().map(of).collect()
    }

    /// What an order would be for at one of the CAs.
    fn occasion(&self, ca: usize, had: Option<Had<'_>>) -> Occasion {
        match had {
            _ if self.open_at() == Some(ca) => Occasion::Resumed,
            Some(_) => Occasion::Renewal,
            None => Occasion::First,
        }
    }

    /// What is waited for after the last attempt.
    fn failed(&self) -> Obstruction {
        let Some(known) = self.certificate else { return Obstruction::Failure };
        match (&known.parked, &known.outlook.not_ready) {
            (Some(parked), _) => Obstruction::Parked(parked.clone()),
            (None, Some(found)) => Obstruction::NotReady(found.clone()),
            (None, None) => Obstruction::Failure,
        }
    }

    /// What is waited for, in the words of what makes a CA stand as it does.
    fn limit(
        &self,
        key: &CertificateKey,
        had: Option<Had<'_>>,
        standings: &[Standing],
    ) -> Obstruction {
        let is_limited = |standing: &Standing| matches!(standing, Standing::Limited { .. });
        if !standings.iter().any(is_limited) {
            return Obstruction::Away;
        }
        let limits = |met: &&Obstacle| is_limited(&stands(met)) && standings.contains(&stands(met));
        let met = self.met(key, had).find(limits);
        Obstruction::Limit(met.map_or_else(String::new, words))
    }

    /// No CA can issue it: each says why, and the first that may change its mind is asked again.
    fn held_back(&self, key: &CertificateKey, had: Option<Had<'_>>, reason: Reason) -> Next {
        const NEVER_LONGER: time::Duration = time::Duration::DAY;
        let until = self.met(key, had).map(|met| met.until).min();
        let all: Vec<_> = self.met(key, had).map(words).collect();
        Next::Wait {
            until: until.unwrap_or(self.now + NEVER_LONGER),
            reason,
            on: Obstruction::Operator(all.join("; ")),
        }
    }

    /// What stands in the way of an order at any of the CAs.
    fn met<'a>(
        &'a self,
        key: &'a CertificateKey,
        had: Option<Had<'a>>,
    ) -> impl Iterator<Item = &'a Obstacle> {
        self.facts.obstacles.iter().filter(move |met| {
            let here = |view: &CaView| view.directory == met.ca && self.may_come_from(view);
            let ca = self.cas.iter().position(here);
            let concerns = ca.is_some_and(|ca| concerns(met, key, self.occasion(ca, had)));
            concerns && is_to_come(self.now, met.until)
        })
    }
}

fn words(met: &Obstacle) -> String {
    format!("{}: {}", met.ca, met.detail)
}

fn pushed_until(wants: &[(&Wanted, Option<(&Delivered, Had<'_>)>)]) -> Option<OffsetDateTime> {
    let ends = wants.iter().map(|(_, branch)| branch.map(|(_, had)| had.leaf.not_after()));
    ends.collect::<Option<Vec<_>>>()?.into_iter().min()
}
