use std::num::NonZeroUsize;

use http::HeaderMap;
use proptest::prelude::*;
use time::macros::datetime;

use super::*;
use crate::stateless::{Hosts, Stateless};

const KNOWN: &str = "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0";
const UNKNOWN: &str = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA";
const BODY: &str =
    "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0.NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";
const NOT_A_TOKEN: &str = "not a challenge token\n";

#[test]
fn paths_have_one_answer_each() {
    let challenge = |rest: &str| format!("/.well-known/acme-challenge/{rest}");
    let cases = [
        ("known token", challenge(KNOWN), 200, BODY),
        ("query", challenge(&format!("{KNOWN}?x=1")), 200, BODY),
        ("query with a second mark", challenge(&format!("{KNOWN}?a?b")), 200, BODY),
        ("unknown token", challenge(UNKNOWN), 404, "no such challenge\n"),
        ("token in another case", challenge(&KNOWN.to_lowercase()), 404, "no such challenge\n"),
        ("short token", challenge("abc"), 404, NOT_A_TOKEN),
        ("no token", challenge(""), 404, NOT_A_TOKEN),
        ("token and a slash", challenge(&format!("{KNOWN}/")), 404, NOT_A_TOKEN),
        ("token below the token", challenge(&format!("{KNOWN}/{KNOWN}")), 404, NOT_A_TOKEN),
        ("whole key authorization", challenge(BODY), 404, NOT_A_TOKEN),
        ("percent-encoded", challenge(&KNOWN.replacen('L', "%4C", 1)), 404, NOT_A_TOKEN),
        ("markup", challenge("<script>alert(1)</script>"), 404, NOT_A_TOKEN),
        ("climbing", challenge("../../../../../etc/passwd"), 404, NOT_A_TOKEN),
        ("the directory itself", "/.well-known/acme-challenge".to_owned(), 404, "not found\n"),
        ("a deeper prefix", format!("/x/.well-known/acme-challenge/{KNOWN}"), 404, "not found\n"),
        ("a doubled slash", format!("//.well-known/acme-challenge/{KNOWN}"), 404, "not found\n"),
        ("another case", format!("/.Well-Known/acme-challenge/{KNOWN}"), 404, "not found\n"),
        ("health", "/healthz".to_owned(), 200, "ok"),
        ("health with a query", "/healthz?full".to_owned(), 200, "ok"),
        ("below health", "/healthz/".to_owned(), 404, "not found\n"),
        ("root", "/".to_owned(), 404, "not found\n"),
        ("nothing", String::new(), 404, "not found\n"),
        ("asterisk form", "*".to_owned(), 404, "not found\n"),
        ("metrics", "/metrics".to_owned(), 404, "not found\n"),
    ];
    for (case, path, status, body) in cases {
        let got = respond(get(&path), &answers());
        assert_eq!(
            (got.status().as_u16(), got.body().as_ref()),
            (status, body.as_bytes()),
            "{case}"
        );

        let head = respond(Question { method: &Method::HEAD, ..get(&path) }, &answers());
        assert_eq!((head.status(), head.headers()), (got.status(), got.headers()), "HEAD: {case}");
        assert!(head.body().is_empty(), "HEAD: {case}");
    }
}

#[test]
fn only_get_and_head_are_allowed() {
    let known = format!("/.well-known/acme-challenge/{KNOWN}");
    let cases = [
        ("POST to a challenge", Method::POST, known.as_str(), 405),
        ("PUT to a challenge", Method::PUT, &known, 405),
        ("DELETE of a challenge", Method::DELETE, &known, 405),
        ("PATCH of a challenge", Method::PATCH, &known, 405),
        ("OPTIONS of a challenge", Method::OPTIONS, &known, 405),
        ("TRACE of a challenge", Method::TRACE, &known, 405),
        ("an extension method", Method::from_bytes(b"PROPFIND").unwrap(), &known, 405),
        ("methods in lower case are others", Method::from_bytes(b"get").unwrap(), &known, 405),
        ("POST to what is no token", Method::POST, "/.well-known/acme-challenge/abc", 405),
        ("POST to health", Method::POST, "/healthz", 405),
        ("POST elsewhere", Method::POST, "/", 404),
        ("CONNECT", Method::CONNECT, "", 404),
    ];
    for (case, method, path, status) in cases {
        let got = respond(Question { method: &method, ..get(path) }, &answers());
        assert_eq!(got.status(), status, "{case}");
        let allow = (status == 405).then_some("GET, HEAD");
        assert_eq!(header(got.headers(), "allow"), allow, "{case}");
    }
}

#[test]
fn every_response_says_what_it_is() {
    let paths = [(Method::GET, "/healthz"), (Method::GET, "/"), (Method::POST, "/healthz")];
    for (method, path) in paths {
        let got = respond(Question { method: &method, ..get(path) }, &answers());
        let length = got.body().len().to_string();
        for (name, want) in [
            ("content-type", "text/plain"),
            ("content-length", &length),
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
        ] {
            assert_eq!(header(got.headers(), name), Some(want), "{method} {path}: {name}");
        }
    }
}

#[test]
fn a_withdrawn_challenge_is_unknown() {
    let answers = answers();
    answers.withdraw(&KNOWN.parse().unwrap());
    let got = respond(get(&format!("/.well-known/acme-challenge/{KNOWN}")), &answers);
    assert_eq!(got.status(), StatusCode::NOT_FOUND);
}

/// The table comes first: it has the key authorization of the key the challenge was offered to, which may be changed by now.
#[test]
fn tokens_that_no_order_brought_are_answered_where_that_is_wanted() {
    const NEXT: &str = "9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI";
    let next = || NEXT.parse().unwrap();
    let hosts = || [("shop.example", next())].into_iter().collect::<Hosts>();
    let known_hosts = || Stateless::KnownHosts(hosts());
    let any = || Stateless::Any { otherwise: next(), hosts: Hosts::default() };
    let unseen = format!("{UNKNOWN}.{NEXT}");
    let cases = [
        ("off", Stateless::Off, UNKNOWN, Some("shop.example"), None),
        ("known host", known_hosts(), UNKNOWN, Some("shop.example"), Some(&*unseen)),
        ("another host", known_hosts(), UNKNOWN, Some("www.example"), None),
        ("no host", known_hosts(), UNKNOWN, None, None),
        ("any host", any(), UNKNOWN, Some("www.example"), Some(&*unseen)),
        ("any, no host", any(), UNKNOWN, None, Some(&*unseen)),
        ("any, no token", any(), "abc", Some("shop.example"), None),
        ("in the table, known host", known_hosts(), KNOWN, Some("shop.example"), Some(BODY)),
        ("in the table, another host", known_hosts(), KNOWN, Some("www.example"), Some(BODY)),
        ("in the table, any", any(), KNOWN, None, Some(BODY)),
    ];
    for (case, stateless, token, host, want) in cases {
        let answers = answers();
        answers.answer_others(stateless);
        let path = format!("/.well-known/acme-challenge/{token}");
        let got = respond(Question { host, ..get(&path) }, &answers);
        let body = (got.status() == StatusCode::OK).then(|| got.body().as_ref());
        assert_eq!(body, want.map(str::as_bytes), "{case}");
    }
}

#[test]
fn a_request_is_for_one_host_or_none() {
    let cases: [(&str, &str, &[&str], Option<&str>); 5] = [
        ("a header", "/", &["shop.example"], Some("shop.example")),
        ("none", "/", &[], None),
        ("two", "/", &["shop.example", "shop.example"], None),
        ("an absolute target", "http://shop.example:80/", &["www.example"], Some("shop.example")),
        ("not ASCII", "/", &["sh\u{f6}p.example"], None),
    ];
    for (case, target, hosts, want) in cases {
        let mut request = Request::builder().uri(target);
        for host in hosts {
            request = request.header(HOST, HeaderValue::from_bytes(host.as_bytes()).unwrap());
        }
        assert_eq!(Question::of(&request.body(()).unwrap()).host, want, "{case}");
    }
}

proptest! {
    /// No path but the token's own gets the key authorization, and none is echoed.
    #[test]
    fn other_paths_learn_nothing(rest in "(/healthz|/.well-known/acme-challenge/)?.*") {
        let got = respond(get(&rest), &answers());
        let fixed: [&[u8]; 4] = [b"ok", b"not found\n", NOT_A_TOKEN.as_bytes(), b"no such challenge\n"];
        prop_assert!(fixed.contains(&got.body().as_ref()), "{:?}", got.body());
    }
}

fn get(path: &str) -> Question<'_> {
    Question { method: &Method::GET, path, host: None }
}

fn answers() -> Answers {
    let answers = Answers::new(NonZeroUsize::MIN);
    let authorization: KeyAuthorization = BODY.parse().unwrap();
    answers.put(authorization, datetime!(2026-03-02 12:00 UTC)).unwrap();
    answers
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap())
}
