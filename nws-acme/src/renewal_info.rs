//! When a CA wants one of its certificates renewed (RFC 9773).

use std::time::Duration;

use http::Uri;
use nws_expiry::Window;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::retry::doubled;
use crate::{AcmeError, CertificateId, Recovery, RetryAfter, TransportError};

/// What a CA says of the renewal of one certificate (RFC 9773 §4.2).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RenewalInfo {
    /// When to renew; `None` if the CA suggests nothing that is a time, which counts as no answer.
    pub window: Option<Window>,
    /// Where a person reads why; https or http, printable, and short enough to be shown.
    pub explanation_url: Option<String>,
    /// When to ask again, no sooner and no later (RFC 9773 §4.3.2); between a minute and a day.
    pub retry_after: Duration,
}

/// The sanity of RFC 9773 §4.3.2, with its example bounds.
const SOONEST: Duration = Duration::from_secs(60);
const LATEST: Duration = Duration::from_secs(24 * 60 * 60);

/// When to ask again after what asking again does not soon mend (RFC 9773 §4.3.3).
const LONG_TERM: Duration = Duration::from_secs(6 * 60 * 60);

impl RenewalInfo {
    /// Reads an answer as far as it goes; a member that is not what it should be counts as absent.
    pub(crate) fn read(
        document: &Value,
        retry_after: Option<RetryAfter>,
        now: OffsetDateTime,
    ) -> Self {
        let at =
            |pointer| OffsetDateTime::parse(document.pointer(pointer)?.as_str()?, &Rfc3339).ok();
        let suggested = at("/suggestedWindow/start").zip(at("/suggestedWindow/end"));
        let window = suggested.and_then(|(start, end)| Window::new(start, end));
        let asked = retry_after.map(|retry_after| retry_after.delay(now).clamp(SOONEST, LATEST));
        Self {
            window,
            explanation_url: explanation(document),
            // no window is a failure of the long term, whatever pace the CA had in mind with one
            retry_after: asked.filter(|_| window.is_some()).unwrap_or(LONG_TERM),
        }
    }
}

fn explanation(document: &Value) -> Option<String> {
    const LONGEST: usize = 2048;
    let url = document.get("explanationURL")?.as_str()?;
    let printable = url.len() <= LONGEST && url.bytes().all(|byte| byte.is_ascii_graphic());
    let is_web = |uri: &Uri| matches!(uri.scheme_str(), Some("https" | "http"));
    (printable && url.parse().is_ok_and(|uri| is_web(&uri))).then(|| url.into())
}

/// Where the information on a certificate is (RFC 9773 §4.1), whether the directory's URL ends with a slash or not.
pub(crate) fn location(base: &str, certificate: &CertificateId) -> String {
    format!("{}/{certificate}", base.trim_end_matches('/'))
}

/// How long to wait before asking for renewal information again, after so many failures in a row, this one included (RFC 9773
/// §4.3.3).
///
/// What may pass by itself, a time-out, a broken answer, a server error, is asked again after a minute, two, four and so on, five
/// times and no sooner than the CA says; then, and for all else, it takes six hours.
pub fn renewal_info_retry(error: &AcmeError, failures: u32) -> Duration {
    const TRIES: u32 = 5;
    let (true, 0..=TRIES) = (is_temporary(error), failures) else { return LONG_TERM };
    let own = doubled(SOONEST, failures.saturating_sub(1), LONG_TERM);
    asked(error).map_or(own, |asked| own.max(asked.min(LATEST)))
}

fn is_temporary(error: &AcmeError) -> bool {
    match error {
        AcmeError::Unreachable { source, .. } => match source {
            TransportError::TimedOut { .. } | TransportError::Broken(_) => true,
            TransportError::Connect(_) | TransportError::TooLong { .. } => false,
        },
        AcmeError::Refused { status, .. } | AcmeError::Unexplained { status, .. } => {
            status.is_server_error()
        }
        AcmeError::Away { .. } | AcmeError::Deadline => true,
        AcmeError::AccountDoesNotExist { .. }
        | AcmeError::NotRegistered { .. }
        | AcmeError::Absent { .. }
        | AcmeError::NotAcme { .. }
        | AcmeError::Unexpected { .. }
        | AcmeError::Url { .. }
        | AcmeError::NotADirectory { .. }
        | AcmeError::DirectoryMember { .. }
        | AcmeError::ExternalAccountRequired { .. }
        | AcmeError::NotOffered { .. }
        | AcmeError::KeyTaken { .. }
        | AcmeError::NotTakenOver { .. }
        | AcmeError::Unsigned { .. } => false,
    }
}

/// How long a CA that is in trouble wants to be left alone.
fn asked(error: &AcmeError) -> Option<Duration> {
    if let Recovery::CaAway { retry_after: Some(RetryAfter::Delay(delay)) } = error.recovery() {
        Some(delay)
    } else {
        None
    }
}

#[cfg(test)]
mod tests;
