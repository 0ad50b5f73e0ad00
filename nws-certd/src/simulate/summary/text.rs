//! The figures as people read them.

use std::fmt::Write as _;

use nws_expiry::budget::LimitKind;
use time::OffsetDateTime;

use super::{LimitUse, Summary, span};

impl Summary {
    /// For people: one line a figure.
    pub(in crate::simulate) fn text(&self) -> String {
        let mut text = format!("{}\n\n", self.title.replace("; ", "\n"));
        for (what, figure) in self.lines() {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{what:<34}{figure}");
        }
        let _ = writeln!(text, "\n{}", self.verdict);
        text
    }

    fn lines(&self) -> Vec<(String, String)> {
        let orders = &self.orders;
        let mut lines = vec![
            ("certificates at the end".into(), self.certificates()),
            ("orders".into(), number(orders.all)),
            ("  when the CA suggests".into(), number(orders.suggested)),
            ("  for the same names".into(), number(orders.same_names)),
            ("  new to the CA".into(), number(orders.new)),
            ("  failed".into(), number(orders.failed)),
            ("refused by the CA".into(), number(self.refused)),
            ("ended unreplaced".into(), self.missed()),
            ("least left at a renewal".into(), self.least_left()),
            ("largest backlog".into(), self.backlog()),
            (
                "longest wait, new names".into(),
                self.longest_wait_s.map_or_else(|| "-".into(), span),
            ),
            ("places for orders taken".into(), percent(self.busy)),
        ];
        let used =
            self.limits.iter().map(|limit| (format!("most used of {}", limit.limit), limit.text()));
        lines.extend(used);
        lines
    }

    fn certificates(&self) -> String {
        let have = number(self.certificates.at_the_end);
        match self.certificates.unserved {
            0 => have,
            unserved => format!("{have}, and {} names that wait for one", number(unserved)),
        }
    }

    fn missed(&self) -> String {
        let missed = &self.missed;
        match missed.expired + missed.revoked {
            0 => "0".into(),
            all => format!(
                "{}: {} expired, {} revoked; {} hours without one, together",
                number(all),
                number(missed.expired),
                number(missed.revoked),
                number(missed.without_s / 3_600)
            ),
        }
    }

    fn least_left(&self) -> String {
        match (self.least_left_s, self.least_left_part) {
            (Some(left), Some(part)) => format!("{}, {} of a lifetime", span(left), percent(part)),
            _ => "-".into(),
        }
    }

    fn backlog(&self) -> String {
        match self.backlog.largest {
            0 => "0".into(),
            largest => format!("{} after {}", number(largest), span(self.backlog.after_s)),
        }
    }
}

impl LimitUse {
    fn text(&self) -> String {
        format!("{} of {} ({})", number(self.most), number(self.of), self.allows)
    }

    fn part(&self) -> f64 {
        self.most as f64 / f64::from(self.of)
    }
}

/// What it comes to: whether anything expired, and which limit is met first.
pub(super) fn verdict(
    summary: &Summary,
    binds: Option<(OffsetDateTime, LimitKind)>,
    begins: OffsetDateTime,
) -> String {
    let missed = &summary.missed;
    let expired = match (missed.expired, missed.revoked) {
        (0, 0) => "Nothing expired.".into(),
        (expired, 0) => format!("{} certificates EXPIRED.", number(expired)),
        (0, revoked) => {
            format!("{} certificates were REVOKED before they were replaced.", number(revoked))
        }
        (expired, revoked) => format!(
            "{} certificates EXPIRED, {} were REVOKED before they were replaced.",
            number(expired),
            number(revoked)
        ),
    };
    format!("{expired} {}", bound(summary, binds, begins))
}

fn bound(
    summary: &Summary,
    binds: Option<(OffsetDateTime, LimitKind)>,
    begins: OffsetDateTime,
) -> String {
    if let Some((at, kind)) = binds {
        let after = span((at - begins).whole_seconds());
        return format!("The limit for {kind} binds first: orders waited for it after {after}.");
    }
    // One of a limit is used by whatever is done.
    let used = summary.limits.iter().filter(|limit| limit.most > 1);
    let nearest = used.max_by(|a, b| a.part().total_cmp(&b.part()));
    match nearest.filter(|nearest| nearest.part() > summary.busy) {
        Some(nearest) => format!(
            "No limit made anything wait; {} comes closest, {} used.",
            nearest.limit,
            percent(nearest.part())
        ),
        None => format!(
            "No limit made anything wait; what bounds the rest is how many orders run at a time, {} used.",
            percent(summary.busy)
        ),
    }
}

fn percent(part: f64) -> String {
    format!("{:.1} %", part * 100.0)
}

/// With a comma before every three digits.
pub(in crate::simulate) fn number(number: impl ToString) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
