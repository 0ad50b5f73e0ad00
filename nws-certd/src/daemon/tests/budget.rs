//! What a CA allows is counted before it has to refuse.

use nws_acme::LimitScope;
use nws_acme::testing::{Answer, Endpoint, Instead, Outage};
use nws_expiry::budget::Limits;
use time::Duration;

use super::world::Place::{First, Second};
use super::world::{SHOP, World, apps};
use crate::daemon::Daemon;
use crate::report::{CertificateReport, Report, Stage};

/// Five new orders at once, one more each hour; a fifth is for renewals.
fn five() -> Limits {
    Limits { new_orders: Some("5/5h".parse().unwrap()), ..Limits::LETS_ENCRYPT }
}

async fn limited(ingress: &str, limits: Limits) -> (World, Daemon) {
    let world = World::with(ingress).await;
    *world.limits.lock().unwrap() = limits;
    let daemon = world.daemon().await;
    (world, daemon)
}

fn waiting(report: &Report) -> Vec<&CertificateReport> {
    report.certificates.iter().filter(|one| one.stage == Stage::Waiting).collect()
}

const SIX: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

#[tokio::test]
async fn what_the_ca_would_refuse_is_not_asked_for_and_is_told_when() {
    let (world, mut daemon) = limited(&apps(&SIX), five()).await;
    let (begun, report) = (world.now(), world.settle(&mut daemon).await);
    assert_eq!(world.ca.orders(), 4);
    let [first, second] = &waiting(&report)[..] else { panic!("{report:?}") };
    let after = |one: &CertificateReport| one.next.at - begun;
    let mut waits = [after(first), after(second)];
    waits.sort();
    assert_eq!(waits, [Duration::HOUR, Duration::hours(2)]);
    let told = "the limit of 5/5h for new orders of the account is used up";
    for one in [first, second] {
        let said = one.last_error.as_deref().unwrap();
        assert!(said.contains(told) || said.contains("kept for renewals"), "{said}");
    }
    world.pass(Duration::HOUR);
    world.settle(&mut daemon).await;
    assert_eq!(world.ca.orders(), 5, "an hour later there is one more");
    world.pass(Duration::HOUR);
    let report = world.settle(&mut daemon).await;
    assert_eq!((world.ca.orders(), waiting(&report).len()), (6, 0));
}

#[tokio::test]
async fn what_was_used_is_known_after_a_restart() {
    let (world, mut daemon) = limited(&apps(&SIX[..4]), five()).await;
    world.settle(&mut daemon).await;
    drop(daemon);
    world.somebody_writes("apps/more.yaml", &apps(&SIX[4..]));
    let report = world.settle(&mut world.daemon().await).await;
    assert_eq!((world.ca.orders(), waiting(&report).len()), (4, 2));
}

#[tokio::test]
async fn renewals_are_free_of_what_new_orders_have_used_up() {
    let (world, mut daemon) = limited(SHOP, five()).await;
    let first = world.settle(&mut daemon).await;
    world.pass(first.certificates[0].next.at - world.now());
    world.somebody_writes("apps/more.yaml", &apps(&SIX));
    let report = world.settle(&mut daemon).await;
    assert_eq!(waiting(&report).len(), 2);
    assert_eq!(world.ca.orders(), 1 + 1 + 4, "the first, its renewal, and what is left");
}

#[tokio::test]
async fn a_limit_that_is_used_up_is_no_reason_to_wait_where_another_ca_has_room() {
    let world = World::with(&apps(&SIX)).await;
    world.configure(&[First, Second]);
    *world.limits.lock().unwrap() = five();
    let mut daemon = world.daemon().await;
    world.settle(&mut daemon).await;
    let report = world.go_on(&mut daemon).await;
    assert_eq!((world.ca.orders(), world.second.orders()), (4, 2));
    assert!(waiting(&report).is_empty(), "{report:?}");
}

/// Nothing was used as far as we know, but the CA says otherwise; after that it is asked for one each hour, not for all at once.
#[tokio::test]
async fn a_retry_after_corrects_what_was_counted() {
    let (world, mut daemon) = limited(&apps(&SIX[..3]), five()).await;
    let answer = Answer::Limited { scope: LimitScope::Account, retry_after: "3600".into() };
    let instead = Instead { at: Endpoint::NewOrder, times: 3, answer };
    world.ca.faults(|faults| faults.instead = vec![instead]);
    world.settle(&mut daemon).await;
    let refused = world.ca.count(Endpoint::NewOrder);
    assert_eq!(world.ca.orders(), 0);
    world.ca.faults(|faults| faults.instead.clear());
    for orders in [0, 1, 2, 3] {
        world.pass(Duration::HOUR);
        world.settle(&mut daemon).await;
        assert_eq!(world.ca.orders(), orders, "the first of each five is for renewals");
    }
    assert_eq!(world.ca.count(Endpoint::NewOrder) - refused, 3, "none was refused again");
}

/// The certificate has half an hour left of ten; the CA says to come back tomorrow, and does not mean it.
#[tokio::test]
async fn in_an_emergency_what_the_ca_says_is_not_waited_for() {
    let world = World::living(Duration::hours(10), SHOP).await;
    let mut daemon = world.daemon().await;
    world.settle(&mut daemon).await;
    let limited = |retry_after: &str| {
        let answer =
            Answer::Limited { scope: LimitScope::ExactSet, retry_after: retry_after.into() };
        let instead = Instead { at: Endpoint::NewOrder, times: 99, answer };
        world.ca.faults(|faults| faults.instead = vec![instead]);
    };
    limited("86400");
    world.pass(Duration::hours(7));
    world.settle(&mut daemon).await;
    let refused = world.ca.count(Endpoint::NewOrder);
    world.pass(Duration::hours(2));
    let report = world.settle(&mut daemon).await;
    assert_eq!(world.ca.count(Endpoint::NewOrder), refused, "an hour is left: it is waited for");
    assert_eq!(waiting(&report).len(), 1);
    world.pass(Duration::minutes(32));
    for _ in 0..5 {
        world.settle(&mut daemon).await;
    }
    assert_eq!(world.ca.count(Endpoint::NewOrder), refused + 1, "once, and then an eighth later");
    world.ca.faults(|faults| faults.instead.clear());
    world.pass(Duration::minutes(4));
    let report = world.settle(&mut daemon).await;
    assert_eq!(report.certificates[0].stage, Stage::Pushed, "{report:?}");
}

#[tokio::test]
async fn what_would_be_done_at_another_instant_is_told_and_not_done() {
    let (world, mut daemon) = limited(&apps(&SIX), five()).await;
    world.settle(&mut daemon).await;
    let plan = async |at: &str| {
        let report = daemon.report_at(at.parse().unwrap()).await.unwrap();
        assert!(report.troubles.is_empty(), "no clock is wrong: {report:?}");
        let left: Vec<_> = report.cas[0].limits.iter().map(|limit| limit.left).collect();
        let now = |one: &&CertificateReport| one.reason.is_some() && one.next.at <= report.at;
        (report.certificates.iter().filter(now).count(), waiting(&report).len(), left[0])
    };
    assert_eq!(plan("+0s").await, (0, 2, 1));
    assert_eq!(plan("+1h").await, (1, 1, 2));
    assert_eq!(plan("+3h").await, (2, 0, 4));
    assert_eq!(plan("+80d").await, (6, 0, 5), "two new, four renewals");
    assert_eq!(world.ca.orders(), 4, "nothing is done");
}

/// Who gets no answer to newOrder does not know whether there is an order; none of them brings a certificate.
#[tokio::test]
async fn orders_that_nobody_answers_use_nothing_that_counts_when_one_is_issued() {
    let exact_set = "1/7d".parse().ok();
    let (world, mut daemon) = limited(SHOP, Limits { exact_set, ..Limits::LETS_ENCRYPT }).await;
    let first = world.settle(&mut daemon).await;
    world.pass(first.certificates[0].next.at - world.now());
    world.ca.faults(|faults| {
        faults.outage = Some(Outage::Refused);
        faults.outage_at = vec![Endpoint::NewOrder];
    });
    let before = world.ca.count(Endpoint::NewOrder);
    for _ in 0..6 {
        world.settle(&mut daemon).await;
        world.pass(Duration::minutes(10));
    }
    assert!(world.ca.count(Endpoint::NewOrder) >= before + 6, "it is asked again and again");
    world.ca.faults(|faults| faults.outage = None);
    let report = world.settle(&mut daemon).await;
    assert_eq!((world.ca.issued(), waiting(&report).len()), (2, 0), "{report:?}");
}

/// Half an hour is left of ten, and one certificate a day for these names is all there is, of which one was had.
#[tokio::test]
async fn in_an_emergency_the_ca_is_asked_in_spite_of_what_was_counted() {
    let world = World::living(Duration::hours(10), SHOP).await;
    let exact_set = "1/1d".parse().ok();
    *world.limits.lock().unwrap() = Limits { exact_set, ..Limits::NONE };
    let mut daemon = world.daemon().await;
    world.settle(&mut daemon).await;
    world.pass(Duration::hours(9));
    let report = world.settle(&mut daemon).await;
    assert_eq!((world.ca.orders(), waiting(&report).len()), (1, 1), "an hour is left: it waits");
    world.pass(Duration::minutes(32));
    world.settle(&mut daemon).await;
    assert_eq!(world.ca.issued(), 2);
}

#[tokio::test]
async fn in_an_emergency_another_ca_goes_before_one_that_does_not_want_to() {
    let world = World::living(Duration::hours(10), SHOP).await;
    world.configure(&[First, Second]);
    let mut daemon = world.daemon().await;
    world.settle(&mut daemon).await;
    world.pass(Duration::minutes(9 * 60 + 32));
    let answer = Answer::Limited { scope: LimitScope::ExactSet, retry_after: "86400".into() };
    let instead = Instead { at: Endpoint::NewOrder, times: 99, answer };
    world.ca.faults(|faults| faults.instead = vec![instead]);
    let asked = world.ca.count(Endpoint::NewOrder);
    for _ in 0..3 {
        world.settle(&mut daemon).await;
    }
    assert_eq!((world.ca.count(Endpoint::NewOrder) - asked, world.second.issued()), (1, 1));
}
