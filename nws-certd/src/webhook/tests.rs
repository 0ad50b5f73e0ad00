use aws_lc_rs::hmac::{self, HMAC_SHA256};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hyper::StatusCode;

use super::*;
use crate::captured_log::Log;
use world::{SECRET, World};

mod world;

const MAIN: &str = r#"{"ref":"refs/heads/main","before":"0a","after":"0b","commits":[]}"#;
const OTHER: &str = r#"{"ref":"refs/heads/main2"}"#;
const TAG: &str = r#"{"ref":"refs/tags/main"}"#;
const GONE: &str = r#"{"ref":"refs/heads/main","deleted":true,"after":"0000"}"#;
const PING: &str = r#"{"zen":"Design for failure.","hook_id":1}"#;
const JSON: &str = "content-type: application/json";
const FORM: &str = "Content-Type: application/x-www-form-urlencoded";

#[tokio::test]
async fn a_push_of_the_branch_is_a_hint() {
    let form = "payload=%7B%22ref%22%3A%22refs%2Fheads%2Fmain%22%7D";
    let token = format!("X-Gitlab-Token: {SECRET}");
    let (hub, bare) = (format!("sha256={}", tag(MAIN)), tag(MAIN));
    let forgejo = format!(
        "X-Forgejo-Event: push\r\nX-Gitea-Event: push\r\nX-Gogs-Event: push\r\nX-GitHub-Event: push\r\n\
         X-Forgejo-Signature: {bare}\r\nX-Gitea-Signature: {bare}\r\nX-Gogs-Signature: {bare}\r\n\
         X-Hub-Signature: sha1=00\r\nX-Hub-Signature-256: {hub}\r\n{JSON}"
    );
    let cases = [
        ("GitHub", github("push", MAIN), MAIN),
        ("GitHub, a form", format!("X-GitHub-Event: push\r\n{}\r\n{FORM}", signed(form)), form),
        ("GitHub, a deletion", github("push", GONE), GONE),
        ("GitLab", format!("X-Gitlab-Event: Push Hook\r\n{token}\r\n{JSON}"), MAIN),
        ("Gitea", format!("X-Gitea-Event: push\r\nX-Gitea-Signature: {bare}\r\n{JSON}"), MAIN),
        ("Gogs", format!("X-Gogs-Event: push\r\nX-Gogs-Signature: {bare}\r\n{JSON}"), MAIN),
        ("Forgejo", forgejo, MAIN),
        ("a charset", format!("{}; charset=utf-8", github("push", MAIN)), MAIN),
    ];
    let world = World::start().await;
    for (case, headers, body) in cases {
        let answer = world.post(&headers, body).await;
        assert_eq!((answer.status, &*answer.text), (202, "the push of main is noted\n"), "{case}");
        assert!(world.hinted(), "{case}");
    }
    world.stop().await;
}

#[tokio::test]
async fn gitlab_signs_with_a_signing_token() {
    let token = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let world = World::start_with(token).await;
    let key = hmac::Key::new(HMAC_SHA256, &BASE64_STANDARD.decode(&token.as_bytes()[6..]).unwrap());
    let content = format!("msg_1.1614265330.{MAIN}");
    let encoded = BASE64_STANDARD.encode(hmac::sign(&key, content.as_bytes()).as_ref());
    let headers = format!(
        "X-Gitlab-Event: Push Hook\r\n{JSON}\r\nwebhook-id: msg_1\r\nwebhook-timestamp: 1614265330\r\n\
         webhook-signature: v1,{encoded}"
    );
    assert_eq!(world.post(&headers, MAIN).await.status, 202);
    assert!(world.hinted());
    assert_eq!(world.post(&headers, GONE).await.status, 401);
    assert!(!world.hinted());
    world.stop().await;
}

#[tokio::test]
async fn everything_else_is_no_hint() {
    let token = format!("X-Gitlab-Token: {SECRET}\r\n{JSON}");
    let unsigned = format!("X-GitHub-Event: push\r\n{JSON}");
    let others = format!("X-GitHub-Event: push\r\n{JSON}\r\n{}", signed(OTHER));
    let short = format!("X-Gitlab-Event: Push Hook\r\nX-Gitlab-Token: {}\r\n{JSON}", &SECRET[1..]);
    let gitea = format!("X-Gitea-Event: push\r\nX-Gitea-Signature: {}", tag(MAIN));
    let cases = [
        ("another branch", github("push", OTHER), OTHER, 200),
        ("a tag", github("push", TAG), TAG, 200),
        ("a tag of GitLab", format!("X-Gitlab-Event: Tag Push Hook\r\n{token}"), TAG, 200),
        ("a system hook of GitLab", format!("X-Gitlab-Event: System Hook\r\n{token}"), MAIN, 200),
        ("a ping", github("ping", PING), PING, 200),
        ("another event", github("issues", MAIN), MAIN, 200),
        ("an event we never read", github("issues", "no JSON"), "no JSON", 200),
        ("no signature", unsigned, MAIN, 401),
        ("the signature of another body", others, MAIN, 401),
        ("a part of the token", short, MAIN, 401),
        ("no provider", format!("{}\r\n{JSON}", signed(MAIN)), MAIN, 400),
        ("no JSON", github("push", "Hello, World!"), "Hello, World!", 400),
        ("no ref", github("push", PING), PING, 400),
        ("no body", github("push", ""), "", 400),
        ("no content type", format!("X-GitHub-Event: push\r\n{}", signed(MAIN)), MAIN, 415),
        ("a form of Gitea", format!("{gitea}\r\n{FORM}"), MAIN, 415),
    ];
    let world = World::start().await;
    for (case, headers, body, want) in cases {
        let answer = world.post(&headers, body).await;
        assert_eq!(answer.status, want, "{case}: {}", answer.text);
        assert!(!world.hinted(), "{case}");
    }
    world.stop().await;
}

#[tokio::test]
async fn other_requests_are_told_what_is_here() {
    let cases = [
        ("GET /healthz", 200, "ok\n"),
        ("HEAD /healthz", 200, ""),
        ("POST /healthz", 405, "only GET, HEAD is possible here\n"),
        ("GET /webhook", 405, "only POST is possible here\n"),
        ("PUT /webhook", 405, "only POST is possible here\n"),
        ("GET /", 404, "there is nothing here; deliver to /webhook\n"),
        ("POST /webhook/", 404, "there is nothing here; deliver to /webhook\n"),
        (
            "POST /webhook?secret=x",
            400,
            "no event header of GitHub, GitLab, Gitea, Forgejo or Gogs; \
          choose one of them as the webhook's kind\n",
        ),
    ];
    let world = World::start().await;
    for (line, status, text) in cases {
        let answer = world.ask(&format!("{line} HTTP/1.1\r\nConnection: close\r\n\r\n")).await;
        assert_eq!((answer.status, &*answer.text), (status, text), "{line}");
        assert_eq!(answer.head.contains("allow: "), status == 405, "{line}: {}", answer.head);
    }
    world.stop().await;
}

#[tokio::test]
async fn a_refusal_never_says_which_part_of_a_proof_is_wrong() {
    let world = World::start().await;
    let unsigned = format!("X-GitHub-Event: push\r\n{JSON}");
    let wrong = format!("{unsigned}\r\nX-Hub-Signature-256: sha256={}", tag(OTHER));
    let absent = world.post(&unsigned, MAIN).await;
    let wrong = world.post(&wrong, MAIN).await;
    assert_eq!(absent.text, wrong.text);
    assert_eq!(absent.status, StatusCode::UNAUTHORIZED.as_u16());
    world.stop().await;
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_unread() {
    let world = World::start().await;
    let head = format!(
        "POST /webhook HTTP/1.1\r\nContent-Length: {}\r\n{}\r\n\r\n",
        25 * 1024 * 1024 + 1,
        github("push", MAIN)
    );
    assert_eq!(world.ask(&head).await.status, 413);
    assert!(!world.hinted());
    world.stop().await;
}

#[tokio::test]
async fn who_is_slow_blocks_nobody() {
    let world = World::start().await;
    let mut slow = Vec::new();
    let unfinished = [
        String::new(),
        "POST /webhook HTTP/1.1\r\nX-".into(),
        format!(
            "POST /webhook HTTP/1.1\r\nContent-Length: 25000000\r\n{}\r\n\r\n{{",
            github("push", "{")
        ),
    ];
    for text in unfinished.iter().cycle().take(CONNECTIONS - 1) {
        slow.push(world.open(text).await);
    }
    assert_eq!(world.post(&github("push", MAIN), MAIN).await.status, 202);
    assert!(world.hinted());
    drop(slow);
    world.stop().await;
}

#[tokio::test]
async fn pushes_that_nobody_looked_at_yet_are_one_hint() {
    let world = World::start().await;
    for _ in 0..3 {
        assert_eq!(world.post(&github("push", MAIN), MAIN).await.status, 202);
    }
    assert!(world.hinted());
    assert!(!world.hinted());
    world.stop().await;
}

#[tokio::test]
async fn the_log_has_a_push_each_and_refusals_once_and_nothing_of_what_was_sent() {
    let marked = r#"{"ref":"refs/heads/main","pusher":"marker"}"#;
    let wrong = format!("{}\r\nX-GitHub-Delivery: marker", github("push", OTHER));
    let deliver = async || {
        let world = World::start().await;
        for _ in 0..3 {
            assert_eq!(world.post(&wrong, marked).await.status, 401);
            assert_eq!(world.post(&github("push", marked), marked).await.status, 202);
        }
        world.stop().await;
    };
    let noted = r#"push noted provider=github reference="refs/heads/main""#;
    let (mut lines, mut all) = ((0, 0), String::new());
    // A line that another thread comes to just as the log is opened may stay shut; the next time it opens.
    for _ in 0..100 {
        let log = Log::open();
        deliver().await;
        let text = log.close();
        lines = (text.matches(noted).count(), text.matches(" WARN ").count());
        all += &text;
        assert!(lines <= (3, 1), "a line was written twice: {text}");
        if lines == (3, 1) {
            break;
        }
    }
    assert_eq!(lines, (3, 1), "{all}");
    for secret in ["marker", SECRET, &tag(marked), &tag(OTHER)] {
        assert!(!all.contains(secret), "{all}");
    }
}

fn github(event: &str, body: &str) -> String {
    format!("X-GitHub-Event: {event}\r\n{}\r\n{JSON}", signed(body))
}

fn signed(body: &str) -> String {
    format!("X-Hub-Signature-256: sha256={}", tag(body))
}

fn tag(body: &str) -> String {
    let key = hmac::Key::new(HMAC_SHA256, SECRET.as_bytes());
    hmac::sign(&key, body.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
