//! What operators are shown: where every certificate stands, what comes next and when.

mod edited;
mod fault;
mod hold;
mod limit;
mod obstacle;
mod preflight;
mod revocations;
mod sealing;
mod served;
mod stage;
mod text;
mod trouble;
mod unwanted;

use std::collections::BTreeMap;

use nws_expiry::{Fingerprint, Leaf};
use nws_gitops::{Inventory, ObjectId, WantKey};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

pub use fault::FaultReport;
pub use hold::HoldReport;
pub use limit::LimitReport;
pub use obstacle::ObstacleReport;
pub use preflight::PreflightReport;
pub use revocations::RevocationReport;
pub use sealing::SealingReport;
pub use served::{ServedReport, WrongReport};
pub use stage::Stage;
pub(crate) use text::{
    Colour, count, instant, plan_text, status_text, sync_text, table, unwanted_text,
};
pub use trouble::{Trouble, TroubleWith};
pub use unwanted::UnwantedReport;

use crate::plan::{Delivery, Next, Obstruction, Plan, Planned, PlannedWant};
use crate::served::Seen;
use crate::store::{CertificateKey, NotReady, Parked};

/// Everything there is to say at one instant, most urgent first.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Report {
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// When it is looked again at the latest.
    #[serde(with = "time::serde::rfc3339::option", default)]
    pub wake_at: Option<OffsetDateTime>,
    /// The CAs that orders may go to, in their order.
    pub cas: Vec<CaReport>,
    /// The branch as last fetched; of several repositories, that of the first.
    pub branch: BranchReport,
    /// Of several repositories, each one's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub branches: Vec<BranchReport>,
    /// Every certificate that is wanted.
    pub certificates: Vec<CertificateReport>,
    /// Everything in the repository that cannot be served as it is written.
    pub faults: Vec<FaultReport>,
    /// What keeps the daemon from going on, if anything does.
    pub troubles: Vec<Trouble>,
    /// What is to be revoked, and what was of certificates that have not ended, by when it was asked for.
    #[serde(default)]
    pub revocations: Vec<RevocationReport>,
    /// The Secrets that are ours and that nobody wants.
    #[serde(default)]
    pub unwanted: Vec<UnwantedReport>,
    /// The Secrets that are not sealed as they would be now.
    #[serde(default)]
    pub sealing: SealingReport,
}

/// One CA, our account there, and what keeps orders from it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct CaReport {
    /// Its directory.
    pub directory: String,
    /// The account's URL, once registered.
    pub account: Option<String>,
    /// The thumbprint of the account's key (RFC 7638).
    pub thumbprint: String,
    /// What keeps orders from it.
    pub obstacles: Vec<ObstacleReport>,
    /// What is left of what it allows.
    #[serde(default)]
    pub limits: Vec<LimitReport>,
}

/// The branch.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct BranchReport {
    /// The repository's name, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// Its name.
    pub name: String,
    /// The commit it was last seen at; `None` before its first commit or the first fetch.
    pub tip: Option<String>,
    /// Whether private keys are written there in clear.
    #[serde(default)]
    pub keys_in_clear: bool,
}

/// One certificate.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct CertificateReport {
    /// Its names.
    pub names: Vec<String>,
    /// The kind of its key.
    pub key_type: String,
    /// Where it stands.
    pub stage: Stage,
    /// The serial number of what there is, in lower-case hexadecimal.
    pub serial: Option<String>,
    /// The SHA-256 of what there is, in lower-case hexadecimal.
    pub fingerprint: Option<String>,
    /// When what there is begins.
    #[serde(with = "time::serde::rfc3339::option")]
    pub not_before: Option<OffsetDateTime>,
    /// When what there is ends.
    #[serde(with = "time::serde::rfc3339::option")]
    pub not_after: Option<OffsetDateTime>,
    /// Who issued what there is.
    pub issuer: Option<String>,
    /// The directory of the CA that it came from, where that is known.
    pub ca: Option<String>,
    /// The directory of the CA that an order goes to now, if one can.
    #[serde(default)]
    pub goes_to: Option<String>,
    /// The profile that is asked for, if one is.
    pub profile: Option<String>,
    /// When the CA suggests that it be renewed (RFC 9773), if it does.
    pub suggested: Option<WindowReport>,
    /// Where the CA tells why, if it does.
    pub explanation_url: Option<String>,
    /// Why it is to be ordered, if it is.
    pub reason: Option<String>,
    /// What holds it; while anything does, it is not ordered.
    #[serde(default)]
    pub holds: Vec<HoldReport>,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// Failures since the last success.
    pub failures: u32,
    /// What was seen of its names before an order, if anything was.
    #[serde(default)]
    pub preflight: Option<PreflightReport>,
    /// What comes next.
    pub next: NextReport,
    /// The Secrets it is for.
    pub deliveries: Vec<DeliveryReport>,
    /// What was seen of it at the edges, once they were looked at.
    #[serde(default)]
    pub served: Option<ServedReport>,
}

/// When a CA suggests that a certificate be renewed (RFC 9773).
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct WindowReport {
    /// From.
    #[serde(with = "time::serde::rfc3339")]
    pub start: OffsetDateTime,
    /// Before.
    #[serde(with = "time::serde::rfc3339")]
    pub end: OffsetDateTime,
}

/// What comes next for a certificate.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct NextReport {
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// What: `order`, `push` or `renew`; `look` at what is held, parked or not ready.
    pub what: String,
}

/// One Secret.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct DeliveryReport {
    /// The target.
    pub target: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub secret: String,
    /// Its file, once there is one.
    pub path: Option<String>,
    /// Where it stands.
    pub stage: Stage,
    /// The file and field that ask for it.
    pub wanted_by: String,
}

impl CertificateReport {
    /// Whether it is to be ordered and is not, as something holds it.
    pub(crate) fn is_held_back(&self) -> bool {
        self.reason.is_some() && !self.holds.is_empty()
    }
}

impl Report {
    /// What keeps orders from CAs, with the CA's directory: what a person has to end first, then what ends first.
    pub(crate) fn obstacles(&self) -> Vec<(&str, &ObstacleReport)> {
        let each = self
            .cas
            .iter()
            .flat_map(|ca| ca.obstacles.iter().map(move |met| (&*ca.directory, met)));
        let mut all: Vec<_> = each.collect();
        all.sort_by_key(|(_, met)| (!met.held, met.until));
        all
    }
}

/// What a report is made of, beside the plan.
#[derive(Clone, Copy)]
pub(crate) struct Scene<'a> {
    pub(crate) now: OffsetDateTime,
    pub(crate) plan: &'a Plan,
    pub(crate) inventory: Option<&'a Inventory>,
    /// The CA at a place of the configuration.
    pub(crate) directory: &'a dyn Fn(usize) -> Option<&'a str>,
    pub(crate) under_way: &'a dyn Fn(&CertificateKey) -> bool,
    /// When a Secret is committed.
    pub(crate) commit_at: &'a dyn Fn(&WantKey) -> Option<OffsetDateTime>,
    /// Before this instant no order is begun.
    pub(crate) order_at: OffsetDateTime,
    pub(crate) refused: &'a BTreeMap<WantKey, String>,
    /// Why a push with this Secret is refused, while it is.
    pub(crate) held: &'a dyn Fn(&WantKey) -> Option<&'a str>,
    /// Why a changed file is not believed, by what it holds.
    pub(crate) doubt: &'a dyn Fn(&ObjectId) -> Option<&'a str>,
    /// What was seen of a certificate at the edges.
    pub(crate) seen: &'a dyn Fn(&CertificateKey, Fingerprint) -> Option<Seen>,
}

impl Scene<'_> {
    /// The certificates, most urgent first: what is not in place, by the end of what the branch has instead (nothing is the end
    /// already), then the rest, by its end.
    pub(crate) fn certificates(&self) -> Vec<CertificateReport> {
        let urgency = |planned: &Planned| {
            let stage = self.stage(planned);
            (stage.is_in_branch(), planned.pushed_until, stage)
        };
        let mut planned: Vec<_> = self.plan.certificates.iter().collect();
        planned.sort_by_key(|planned| urgency(planned));
        planned.into_iter().map(|planned| self.certificate(planned)).collect()
    }

    fn certificate(&self, planned: &Planned) -> CertificateReport {
        let have = planned.have.as_ref();
        CertificateReport {
            names: planned.key.names.iter().map(ToString::to_string).collect(),
            key_type: planned.key.key_type.to_string(),
            stage: self.stage(planned),
            serial: have.map(|leaf| leaf.serial().to_string()),
            fingerprint: have.map(|leaf| leaf.fingerprint().to_string()),
            not_before: have.map(Leaf::not_before),
            not_after: have.map(Leaf::not_after),
            issuer: have.map(Leaf::issuer),
            ca: planned.issued_by.clone(),
            goes_to: planned.goes_to.and_then(self.directory).map(str::to_owned),
            profile: planned.key.profile.as_ref().map(ToString::to_string),
            suggested: planned
                .suggested
                .map(|window| WindowReport { start: window.start(), end: window.end() }),
            explanation_url: planned.explanation_url.clone(),
            reason: planned.next.reason().map(ToString::to_string),
            holds: planned.holds.iter().map(Into::into).collect(),
            last_error: self.last_error(planned),
            failures: planned.failures,
            preflight: PreflightReport::of(&planned.outlook),
            next: self.next(planned),
            deliveries: planned.wants.iter().map(|want| self.delivery(planned, want)).collect(),
            served: self.seen_of(planned).map(Into::into),
        }
    }

    fn stage(&self, planned: &Planned) -> Stage {
        match &planned.next {
            _ if (self.under_way)(&planned.key) => Stage::Ordering,
            Next::Wait { on: Obstruction::Failure | Obstruction::Limit(_), .. } => Stage::Waiting,
            Next::Wait {
                on: Obstruction::Operator(_) | Obstruction::Sealing(_) | Obstruction::Hold,
                ..
            } => Stage::Held,
            Next::Wait { on: Obstruction::NotReady(_), .. } => Stage::Preflight,
            // It is being looked at again.
            Next::Order(_) if planned.outlook.not_ready.is_some() => Stage::Preflight,
            Next::Wait { on: Obstruction::Parked(_), .. } => Stage::Parked,
            Next::Wait { on: Obstruction::Away, .. } => Stage::Wanted,
            Next::Order(_) => Stage::Wanted,
            Next::Keep { .. } if self.held_by(planned).is_some() => Stage::Held,
            Next::Keep { .. } if planned.wants.iter().any(is_outbox) => Stage::Issued,
            Next::Keep { .. } if self.is_served(planned) => Stage::Served,
            Next::Keep { .. } => Stage::Pushed,
        }
    }

    /// What keeps it back now, and else what went wrong last.
    fn last_error(&self, planned: &Planned) -> Option<String> {
        use Obstruction::{Away, Failure, Hold, Limit, NotReady, Operator, Parked, Sealing};
        let not_ready = || planned.outlook.not_ready.as_ref().map(words_of_not_ready);
        let kept_back = match &planned.next {
            Next::Wait { on: Operator(words) | Limit(words) | Sealing(words), .. } => {
                Some(words.clone())
            }
            Next::Wait { until, on: Parked(parked), .. } => {
                Some(words_of_parked(planned, parked, *until))
            }
            Next::Wait { on: NotReady(found), .. } => Some(words_of_not_ready(found)),
            Next::Order(_) => not_ready(),
            Next::Wait { on: Failure | Away | Hold, .. } | Next::Keep { .. } => {
                self.held_by(planned).map(str::to_owned)
            }
        };
        kept_back.or_else(|| planned.last_error.clone())
    }

    /// Why something of the certificate cannot be pushed.
    fn held_by(&self, planned: &Planned) -> Option<&str> {
        let mut waiting = planned.wants.iter().filter(|want| is_outbox(want));
        waiting.find_map(|want| self.holds(&want.key))
    }

    fn holds(&self, want: &WantKey) -> Option<&str> {
        self.refused.get(want).map(String::as_str).or_else(|| (self.held)(want))
    }

    fn next(&self, planned: &Planned) -> NextReport {
        use Obstruction::{Hold, NotReady, Parked, Sealing};
        let waiting = planned.wants.iter().filter(|want| is_outbox(want));
        let commit_at = waiting.filter_map(|want| (self.commit_at)(&want.key)).min();
        let (at, what) = match (&planned.next, self.stage(planned), commit_at) {
            (Next::Keep { .. }, Stage::Issued | Stage::Held, Some(at)) => {
                (at.max(self.now), "push")
            }
            (Next::Keep { until, .. }, ..) => (*until, "renew"),
            (Next::Wait { until, on: Hold | NotReady(_) | Parked(_) | Sealing(_), .. }, ..) => {
                (*until, "look")
            }
            (Next::Wait { until, .. }, ..) => ((*until).max(self.order_at), "order"),
            (Next::Order(_), ..) => (self.order_at.max(self.now), "order"),
        };
        NextReport { at, what: what.into() }
    }

    fn delivery(&self, planned: &Planned, want: &PlannedWant) -> DeliveryReport {
        let (stage, path) = match &want.delivery {
            Delivery::Nothing => (self.stage(planned), None),
            Delivery::Outbox if self.holds(&want.key).is_some() => (Stage::Held, None),
            Delivery::Outbox => (Stage::Issued, None),
            Delivery::Pushed(path) => (Stage::Pushed, Some(path.to_string())),
        };
        DeliveryReport {
            target: want.key.target.to_string(),
            namespace: want.key.secret.namespace().into(),
            secret: want.key.secret.name().into(),
            path,
            stage,
            wanted_by: want.source.clone(),
        }
    }
}

/// Which name has left, and what ends that.
fn words_of_parked(planned: &Planned, parked: &Parked, until: OffsetDateTime) -> String {
    let Parked { since, why } = parked;
    let host = planned.key.names.iter().next().map_or("", |name| name.as_str());
    format!(
        "{why}; parked since {}, looked at again at {}, or ordered at once with: nws-certd renew {host}",
        instant(*since),
        instant(until)
    )
}

/// What is in the way, all of it, and since when.
fn words_of_not_ready(found: &NotReady) -> String {
    format!("{}; seen before ordering, since {}", found.why.join("; "), instant(found.since))
}

fn is_outbox(want: &PlannedWant) -> bool {
    want.delivery == Delivery::Outbox
}

#[cfg(test)]
mod tests;
