//! What is to be revoked, and what was.

use nws_acme::RevocationReason;

use super::*;

fn wish(made: &Made, replacing: bool) -> Revocation {
    let der = made.chain.certificates().next().unwrap();
    let reason = RevocationReason::Superseded;
    Revocation {
        leaf: made.chain.leaf().clone(),
        der: der.into(),
        ca: CA.into(),
        reason,
        replacing,
    }
}

fn asked(made: &Made, replacing: bool) -> Step {
    let (wish, at) = (Box::new(wish(made, replacing)), NOON);
    Step::RevocationAsked { wish, certificates: vec![made.certificate.clone()], at }
}

async fn known(bench: &Bench) -> RevocationFacts {
    let mut known = bench.later().await.load().await.unwrap().revocations;
    assert_eq!(known.len(), 1, "{known:?}");
    known.remove(0)
}

#[tokio::test]
async fn a_revocation_is_kept_until_it_is_done_and_then_for_good() {
    let bench = Bench::new().await;
    let made = bench.intend("a.example").await;
    let fingerprint = made.chain.leaf().fingerprint();
    bench.store.write(asked(&made, true)).await.unwrap();
    let until = NOON + Duration::DAY;
    let failed = || Step::RevocationFailed { fingerprint, error: "not yours".into(), until };
    bench.store.write(failed()).await.unwrap();
    let waits = known(&bench).await;
    assert_eq!(waits.wish.leaf.fingerprint(), fingerprint);
    assert_eq!(
        (&*waits.wish.der, waits.wish.ca.as_str()),
        (made.chain.certificates().next().unwrap(), CA)
    );
    assert_eq!((waits.wish.reason, waits.wish.replacing), (RevocationReason::Superseded, true));
    assert_eq!(
        (waits.failures, waits.wait_until, waits.last_error.as_deref(), waits.revoked_at),
        (1, Some(until), Some("not yours"), None)
    );

    bench.store.write(asked(&made, false)).await.unwrap();
    let again = known(&bench).await;
    assert_eq!((again.failures, again.wait_until, again.wish.replacing), (0, None, false));

    for step in [Step::Revoked { fingerprint, at: until }, failed(), asked(&made, true)] {
        bench.store.write(step).await.unwrap();
        let over = known(&bench).await;
        assert_eq!((over.revoked_at, over.failures, over.wish.replacing), (Some(until), 0, false));
    }
}

#[tokio::test]
async fn what_is_to_be_replaced_does_not_wait() {
    let bench = Bench::new().await;
    let made = bench.intend("a.example").await;
    bench.store.write(made.ended()).await.unwrap();
    bench.store.write(asked(&made, false)).await.unwrap();
    let certificate = &bench.store.load().await.unwrap().certificates[0];
    assert_eq!(
        (certificate.failures, certificate.wait_until, certificate.asked_at),
        (0, None, None)
    );
}

#[tokio::test]
async fn the_key_of_a_revoked_certificate_and_the_certificate_before_are_known() {
    let bench = Bench::new().await;
    let old = bench.intend("a.example").await;
    bench.store.write(old.issued()).await.unwrap();
    let new = bench.intend("a.example").await;
    bench.store.write(new.issued()).await.unwrap();
    let previous = bench.later().await.previous().await.unwrap();
    let previous: Vec<_> = previous.into_iter().map(|one| (one.key, one.chain, one.ca)).collect();
    assert_eq!(previous, [(old.certificate.clone(), old.chain.clone(), Some(CA.to_owned()))]);

    bench.store.write(asked(&old, false)).await.unwrap();
    for (made, want) in [(&old, true), (&new, false)] {
        let key = made.chain.leaf().public_key();
        assert_eq!(bench.store.is_key_of_revoked(key).await.unwrap(), want);
    }
}
