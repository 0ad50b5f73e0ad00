//! What is to be replaced for an incident, as it is shown before anybody agrees to it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use time::OffsetDateTime;

use crate::control::Identity;
use crate::plan::{Occasion, concerns};
use crate::report::{CaReport, CertificateReport, ObstacleReport, Report, count, instant};
use crate::store::CertificateKey;

/// As many certificates are shown to people; the rest are counted.
const SHOWN: usize = 20;

/// What is to be replaced, and what would hold it up.
#[derive(Debug, Serialize)]
pub(super) struct Incident {
    /// As of when.
    #[serde(with = "time::serde::rfc3339")]
    pub(super) at: OffsetDateTime,
    /// What is to be replaced, most exposed first.
    pub(super) certificates: Vec<CertificateReport>,
    /// What is left out, as something holds it.
    pub(super) held: Vec<CertificateReport>,
    /// How many came from which CA; the name is empty where that is not known.
    pub(super) issued_by: BTreeMap<String, usize>,
    /// The CAs that orders go to, in their order.
    pub(super) orders_go_to: Vec<String>,
    /// What keeps orders from CAs now.
    pub(super) held_back: Vec<HeldBack>,
}

/// Something that keeps some of the orders from one CA.
#[derive(Debug, Serialize)]
pub(super) struct HeldBack {
    pub(super) ca: String,
    /// How many of them.
    pub(super) certificates: usize,
    #[serde(flatten)]
    pub(super) obstacle: ObstacleReport,
}

impl Incident {
    pub(super) fn of(report: &Report, concerned: &[&CertificateReport]) -> Self {
        let (held, concerned): (Vec<_>, Vec<_>) =
            concerned.iter().copied().partition(|one| !one.holds.is_empty());
        let keys: Vec<_> = concerned.iter().filter_map(|one| Identity::from(*one).key()).collect();
        let mut issued_by = BTreeMap::new();
        for one in &concerned {
            *issued_by.entry(one.ca.clone().unwrap_or_default()).or_insert(0) += 1;
        }
        Self {
            at: report.at,
            certificates: concerned.into_iter().cloned().collect(),
            held: held.into_iter().cloned().collect(),
            issued_by,
            orders_go_to: report.cas.iter().map(|ca| ca.directory.clone()).collect(),
            held_back: report.cas.iter().flat_map(|ca| held_back(ca, &keys)).collect(),
        }
    }

    /// What holds the first that is left out.
    pub(super) fn first_hold(&self) -> Option<&str> {
        Some(&self.held.first()?.holds.first()?.text)
    }

    /// For people.
    pub(super) fn text(&self) -> String {
        let mut text = format!(
            "{} to be replaced as of {}, most exposed first\n",
            count(self.certificates.len()),
            instant(self.at)
        );
        for one in self.certificates.iter().take(SHOWN) {
            line(&mut text, &shown(one));
        }
        if let Some(more) = self.certificates.len().checked_sub(SHOWN).filter(|more| *more > 0) {
            line(&mut text, &format!("and {more} more; all of them: --json"));
        }
        if let Some(hold) = self.first_hold() {
            let left_out = count(self.held.len());
            line(&mut text, &format!("{left_out} left out, the first held by {hold}"));
        }
        for (ca, many) in &self.issued_by {
            let ca = if ca.is_empty() { "a CA that is not known" } else { ca };
            line(&mut text, &format!("{many} issued by {ca}"));
        }
        line(&mut text, &format!("orders go to {}", self.orders_go_to.join(", then ")));
        self.held_back.iter().for_each(|held| line(&mut text, &held.to_string()));
        text
    }
}

fn shown(one: &CertificateReport) -> String {
    let until = one.not_after.map_or_else(|| "an end that is not known".into(), instant);
    format!("{}, in {}, until {until}", one.names.join(" "), secrets(one.deliveries.len()))
}

fn secrets(many: usize) -> String {
    if many == 1 { "1 Secret".into() } else { format!("{many} Secrets") }
}

impl std::fmt::Display for HeldBack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (ca, many, met) = (&self.ca, self.certificates, &self.obstacle);
        let until = instant(met.until);
        if met.held {
            return write!(f, "{many} held back at {ca} until a person has acted: {}", met.detail);
        }
        write!(f, "{many} held back at {ca} until {until}: {}", met.detail)
    }
}

/// What keeps renewals from a CA. What is about single names is left out, as who asks for a certificate no longer waits for it.
fn held_back(ca: &CaReport, keys: &[CertificateKey]) -> Vec<HeldBack> {
    let held = |obstacle: &ObstacleReport| {
        let met = obstacle.obstacle_at(&ca.directory)?;
        let stays = |key: &&CertificateKey| {
            concerns(&met, key, Occasion::Renewal) && !met.is_about_names(&key.names)
        };
        let certificates = keys.iter().filter(stays).count();
        let (ca, obstacle) = (ca.directory.clone(), obstacle.clone());
        (certificates > 0).then_some(HeldBack { ca, certificates, obstacle })
    };
    ca.obstacles.iter().filter_map(held).collect()
}

fn line(text: &mut String, line: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "  {line}");
}

#[cfg(test)]
mod tests;
