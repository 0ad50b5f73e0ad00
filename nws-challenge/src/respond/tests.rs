use std::num::NonZeroUsize;

use http::HeaderMap;
use proptest::prelude::*;
use time::macros::datetime;

use super::*;
use crate::key_authorization::KeyAuthorization;

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
        let got = respond(&Method::GET, &path, &answers());
        assert_eq!(
            (got.status().as_u16(), got.body().as_ref()),
            (status, body.as_bytes()),
            "{case}"
        );

        let head = respond(&Method::HEAD, &path, &answers());
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
        let got = respond(&method, path, &answers());
        assert_eq!(got.status(), status, "{case}");
        let allow = (status == 405).then_some("GET, HEAD");
        assert_eq!(header(got.headers(), "allow"), allow, "{case}");
    }
}

#[test]
fn every_response_says_what_it_is() {
    let paths = [(Method::GET, "/healthz"), (Method::GET, "/"), (Method::POST, "/healthz")];
    for (method, path) in paths {
        let got = respond(&method, path, &answers());
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
    let got = respond(&Method::GET, &format!("/.well-known/acme-challenge/{KNOWN}"), &answers);
    assert_eq!(got.status(), StatusCode::NOT_FOUND);
}

proptest! {
    /// No path but the token's own gets the key authorization, and none is echoed.
    #[test]
    fn other_paths_learn_nothing(rest in "(/healthz|/.well-known/acme-challenge/)?.*") {
        let got = respond(&Method::GET, &rest, &answers());
        let fixed: [&[u8]; 4] = [b"ok", b"not found\n", NOT_A_TOKEN.as_bytes(), b"no such challenge\n"];
        prop_assert!(fixed.contains(&got.body().as_ref()), "{:?}", got.body());
    }
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
