//! What was seen, for people and programs.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use nws_challenge::preflight::Weight;
use serde::{Deserialize, Serialize};

use super::Finding;
use super::inspector::Visited;
use crate::guard::GuardReport;

/// What `nws-certd preflight` says.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct PreflightReport {
    /// Whether every name would be validated by the CA that its order would go to, as far as is to be seen from here.
    pub(crate) is_ready: bool,
    /// Each name.
    pub(crate) names: Vec<NameReport>,
}

/// What was seen of a name.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct NameReport {
    /// The name.
    pub(crate) name: String,
    /// The directory of the CA that its order would go to, whose account was answered for.
    pub(crate) ca: String,
    /// The names that it is another one for, in their order.
    pub(crate) aliases: Vec<String>,
    /// Its addresses, IPv6 first.
    pub(crate) addresses: Vec<AddressReport>,
    /// The CAA records that count, as a zone file has them; where there are none, every CA may issue.
    pub(crate) caa: Vec<String>,
    /// Whether they keep other accounts of the CA from the name; none unless `challenge.stateless` answers for it without an order.
    pub(crate) account_guard: Option<GuardReport>,
    /// What is in the way.
    pub(crate) findings: Vec<FindingReport>,
}

/// What was seen at an address.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct AddressReport {
    /// The address, with the port.
    pub(crate) address: SocketAddr,
    /// What the edge there calls itself (`X-NWS-Edge`).
    pub(crate) edge: Option<String>,
    /// Whether it answers as it should.
    pub(crate) answers: bool,
}

/// What is in the way.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct FindingReport {
    /// The address that it is about, if it is about one.
    pub(crate) address: Option<SocketAddr>,
    /// What the edge there calls itself.
    pub(crate) edge: Option<String>,
    /// `refused` where a CA would refuse, `advisory` where it may get by.
    pub(crate) weight: String,
    /// What it is, and what helps.
    pub(crate) text: String,
    /// Where it is written that a CA refuses then.
    pub(crate) rule: String,
}

impl AddressReport {
    pub(super) fn of(port: u16, visited: &Visited) -> Self {
        Self {
            address: (visited.address, port).into(),
            edge: visited.edge.clone(),
            answers: visited.verdict.is_ok(),
        }
    }
}

impl From<&Finding> for FindingReport {
    fn from(finding: &Finding) -> Self {
        let weight = match finding.weight {
            Weight::Refused => "refused",
            Weight::Advisory => "advisory",
        };
        Self {
            address: finding.address,
            edge: finding.edge.clone(),
            weight: weight.into(),
            text: finding.obstruction.to_string(),
            rule: finding.obstruction.rule().into(),
        }
    }
}

impl PreflightReport {
    pub(crate) fn new(names: Vec<NameReport>) -> Self {
        Self { is_ready: names.iter().all(NameReport::is_ready), names }
    }

    /// For people.
    pub(crate) fn text(&self) -> String {
        let mut text: String = self.names.iter().map(NameReport::text).collect();
        let mut cas: BTreeMap<&str, Verdict> = BTreeMap::new();
        for name in &self.names {
            let verdict = cas.entry(&name.ca).or_insert(Verdict::Ready);
            *verdict = name.verdict().max(*verdict);
        }
        for (ca, verdict) in cas {
            text.push_str(&format!("{ca} {}\n", verdict.text()));
        }
        text
    }
}

/// What would come of an order, the worst last.
#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
enum Verdict {
    Ready,
    /// Something is advisory.
    InDoubt,
    Refused,
}

impl Verdict {
    fn text(self) -> &'static str {
        match self {
            Self::Ready => "would validate all of it, as far as is seen from here",
            Self::InDoubt => "may refuse, for what is advisory",
            Self::Refused => "would refuse",
        }
    }
}

impl NameReport {
    fn is_ready(&self) -> bool {
        self.verdict() < Verdict::Refused
    }

    fn verdict(&self) -> Verdict {
        let each = self.findings.iter().map(|it| match it.weight.as_str() {
            "advisory" => Verdict::InDoubt,
            _ => Verdict::Refused,
        });
        each.max().unwrap_or(Verdict::Ready)
    }

    fn text(&self) -> String {
        let via = self.aliases.iter().map(|alias| format!(" -> {alias}")).collect::<String>();
        let mut lines = vec![format!("{}{via}", self.name)];
        lines.extend(self.addresses.iter().map(AddressReport::text));
        lines.extend(self.caa.iter().map(|record| format!("  {record}")));
        lines.extend(self.findings.iter().map(FindingReport::text));
        let open = self.account_guard.iter().filter(|guard| !guard.is_closed());
        lines.extend(open.map(|guard| format!("  note: {}", guard.text)));
        lines.iter().map(|line| format!("{line}\n")).collect()
    }
}

impl AddressReport {
    fn text(&self) -> String {
        let says = if self.answers { "answers" } else { "does not answer as it should" };
        format!("  {}{} {says}", self.address, called(self.edge.as_deref()))
    }
}

impl FindingReport {
    fn text(&self) -> String {
        let place = self.address.map_or_else(String::new, |at| format!("{at} "));
        format!("  {}: {place}{} [{}]", self.weight, self.text, self.rule)
    }
}

fn called(edge: Option<&str>) -> String {
    edge.map_or_else(String::new, |edge| format!(" ({edge})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(ca: &str, weights: &[&str]) -> NameReport {
        let finding = |weight: &&str| FindingReport {
            address: None,
            edge: None,
            weight: (*weight).into(),
            text: String::new(),
            rule: String::new(),
        };
        let findings = weights.iter().map(finding).collect();
        NameReport { ca: ca.into(), findings, ..NameReport::default() }
    }

    #[test]
    fn each_ca_is_judged_by_the_worst_of_its_names() {
        let validates = "would validate all of it, as far as is seen from here";
        let cases: [(&str, &[&[&str]], &str, bool); 4] = [
            ("nothing found", &[&[], &[]], validates, true),
            ("nothing seen", &[&["advisory"], &[]], "may refuse, for what is advisory", true),
            ("refused", &[&["advisory", "refused"], &[]], "would refuse", false),
            ("refused first", &[&["refused"], &["advisory"]], "would refuse", false),
        ];
        for (case, names, want, is_ready) in cases {
            let other = seen("other.test", &[]);
            let names = names.iter().map(|weights| seen("ca.test", weights)).chain([other]);
            let report = PreflightReport::new(names.collect());
            assert_eq!(report.is_ready, is_ready, "{case}");
            let ends = format!("ca.test {want}\nother.test {validates}\n");
            assert!(report.text().ends_with(&ends), "{case}: {}", report.text());
        }
    }
}
