//! Renewal information (RFC 9773 §4) of certificates that the CA issued.

use std::time::Duration;

use nws_acme::testing::{Endpoint, Outage, Renewal};
use nws_acme::{
    AcmeError, Availability, Ca, CertificateId, Clock as _, Limits, RenewalInfo, renewal_info_retry,
};
use nws_expiry::Window;
use time::macros::datetime;

use crate::world::World;

const HOUR: Duration = Duration::from_secs(3600);

async fn certificate(world: &World) -> CertificateId {
    let issued = world.obtain(&world.spec("a.example")).await.unwrap();
    CertificateId::of(issued.leaf()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_ca_says_when_to_renew() {
    let world = World::new().await;
    let id = certificate(&world).await;
    let told = world.ca.renewal_info(&id, &*world.clock).await.unwrap().unwrap();
    let window = told.window.unwrap();
    assert_eq!((window.end() - window.start()).whole_hours(), 43, "a fiftieth of 90 days");
    assert_eq!((told.explanation_url, told.retry_after), (None, 6 * HOUR));

    let (start, end) = (datetime!(2026-03-01 0:00 UTC), datetime!(2026-03-01 0:30 UTC));
    let why = "https://ca.test/incident/7";
    let revoked = Renewal::window(start, end).explained(why).retry_after(Some("3600"));
    world.fake.renewal(&id, revoked);
    let want = RenewalInfo {
        window: Window::new(start, end),
        explanation_url: Some(why.into()),
        retry_after: HOUR,
    };
    assert_eq!(world.ca.renewal_info(&id, &*world.clock).await.unwrap(), Some(want));
    assert_eq!(world.fake.count(Endpoint::RenewalInfo), 2);
}

#[tokio::test(start_paused = true)]
async fn half_an_answer_is_read_as_far_as_it_goes() {
    let (start, end) = (datetime!(2026-05-01 0:00 UTC), datetime!(2026-05-02 0:00 UTC));
    let cases = [
        ("no time to ask again", Renewal::window(start, end).retry_after(None), true),
        ("a window turned around", Renewal::window(end, start), false),
        ("an empty window", Renewal::window(start, start), false),
        ("another document", Renewal::body(&serde_json::json!({ "error": 1 })), false),
        ("no object", Renewal::body(&serde_json::json!([])), false),
    ];
    let world = World::new().await;
    let id = certificate(&world).await;
    for (case, renewal, has_window) in cases {
        world.fake.renewal(&id, renewal);
        let told = world.ca.renewal_info(&id, &*world.clock).await.unwrap().unwrap();
        assert_eq!((told.window.is_some(), told.retry_after), (has_window, 6 * HOUR), "{case}");
    }
}

/// Whatever becomes of it, and however often: orders are another matter.
#[tokio::test(start_paused = true)]
async fn no_failure_of_it_keeps_an_order_waiting() {
    let outage = |outage| {
        move |world: &World, _: &CertificateId| {
            world.fake.faults(|faults| {
                (faults.outage, faults.outage_at) = (Some(outage), vec![Endpoint::RenewalInfo]);
            });
        }
    };
    let renewal = |renewal: Renewal| {
        move |world: &World, id: &CertificateId| {
            world.fake.renewal(id, renewal);
        }
    };
    type Break = Box<dyn FnOnce(&World, &CertificateId)>;
    let cases: [(&str, Break, u64); 7] = [
        ("no connection", Box::new(outage(Outage::Refused)), 360),
        ("no answer", Box::new(outage(Outage::Hang)), 1),
        ("busy", Box::new(outage(Outage::Busy { retry_after: Some("120".into()) })), 2),
        ("a page", Box::new(renewal(Renewal::page())), 360),
        ("no such certificate", Box::new(renewal(Renewal::refused(404))), 360),
        ("a bad request", Box::new(renewal(Renewal::refused(400))), 360),
        ("its own fault", Box::new(renewal(Renewal::refused(500))), 1),
    ];
    for (case, fail, minutes) in cases {
        let world = World::new().await;
        let id = certificate(&world).await;
        fail(&world, &id);
        for _ in 0..5 {
            let error = world.ca.renewal_info(&id, &*world.clock).await.unwrap_err();
            let retry = renewal_info_retry(&error, 1);
            assert_eq!(retry, Duration::from_secs(60 * minutes), "{case}: {error}");
        }
        assert_eq!(world.fake.count(Endpoint::RenewalInfo), 5, "{case}: once each");
        assert_eq!(world.ca.availability(world.clock.now()), Availability::Up, "{case}");
        world.obtain(&world.spec("b.example")).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_ca_that_is_left_alone_is_not_asked_for_it() {
    let world = World::new().await;
    let id = certificate(&world).await;
    world.fake.faults(|faults| faults.outage = Some(Outage::Refused));
    world.obtain(&world.spec("b.example")).await.unwrap_err();
    let error = world.ca.renewal_info(&id, &*world.clock).await.unwrap_err();
    assert!(matches!(error, AcmeError::Away { .. }), "{error:?}");
    assert_eq!(world.fake.count(Endpoint::RenewalInfo), 0);
}

#[tokio::test(start_paused = true)]
async fn a_directory_that_cannot_be_read_for_it_says_nothing_of_the_ca() {
    let world = World::new().await;
    let id = certificate(&world).await;
    let ca = Ca::new(world.fake.directory_url(), world.fake.transport(), Limits::default());
    world.fake.faults(|faults| faults.outage = Some(Outage::Refused));
    let error = ca.renewal_info(&id, &*world.clock).await.unwrap_err();
    assert!(matches!(error, AcmeError::Unreachable { .. }), "{error:?}");
    assert_eq!(ca.availability(world.clock.now()), Availability::Up);
}

#[tokio::test(start_paused = true)]
async fn a_ca_may_have_none() {
    let world = World::new().await;
    let id = certificate(&world).await;
    world.fake.faults(|faults| faults.no_renewal_info = true);
    let ca = Ca::new(world.fake.directory_url(), world.fake.transport(), Limits::default());
    assert_eq!(ca.renewal_info(&id, &*world.clock).await.unwrap(), None);
    assert_eq!(world.fake.count(Endpoint::RenewalInfo), 0);
}
