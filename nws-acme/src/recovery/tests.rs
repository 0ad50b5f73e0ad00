use std::time::Duration;

use http::header::{HeaderName, LINK, RETRY_AFTER};
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

/// Its name, the status, the headers and, after the type's URN, the body of an answer; what is next, and whether to ask again.
type Case<'a> = (&'a str, u16, &'a [(HeaderName, &'a str)], &'a str, Recovery, Repeat);

/// Let's Encrypt's answers as it sends them, and what its documentation wants done about each.
#[test]
fn what_lets_encrypt_says() {
    let wait = |scope| Recovery::Wait { retry_after: SOON, scope };
    let limited: &[(HeaderName, &str)] =
        &[(RETRY_AFTER, "60"), (LINK, r#"<https://letsencrypt.org/docs/rate-limits>;rel="help""#)];
    let unpause =
        "https://sfe.example/sfe/v1/unpause?jwt=eyJhbGciOiJIUzI1NiJ9.eyJpYXQiOjF9.c2ln-_x";
    let away = || Recovery::CaAway { retry_after: Some(SOON) };
    let cases: [Case<'_>; 19] = [
        (
            "the same set too often",
            429,
            limited,
            r#""rateLimited","detail":"too many certificates (5) already issued for this exact set of identifiers in the last 168h0m0s, retry after 2026-11-24 10:00:00 UTC: see https://letsencrypt.org/docs/rate-limits/#new-certificates-per-exact-set-of-identifiers""#,
            wait(LimitScope::ExactSet),
            Repeat::Never,
        ),
        (
            "too many orders",
            429,
            limited,
            r#""rateLimited","detail":"too many new orders (300) from this account in the last 3h0m0s, retry after 2026-11-24 10:00:00 UTC: see https://letsencrypt.org/docs/rate-limits/#new-orders-per-account""#,
            wait(LimitScope::Account),
            Repeat::Never,
        ),
        (
            "too many names of a domain",
            429,
            limited,
            r#""rateLimited","detail":"Error creating new order :: too many certificates (50) already issued for \"example.com\" in the last 168h0m0s, retry after 2026-11-24 10:00:00 UTC: see https://letsencrypt.org/docs/rate-limits/#new-certificates-per-registered-domain""#,
            wait(LimitScope::RegisteredDomain),
            Repeat::Never,
        ),
        (
            "too many failures of a name",
            429,
            limited,
            r#""rateLimited","detail":"too many failed authorizations (5) for \"www.example.com\" in the last 1h0m0s, retry after 2026-11-24 10:00:00 UTC: see https://letsencrypt.org/docs/rate-limits/#authorization-failures-per-identifier-per-account""#,
            wait(LimitScope::Identifier),
            Repeat::Never,
        ),
        (
            "too many accounts",
            429,
            limited,
            r#""rateLimited","detail":"too many new registrations (10) from this IP address in the last 3h0m0s, retry after 2026-11-24 10:00:00 UTC: see https://letsencrypt.org/docs/rate-limits/#new-registrations-per-ip-address""#,
            wait(LimitScope::Client),
            Repeat::Never,
        ),
        (
            "paused",
            429,
            &limited[1..],
            &format!(
                r#""rateLimited","detail":"Your account is temporarily prevented from requesting certificates for a.example, b.example and possibly others. Please visit: {unpause}""#
            ),
            Recovery::Hold { url: Some(unpause.into()) },
            Repeat::Never,
        ),
        (
            "busy",
            503,
            &limited[..1],
            r#""rateLimited","detail":"Service busy; retry later.""#,
            away(),
            Repeat::AfterPause(Some(SOON)),
        ),
        (
            "in trouble",
            500,
            &limited[..1],
            r#""serverInternal","detail":"Error creating new order""#,
            away(),
            Repeat::AfterPause(Some(SOON)),
        ),
        (
            "a used nonce",
            400,
            &[],
            r#""badNonce","detail":"Unable to validate JWS :: JWS has an invalid anti-replay nonce: \"x\"""#,
            Recovery::CaAway { retry_after: None },
            Repeat::AtOnce,
        ),
        (
            "a forbidden name",
            400,
            &[],
            r#""rejectedIdentifier","detail":"Error creating new order :: Cannot issue for \"example.org\": The ACME server refuses to issue a certificate for this domain name, because it is forbidden by policy","subproblems":[]"#,
            Recovery::Permanent,
            Repeat::Never,
        ),
        (
            "no public suffix",
            400,
            &[],
            r#""malformed","detail":"Error creating new order :: Cannot issue for \"shop.example\": Domain name does not end with a valid public suffix (TLD)""#,
            Recovery::Permanent,
            Repeat::Never,
        ),
        (
            "an address",
            400,
            &[],
            r#""unsupportedIdentifier","detail":"NewOrder request included unsupported identifier: type \"ip\"""#,
            Recovery::Permanent,
            Repeat::Never,
        ),
        (
            "no such profile",
            400,
            &[],
            r#""invalidProfile","detail":"Invalid certificate profile, \"x\": not a recognized profile name""#,
            Recovery::Permanent,
            Repeat::Never,
        ),
        (
            "a bad request",
            400,
            &[],
            r#""badCSR","detail":"Error finalizing order :: CSR is missing""#,
            Recovery::Permanent,
            Repeat::Never,
        ),
        (
            "a weak key",
            400,
            &[],
            r#""badPublicKey","detail":"Error finalizing order :: weak key""#,
            Recovery::Permanent,
            Repeat::Never,
        ),
        (
            "not for this account",
            403,
            &[],
            r#""unauthorized","detail":"account ID 1 is not permitted to use certificate profile \"shortlived\"""#,
            Recovery::Operator,
            Repeat::Never,
        ),
        (
            "being validated already",
            409,
            &[],
            r#""conflict","detail":"challenge is being validated""#,
            Recovery::Resume { retry_after: None },
            Repeat::Never,
        ),
        (
            "no account",
            400,
            &[],
            r#""accountDoesNotExist","detail":"Account \"https://ca.example/acct/1\" not found""#,
            Recovery::Account,
            Repeat::Never,
        ),
        (
            "new terms",
            403,
            &[(LINK, r#"<https://ca.example/terms/v8>;rel="terms-of-service""#)],
            r#""userActionRequired","detail":"Terms of service have changed""#,
            Recovery::Operator,
            Repeat::Never,
        ),
    ];
    for (case, status, headers, rest, recovery, repeat) in cases {
        let body = format!(
            r#"{{"type":"urn:ietf:params:acme:error:{},"status":{status}}}"#,
            rest.trim_start_matches('"')
        );
        let headers = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap()));
        let status = StatusCode::from_u16(status).unwrap();
        let url = "https://ca.example/x".into();
        let error = AcmeError::from_status(url, status, body.as_bytes(), &headers.collect());
        assert!(!matches!(error, AcmeError::Unexplained { .. }), "{case}: {body}");
        assert_eq!((error.recovery(), error.repeat()), (recovery, repeat), "{case}");
    }
}

#[test]
fn new_terms_are_shown_with_their_url() {
    let link = HeaderValue::from_static(r#"<https://ca.example/terms/v8>;rel="terms-of-service""#);
    let headers = HeaderMap::from_iter([(LINK, link)]);
    let (url, status) = ("https://ca.example/x".to_owned(), StatusCode::FORBIDDEN);
    let cases = [
        (r#""detail":"changed""#, "https://ca.example/terms/v8"),
        (r#""detail":"changed","instance":"https://ca.example/agree""#, "https://ca.example/agree"),
    ];
    for (members, want) in cases {
        let body =
            format!(r#"{{"type":"urn:ietf:params:acme:error:userActionRequired",{members}}}"#);
        let error = AcmeError::from_status(url.clone(), status, body.as_bytes(), &headers);
        assert_eq!(
            error.to_string(),
            format!("https://ca.example/x answered 403: userActionRequired: changed; see {want}")
        );
    }
}

/// In doubt it is about the replaced certificate; but not what names the account, the names, the profile, a limit or an outage.
#[test]
fn which_refusals_may_be_about_what_is_replaced() {
    let cases = [
        (409, "alreadyReplaced", true),
        (409, "malformed", true),
        (409, "conflict", true),
        (409, "rejectedIdentifier", true),
        (404, "malformed", true),
        (403, "unauthorized", true),
        (400, "malformed", true),
        (400, "novel", true),
        (500, "serverInternal", true),
        (503, "serverInternal", false),
        (503, "rateLimited", false),
        (429, "rateLimited", false),
        (429, "novel", false),
        (400, "badNonce", false),
        (400, "accountDoesNotExist", false),
        (403, "userActionRequired", false),
        (400, "rejectedIdentifier", false),
        (400, "invalidProfile", false),
    ];
    for (status, kind, want) in cases {
        let error = answered(status, &problem(kind), None);
        assert_eq!(error.may_be_about_replacing(), want, "{status} {kind}");
    }
    for (status, want) in [(404, true), (403, true), (429, false), (502, false)] {
        let error = answered(status, "<html>", None);
        assert_eq!(error.may_be_about_replacing(), want, "{status} without a word");
    }
}
