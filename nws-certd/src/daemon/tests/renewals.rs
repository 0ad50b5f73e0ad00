//! Renewals that the CA suggests (RFC 9773).

use nws_acme::CertificateId;
use nws_acme::testing::{Endpoint, Renewal};
use nws_expiry::Fingerprint;
use serde_json::json;
use time::{Duration, OffsetDateTime};

use super::world::Place::{First, Second};
use super::world::{SHOP, World, apps};
use crate::daemon::{Daemon, Look};
use crate::report::{CertificateReport, Report, Stage, instant};
use crate::store::Step;

/// What the branch has now, as its CA names it.
async fn current(daemon: &Daemon) -> CertificateId {
    let facts = daemon.parts.store.load().await.unwrap();
    let issued = facts.certificates[0].issued.as_ref().unwrap();
    CertificateId::of(issued.chain.leaf()).unwrap()
}

fn asked(world: &World) -> usize {
    world.ca.count(Endpoint::RenewalInfo)
}

fn only(report: &Report) -> &CertificateReport {
    let [only] = &report.certificates[..] else { panic!("{report:?}") };
    only
}

/// Some time of a daemon that looks whenever it wants to, and what it asked of the CA in it.
async fn live(world: &World, daemon: &mut Daemon, time: Duration) -> usize {
    let (before, end) = (asked(world), world.now() + time);
    while world.now() < end {
        let wake_at = daemon.turn(Look::WhenDue).await.unwrap();
        world.run_orders(daemon).await;
        // Polls of the branch are rarer here than they are, as each costs a git command.
        let next = daemon.branches[0].next_poll.filter(|poll| *poll == wake_at);
        daemon.branches[0].next_poll =
            next.map_or(daemon.branches[0].next_poll, |poll| Some(poll + Duration::HOUR));
        world.pass((wake_at - world.now()).clamp(Duration::SECOND, Duration::HOUR));
    }
    asked(world) - before
}

#[tokio::test]
async fn a_window_is_learned_right_after_issuing_and_kept_over_a_restart() {
    let world = World::with(SHOP).await;
    let mut daemon = world.daemon().await;
    let report = world.settle(&mut daemon).await;
    let one = only(&report);
    let window = one.suggested.as_ref().unwrap();
    assert!(window.start <= one.next.at && one.next.at < window.end, "{one:?}");
    assert_eq!((asked(&world), one.next.what.as_str()), (1, "renew"));

    let mut daemon = world.daemon().await;
    world.settle(&mut daemon).await;
    world.pass(Duration::hours(6) - Duration::MINUTE);
    world.settle(&mut daemon).await;
    assert_eq!(asked(&world), 1, "not before it is time to");
    world.pass(Duration::MINUTE);
    world.settle(&mut daemon).await;
    assert_eq!(asked(&world), 2);
}

#[tokio::test]
async fn a_window_in_the_past_renews_at_once_in_place_of_the_old_one_and_says_why() {
    let world = World::with(SHOP).await;
    let mut daemon = world.daemon().await;
    let first = world.settle(&mut daemon).await;
    let old = current(&daemon).await;
    let over = Renewal::window(world.now() - Duration::HOUR, world.now() - Duration::MINUTE);
    world.ca.renewal(&old, over.explained("https://ca.test/incident"));

    world.pass(Duration::hours(6));
    world.edges_are_down(true);
    daemon.turn(Look::WhenDue).await.unwrap();
    world.run_orders(&mut daemon).await;
    let report = world.settle(&mut daemon).await;
    let one = only(&report);
    assert_eq!(one.explanation_url.as_deref(), Some("https://ca.test/incident"), "{one:?}");
    assert!(one.reason.as_deref().unwrap().contains("the CA suggests renewal"), "{one:?}");

    world.edges_are_down(false);
    world.pass(Duration::minutes(1));
    let second = world.settle(&mut daemon).await;
    let one = only(&second);
    assert_ne!(one.serial, only(&first).serial);
    assert_eq!((one.stage, world.ca.issued()), (Stage::Pushed, 2));
    assert!(world.ca.is_replaced(&old), "it says what it replaces");
    assert!(one.next.at > world.now() + Duration::days(50), "{one:?}");
}

#[tokio::test]
async fn a_ca_that_wants_everything_replaced_is_not_followed_without_end() {
    let world = World::with(SHOP).await;
    let over = Renewal::window(world.now() - Duration::HOUR, world.now() - Duration::MINUTE);
    world.ca.faults(|faults| faults.renewal_of_new = Some(over.retry_after(Some("60"))));
    let mut daemon = world.daemon().await;
    world.settle(&mut daemon).await;
    for _ in 0..24 {
        world.pass(Duration::minutes(15));
        world.settle_without_looking(&mut daemon).await;
    }
    let issued = world.ca.issued();
    assert!((4..=7).contains(&issued), "{issued} certificates in six hours");
}

#[tokio::test]
async fn whatever_is_wrong_with_renewal_information_it_stops_no_renewal() {
    let garbage = json!({ "suggestedWindow": { "start": "soon", "end": 7 } });
    let cases = [
        ("a page", Renewal::page(), 5),
        ("garbage", Renewal::body(&garbage), 5),
        ("not found", Renewal::refused(404), 5),
        ("a broken server", Renewal::refused(500).retry_after(Some("7")), 10),
        ("no Retry-After", Renewal::body(&garbage).retry_after(None), 5),
    ];
    for (case, renewal, most) in cases {
        let world = World::with(SHOP).await;
        world.ca.faults(|faults| faults.no_renewal_info = true);
        let mut daemon = world.daemon().await;
        let first = world.settle(&mut daemon).await;
        let due = only(&first).next.at;
        world.ca.faults(|faults| faults.no_renewal_info = false);
        world.ca.renewal(&current(&daemon).await, renewal);

        world.pass(Duration::days(2));
        let asked = live(&world, &mut daemon, Duration::DAY).await;
        assert!((2..=most).contains(&asked), "{case}: asked {asked} times in a day");
        world.pass(due - world.now() - Duration::SECOND);
        world.settle(&mut daemon).await;
        assert_eq!(world.ca.issued(), 1, "{case}: a second early");
        world.pass(Duration::SECOND);
        let report = world.settle(&mut daemon).await;
        assert_eq!(world.ca.issued(), 2, "{case}");
        assert!(report.troubles.is_empty(), "{case}: the CA is not away: {:?}", report.troubles);
    }
}

#[tokio::test]
async fn a_ca_without_renewal_information_is_looked_at_once_a_day() {
    let world = World::with(SHOP).await;
    world.ca.faults(|faults| faults.no_renewal_info = true);
    let mut daemon = world.daemon().await;
    let report = world.settle(&mut daemon).await;
    assert!(only(&report).suggested.is_none());
    live(&world, &mut daemon, Duration::days(3)).await;
    assert_eq!(asked(&world), 0);
    world.ca.faults(|faults| faults.no_renewal_info = false);
    live(&world, &mut daemon, Duration::days(2)).await;
    assert!(asked(&world) > 0, "it has learned to tell");
}

#[tokio::test]
async fn a_window_that_moves_later_moves_the_renewal_but_not_past_the_sweep() {
    let world = World::with(SHOP).await;
    let mut daemon = world.daemon().await;
    let first = world.settle(&mut daemon).await;
    let ends = only(&first).not_after.unwrap();
    let id = current(&daemon).await;
    let mut next_of = async |start: OffsetDateTime| {
        world.ca.renewal(&id, Renewal::window(start, start + Duration::MINUTE));
        world.pass(Duration::hours(6));
        let report = world.settle(&mut daemon).await;
        only(&report).next.at
    };
    let later = ends - Duration::days(10);
    let next = next_of(later).await;
    assert!(later <= next && next < later + Duration::MINUTE, "{}", instant(next));
    let next = next_of(ends - Duration::DAY).await;
    let floor = ends - Duration::days(7);
    assert!(floor <= next && next <= floor + Duration::DAY, "{}", instant(next));
    assert_eq!(world.ca.issued(), 1);
}

#[tokio::test]
async fn each_certificate_is_asked_about_as_often_as_the_ca_says() {
    let names = ["shop", "blog", "wiki"];
    let world = World::with(&apps(&names)).await;
    let mut daemon = world.daemon().await;
    world.settle(&mut daemon).await;
    let asked = live(&world, &mut daemon, Duration::DAY).await;
    assert!((9..=15).contains(&asked), "{asked} requests for three certificates in a day");
}

#[tokio::test]
async fn many_certificates_of_which_nothing_is_known_are_asked_about_in_rounds() {
    let names: Vec<_> = (0..120).map(|at| format!("a{at}")).collect();
    let world = World::with(&apps(&names.iter().map(String::as_str).collect::<Vec<_>>())).await;
    world.ca.faults(|faults| faults.no_renewal_info = true);
    let mut daemon = world.daemon().await;
    for _ in 0..names.len() / 3 {
        world.order_only(&mut daemon).await;
    }
    world.settle(&mut daemon).await;
    assert_eq!(world.ca.issued(), names.len());
    drop(daemon);
    world.lose_database();
    world.ca.faults(|faults| faults.no_renewal_info = false);

    let mut daemon = world.daemon().await;
    for (after, want) in [(0, 100), (9, 100), (1, 120), (10, 120)] {
        world.pass(Duration::seconds(after));
        daemon.turn(Look::WhenDue).await.unwrap();
        assert!(daemon.inquiries.round.len() <= 1);
        world.run_orders(&mut daemon).await;
        assert_eq!(asked(&world), want, "{after} s later");
    }
    assert_eq!(world.ca.issued(), names.len());
}

#[tokio::test]
async fn a_certificate_that_nobody_noted_the_ca_of_is_from_the_only_one_or_from_nobody() {
    for (cas, want) in [(&[First][..], 1), (&[First, Second], 0)] {
        let world = World::with(SHOP).await;
        world.ca.faults(|faults| faults.no_renewal_info = true);
        world.settle(&mut world.daemon().await).await;
        world.lose_database();
        world.somebody_strips("certs/shop/shop-tls.yaml", "nws-certd/ca");
        world.ca.faults(|faults| faults.no_renewal_info = false);
        world.configure(cas);
        let report = world.settle(&mut world.daemon().await).await;
        assert_eq!((only(&report).stage, &only(&report).ca), (Stage::Pushed, &None));
        let second = world.second.count(Endpoint::RenewalInfo);
        assert_eq!((asked(&world), second, world.ca.issued()), (want, 0, 1), "{cas:?}");
    }
}

#[tokio::test]
async fn nothing_is_asked_about_what_has_ended_or_was_replaced() {
    let world = World::living(Duration::hours(20), SHOP).await;
    let mut daemon = world.daemon().await;
    world.settle(&mut daemon).await;
    world.edges_are_down(true);
    live(&world, &mut daemon, Duration::hours(20)).await;
    assert_eq!(live(&world, &mut daemon, Duration::DAY).await, 0, "it has ended");
    world.edges_are_down(false);
    live(&world, &mut daemon, Duration::hours(12)).await;
    let asked = live(&world, &mut daemon, Duration::hours(12)).await;
    assert!(asked <= 4, "only of the new one, {asked} times");
}

#[tokio::test]
async fn a_ca_that_is_away_is_not_asked_and_one_that_may_be_back_about_one_certificate() {
    let world = World::with(&apps(&["shop", "blog", "wiki"])).await;
    let mut daemon = world.daemon().await;
    world.settle(&mut daemon).await;
    let before = asked(&world);
    world.ca.faults(|faults| faults.server_error_every = 1);
    world.somebody_writes("apps/new.yaml", &SHOP.replace("shop", "new"));
    world.order_without_publishing(&mut daemon).await;
    world.pass(Duration::SECOND);
    daemon.parts.ordering.authorities[0].ca.try_now();
    // Nothing is due yet, so that the turn only sees that the CA may be back.
    daemon.turn(Look::WhenDue).await.unwrap();
    assert_eq!(asked(&world), before);
    world.run_orders(&mut daemon).await;
    world.pass(Duration::hours(6));
    for _ in 0..3 {
        daemon.turn(Look::WhenDue).await.unwrap();
        world.run_orders(&mut daemon).await;
    }
    assert!(asked(&world) - before <= 1, "{} times", asked(&world) - before);
}

#[tokio::test]
async fn an_inquiry_that_hangs_holds_up_no_order() {
    use nws_acme::testing::Outage;
    let world = World::with(SHOP).await;
    let mut daemon = world.daemon().await;
    world.ca.faults(|faults| {
        (faults.outage, faults.outage_at) = (Some(Outage::Hang), vec![Endpoint::RenewalInfo]);
    });
    world.order_only(&mut daemon).await;
    daemon.turn(Look::WhenDue).await.unwrap();
    assert_eq!(daemon.inquiries.round.len(), 1);
    world.somebody_writes("apps/blog.yaml", &SHOP.replace("shop", "blog"));
    world.order_only(&mut daemon).await;
    assert_eq!((world.ca.issued(), daemon.inquiries.round.len()), (2, 1));
}

#[tokio::test]
async fn what_was_asked_by_a_clock_that_was_set_back_since_is_asked_again() {
    let world = World::with(&apps(&["shop", "blog"])).await;
    let mut daemon = world.daemon().await;
    world.settle(&mut daemon).await;
    world.pass(Duration::days(20));
    world.settle(&mut daemon).await;
    assert_eq!(asked(&world), 4);
    world.pass(-Duration::days(20));
    let again = live(&world, &mut daemon, Duration::HOUR).await;
    assert_eq!(again, 2, "once each");
}

#[tokio::test]
async fn one_answer_to_a_clock_that_was_ahead_does_not_make_the_others_be_forgotten() {
    let world = World::with(SHOP).await;
    let mut daemon = world.daemon().await;
    world.settle(&mut daemon).await;
    let mut said = daemon.parts.store.load().await.unwrap().renewals.remove(0);
    said.fingerprint = Fingerprint::of(b"another leaf");
    (said.asked_at, said.next_at) =
        (world.now() + Duration::days(50), said.next_at + Duration::days(50));
    daemon.parts.store.write(Step::RenewalInfo(said)).await.unwrap();
    world.pass(Duration::hours(7));
    let again = live(&world, &mut daemon, Duration::HOUR).await;
    assert_eq!(again, 1);
}
