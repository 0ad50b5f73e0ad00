use nws_acme::testing::Endpoint;
use nws_acme::{AccountKey, AcmeError, Ca, Limits, Recovery, RevocationReason};
use nws_expiry::Issued;

use crate::liar::Liar;
use crate::world::{World, registration};

fn der(issued: &Issued) -> &[u8] {
    issued.chain().certificates().next().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_certificate_is_revoked_for_a_reason_and_once() {
    for reason in RevocationReason::ALL {
        let world = World::new().await;
        let revoked = world.obtain(&world.spec("a.example")).await.unwrap();
        let kept = world.obtain(&world.spec("a.example")).await.unwrap();
        world.ca.revoke(&world.account, der(&revoked), reason, &*world.clock).await.unwrap();
        assert_eq!(world.fake.revocation(revoked.leaf().serial()), Some(reason));
        assert_eq!(world.fake.revocation(kept.leaf().serial()), None);

        let again = RevocationReason::Unspecified;
        world.ca.revoke(&world.account, der(&revoked), again, &*world.clock).await.unwrap();
        assert_eq!(
            world.fake.revocation(revoked.leaf().serial()),
            Some(reason),
            "the first stands"
        );
        assert_eq!(world.fake.revoked(), 1);
    }
}

/// What a crash leaves is asked again, and so is what got no answer: it is revoked already.
#[tokio::test(start_paused = true)]
async fn a_revocation_whose_answer_was_lost_is_one() {
    let world = World::new().await;
    let issued = world.obtain(&world.spec("a.example")).await.unwrap();
    world.fake.faults(|faults| faults.break_answer_of = Some(Endpoint::RevokeCert));
    let reason = RevocationReason::Superseded;
    world.ca.revoke(&world.account, der(&issued), reason, &*world.clock).await.unwrap();
    assert_eq!(world.fake.count(Endpoint::RevokeCert), 2);
    assert_eq!(world.fake.revocation(issued.leaf().serial()), Some(reason));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_ours_is_not_revoked() {
    let (world, elsewhere) = (World::new().await, World::new().await);
    let ours = world.obtain(&world.spec("a.example")).await.unwrap();
    let theirs = elsewhere.obtain(&elsewhere.spec("a.example")).await.unwrap();
    let key = AccountKey::generate().unwrap();
    let other = world.ca.register(&key, &registration(), &*world.clock).await.unwrap();
    let cases = [
        ("another account", &other, der(&ours), Recovery::Operator),
        ("another CA's", &world.account, der(&theirs), Recovery::Permanent),
        ("no certificate", &world.account, b"none", Recovery::Permanent),
    ];
    for (case, account, certificate, want) in cases {
        let reason = RevocationReason::KeyCompromise;
        let error = world.ca.revoke(account, certificate, reason, &*world.clock).await.unwrap_err();
        assert!(matches!(error, AcmeError::Refused { .. }), "{case}: {error:?}");
        assert_eq!(error.recovery(), want, "{case}: {error}");
    }
    assert_eq!(world.fake.revoked(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_reason_that_is_refused_is_said() {
    let world = World::new().await;
    let issued = world.obtain(&world.spec("a.example")).await.unwrap();
    let refusal =
        r#"{"type":"urn:ietf:params:acme:error:badRevocationReason","detail":"not by an account"}"#;
    let liar = Liar::new(
        world.fake.transport(),
        "/revoke-cert",
        Box::new(move |answer| answer.status(400).body(refusal)),
    );
    let ca = Ca::new(world.fake.directory_url(), liar, Limits::default());
    let reason = RevocationReason::KeyCompromise;
    let error = ca.revoke(&world.account, der(&issued), reason, &*world.clock).await.unwrap_err();
    assert_eq!(error.recovery(), Recovery::Permanent);
    assert_eq!(
        error.to_string(),
        "https://ca.test/revoke-cert answered 400: badRevocationReason: not by an account"
    );
}
