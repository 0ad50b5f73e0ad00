use std::sync::{Mutex, PoisonError};

use http::HeaderMap;
use http::header::DATE;
use time::{Duration, OffsetDateTime};
use tokio::time::Instant;

/// What time it was at the CA when it last said so (RFC 9110 §6.6.1), and how long ago that is.
///
/// The time since then is the runtime's, which nobody sets: a clock of ours that is put right agrees at once.
#[derive(Debug, Default)]
pub(crate) struct ServerDate(Mutex<Option<(OffsetDateTime, Instant)>>);

impl ServerDate {
    /// Takes in the head of an answer that came just now; a date that is none counts as absent.
    pub(crate) fn hear(&self, headers: &HeaderMap) {
        let text = headers.get(DATE).and_then(|date| date.to_str().ok());
        if let Some(date) = text.and_then(|text| httpdate::parse_http_date(text).ok()) {
            let heard = (date.into(), Instant::now());
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(heard);
        }
    }

    /// How far its clock is ahead of one that says `now`.
    pub(crate) fn ahead_of(&self, now: OffsetDateTime) -> Option<Duration> {
        let heard = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        heard.map(|(date, at)| date + at.elapsed() - now)
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;
    use tokio::time::advance;

    use super::*;

    fn headers(date: &str) -> HeaderMap {
        HeaderMap::from_iter([(DATE, date.parse().unwrap())])
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_date_counts_and_goes_on() {
        let (date, now) = (ServerDate::default(), datetime!(1994-11-06 08:49:07 UTC));
        assert_eq!(date.ahead_of(now), None);
        date.hear(&headers("Sun, 06 Nov 1994 08:49:37 GMT"));
        assert_eq!(date.ahead_of(now), Some(Duration::seconds(30)));
        advance(std::time::Duration::from_secs(5)).await;
        assert_eq!(date.ahead_of(now + Duration::seconds(5)), Some(Duration::seconds(30)));
        date.hear(&headers("Sun, 06 Nov 1994 08:49:02 GMT"));
        assert_eq!(date.ahead_of(now + Duration::seconds(5)), Some(Duration::seconds(-10)));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_no_date_changes_nothing() {
        let (date, now) = (ServerDate::default(), datetime!(1994-11-06 08:49:37 UTC));
        date.hear(&headers("Sun, 06 Nov 1994 08:49:37 GMT"));
        for text in ["", "soon", "120", "1994-11-06T08:49:37Z", "Sun, 99 Nov 1994 08:49:37 GMT"] {
            date.hear(&headers(text));
        }
        date.hear(&HeaderMap::new());
        assert_eq!(date.ahead_of(now), Some(Duration::ZERO));
    }
}
