//! Processor time, user's and system's together, as Linux counts it: in hundredths of a second.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::files;

/// `USER_HZ`, which is the same on every architecture that Rust's standard library runs on.
const TICKS_A_SECOND: u64 = 100;

/// Of a running process, without those it has started.
pub(crate) fn of_process(id: u32) -> Result<Duration> {
    read(&format!("/proc/{id}/stat"), [13, 14])
}

/// Of all processes that this one has started and seen end, and of those that they have.
pub(crate) fn of_ended_children() -> Result<Duration> {
    read("/proc/self/stat", [15, 16])
}

/// How long a core has worked since the machine started, for whomever.
pub(crate) fn of_core(number: usize) -> Result<Duration> {
    let text = files::read(Path::new("/proc/stat"))?;
    busy(&text, number).with_context(|| format!("/proc/stat has no core {number}"))
}

/// Of a line of `/proc/stat` (proc(5)) all but idle, iowait, and steal, which went to other machines.
fn busy(stat: &str, core: usize) -> Option<Duration> {
    let name = format!("cpu{core}");
    let line = stat.lines().find(|line| line.split_ascii_whitespace().next() == Some(&name))?;
    let ticks: Vec<u64> = line
        .split_ascii_whitespace()
        .skip(1)
        .map(|ticks| ticks.parse().ok())
        .collect::<Option<_>>()?;
    let [user, nice, system, _idle, _iowait, irq, softirq, ..] = ticks[..] else { return None };
    Some(lasting(user + nice + system + irq + softirq))
}

/// Fields of `/proc/PID/stat` (proc(5)), the first being 0.
fn read(path: &str, fields: [usize; 2]) -> Result<Duration> {
    let text = files::read(Path::new(path))?;
    sum(&text, fields).with_context(|| format!("cannot read {path}"))
}

fn sum(stat: &str, fields: [usize; 2]) -> Option<Duration> {
    // The second field is the program's name in brackets, which may have spaces in it.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut ticks = 0;
    for field in fields {
        ticks += rest.split_ascii_whitespace().nth(field - 2)?.parse::<u64>().ok()?;
    }
    Some(lasting(ticks))
}

fn lasting(ticks: u64) -> Duration {
    Duration::from_millis(ticks * 1000 / TICKS_A_SECOND)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{busy, sum};

    #[test]
    fn times_are_found_behind_any_name() {
        let stat = "17 (a) b (c) S 1 17 17 0 -1 4194560 1 2 3 4 120 30 7 5 20 0 1 0 9";
        assert_eq!(sum(stat, [13, 14]), Some(Duration::from_millis(1500)));
        assert_eq!(sum(stat, [15, 16]), Some(Duration::from_millis(120)));
        assert_eq!(sum("17 (a) S 1", [13, 14]), None);
    }

    #[test]
    fn a_core_is_busy_with_all_but_waiting() {
        let stat = "cpu  9 9 9 9 9 9 9 9 9 9\ncpu1 1 1 1 1 1 1 1 1 0 0\ncpu10 100 20 30 4000 500 6 44 800 0 0\n";
        assert_eq!(busy(stat, 10), Some(Duration::from_secs(2)));
        assert_eq!(busy(stat, 1), Some(Duration::from_millis(50)));
        assert_eq!(busy(stat, 0), None);
    }
}
