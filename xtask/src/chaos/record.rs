//! What is kept and told of each seed.

use std::fmt;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::{files, ink};

/// How one seed went.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Record {
    pub(super) seed: u64,
    pub(super) seconds: f64,
    pub(super) kills: u32,
    /// Orders that the CA made.
    pub(super) orders: usize,
    /// Orders that the CA took a signing request for.
    pub(super) finalized: usize,
    /// Orders that the CA called failed.
    pub(super) failed: usize,
    /// Certificates that were made and are not on the branch, by name.
    pub(super) lost: Vec<String>,
    /// Names for which a second order was made.
    pub(super) second: Vec<String>,
    /// Names without a certificate on the branch.
    pub(super) missing: Vec<String>,
    /// Why it ended early, if it did: time was up, or the daemon ended by itself.
    pub(super) stuck: Option<String>,
    /// What it left behind, if anything is wrong.
    pub(super) logs: Option<PathBuf>,
}

impl Record {
    pub(super) const HEADER: [&'static str; 10] = [
        "SEED",
        "SECONDS",
        "KILLS",
        "ORDERS",
        "FINALIZED",
        "FAILED",
        "LOST",
        "SECOND",
        "NOT PUSHED",
        "STUCK",
    ];

    pub(super) fn is_good(&self) -> bool {
        self.lost.is_empty()
            && self.second.is_empty()
            && self.missing.is_empty()
            && self.stuck.is_none()
    }

    fn row(&self) -> [String; 10] {
        [
            self.seed.to_string(),
            format!("{:.1}", self.seconds),
            self.kills.to_string(),
            self.orders.to_string(),
            self.finalized.to_string(),
            self.failed.to_string(),
            self.lost.len().to_string(),
            self.second.len().to_string(),
            self.missing.len().to_string(),
            if self.stuck.is_some() { "yes" } else { "no" }.to_owned(),
        ]
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, seconds, kills, orders, finalized, failed, .. } = self;
        let said = if self.is_good() { ink::green("ok") } else { ink::red("FAIL") };
        write!(
            f,
            "{said}  seed {seed}: {seconds:.1} s, {kills} kills, {orders} orders, {finalized} finalized, {failed} failed"
        )?;
        let lists =
            [("lost", &self.lost), ("second orders", &self.second), ("not pushed", &self.missing)];
        for (what, names) in lists.into_iter().filter(|(_, names)| !names.is_empty()) {
            write!(f, "\n      {what}: {}", names.join(" "))?;
        }
        if let Some(reason) = &self.stuck {
            write!(f, "\n      stuck: {reason}")?;
        }
        match &self.logs {
            None => Ok(()),
            Some(logs) => write!(
                f,
                "\n      its logs are kept in {}; again with `cargo xtask chaos --from {seed} --seeds 1`",
                logs.display()
            ),
        }
    }
}

/// A row for each seed, and their sums.
pub(super) fn rows(records: &[Record]) -> Vec<[String; 10]> {
    let mut rows: Vec<_> = records.iter().map(Record::row).collect();
    let sum = |of: fn(&Record) -> usize| records.iter().map(of).sum::<usize>().to_string();
    rows.push([
        "all".to_owned(),
        format!("{:.1}", records.iter().map(|record| record.seconds).sum::<f64>()),
        records.iter().map(|record| record.kills).sum::<u32>().to_string(),
        sum(|record| record.orders),
        sum(|record| record.finalized),
        sum(|record| record.failed),
        sum(|record| record.lost.len()),
        sum(|record| record.second.len()),
        sum(|record| record.missing.len()),
        sum(|record| usize::from(record.stuck.is_some())),
    ]);
    rows
}

/// The goal, and whether it is met.
pub(super) fn goal(records: &[Record]) -> String {
    let sum = |of: fn(&Record) -> usize| records.iter().map(of).sum::<usize>();
    let (lost, second) = (sum(|record| record.lost.len()), sum(|record| record.second.len()));
    let stuck = records.iter().filter(|record| record.stuck.is_some()).count();
    let met = records.iter().all(Record::is_good);
    format!(
        "{} over {} seeds: {lost} lost, {second} second orders, {stuck} stuck (goal: 0, 0, 0)",
        if met { ink::green("met") } else { ink::red("missed") },
        records.len()
    )
}

/// The file that all records go to, one JSON object a line.
pub(super) struct Records(PathBuf);

impl Records {
    pub(super) fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// The seed of the last record; `None` if there is none yet.
    pub(super) fn last_seed(&self) -> Result<Option<u64>> {
        if !self.0.exists() {
            return Ok(None);
        }
        let text = files::read(&self.0)?;
        let Some(line) = text.lines().last() else { return Ok(None) };
        let record: Record = serde_json::from_str(line)
            .with_context(|| format!("{} ends with no record", self.0.display()))?;
        Ok(Some(record.seed))
    }

    pub(super) fn add(&self, record: &Record) -> Result<()> {
        let file = File::options().create(true).append(true).open(&self.0);
        let line = format!("{}\n", serde_json::to_string(record)?);
        file.and_then(|mut file| file.write_all(line.as_bytes()))
            .with_context(|| format!("cannot write {}", self.0.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Record, Records, goal};

    fn record(seed: u64) -> Record {
        Record {
            seed,
            seconds: 12.3,
            kills: 4,
            orders: 51,
            finalized: 50,
            failed: 0,
            lost: vec![],
            second: vec![],
            missing: vec![],
            stuck: None,
            logs: None,
        }
    }

    #[test]
    fn seeds_go_on_after_the_last_that_is_recorded() {
        let folder = tempfile::tempdir().unwrap();
        let records = Records::at(&folder.path().join("chaos.jsonl"));
        assert_eq!(records.last_seed().unwrap(), None);
        for seed in [4, 2] {
            records.add(&record(seed)).unwrap();
        }
        assert_eq!(records.last_seed().unwrap(), Some(2));
    }

    #[test]
    fn one_bad_seed_misses_the_goal() {
        let good = record(1);
        assert_eq!(
            goal(std::slice::from_ref(&good)),
            "met over 1 seeds: 0 lost, 0 second orders, 0 stuck (goal: 0, 0, 0)"
        );
        let bad = Record { second: vec!["a.example".to_owned()], ..record(2) };
        assert_eq!(
            goal(&[good, bad]),
            "missed over 2 seeds: 0 lost, 1 second orders, 0 stuck (goal: 0, 0, 0)"
        );
    }
}
