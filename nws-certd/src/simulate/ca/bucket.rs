//! A bucket of tokens, as a CA could keep it.

use nws_expiry::budget::Limit;
use time::OffsetDateTime;

/// So many tokens are missing from a bucket that is refilled as time passes; the default is a whole one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tokens {
    /// What is missing, in nanoseconds of refilling, as of `at`.
    missing: i128,
    at: Option<OffsetDateTime>,
}

impl Tokens {
    pub(super) fn has_one(&self, now: OffsetDateTime, limit: Limit) -> bool {
        let interval = limit.interval().whole_nanoseconds();
        self.missing(now) + interval <= interval * i128::from(limit.burst())
    }

    /// One is taken, whether there is one or not.
    pub(super) fn take(&mut self, now: OffsetDateTime, limit: Limit) {
        self.missing = self.missing(now) + limit.interval().whole_nanoseconds();
        self.at = Some(now);
    }

    /// How many are missing, part of one counted as one.
    pub(super) fn used(&self, now: OffsetDateTime, limit: Limit) -> i64 {
        let interval = limit.interval().whole_nanoseconds();
        i64::try_from((self.missing(now) + interval - 1) / interval).unwrap_or(i64::MAX)
    }

    fn missing(&self, now: OffsetDateTime) -> i128 {
        let passed = self.at.map_or(0, |at| (now - at).whole_nanoseconds());
        (self.missing - passed).max(0)
    }
}

#[cfg(test)]
mod tests {
    use time::Duration;
    use time::macros::datetime;

    use super::*;

    #[test]
    fn tokens_are_taken_and_come_back_one_by_one() {
        let noon = datetime!(2027-01-01 12:00 UTC);
        let limit: Limit = "2/2h".parse().unwrap();
        let mut tokens = Tokens::default();
        for at in [noon, noon + Duration::minutes(30)] {
            assert!(tokens.has_one(at, limit));
            tokens.take(at, limit);
        }
        assert_eq!(tokens.used(noon + Duration::minutes(30), limit), 2);
        assert!(!tokens.has_one(noon + Duration::minutes(59), limit));
        assert!(tokens.has_one(noon + Duration::minutes(60), limit));
        assert_eq!(tokens.used(noon + Duration::hours(2), limit), 0);
    }
}
