//! Telling how scenarios went.

use serde_json::json;

use crate::e2e::scenario::{Scenario, Tag};
use crate::e2e::trial::Outcome;
use crate::{files, ink, table};

/// How much of the daemon's log a failure shows.
const LOG_LINES: usize = 25;

pub(crate) fn list(scenarios: &[&Scenario]) -> String {
    let row = |scenario: &&Scenario| {
        let tag = match scenario.tag {
            Tag::Core => "core",
            Tag::Full => "full",
        };
        [scenario.name, tag, scenario.about].map(str::to_owned)
    };
    let rows: Vec<_> = scenarios.iter().map(row).collect();
    table::render(["SCENARIO", "TAG", "WHAT IS SEEN"], &rows) + "\n"
}

pub(crate) fn human(outcome: &Outcome) {
    let Outcome { name, took, result } = outcome;
    let seconds = took.as_secs_f64();
    match result {
        Ok(note) => println!("{}    {name:<18} {seconds:6.1} s  {note}", ink::green("ok")),
        Err(failed) => {
            println!("{}  {name:<18} {seconds:6.1} s  {:#}", ink::red("FAIL"), failed.error);
            if failed.has_key {
                println!("      everything is kept in {}", failed.folder.display());
                return;
            }
            println!(
                "      its logs are kept in {}; the daemon's ends with",
                failed.folder.display()
            );
            for line in files::tail(&failed.folder.join("nws-certd.log"), LOG_LINES).lines() {
                println!("      | {line}");
            }
        }
    }
}

pub(crate) fn json(outcome: &Outcome) {
    let Outcome { name, took, result } = outcome;
    let seconds = took.as_secs_f64();
    let line = match result {
        Ok(note) => json!({"scenario": name, "ok": true, "seconds": seconds, "note": note}),
        Err(failed) => json!({"scenario": name, "ok": false, "seconds": seconds,
            "error": format!("{:#}", failed.error), "logs": failed.folder}),
    };
    println!("{line}");
}
