//! The body of the fuzz target on changed copies of what validators, edges and proxies send, for those who have no fuzzer:
//! `PROPTEST_CASES` says how many.

use proptest::prelude::*;
use proptest::sample::Index;

const SEEDS: [&[u8]; 6] = [
    b"GET /.well-known/acme-challenge/LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0 HTTP/1.1\r\nHost: shop.example\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\nHEAD /.well-known/acme-challenge/LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    b"POST /healthz HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
    b"POST /.well-known/acme-challenge/abc HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
    b"PROXY TCP4 192.0.2.1 198.51.100.2 56324 80\r\nGET http://a.example/healthz?x HTTP/1.1\r\n\r\n",
    b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0f\xc0\0\x02\x01\xc6\x33\x64\x02\xdc\x04\0\x50\x04\0\0GET /healthz HTTP/1.0\r\n\r\n",
];

/// Without a change each is answered: otherwise nothing is tried but refusals.
#[test]
fn seeds_are_answered() {
    use crate::serve::Opening::{Http, ProxyHeader};
    let openings = [Http, Http, Http, Http, ProxyHeader, ProxyHeader];
    let statuses = ["200 OK", "200 OK", "405", "405", "200 OK", "200 OK"];
    for ((seed, opening), status) in SEEDS.into_iter().zip(openings).zip(statuses) {
        let said = super::said(opening, seed);
        let seed_text = String::from_utf8_lossy(seed);
        assert!(
            said.starts_with("HTTP/1.") && said[9..].starts_with(status),
            "{seed_text:?}: {said:?}"
        );
        super::challenge(seed);
    }
}

#[test]
fn what_the_listener_never_says_is_noticed() {
    let cases = [
        ("an answer", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", true),
        ("to HEAD", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n", true),
        ("another body", "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nsecret", false),
        ("a refusal as an answer", "HTTP/1.1 200 OK\r\n\r\nnot found\n", false),
        ("an answer as a refusal", "HTTP/1.1 404 Not Found\r\n\r\nok", false),
        ("another header", "HTTP/1.1 200 OK\r\nserver: us\r\n\r\nok", false),
        ("half a response", "HTTP/1.1 200 OK\r\nserver: us\r\n", false),
    ];
    for (case, said, is_ours) in cases {
        assert_eq!(super::stranger(said).is_none(), is_ours, "{case}");
    }
}

proptest! {
    #[test]
    fn challenge(
        seed in 0..SEEDS.len(),
        set in proptest::collection::vec(any::<(Index, u8)>(), 0..4),
        cut in proptest::option::weighted(0.2, any::<(Index, Index)>()),
        again in 1..3_usize,
    ) {
        let mut bytes = SEEDS[seed].repeat(again);
        for (at, byte) in set {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some((one, other)) = cut {
            let (one, other) = (one.index(bytes.len()), other.index(bytes.len()));
            drop(bytes.drain(one.min(other)..one.max(other)));
        }
        super::challenge(&bytes);
    }
}
