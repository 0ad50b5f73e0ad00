//! How many new orders can be made for something else without a certificate ending meanwhile.

use time::{Duration, OffsetDateTime};

use crate::budget::{Level, Limit};

/// What is spare before each end of a certificate: the new orders that there will be by then, less the certificates that end by then.
///
/// An order for whatever ends at `e` takes one from what is spare before every end earlier than `e`, so it may be made while there is
/// one before each. That is enough, and needed: by each end there must be at least as many orders as certificates that end (the
/// condition of earliest deadline first for jobs of one size). Whoever has the earliest end of all may always be ordered for.
#[derive(Debug, Default)]
pub(super) struct Slack {
    /// Ends with what is spare before them, both in order; only those that can get in the way of an order now.
    tight: Vec<(OffsetDateTime, i64)>,
}

impl Slack {
    pub(super) fn of(
        now: OffsetDateTime,
        limit: Limit,
        level: Option<Level>,
        ahead: &[OffsetDateTime],
        mut due: Vec<OffsetDateTime>,
    ) -> Self {
        // What has ended already needs one now.
        due.iter_mut().for_each(|end| *end = (*end).max(now + Duration::NANOSECOND));
        due.sort_unstable();
        let most = i64::from(Level::left(level, limit, now));
        let mut tight: Vec<(OffsetDateTime, i64)> = Vec::new();
        for (end, count) in counted(merged(ahead, &due)) {
            let spare = Level::by(level, limit, now, end - Duration::NANOSECOND) - count;
            // Whatever takes from here takes from every earlier end, too; so only what is tighter than those counts.
            if spare <= most && tight.last().is_none_or(|(_, least)| spare < *least) {
                tight.push((end, spare));
            }
        }
        Self { tight }
    }

    /// Whether one can be made for what ends then; for what never ends where it is `None`.
    pub(super) fn spares(&self, ends: Option<OffsetDateTime>) -> bool {
        self.before(ends).iter().all(|(_, spare)| *spare >= 1)
    }

    /// One is made.
    pub(super) fn take(&mut self, ends: Option<OffsetDateTime>) {
        let before = self.before(ends).len();
        self.tight.iter_mut().take(before).for_each(|(_, spare)| *spare -= 1);
    }

    fn before(&self, ends: Option<OffsetDateTime>) -> &[(OffsetDateTime, i64)] {
        let count = ends.map_or(self.tight.len(), |ends| {
            self.tight.partition_point(|(earlier, _)| *earlier < ends)
        });
        &self.tight[..count]
    }
}

/// Two ordered lists as one.
fn merged<'a>(
    one: &'a [OffsetDateTime],
    other: &'a [OffsetDateTime],
) -> impl Iterator<Item = OffsetDateTime> + 'a {
    let (mut one, mut other) = (one.iter().copied().peekable(), other.iter().copied().peekable());
    std::iter::from_fn(move || match (one.peek(), other.peek()) {
        (Some(a), Some(b)) if a <= b => one.next(),
        (_, Some(_)) => other.next(),
        (_, None) => one.next(),
    })
}

/// Each end, with how many there are until then.
fn counted(
    ends: impl Iterator<Item = OffsetDateTime>,
) -> impl Iterator<Item = (OffsetDateTime, i64)> {
    let mut ends = ends.zip(1i64..).peekable();
    std::iter::from_fn(move || {
        loop {
            let (end, count) = ends.next()?;
            if ends.peek().is_none_or(|(next, _)| *next != end) {
                return Some((end, count));
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOON: OffsetDateTime = datetime!(2026-03-01 12:00 UTC);

    fn hour(hour: i64) -> OffsetDateTime {
        NOON + Duration::hours(hour)
    }

    /// Two at once, one more each hour.
    fn slack(left: u32, ahead: &[i64], due: &[i64]) -> Slack {
        let limit: Limit = "2/2h".parse().unwrap();
        let level = (left..2).fold(None, |level, _| Some(Level::used(level, limit, NOON)));
        let ahead: Vec<_> = ahead.iter().copied().map(hour).collect();
        Slack::of(NOON, limit, level, &ahead, due.iter().copied().map(hour).collect())
    }

    #[test]
    fn what_others_need_sooner_is_not_spare() {
        let cases = [
            ("nobody else", slack(2, &[], &[]), None, true),
            ("one that ends soon, and two to be had", slack(2, &[1], &[]), None, true),
            ("two that end soon", slack(2, &[1, 1], &[]), None, false),
            ("two that are due", slack(2, &[], &[1, 1]), None, false),
            ("one of each", slack(2, &[1], &[1]), None, false),
            (
                "two that end soon, and one that ends later",
                slack(2, &[1, 1], &[9]),
                Some(hour(9)),
                false,
            ),
            ("one that ends sooner than they do", slack(2, &[3, 3], &[2]), Some(hour(2)), true),
            ("one that ends as they do", slack(2, &[1, 1], &[1]), Some(hour(1)), true),
            ("two that end when there are four", slack(2, &[3, 3], &[]), None, true),
            ("many, but each has its hour", slack(1, &[2, 3, 4, 5, 6], &[]), None, true),
            ("one too many at the end", slack(1, &[2, 3, 4, 5, 6, 6], &[]), None, false),
            ("one that has ended long ago", slack(2, &[], &[-99]), None, true),
            ("two that have", slack(2, &[], &[-99, -98]), Some(hour(9)), false),
        ];
        for (case, slack, ends, is_spare) in cases {
            assert_eq!(slack.spares(ends), is_spare, "{case}");
        }
    }

    #[test]
    fn what_is_made_is_not_spare_any_more() {
        let mut slack = slack(2, &[1], &[]);
        slack.take(Some(hour(1)));
        assert!(slack.spares(None), "it was for the one that ends");
        slack.take(None);
        assert!(!slack.spares(None));
        assert!(slack.spares(Some(hour(1))));
    }
}
