use std::time::Duration;

use nws_acme::{Ca, Limits, Recovery, RetryAfter};
use serde_json::json;

use super::{AWAY, FRESH, PAGE, RESUME, case, check};
use crate::liar::{Answer, Body, Liar};
use crate::world::World;

#[tokio::test(start_paused = true)]
async fn about_an_order() {
    check(|_| {
        vec![
            case("a page, of the CA", "/order/", |answer| answer.body(PAGE), FRESH),
            case(
                "a page, of somebody else",
                "/order/",
                |answer| answer.without("replay-nonce").body(PAGE),
                AWAY,
            ),
            case(
                "it is not there, says somebody else",
                "/order/",
                |answer| answer.status(404).without("replay-nonce").body(PAGE),
                FRESH,
            ),
            case("nothing", "/order/", |answer| answer.body(""), FRESH),
            case("another shape", "/order/", |answer| answer.body(r#"{"status":[]}"#), FRESH),
            case(
                "a status nobody knows, at length",
                "/order/",
                |answer| answer.with("/status", "\u{1b}ready".repeat(50_000)),
                FRESH,
            ),
            case("pending for ever", "/order/", |answer| answer.with("/status", "pending"), RESUME),
            case(
                "processing for ever",
                "/order/",
                |answer| answer.with("/status", "processing"),
                RESUME,
            ),
            case(
                "processing for ten years",
                "/finalize/",
                |answer| answer.with("/status", "processing").header("retry-after", "315360000"),
                Some(Recovery::Resume {
                    retry_after: Some(RetryAfter::Delay(Duration::from_secs(315_360_000))),
                }),
            ),
            case(
                "valid without a certificate",
                "/finalize/",
                |answer| answer.with("/certificate", json!(null)),
                FRESH,
            ),
            case(
                "a certificate elsewhere",
                "/finalize/",
                |answer| answer.with("/certificate", "https://elsewhere.test/certificate/0"),
                FRESH,
            ),
            case(
                "finalizing elsewhere",
                "/order/",
                |answer| answer.with("/finalize", "http://ca.test/finalize/0"),
                FRESH,
            ),
            case(
                "invalid without a reason",
                "/order/",
                |answer| answer.with("/status", "invalid"),
                FRESH,
            ),
            case(
                "valid, but pending again",
                "/",
                |answer| {
                    if answer.has("/certificate") {
                        return answer.with("/certificate", json!(null)).with("/status", "pending");
                    }
                    answer
                },
                RESUME,
            ),
            case(
                "ready, then pending",
                "/finalize/",
                |answer| answer.with("/status", "pending"),
                None,
            ),
            case(
                "it leads round in circles",
                "/order/",
                |answer| {
                    answer
                        .status(302)
                        .header("location", "/order/0")
                        .without("replay-nonce")
                        .body("")
                },
                AWAY,
            ),
            case("it ends too soon", "/order/", |answer| answer.coming(Body::Broken), AWAY),
            case("it never ends", "/order/", |answer| answer.coming(Body::Endless), FRESH),
            case(
                "it never ends, of somebody else",
                "/order/",
                |answer| answer.without("replay-nonce").coming(Body::Endless),
                AWAY,
            ),
            case("it trickles", "/order/", |answer| answer.coming(Body::Trickling), AWAY),
        ]
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn about_a_name() {
    let token = "/challenges/1/token";
    check(|_| {
        vec![
            case("a page", "/authorization/", |answer| answer.body(PAGE), FRESH),
            case("no token", "/authorization/", move |answer| answer.with(token, ""), FRESH),
            case(
                "a token that is a path",
                "/authorization/",
                move |answer| answer.with(token, "../../../../etc/passwd-0123456789"),
                FRESH,
            ),
            case(
                "a name of control characters",
                "/authorization/",
                move |answer| {
                    answer.with(token, "").with("/identifier/value", "\u{1b}[2J\u{202e}".repeat(10_000))
                },
                FRESH,
            ),
            case(
                "no challenge",
                "/authorization/",
                |answer| answer.with("/challenges", json!([])),
                Some(Recovery::Permanent),
            ),
            case(
                "a thousand challenges nobody knows",
                "/authorization/",
                |answer| {
                    let novel = json!({ "type": "\u{7}novel", "url": "https://ca.test/novel/0", "status": "pending" });
                    answer.with("/challenges", vec![novel; 1000])
                },
                Some(Recovery::Permanent),
            ),
            case(
                "a challenge elsewhere",
                "/authorization/",
                |answer| answer.with("/challenges/1/url", "https://elsewhere.test/challenge/0"),
                FRESH,
            ),
            case("a page for an offer", "/challenge/", |answer| answer.body(PAGE), FRESH),
        ]
    })
    .await;
}

/// Boulder says so while it validates what was offered before a crash.
#[tokio::test(start_paused = true)]
async fn an_offer_that_was_made_before_is_made() {
    let mut world = World::new().await;
    world.fake.faults(|faults| faults.validation_polls = 3);
    let conflict = |answer: Answer| {
        answer.status(409).body(r#"{"type":"urn:ietf:params:acme:error:conflict","detail":"no"}"#)
    };
    let liar = Liar::new(world.fake.transport(), "/challenge/", Box::new(conflict));
    world.ca = Ca::new(world.fake.directory_url(), liar, Limits::default());
    world.obtain(&world.spec("a.example")).await.unwrap();
}
