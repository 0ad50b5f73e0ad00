use std::time::Duration;

use nws_acme::{LimitScope, Recovery, RetryAfter};
use serde_json::json;

use super::{AWAY, FRESH, OPERATOR, PAGE, case, check};

#[tokio::test(start_paused = true)]
async fn about_itself() {
    check(|_| {
        vec![
            case("a page for a directory", "/directory", |answer| answer.body(PAGE), AWAY),
            case("an empty directory", "/directory", |answer| answer.body(""), AWAY),
            case(
                "a directory of another shape",
                "/directory",
                |answer| answer.body("[1]"),
                OPERATOR,
            ),
            case(
                "a directory without TLS",
                "/directory",
                |answer| answer.with("/newOrder", "http://ca.test/new-order"),
                OPERATOR,
            ),
            case(
                "a directory whose URL is none",
                "/directory",
                |answer| answer.with("/newNonce", "https://ca test/\r\nnonce"),
                OPERATOR,
            ),
            case(
                "a directory of another host",
                "/directory",
                |answer| answer.with("/newOrder", "https://elsewhere.test/new-order"),
                AWAY,
            ),
            case(
                "a directory that says who it is in another shape",
                "/directory",
                |answer| answer.with("/meta", json!({ "profiles": ["classic"] })),
                AWAY,
            ),
            case(
                "a directory that leads round in circles",
                "/directory",
                |answer| answer.status(302).header("location", "/directory").body(""),
                AWAY,
            ),
            case("no nonce", "/new-nonce", |answer| answer.without("replay-nonce"), AWAY),
            case(
                "a nonce that is no text",
                "/new-nonce",
                |mut answer| {
                    let bytes = http::HeaderValue::from_bytes(b"\xff\xfe").unwrap();
                    answer.headers.insert("replay-nonce", bytes);
                    answer
                },
                AWAY,
            ),
            case("no nonce but the first", "/order", |answer| answer.without("replay-nonce"), None),
            case(
                "a nonce that is always bad",
                "/",
                |answer| answer.header("replay-nonce", "x"),
                AWAY,
            ),
            case(
                "a nonce that is elsewhere",
                "/new-nonce",
                |answer| {
                    answer.status(301).header("location", "/new-nonce").without("replay-nonce")
                },
                AWAY,
            ),
            case(
                "ten years of rest",
                "/new-order",
                |answer| {
                    answer
                        .status(429)
                        .header("retry-after", "315360000")
                        .body(r#"{"type":"urn:ietf:params:acme:error:rateLimited"}"#)
                },
                Some(Recovery::Wait {
                    retry_after: RetryAfter::Delay(Duration::from_secs(315_360_000)),
                    scope: LimitScope::Unknown,
                }),
            ),
        ]
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn about_a_new_order() {
    check(|_| {
        vec![
            case("a page, of the CA", "/new-order", |answer| answer.body(PAGE), None),
            case(
                "a page, of somebody else",
                "/new-order",
                |answer| answer.status(200).without("location").without("replay-nonce").body(PAGE),
                AWAY,
            ),
            case("no order URL", "/new-order", |answer| answer.without("location"), AWAY),
            case(
                "an order URL without TLS",
                "/new-order",
                |answer| answer.header("location", "http://ca.test/order/0"),
                AWAY,
            ),
            case(
                "an order URL elsewhere",
                "/new-order",
                |answer| answer.header("location", "https://169.254.169.254/order/0"),
                AWAY,
            ),
            case(
                "an order URL that is none",
                "/new-order",
                |answer| answer.header("location", "/order/0"),
                AWAY,
            ),
            case("no authorizations", "/new-order", |answer| answer.with("/authorizations", json!([])), FRESH),
            case(
                "ten thousand authorizations",
                "/new-order",
                |answer| answer.with("/authorizations", vec!["https://ca.test/authorization/0"; 10_000]),
                FRESH,
            ),
            case(
                "an authorization elsewhere",
                "/new-order",
                |answer| answer.with("/authorizations", json!(["https://elsewhere.test/authorization/0"])),
                FRESH,
            ),
            case(
                "a novel for a reason",
                "/new-order",
                |answer| {
                    let novel = "\u{1b}[2J\r\n\u{202e}chapter ".repeat(30_000);
                    let document = json!({ "type": "urn:ietf:params:acme:error:malformed", "detail": novel });
                    answer.status(400).body(document.to_string())
                },
                Some(Recovery::Permanent),
            ),
            case(
                "ten thousand reasons",
                "/new-order",
                |answer| {
                    let one = json!({
                        "type": "urn:\u{7}:x", "detail": "no\u{7}", "identifier": { "type": "dns", "value": "\u{7}" }
                    });
                    let many = vec![one; 10_000];
                    let document = json!({ "type": "urn:ietf:params:acme:error:rejectedIdentifier", "subproblems": many });
                    answer.status(403).body(document.to_string())
                },
                Some(Recovery::Permanent),
            ),
        ]
    })
    .await;
}
