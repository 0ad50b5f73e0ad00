//! Waits by attack, and whether they are short enough.

use std::time::Duration;

use super::attack::Attack;
use crate::{ink, table};

/// What honest validators met during one attack.
pub(super) struct Outcome {
    pub(super) attack: Option<Attack>,
    /// Nothing for a validator that got no answer.
    pub(super) waits: Vec<Option<Duration>>,
    pub(super) peak_kib: u32,
}

/// The most that any of them may wait.
const GOAL_MS: f64 = 50.0;

/// What the listener may hold: places for 512, each with buffers for a head and the answers to one read, beside the program itself.
const GOAL_MIB: f64 = 64.0;

impl Outcome {
    fn answered_ms(&self) -> Vec<f64> {
        let answered = self.waits.iter().flatten();
        let mut ms: Vec<f64> = answered.map(|wait| wait.as_secs_f64() * 1e3).collect();
        ms.sort_by(f64::total_cmp);
        ms
    }

    fn lost(&self) -> usize {
        self.waits.iter().filter(|wait| wait.is_none()).count()
    }

    fn peak_mib(&self) -> f64 {
        f64::from(self.peak_kib) / 1024.0
    }

    fn row(&self) -> [String; 7] {
        let ms = self.answered_ms();
        let [p50, p99, most] = [50, 99, 100].map(|part| format!("{:.1}", percentile(&ms, part)));
        let (asked, lost) = (self.waits.len().to_string(), self.lost().to_string());
        let name = Attack::name_of(self.attack).to_owned();
        [name, asked, lost, p50, p99, most, format!("{:.1}", self.peak_mib())]
    }

    fn goal(&self) -> String {
        let most = percentile(&self.answered_ms(), 100);
        let is_met = self.lost() == 0 && most <= GOAL_MS && self.peak_mib() <= GOAL_MIB;
        let met = if is_met { ink::green("met   ") } else { ink::red("missed") };
        let name = Attack::name_of(self.attack);
        format!(
            "{met}  {name}: {} lost, the others within {most:.1} ms, at most {GOAL_MS}; {:.1} MiB, at most {GOAL_MIB}\n",
            self.lost(),
            self.peak_mib()
        )
    }
}

/// Of sorted values the smallest that so many in a hundred do not exceed; 0 of nothing.
fn percentile(sorted: &[f64], part: usize) -> f64 {
    let at = (sorted.len() * part).div_ceil(100).saturating_sub(1);
    sorted.get(at).copied().unwrap_or(0.0)
}

pub(super) fn text(all: &[Outcome]) -> String {
    let header = ["MEANWHILE", "ASKED", "LOST", "p50 ms", "p99 ms", "MOST ms", "PEAK MiB"];
    let rows: Vec<_> = all.iter().map(Outcome::row).collect();
    let goals: String = all.iter().map(Outcome::goal).collect();
    format!("\n{}\n\n{goals}", table::render(header, &rows))
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn a_lost_validator_is_a_miss_and_so_is_a_late_one() {
        let quick: Vec<_> = (1..=100).map(|ms| Some(Duration::from_millis(ms) / 2)).collect();
        let late = [&quick[..], &[Some(Duration::from_millis(51))]].concat();
        let lost = [&quick[..], &[None]].concat();
        let outcome = |attack, waits, peak_kib| Outcome { attack, waits, peak_kib };
        let all = [
            outcome(None, quick.clone(), 10_240),
            outcome(Some(Attack::Slowloris), late, 10_240),
            outcome(Some(Attack::ComeAndGo), lost, 10_240),
            outcome(Some(Attack::Pipelining), quick, 102_400),
        ];
        expect![[r#"

            MEANWHILE                 ASKED  LOST  p50 ms  p99 ms  MOST ms  PEAK MiB
            nobody                    100    0     25.0    49.5    50.0     10.0
            10000 slow connections    101    0     25.5    50.0    51.0     10.0
            connect and close         101    1     25.0    49.5    50.0     10.0
            pipelining, nothing read  100    0     25.0    49.5    50.0     100.0

            met     nobody: 0 lost, the others within 50.0 ms, at most 50; 10.0 MiB, at most 64
            missed  10000 slow connections: 0 lost, the others within 51.0 ms, at most 50; 10.0 MiB, at most 64
            missed  connect and close: 1 lost, the others within 50.0 ms, at most 50; 10.0 MiB, at most 64
            missed  pipelining, nothing read: 0 lost, the others within 50.0 ms, at most 50; 100.0 MiB, at most 64
        "#]].assert_eq(&text(&all));
    }
}
