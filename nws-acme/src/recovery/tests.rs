use std::time::Duration;

use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderValue};

use super::*;

const SOON: RetryAfter = RetryAfter::Delay(Duration::from_secs(60));

fn answered(status: u16, body: &str, retry_after: Option<RetryAfter>) -> AcmeError {
    let status = StatusCode::from_u16(status).unwrap();
    let headers = retry_after.map(|_| (RETRY_AFTER, HeaderValue::from_static("60")));
    let headers = HeaderMap::from_iter(headers);
    AcmeError::from_status("https://ca.example/x".into(), status, body.as_bytes(), &headers)
}

fn problem(kind: &str) -> String {
    format!(r#"{{"type":"urn:ietf:params:acme:error:{kind}","detail":"no"}}"#)
}

#[test]
fn an_answer_says_what_is_next() {
    let away = |retry_after| Recovery::CaAway { retry_after };
    let again = |retry_after| Repeat::AfterPause(retry_after);
    let cases = [
        (
            "too many, until then",
            429,
            "rateLimited",
            Some(SOON),
            Recovery::Wait { retry_after: SOON, scope: LimitScope::Unknown },
            Repeat::Never,
        ),
        ("paused", 429, "rateLimited", None, Recovery::Hold { url: None }, Repeat::Never),
        ("busy", 503, "rateLimited", Some(SOON), away(Some(SOON)), again(Some(SOON))),
        ("the CA's fault", 500, "serverInternal", None, away(None), again(None)),
        ("a nonce too many", 400, "badNonce", None, away(None), Repeat::AtOnce),
        ("terms changed", 403, "userActionRequired", None, Recovery::Operator, Repeat::Never),
        ("account closed", 403, "unauthorized", None, Recovery::Operator, Repeat::Never),
        ("account lost", 400, "accountDoesNotExist", None, Recovery::Account, Repeat::Never),
        (
            "no external account",
            403,
            "externalAccountRequired",
            None,
            Recovery::Operator,
            Repeat::Never,
        ),
        ("a forbidden name", 400, "rejectedIdentifier", None, Recovery::Permanent, Repeat::Never),
        ("an unknown profile", 400, "invalidProfile", None, Recovery::Permanent, Repeat::Never),
        ("CAA at the end", 403, "caa", None, Recovery::Name, Repeat::Never),
        (
            "too early or too late",
            403,
            "orderNotReady",
            None,
            Recovery::Resume { retry_after: None },
            Repeat::Never,
        ),
        ("replaced already", 409, "alreadyReplaced", None, Recovery::Fresh, Repeat::Never),
        ("something new", 400, "novel", None, Recovery::Permanent, Repeat::Never),
    ];
    for (case, status, kind, retry_after, recovery, repeat) in cases {
        let error = answered(status, &problem(kind), retry_after);
        assert_eq!((error.recovery(), error.repeat()), (recovery, repeat), "{case}");
    }
}

#[test]
fn a_page_instead_of_an_answer_is_the_way_to_the_ca() {
    let cases = [
        ("bad gateway", 502, None, Recovery::CaAway { retry_after: None }),
        ("a firewall", 403, None, Recovery::CaAway { retry_after: None }),
        ("a balancer's limit without a time", 429, None, Recovery::CaAway { retry_after: None }),
        (
            "a balancer's limit",
            429,
            Some(SOON),
            Recovery::Wait { retry_after: SOON, scope: LimitScope::Unknown },
        ),
    ];
    for (case, status, retry_after, want) in cases {
        assert_eq!(answered(status, "<html>", retry_after).recovery(), want, "{case}");
    }
}

#[test]
fn what_a_validator_says_is_the_names_fault() {
    let at_fault = [
        "caa",
        "connection",
        "dns",
        "incorrectResponse",
        "tls",
        "unauthorized",
        "malformed",
        "compound",
    ];
    for kind in ProblemKind::KNOWN {
        let is_the_names = rejected(kind) == Recovery::Name;
        assert_eq!(is_the_names, at_fault.contains(&kind.as_str()), "{kind}");
    }
    assert_eq!(rejected(&ProblemKind::ServerInternal), Recovery::Fresh);
    assert_eq!(rejected(&ProblemKind::RejectedIdentifier), Recovery::Permanent);
}
