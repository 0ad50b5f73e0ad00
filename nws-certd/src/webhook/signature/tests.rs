use hyper::header::{HeaderName, HeaderValue};

use super::*;

/// The example of GitHub's documentation.
const GITHUB_SECRET: &[u8] = b"It's a Secret to Everybody";
const GITHUB_BODY: &[u8] = b"Hello, World!";
const GITHUB_TAG: &str = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

/// The example of the Standard Webhooks specification.
const STANDARD_SECRET: &[u8] = b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const STANDARD_BODY: &[u8] = br#"{"test": 2432232314}"#;
const STANDARD_TAG: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
const STANDARD_ID: (&str, &str) = ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek");
const STANDARD_TIME: (&str, &str) = ("webhook-timestamp", "1614265330");

type Headers<'a> = Vec<(&'a str, &'a str)>;

#[test]
fn each_way_to_prove_the_secret() {
    let hub = format!("sha256={GITHUB_TAG}");
    let cases: [(&str, &[u8], &[u8], Headers); 6] = [
        ("GitHub", GITHUB_SECRET, GITHUB_BODY, vec![(HUB, &hub)]),
        ("Gitea", GITHUB_SECRET, GITHUB_BODY, vec![("x-gitea-signature", GITHUB_TAG)]),
        ("Forgejo", GITHUB_SECRET, GITHUB_BODY, vec![("x-forgejo-signature", GITHUB_TAG)]),
        ("Gogs", GITHUB_SECRET, GITHUB_BODY, vec![("x-gogs-signature", GITHUB_TAG)]),
        ("GitLab", GITHUB_SECRET, b"any", vec![(TOKEN, "It's a Secret to Everybody")]),
        (
            "Standard Webhooks",
            STANDARD_SECRET,
            STANDARD_BODY,
            vec![STANDARD_ID, STANDARD_TIME, (STANDARD, STANDARD_TAG)],
        ),
    ];
    for (case, secret, body, headers) in cases {
        assert!(holds(secret, body, &headers), "{case}");
        assert!(!holds(b"another secret, as long", body, &headers), "{case}, another secret");
    }
}

#[test]
fn every_proof_that_is_there_has_to_be_right() {
    let hub = format!("sha256={GITHUB_TAG}");
    let sha1 = "sha1=3a7b5ec5ff1c6ea0b5dd0a8c3f6f0a7a6a4c9d0e";
    let other = GITHUB_TAG.replace('7', "8");
    let upper = GITHUB_TAG.to_uppercase();
    let bare = "x-gitea-signature";
    let cases = [
        ("none", vec![], false),
        ("only the old SHA-1", vec![("x-hub-signature", sha1)], false),
        ("the old SHA-1 is passed over", vec![(HUB, &*hub), ("x-hub-signature", sha1)], true),
        ("two right ones", vec![(HUB, &hub), (bare, GITHUB_TAG)], true),
        ("one of two wrong", vec![(HUB, &hub), (bare, &other)], false),
        ("one of two empty", vec![(HUB, &hub), (bare, "")], false),
        (
            "one of two a wrong token",
            vec![(HUB, &hub), (TOKEN, "It's a Secret to Everybod")],
            false,
        ),
        ("the same twice", vec![(HUB, &hub), (HUB, &hub)], false),
        ("upper case", vec![(bare, &upper)], false),
        ("without its algorithm", vec![(HUB, GITHUB_TAG)], false),
        ("with an algorithm too many", vec![(bare, &hub)], false),
        ("of Standard Webhooks, without a signing token", standard(STANDARD_TAG), false),
    ];
    for (case, headers, want) in cases {
        assert_eq!(holds(GITHUB_SECRET, GITHUB_BODY, &headers), want, "{case}");
    }
}

#[test]
fn one_of_several_standard_signatures_is_enough() {
    let with = |text: &str| text.replace("right", STANDARD_TAG);
    let cases = [
        ("alone", with("right"), true),
        ("after an older one", with("v1,AAAA right"), true),
        ("before one of another version", with("right v1a,AAAA"), true),
        ("of another version", with("right").replace("v1", "v2"), false),
        ("none that is right", with("v1,AAAA v1,"), false),
        ("glued together", with("rightright"), false),
        ("empty", with(""), false),
    ];
    for (case, text, want) in &cases {
        assert_eq!(holds(STANDARD_SECRET, STANDARD_BODY, &standard(text)), *want, "{case}");
    }
    let without_time = [STANDARD_ID, (STANDARD, STANDARD_TAG)];
    assert!(!holds(STANDARD_SECRET, STANDARD_BODY, &without_time), "what is signed is missing");
}

/// No second text or body passes for a first, not even another spelling of the same bytes.
#[test]
fn any_flipped_bit_is_refused() {
    let hub = format!("sha256={GITHUB_TAG}");
    let secret = str::from_utf8(GITHUB_SECRET).unwrap();
    let signed: [(&[u8], &[u8], Headers); 5] = [
        (GITHUB_SECRET, GITHUB_BODY, vec![(HUB, &hub)]),
        (GITHUB_SECRET, GITHUB_BODY, vec![("x-gitea-signature", GITHUB_TAG)]),
        (GITHUB_SECRET, GITHUB_BODY, vec![("x-forgejo-signature", GITHUB_TAG)]),
        (GITHUB_SECRET, b"", vec![(TOKEN, secret)]),
        (STANDARD_SECRET, STANDARD_BODY, standard(STANDARD_TAG)),
    ];
    for (secret, body, headers) in &signed {
        for body in flips(body) {
            assert!(!holds(secret, &body, headers), "{headers:?} over {body:?}");
        }
        for at in 0..headers.len() {
            let (name, value) = headers[at];
            for value in flips(value.as_bytes()) {
                let mut map = map(headers);
                let Ok(value) = HeaderValue::from_bytes(&value) else { continue };
                map.insert(HeaderName::from_bytes(name.as_bytes()).unwrap(), value.clone());
                assert!(!map_holds(secret, body, &map), "{name}: {value:?}");
            }
        }
    }
}

fn flips(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    (0..bytes.len() * 8).map(|bit| {
        let mut flipped = bytes.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        flipped
    })
}

fn standard(signatures: &str) -> Headers<'_> {
    vec![STANDARD_ID, STANDARD_TIME, (STANDARD, signatures)]
}

fn holds(secret: &[u8], body: &[u8], headers: &[(&str, &str)]) -> bool {
    map_holds(secret, body, &map(headers))
}

fn map(headers: &[(&str, &str)]) -> HeaderMap {
    let parse = |&(name, value): &(&str, &str)| {
        (HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse::<HeaderValue>().unwrap())
    };
    let mut map = HeaderMap::new();
    headers.iter().map(parse).for_each(|(name, value)| {
        map.append(name, value);
    });
    map
}

fn map_holds(secret: &[u8], body: &[u8], headers: &HeaderMap) -> bool {
    let secret = WebhookSecret::new(secret).unwrap();
    Claims::of(headers).is_some_and(|claims| claims.hold(&secret, body))
}
