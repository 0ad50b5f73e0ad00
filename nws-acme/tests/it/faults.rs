use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use nws_acme::testing::{Endpoint, Faults, Outage};
use nws_acme::{
    AccountKey, AcmeError, Availability, Ca, Clock as _, Limits, OrderError, OrderSpec, Rates,
    Recovery, ResponseBody, RetryAfter, Step, Transport, TransportError, obtain,
};
use proptest::prelude::*;
use tokio::time::Instant;

use crate::world::{World, registration};

/// How a CA is made to misbehave.
type Change = fn(&mut Faults);

#[tokio::test(start_paused = true)]
async fn a_ca_with_moods_still_issues() {
    let cases: [(&str, Change); 7] = [
        ("every second nonce bad", |faults| faults.bad_nonce_every = 2),
        ("every third nonce bad", |faults| faults.bad_nonce_every = 3),
        ("every fourth request fails", |faults| faults.server_error_every = 4),
        ("two failures in a row", |faults| faults.server_errors_next = 2),
        ("slow to validate", |faults| faults.validation_polls = 5),
        ("slow to issue", |faults| faults.processing_polls = 5),
        ("all at once", |faults| {
            *faults = Faults {
                bad_nonce_every: 3,
                server_error_every: 5,
                validation_polls: 3,
                processing_polls: 3,
                ..Faults::default()
            };
        }),
    ];
    for (case, change) in cases {
        let world = World::new().await;
        world.fake.faults(change);
        let outcome = world.obtain(&world.spec("a.example b.example")).await;
        assert!(outcome.is_ok(), "{case}: {outcome:?}");
        assert_eq!(world.fake.issued(), 1, "{case}");
        assert_eq!(world.journal.orders().len(), 1, "{case}");
    }
}

#[tokio::test(start_paused = true)]
async fn patience_with_a_ca_has_an_end() {
    let cases: [(&str, Change); 2] = [
        ("no nonce is good", |faults| faults.bad_nonce_every = 1),
        ("no request is answered", |faults| faults.server_error_every = 1),
    ];
    for (case, change) in cases {
        let world = World::new().await;
        world.fake.faults(change);
        let error = world.obtain(&world.spec("a.example")).await.unwrap_err();
        assert!(
            matches!(&error, OrderError::Request { step: Step::NewOrder, .. }),
            "{case}: {error}"
        );
        assert_eq!(error.recovery(), Recovery::CaAway { retry_after: None }, "{case}");
        assert!(world.fake.count(Endpoint::NewOrder) <= 30, "{case}");
        assert!(world.elapsed() <= Duration::from_secs(30), "{case}");
    }
}

/// A nonce that is refused is nobody's failure: it costs no time but its turns, and none of the tries that failures have.
#[tokio::test(start_paused = true)]
async fn refused_nonces_and_failures_are_counted_apart() {
    let rates = Rates::LETS_ENCRYPT.at_most(NonZeroU32::MAX);
    let cases = [("nonces alone", 29, 0), ("failures alone", 0, 2), ("both", 29, 2)];
    for (case, bad_nonces_next, server_errors_next) in cases {
        let world = World::new().await;
        world.fake.faults(|faults| {
            (faults.bad_nonces_next, faults.server_errors_next) =
                (bad_nonces_next, server_errors_next);
        });
        world.obtain(&world.spec("a.example")).await.unwrap();
        let world = World::with_limits(Limits { rates, ..Limits::default() }).await;
        world.fake.faults(|faults| {
            (faults.bad_nonces_next, faults.server_errors_next) =
                (bad_nonces_next, server_errors_next);
        });
        let key = AccountKey::generate().unwrap();
        world.ca.register(&key, &registration(), &*world.clock).await.unwrap();
        let pauses = [0, 500, 1500][server_errors_next as usize];
        assert_eq!(world.elapsed(), Duration::from_millis(pauses), "{case}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_ca_that_accepts_no_nonce_is_asked_thirty_times() {
    let world = World::new().await;
    world.fake.faults(|faults| faults.bad_nonce_every = 1);
    let before = world.fake.count(Endpoint::NewAccount);
    let key = AccountKey::generate().unwrap();
    let error = world.ca.register(&key, &registration(), &*world.clock).await.unwrap_err();
    assert_eq!(error.recovery(), Recovery::CaAway { retry_after: None }, "{error}");
    assert_eq!(world.fake.count(Endpoint::NewAccount) - before, 30);
    assert_eq!(world.fake.count(Endpoint::NewNonce), 1, "each refusal brings the next nonce");
}

#[tokio::test(start_paused = true)]
async fn a_ca_that_is_away_is_named_as_such() {
    let minutes = |minutes: u64| Some(RetryAfter::Delay(Duration::from_secs(minutes * 60)));
    let cases = [
        ("no connection", Outage::Refused, None),
        ("no answer", Outage::Hang, None),
        ("a page that says 503", Outage::Busy { retry_after: None }, None),
        ("and for how long", Outage::Busy { retry_after: Some("1800".into()) }, minutes(30)),
    ];
    for (case, outage, retry_after) in cases {
        let world = World::new().await;
        world.fake.faults(|faults| faults.outage = Some(outage));
        let error = world.obtain(&world.spec("a.example")).await.unwrap_err();
        assert_eq!(error.recovery(), Recovery::CaAway { retry_after }, "{case}");
        let limits = Limits::default();
        assert!(world.fake.count(Endpoint::NewNonce) <= 1 + 3, "{case}");
        assert!(world.elapsed() <= limits.request * 3 + Duration::from_secs(2), "{case}");

        world.fake.faults(|faults| faults.outage = None);
        world.wait_until_asked().await;
        world.obtain(&world.spec("a.example")).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_web_page_says_is_shown_and_not_parsed() {
    let world = World::new().await;
    world
        .fake
        .faults(|faults| faults.outage = Some(Outage::Busy { retry_after: Some("600".into()) }));
    let error = world.obtain(&world.spec("a.example")).await.unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(
        source,
        r#"https://ca.test/new-order answered 503 without saying why: "<html>\\nbusy</html>""#
    );
}

#[tokio::test(start_paused = true)]
async fn the_deadline_holds_while_nobody_answers() {
    let world = World::new().await;
    world.fake.faults(|faults| faults.outage = Some(Outage::Hang));
    let deadline = world.clock.now() + Duration::from_secs(10);
    let spec = OrderSpec { deadline, ..world.spec("a.example") };
    let error = world.obtain(&spec).await.unwrap_err();
    assert!(matches!(error, OrderError::Request { source: AcmeError::Deadline, .. }), "{error}");
    assert_eq!(world.clock.now(), deadline);
}

#[tokio::test(start_paused = true)]
async fn an_old_directory_serves_while_its_page_is_away() {
    let world = World::new().await;
    world.obtain(&world.spec("a.example")).await.unwrap();
    assert_eq!(world.fake.count(Endpoint::Directory), 1);
    tokio::time::sleep(Limits::default().directory).await;
    world.obtain(&world.spec("b.example")).await.unwrap();
    assert_eq!(world.fake.count(Endpoint::Directory), 2, "read again after its time");

    tokio::time::sleep(Limits::default().directory).await;
    for outage in [Outage::Refused, Outage::Hang, Outage::Busy { retry_after: None }] {
        world.fake.faults(|faults| {
            (faults.outage, faults.outage_at) = (Some(outage), vec![Endpoint::Directory]);
        });
        for names in ["c.example", "d.example"] {
            world.obtain(&world.spec(names)).await.unwrap();
        }
        tokio::time::sleep(Limits::default().directory).await;
    }
    assert_eq!(world.fake.count(Endpoint::Directory), 2 + 3, "once each time, not by each order");
}

/// Even one that is to find out whether the CA is back.
#[tokio::test(start_paused = true)]
async fn a_front_page_that_is_away_keeps_no_order_waiting() {
    let world = World::new().await;
    world.fake.faults(|faults| faults.outage = Some(Outage::Refused));
    world.obtain(&world.spec("a.example")).await.unwrap_err();
    tokio::time::sleep(Limits::default().directory).await;
    assert_eq!(world.ca.availability(world.clock.now()), Availability::Probe);
    world.fake.faults(|faults| faults.outage_at = vec![Endpoint::Directory]);
    world.obtain(&world.spec("a.example")).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn nothing_is_asked_before_it_is_needed() {
    let world = World::new().await;
    world.fake.faults(|faults| faults.outage = Some(Outage::Refused));
    let ca = Ca::new(world.fake.directory_url(), world.fake.transport(), Limits::default());
    let spec = world.spec("a.example");
    let error =
        obtain(&ca, &world.account, &spec, &world.journal, &*world.clock).await.unwrap_err();
    assert!(matches!(error, OrderError::Request { step: Step::Directory, .. }), "{error}");
    assert_eq!(error.recovery(), Recovery::CaAway { retry_after: None });
}

/// Answers everything with the same page.
struct Page(&'static str);

#[async_trait]
impl Transport for Page {
    async fn send(&self, _: Request<Bytes>) -> Result<Response<ResponseBody>, TransportError> {
        Ok(Response::new(
            Full::new(Bytes::from(self.0)).map_err(|never| match never {}).boxed_unsync(),
        ))
    }
}

#[tokio::test(start_paused = true)]
async fn a_directory_that_is_none_is_refused_at_once() {
    let world = World::new().await;
    let limits = Limits { body: 100, ..Limits::default() };
    let cases = [
        (
            "<!doctype html>",
            Recovery::CaAway { retry_after: None },
            r#"https://ca.test/directory answered with something that is no ACME: "<!doctype html>""#,
        ),
        (
            "{}",
            Recovery::Operator,
            r#"https://ca.test/directory is no ACME directory: it has no newNonce; the answer begins "{}""#,
        ),
        (
            // longer than the limit of this test
            include_str!("faults.rs"),
            Recovery::CaAway { retry_after: None },
            "no answer from https://ca.test/directory",
        ),
    ];
    for (page, recovery, want) in cases {
        let ca = Ca::new(world.fake.directory_url(), Arc::new(Page(page)), limits);
        let start = Instant::now();
        let spec = world.spec("a.example");
        let error =
            obtain(&ca, &world.account, &spec, &world.journal, &*world.clock).await.unwrap_err();
        assert_eq!(error.recovery(), recovery);
        assert_eq!(std::error::Error::source(&error).unwrap().to_string(), want);
        assert_eq!(start.elapsed(), Duration::ZERO, "asking again would bring the same");
    }
}

fn faults() -> impl Strategy<Value = Faults> {
    let rates = (prop_oneof![Just(0), 2..9u32], prop_oneof![Just(0), 4..12u32]);
    (rates, 0..9u32, 0..6u32, 0..6u32, any::<bool>(), prop::option::of(0..9u32)).prop_map(
        |(
            (bad_nonce_every, server_error_every),
            next,
            validation_polls,
            processing_polls,
            reuse,
            pause,
        )| Faults {
            bad_nonce_every,
            server_error_every,
            server_errors_next: next,
            validation_polls,
            processing_polls,
            reuse_authorizations: reuse,
            retry_after: pause.map(|seconds| seconds.to_string()),
            ..Faults::default()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever the mix, for whoever waits as told two orders become two certificates, with no order made twice and a bounded
    /// number of requests.
    #[test]
    fn any_mix_of_passing_faults_ends_in_certificates(faults in faults()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let world = World::new().await;
            world.fake.faults(|present| *present = faults);
            for names in ["a.example b.example", "a.example"] {
                world.obtain_patiently(&world.spec(names)).await;
            }
            assert_eq!((world.fake.issued(), world.journal.orders().len()), (2, 2));
            let asked: usize = [Endpoint::NewOrder, Endpoint::Order, Endpoint::Challenge, Endpoint::Finalize]
                .map(|endpoint| world.fake.count(endpoint)).iter().sum();
            assert!(asked < 150, "{asked} requests");
        });
    }
}
