//! When what is stored is committed: together, but not too late.

use std::time::Duration;

use time::OffsetDateTime;

/// How long a commit waits for more to go into it.
///
/// Every commit makes Fleet look at every bundle of the branch, so renewals that come together share one.
#[derive(Clone, Copy, Debug)]
pub struct Batch {
    /// So long after the last certificate was issued,
    pub quiet: Duration,
    /// but never longer than this after the first.
    pub most: Duration,
}

impl Batch {
    /// When to commit certificates that were issued at these instants; `None` if there are none.
    ///
    /// It depends on nothing but when they were issued, so a restart neither starts the wait anew nor cuts it short.
    pub fn due(&self, issued: impl IntoIterator<Item = OffsetDateTime>) -> Option<OffsetDateTime> {
        let (first, last) = issued.into_iter().fold(None, |span, at| match span {
            None => Some((at, at)),
            Some((first, last)) => Some((at.min(first), at.max(last))),
        })?;
        Some((last + self.quiet).min(first + self.most))
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_commit_waits_for_quiet_but_not_for_ever() {
        const NOON: OffsetDateTime = datetime!(2026-03-01 12:00 UTC);
        let batch = Batch { quiet: Duration::from_secs(30), most: Duration::from_secs(120) };
        let cases: [(&str, &[u64], Option<u64>); 4] = [
            ("nothing was issued", &[], None),
            ("one: 30 s after it", &[0], Some(30)),
            ("three: 30 s after the last", &[0, 50, 20], Some(80)),
            (
                "a stream of them: two minutes after the first",
                &[0, 25, 50, 75, 100, 119],
                Some(120),
            ),
        ];
        for (case, issued, due) in cases {
            let at = |seconds: &u64| NOON + Duration::from_secs(*seconds);
            assert_eq!(batch.due(issued.iter().map(at)), due.as_ref().map(at), "{case}");
        }
    }
}
