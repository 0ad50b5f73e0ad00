//! The body of the fuzz target on changed copies of what clients write, for those who have no fuzzer: `PROPTEST_CASES` says how
//! many.

use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::Index;

use crate::import::tests::{certificate, chained, sec1};

const CONF: &str = "[renewalparams]\naccount = 9f0e\nserver = https://ca.example/directory\n";
const JSON: &str = r#"{"domain": "a.example", "certUrl": "https://ca.example/cert/06a1"}"#;
const JWK: &str = r#"{"kty": "EC", "crv": "P-256", "x": "AQ", "y": "AQ", "d": "AQ"}"#;

/// What both clients write, in the order of the body.
static SEEDS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let (alone, key) = certificate(&["a.example", "b.example"]);
    let (chain, other) = chained("a.example");
    let old = sec1(&key);
    let all = [
        [&*alone, &key, CONF, "ca.example/directory/9f0e"],
        [&*alone, &old, JSON, "ca.example/ops/keys/ops"],
        [&*chain, &other, JSON, ""],
        [&*chain, JWK, CONF, "ca.example/9f0e"],
    ];
    all.map(|parts| parts.join("\0").into_bytes()).to_vec()
});

proptest! {
    #[test]
    fn import(
        seed in 0..4_usize,
        set in proptest::collection::vec(any::<(Index, u8)>(), 0..4),
        cut in proptest::option::weighted(0.2, any::<(Index, Index)>()),
    ) {
        let mut bytes = SEEDS[seed].clone();
        for (at, byte) in set {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some((one, other)) = cut {
            let (one, other) = (one.index(bytes.len()), other.index(bytes.len()));
            drop(bytes.drain(one.min(other)..one.max(other)));
        }
        super::import(&bytes);
    }
}
