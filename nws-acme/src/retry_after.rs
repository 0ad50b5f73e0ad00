use std::time::Duration;

use http::HeaderMap;
use http::header::RETRY_AFTER;
use time::OffsetDateTime;

/// When the CA wants to be asked again: seconds or a date, as it came (RFC 9110 §10.2.3).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RetryAfter {
    /// So long after the answer came.
    Delay(Duration),
    /// At this instant.
    At(OffsetDateTime),
}

impl RetryAfter {
    /// The longest that is believed: the widest window of a published rate limit.
    pub const LONGEST: Duration = Duration::from_secs(7 * 24 * 60 * 60);

    /// Reads the header; what cannot be read counts as absent.
    pub(crate) fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
        match text.parse() {
            Ok(seconds) => Some(Self::Delay(Duration::from_secs(seconds))),
            Err(_) => Some(Self::At(httpdate::parse_http_date(text).ok()?.into())),
        }
    }

    /// How long from `now`, when the answer came just before: zero for a date that is over, [`Self::LONGEST`] at most.
    pub fn delay(self, now: OffsetDateTime) -> Duration {
        let delay = match self {
            Self::Delay(delay) => delay,
            Self::At(at) => (at - now).try_into().unwrap_or(Duration::ZERO),
        };
        delay.min(Self::LONGEST)
    }

    /// The instant itself, when the answer came just before `now`; never before `now`.
    pub fn until(self, now: OffsetDateTime) -> OffsetDateTime {
        now + self.delay(now)
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn seconds_and_dates_are_read_and_bounded() {
        let now = datetime!(1994-11-06 08:49:00 UTC);
        let cases = [
            ("seconds", "120", Some(120)),
            ("zero", "0", Some(0)),
            ("a date", "Sun, 06 Nov 1994 08:49:37 GMT", Some(37)),
            ("a date that is over", "Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
            ("the old date form", "Sunday, 06-Nov-94 08:49:37 GMT", Some(37)),
            ("a year of seconds", "31536000", Some(604_800)),
            ("more than any number", "99999999999999999999999", None),
            ("negative", "-5", None),
            ("words", "soon", None),
            ("nothing", "", None),
        ];
        for (case, text, want) in cases {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]);
            let got = RetryAfter::from_headers(&headers).map(|retry| retry.delay(now).as_secs());
            assert_eq!(got, want, "{case}");
        }
    }
}
