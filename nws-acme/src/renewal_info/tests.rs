use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::json;
use time::macros::datetime;

use super::*;

const NOW: OffsetDateTime = datetime!(2026-03-02 12:00 UTC);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

fn window(start: &str, end: &str) -> Value {
    json!({ "suggestedWindow": { "start": start, "end": end } })
}

#[test]
fn a_window_is_read_if_it_is_one() {
    let want = Window::new(datetime!(2026-03-03 04:00 UTC), datetime!(2026-03-04 04:00:00.5 UTC));
    let (start, end) = ("2026-03-03T04:00:00Z", "2026-03-04T04:00:00.5Z");
    let cases = [
        ("a window", window(start, end), want),
        ("of another offset", window("2026-03-03T06:00:00+02:00", end), want),
        ("turned around", window(end, start), None),
        ("empty", window(start, start), None),
        ("no dates", window("soon", "later"), None),
        ("a date without a time", window("2026-03-03", end), None),
        ("half of one", json!({ "suggestedWindow": { "start": start } }), None),
        ("numbers", json!({ "suggestedWindow": { "start": 1, "end": 2 } }), None),
        ("another shape", json!({ "suggestedWindow": [start, end] }), None),
        ("an empty object", json!({}), None),
        ("no object", json!([1]), None),
    ];
    for (case, document, want) in cases {
        let told = RenewalInfo::read(&document, Some(RetryAfter::Delay(HOUR)), NOW);
        assert_eq!(told.window, want, "{case}");
        let retry_after = if want.is_some() { HOUR } else { LONG_TERM };
        assert_eq!(told.retry_after, retry_after, "{case}");
    }
}

#[test]
fn it_is_asked_again_between_a_minute_and_a_day() {
    let document = window("2026-03-03T04:00:00Z", "2026-03-04T04:00:00Z");
    let seconds = |seconds| Some(RetryAfter::Delay(Duration::from_secs(seconds)));
    let cases = [
        ("as told", seconds(21_600), 6 * HOUR),
        ("a date", Some(RetryAfter::At(NOW + time::Duration::HOUR)), HOUR),
        ("a date that is over", Some(RetryAfter::At(NOW - time::Duration::HOUR)), MINUTE),
        ("at once", seconds(0), MINUTE),
        ("a year", seconds(31_536_000), 24 * HOUR),
        ("nothing", None, 6 * HOUR),
    ];
    for (case, asked, want) in cases {
        assert_eq!(RenewalInfo::read(&document, asked, NOW).retry_after, want, "{case}");
    }
}

#[test]
fn an_explanation_is_a_web_page_that_can_be_shown() {
    let long = format!("https://ca.example/{}", "x".repeat(2048));
    let cases = [
        ("https", json!("https://ca.example/why"), true),
        ("http", json!("http://ca.example/why?id=1#x"), true),
        ("another scheme", json!("javascript:alert(1)"), false),
        ("a path", json!("/why"), false),
        ("a line break", json!("https://ca.example/\nx"), false),
        ("what hides", json!("https://ca.example/\u{202e}x"), false),
        ("a novel", json!(long), false),
        ("a number", json!(1), false),
        ("nothing", json!(null), false),
    ];
    for (case, url, want) in cases {
        let told = RenewalInfo::read(&json!({ "explanationURL": url }), None, NOW);
        assert_eq!(told.explanation_url.as_deref(), want.then(|| url.as_str().unwrap()), "{case}");
    }
}

#[test]
fn the_certificate_is_behind_one_slash() {
    let certificate = "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE".parse().unwrap();
    for base in ["https://ca.example/ari", "https://ca.example/ari/", "https://ca.example/ari//"] {
        let want = "https://ca.example/ari/aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE";
        assert_eq!(location(base, &certificate), want, "{base}");
    }
}

#[test]
fn what_may_pass_is_asked_again_soon_and_all_else_later() {
    let url = || "https://ca.example/ari/a.b".to_owned();
    let unreachable = |source| AcmeError::Unreachable { url: url(), source };
    let answered = |status: u16, body: &[u8], seconds: Option<&'static str>| {
        let seconds = seconds.map(|seconds| (RETRY_AFTER, HeaderValue::from_static(seconds)));
        let headers = HeaderMap::from_iter(seconds);
        AcmeError::from_status(url(), StatusCode::from_u16(status).unwrap(), body, &headers)
    };
    let problem = br#"{"type":"urn:ietf:params:acme:error:rateLimited","detail":"Service busy"}"#;
    let (one, two) = ([1, 2, 4, 8, 16, 360], [5, 5, 5, 8, 16, 360]);
    let cases = [
        ("a time-out", unreachable(TransportError::TimedOut { after: HOUR }), one),
        ("a broken answer", unreachable(TransportError::Broken("reset".into())), one),
        ("no connection", unreachable(TransportError::Connect("refused".into())), [360; 6]),
        ("a page of a CA in trouble", answered(502, b"<html>", None), one),
        ("busy", answered(503, problem, Some("300")), two),
        (
            "busy for ever",
            answered(503, problem, Some("31536000")),
            [1440, 1440, 1440, 1440, 1440, 360],
        ),
        ("no such certificate", answered(404, problem, Some("300")), [360; 6]),
        ("a limit", answered(429, problem, Some("300")), [360; 6]),
        ("out of time", AcmeError::Deadline, one),
        ("a CA that is away", AcmeError::Away { until: NOW, reason: String::new() }, one),
    ];
    for (case, error, minutes) in cases {
        let got = [1, 2, 3, 4, 5, 6].map(|failures| renewal_info_retry(&error, failures));
        assert_eq!(got, minutes.map(|minutes| minutes * MINUTE), "{case}");
        assert_eq!(renewal_info_retry(&error, u32::MAX), LONG_TERM, "{case}");
    }
}
