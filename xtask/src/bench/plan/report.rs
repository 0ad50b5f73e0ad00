//! Medians by size, and which goals they meet.

use super::{Mix, Sample};
use crate::bench::statistics::median;
use crate::{ink, table};

/// The medians of one size.
#[derive(Clone, Copy)]
pub(super) struct Measured {
    mix: Mix,
    count: usize,
    scratch_s: f64,
    again_s: f64,
    bytes: f64,
    go: usize,
    later: usize,
}

/// The size that the goals are for.
const GOAL_AT: usize = 1_000_000;
/// The most seconds from nothing to its first plan.
const SCRATCH_S: f64 = 1.0;
/// The most milliseconds from a hundred changes to the next plan.
const AGAIN_MS: f64 = 10.0;
/// The most bytes for each certificate.
const BYTES: f64 = 400.0;
/// The most that a certificate may cost among the most, in parts of what it costs among the fewest: sorting ten million takes that much
/// longer for each than sorting ten thousand (the logarithm of one by that of the other).
const GROWTH: f64 = 1.75;

impl Measured {
    pub(super) fn of(mix: Mix, count: usize, samples: &[Sample]) -> Self {
        let of = |value: fn(&Sample) -> f64| median(samples.iter().map(value));
        let (go, later) = samples.last().map_or((0, 0), |sample| (sample.go, sample.later));
        Self {
            mix,
            count,
            scratch_s: of(|sample| sample.scratch_s),
            again_s: of(|sample| sample.again_s),
            bytes: of(|sample| sample.bytes.into()),
            go,
            later,
        }
    }

    fn each_ns(&self) -> f64 {
        let count = u32::try_from(self.count).unwrap_or(u32::MAX);
        self.scratch_s * 1e9 / f64::from(count)
    }

    fn row(&self, growth: Option<f64>) -> [String; 9] {
        [
            self.count.to_string(),
            self.mix.as_str().to_owned(),
            format!("{:.3}", self.scratch_s),
            format!("{:.0}", self.each_ns()),
            growth.map_or_else(String::new, |growth| format!("{growth:.2}")),
            format!("{:.2}", self.again_s * 1000.0),
            format!("{:.0}", self.bytes),
            self.go.to_string(),
            self.later.to_string(),
        ]
    }
}

pub(super) fn text(measured: &[Measured]) -> String {
    let fewest = measured.iter().filter(|one| one.mix == Mix::Mixed).min_by_key(|one| one.count);
    let growth = |one: &Measured| {
        fewest.filter(|_| one.mix == Mix::Mixed).map(|fewest| one.each_ns() / fewest.each_ns())
    };
    let rows: Vec<_> = measured.iter().map(|one| one.row(growth(one))).collect();
    let header = [
        "CERTIFICATES",
        "MIX",
        "FROM NOTHING s",
        "EACH ns",
        "GROWTH",
        "AGAIN ms",
        "BYTES EACH",
        "GO",
        "WAIT",
    ];
    let mut goals = String::new();
    for one in measured.iter().filter(|one| one.mix == Mix::Mixed) {
        if one.count == GOAL_AT {
            goals += &at_goal(one);
        }
    }
    let most = measured.iter().filter(|one| one.mix == Mix::Mixed).max_by_key(|one| one.count);
    if let Some((most, growth)) = most.and_then(|most| Some((most, growth(most)?))) {
        let text = format!("{growth:.2} of the time for each of the fewest, at most {GROWTH}");
        goals += &goal(growth <= GROWTH, most, &text);
    }
    format!("\n{}\n\n{goals}", table::render(header, &rows))
}

fn at_goal(one: &Measured) -> String {
    let (scratch, again, bytes) = (one.scratch_s, one.again_s * 1000.0, one.bytes);
    let goals = [
        (scratch <= SCRATCH_S, format!("{scratch:.3} s from nothing, at most {SCRATCH_S}")),
        (again <= AGAIN_MS, format!("{again:.2} ms after a hundred changes, at most {AGAIN_MS}")),
        (bytes <= BYTES, format!("{bytes:.0} bytes each, at most {BYTES}")),
    ];
    goals.iter().map(|(met, text)| goal(*met, one, text)).collect()
}

fn goal(met: bool, one: &Measured, text: &str) -> String {
    let met = if met { ink::green("met   ") } else { ink::red("missed") };
    format!("{met}  {} certificates: {text}\n", one.count)
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    fn measured(mix: Mix, count: usize, scratch_s: f64) -> Measured {
        let samples = [0.9, 1.0, 1.3].map(|factor| Sample {
            scratch_s: scratch_s * factor,
            again_s: 0.004 * factor,
            bytes: 255,
            go: 240,
            later: 60,
        });
        Measured::of(mix, count, &samples)
    }

    #[test]
    fn a_miss_is_told_as_a_miss() {
        let all = [
            measured(Mix::Mixed, 10_000, 0.005),
            measured(Mix::Mixed, 1_000_000, 1.1),
            measured(Mix::New, 1_000_000, 1.7),
        ];
        expect![[r#"

            CERTIFICATES  MIX    FROM NOTHING s  EACH ns  GROWTH  AGAIN ms  BYTES EACH  GO   WAIT
            10000         mixed  0.005           500      1.00    4.00      255         240  60
            1000000       mixed  1.100           1100     2.20    4.00      255         240  60
            1000000       new    1.700           1700             4.00      255         240  60

            missed  1000000 certificates: 1.100 s from nothing, at most 1
            met     1000000 certificates: 4.00 ms after a hundred changes, at most 10
            met     1000000 certificates: 255 bytes each, at most 400
            missed  1000000 certificates: 2.20 of the time for each of the fewest, at most 1.75
        "#]]
        .assert_eq(&text(&all));
    }
}
