//! Medians by form, and whether the goal is met.

use super::{GOAL, Sample, Task};
use crate::bench::statistics::median;
use crate::{ink, table};

/// All samples of one task.
pub(super) struct Measured {
    pub(super) task: Task,
    pub(super) samples: Vec<Sample>,
}

/// The most seconds that [`GOAL`] may take.
const GOAL_S: f64 = 10.0;

impl Measured {
    pub(super) fn new(task: Task) -> Self {
        Self { task, samples: Vec::new() }
    }

    fn seconds(&self) -> f64 {
        median(self.samples.iter().map(|sample| sample.s))
    }

    /// How many Secrets one core seals in a second.
    fn each_core(&self) -> f64 {
        let count = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        count(self.task.secrets) / self.seconds() / count(self.task.cores)
    }

    fn row(&self) -> [String; 7] {
        let [form, _] = self.task.form.words();
        [
            form,
            self.task.form.key(),
            self.task.secrets.to_string(),
            self.task.cores.to_string(),
            format!("{:.3}", self.seconds()),
            format!("{:.0}", self.each_core()),
            format!("{:.0}", median(self.samples.iter().map(|sample| sample.bytes.into()))),
        ]
    }
}

pub(super) fn text(all: &[Measured]) -> String {
    let rows: Vec<_> = all.iter().map(Measured::row).collect();
    let header = ["FORM", "KEY", "SECRETS", "CORES", "MEDIAN s", "A SECOND A CORE", "BYTES EACH"];
    let at_goal = all.iter().find(|one| one.task == GOAL).map(goal).unwrap_or_default();
    format!("\n{}\n\n{at_goal}", table::render(header, &rows))
}

fn goal(one: &Measured) -> String {
    let s = one.seconds();
    let met = if s < GOAL_S { ink::green("met   ") } else { ink::red("missed") };
    let Task { secrets, cores, .. } = GOAL;
    format!("{met}  {secrets} Secrets on {cores} cores: {s:.1} s, less than {GOAL_S}\n")
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::bench::seal::Form;

    fn measured(task: Task, s: f64) -> Measured {
        let samples = [0.9, 2.0, 1.0].map(|factor| Sample { s: s * factor, bytes: 5200 });
        Measured { task, samples: samples.into() }
    }

    #[test]
    fn what_is_told_are_medians_and_a_miss_is_told_as_a_miss() {
        let each = Form::ALL.map(|form| measured(Task { form, secrets: 2000, cores: 1 }, 0.5));
        let all: Vec<_> = each.into_iter().chain([measured(GOAL, 10.0)]).collect();
        expect![[r#"

            FORM            KEY       SECRETS  CORES  MEDIAN s  A SECOND A CORE  BYTES EACH
            sealed-secrets  RSA-2048  2000     1      0.500     4000             5200
            sealed-secrets  RSA-3072  2000     1      0.500     4000             5200
            sealed-secrets  RSA-4096  2000     1      0.500     4000             5200
            sops-age        1 age     2000     1      0.500     4000             5200
            sops-age        3 age     2000     1      0.500     4000             5200
            sealed-secrets  RSA-4096  10000    2      10.000    500              5200

            missed  10000 Secrets on 2 cores: 10.0 s, less than 10
        "#]]
        .assert_eq(&text(&all));
        assert!(text(&[measured(GOAL, 9.9)]).contains("met     10000 Secrets on 2 cores: 9.9 s"));
    }
}
