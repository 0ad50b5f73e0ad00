//! Medians and ratios by size, and which goals they meet.

use super::{Sample, Task};
use crate::bench::statistics::median;
use crate::{ink, table};

/// All samples of one size.
pub(super) struct Measured {
    pub(super) manifests: usize,
    pub(super) samples: Vec<(Task, Sample)>,
}

/// The size that the goals are for.
const GOAL_AT: usize = 100_000;

impl Measured {
    fn median(&self, task: Task, of: fn(&Sample) -> f64) -> f64 {
        median(self.samples.iter().filter(|(one, _)| *one == task).map(|(_, sample)| of(sample)))
    }

    fn seconds(&self, task: Task) -> f64 {
        self.median(task, |sample| sample.s)
    }

    fn ratio(&self, task: Task, to: Task) -> f64 {
        self.seconds(task) / self.seconds(to)
    }

    fn row(&self, task: Task) -> [String; 7] {
        let beside = |other: Task| format!("{:.2}", self.ratio(task, other));
        let [alone, git, git2] = match task {
            Task::Cold => [Task::Read, Task::GitReads, Task::Git2Reads].map(beside),
            Task::Commit(count) => {
                [Task::Bare(count), Task::FastImport(count), Task::Git2(count)].map(beside)
            }
            Task::Push => [String::new(), beside(Task::GitPush), beside(Task::Git2Push)],
            _ => [String::new(), String::new(), String::new()],
        };
        let (word, count) = task.words();
        let peak = self.median(task, |sample| sample.peak) / 1e6;
        [
            self.manifests.to_string(),
            count.map_or_else(|| word.to_owned(), |count| format!("{word} {count}")),
            format!("{:.1}", self.seconds(task) * 1000.0),
            alone,
            git,
            git2,
            if peak > 0.0 { format!("{peak:.0}") } else { String::new() },
        ]
    }

    fn goals(&self) -> String {
        let cold = self.ratio(Task::Cold, Task::Read);
        let after = self.seconds(Task::After) * 1000.0;
        let many = self.ratio(Task::Commit(10_000), Task::Bare(10_000));
        let one = self.seconds(Task::Commit(1)) * 1000.0;
        let peak = self.median(Task::Cold, |sample| sample.peak) / 1e6;
        [
            (cold <= 1.5, format!("cold inventory: {cold:.2} of reading alone, at most 1.5")),
            (after <= 20.0, format!("after ten changes: {after:.1} ms, at most 20")),
            (many <= 1.1, format!("10000 Secrets: {many:.2} of gix alone, at most 1.1")),
            (one <= 10.0, format!("one Secret: {one:.1} ms, at most 10")),
            (peak <= 300.0, format!("memory: {peak:.0} MB, at most 300")),
        ]
        .map(|(met, text)| goal(met, &text))
        .concat()
    }
}

fn goal(met: bool, text: &str) -> String {
    let met = if met { ink::green("met   ") } else { ink::red("missed") };
    format!("{met}  {text}\n")
}

pub(super) fn text(all: &[Measured]) -> String {
    let rows: Vec<_> = all
        .iter()
        .flat_map(|one| {
            Task::ALL.into_iter().filter(|task| task.fits(one.manifests)).map(|task| one.row(task))
        })
        .collect();
    let header = ["MANIFESTS", "TASK", "MEDIAN ms", "OF GIX ALONE", "OF GIT", "OF GIT2", "PEAK MB"];
    let at_goal = all.iter().find(|one| one.manifests == GOAL_AT);
    let goals = at_goal.map(Measured::goals).unwrap_or_default();
    format!("\n{}\n\n{goals}", table::render(header, &rows))
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn what_is_told_are_medians_and_what_they_are_beside() {
        let sample = |s| Sample { s, peak: 2e8 };
        let samples = Task::ALL.into_iter().flat_map(|task| {
            let s = match task {
                Task::Cold => 0.6,
                Task::Commit(10_000) => 2.4,
                Task::After => 0.012,
                Task::Commit(1) => 0.011,
                _ => 0.4,
            };
            [s * 0.9, s * 2.0, s].map(|s| (task, sample(s)))
        });
        let measured = Measured { manifests: GOAL_AT, samples: samples.collect() };
        expect![[r#"

            MANIFESTS  TASK               MEDIAN ms  OF GIX ALONE  OF GIT  OF GIT2  PEAK MB
            100000     read               400.0                                     200
            100000     git-reads          400.0                                     200
            100000     git2-reads         400.0                                     200
            100000     cold               600.0      1.50          1.50    1.50     200
            100000     after              12.0                                      200
            100000     commit 1           11.0       0.03          0.03    0.03     200
            100000     bare 1             400.0                                     200
            100000     fast-import 1      400.0                                     200
            100000     git2 1             400.0                                     200
            100000     commit 100         400.0      1.00          1.00    1.00     200
            100000     bare 100           400.0                                     200
            100000     fast-import 100    400.0                                     200
            100000     git2 100           400.0                                     200
            100000     commit 10000       2400.0     6.00          6.00    6.00     200
            100000     bare 10000         400.0                                     200
            100000     fast-import 10000  400.0                                     200
            100000     git2 10000         400.0                                     200
            100000     push               400.0                    1.00    1.00     200
            100000     git-push           400.0                                     200
            100000     git2-push          400.0                                     200

            met     cold inventory: 1.50 of reading alone, at most 1.5
            met     after ten changes: 12.0 ms, at most 20
            missed  10000 Secrets: 6.00 of gix alone, at most 1.1
            missed  one Secret: 11.0 ms, at most 10
            met     memory: 200 MB, at most 300
        "#]]
        .assert_eq(&text(&[measured]));
    }
}
