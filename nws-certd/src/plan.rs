//! What follows from what is wanted and what there is. Pure: facts and `now` in, a plan out.

mod allotment;
mod choosing;
mod evidence;
mod naming;
mod overrides;
mod revoked;
mod sealing;
mod standing;

use std::collections::BTreeMap;
use std::sync::Arc;

use nws_acme::Availability;
use nws_expiry::budget::{Exemption, Ledger};
use nws_expiry::{Failing, KeyType, Leaf, Policy, Profile, Reason, Rule, Window};
use nws_gitops::{CaName, Hold, Inventory, NotSealable, RepoPath, WantKey, Wanted, Written};
use time::OffsetDateTime;

pub(crate) use self::overrides::held_among;
pub(crate) use self::standing::{Occasion, concerns, is_to_come, subject};

use self::evidence::{Evidence, Known};
use crate::store::{CertificateKey, Facts, NotReady, Outlook, Parked, WantRow};

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

/// One CA that orders may go to, at one instant.
#[derive(Clone, Debug)]
pub struct CaView {
    /// What manifests and issuers call it, if they can.
    pub name: Option<CaName>,
    /// Where its directory is.
    pub directory: String,
    /// The profile that certificates get there that ask for none.
    pub profile: Option<Profile>,
    /// Whether it may be asked.
    pub availability: Availability,
    /// What was used of its limits.
    pub ledger: Arc<Ledger>,
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
    /// The directory of the CA that issued what there is, where that is known.
    pub issued_by: Option<String>,
    /// When that CA suggests that it be renewed, if it does.
    pub suggested: Option<Window>,
    /// Where the CA tells people why.
    pub explanation_url: Option<String>,
    /// What comes next.
    pub next: Next,
    /// What holds it: nothing is ordered before all of it is gone.
    pub holds: Vec<Hold>,
    /// Whether a renewal is for the key of the certificate before, whatever is configured.
    pub keeps_key: bool,
    /// The CA that an order goes to now, by its place in the configuration; `None` while there is none.
    pub goes_to: Option<usize>,
    /// What that is exempt from there.
    pub exemption: Exemption,
    /// Whether it is open there already.
    pub is_open: bool,
    /// Whether that CA is asked in spite of what keeps from it, as the certificate is about to end.
    pub in_spite: bool,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// Failures since the last success.
    pub failures: u32,
    /// How it fails, if it does.
    pub failing: Option<Failing>,
    /// How its names looked when they were last looked at before an order.
    pub outlook: Outlook,
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
    /// Whether the store holds the key of what the branch has.
    pub is_key_held: bool,
    /// Its file, if somebody else has changed it.
    pub edited: Option<Edited>,
}

/// A file of ours that somebody else has changed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Edited {
    /// The file.
    pub path: RepoPath,
    /// What it holds now.
    pub file: Written,
    /// Whether nothing it says is believed, as its certificate is none that we know, and none that edges were seen to serve.
    pub is_doubted: bool,
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
        /// By which rule.
        rule: Rule,
    },
    /// An order, now.
    Order(Reason),
    /// An order, but not before this instant.
    Wait {
        /// When.
        until: OffsetDateTime,
        /// Why it is to be ordered.
        reason: Reason,
        /// What is waited for.
        on: Obstruction,
    },
}

impl Next {
    /// Why an order is to be made, if one is.
    pub fn reason(&self) -> Option<&Reason> {
        match self {
            Self::Keep { .. } => None,
            Self::Order(reason) | Self::Wait { reason, .. } => Some(reason),
        }
    }
}

/// What keeps a certificate from being ordered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Obstruction {
    /// The last attempt failed.
    Failure,
    /// A CA would refuse, as was seen before anything was ordered.
    NotReady(NotReady),
    /// A name of it has left.
    Parked(Parked),
    /// No CA answers.
    Away,
    /// What CAs allow is used up, in their words.
    Limit(String),
    /// No CA can issue it before a person has acted, in their words.
    Operator(String),
    /// None of its files could be sealed, for these reasons; what there is is no worse for it.
    Sealing(String),
    /// Its manifests hold it, as [`Planned::holds`] says. Nothing overrides that.
    Hold,
}

impl Plan {
    /// Decides about everything that is wanted. `unsealable` are the Secrets none of whose files could be sealed.
    pub fn of(
        now: OffsetDateTime,
        inventory: &Inventory,
        facts: &Facts,
        rules: &Rules,
        cas: &[CaView],
        unsealable: &BTreeMap<WantKey, Vec<NotSealable>>,
    ) -> Self {
        let mut plan = Self::default();
        let mut grouped: BTreeMap<CertificateKey, Vec<&Wanted>> = BTreeMap::new();
        for want in &inventory.wanted {
            grouped.entry(certificate_key(want, rules)).or_default().push(want);
        }
        let known = Known::of(facts);
        for (key, wants) in grouped {
            let (certificate, order) = (known.certificate(&key), known.order(&key));
            let overrides = wants.iter().map(|want| &want.overrides).collect();
            let evidence = Evidence {
                now,
                inventory,
                facts: &known,
                certificate,
                order,
                rules,
                overrides,
                cas,
                unsealable,
                wants: &wants,
            };
            plan.certificates.push(evidence.planned(key));
        }
        plan
    }

    /// What is planned for one certificate.
    pub fn find(&self, key: &CertificateKey) -> Option<&Planned> {
        self.certificates.get(self.place(key)?)
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

    /// What is due now, by its place.
    pub(crate) fn due(&self) -> Vec<usize> {
        let is_due = |planned: &Planned| matches!(planned.next, Next::Order(_)) && !planned.is_open;
        (0..).zip(&self.certificates).filter(|(_, it)| is_due(it)).map(|(at, _)| at).collect()
    }

    /// When something is due next that is not yet.
    pub(crate) fn next_after(&self, now: OffsetDateTime) -> Option<OffsetDateTime> {
        let next = self.certificates.iter().filter_map(|planned| match planned.next {
            Next::Keep { until, .. } | Next::Wait { until, .. } => Some(until),
            Next::Order(_) => None,
        });
        next.filter(|at| *at > now).min()
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
    let options = &want.options;
    CertificateKey {
        names: want.names.clone(),
        key_type: options.key_type.unwrap_or(rules.key_type),
        profile: options.profile.clone(),
    }
}

#[cfg(test)]
mod tests;
