//! Several CAs: what goes to which, and what does not.

use nws_acme::testing::{Answer, Endpoint, Instead, Outage};
use nws_acme::{CertificateId, LimitScope, ProblemKind};
use time::Duration;

use super::world::Place::{First, Second};
use super::world::{Place, SHOP, World, apps};
use crate::daemon::{Daemon, Look};
use crate::report::{CertificateReport, Report, Stage};
use crate::store::Step;

/// A world with a daemon that has both CAs.
async fn both(ingress: &str) -> (World, Daemon) {
    let world = World::with(ingress).await;
    world.configure(&[First, Second]);
    let daemon = world.daemon().await;
    (world, daemon)
}

impl World {
    /// From now on nobody reaches the CA, or everybody.
    pub(super) fn is_down(&self, place: Place, down: bool) {
        self.at(place).faults(|faults| faults.outage = down.then_some(Outage::Refused));
    }

    /// The next order there is answered with a limit of this scope, for a day.
    fn limits(&self, place: Place, scope: LimitScope) {
        let answer = Answer::Limited { scope, retry_after: "86400".into() };
        let instead = Instead { at: Endpoint::NewOrder, times: 1, answer };
        self.at(place).faults(|faults| faults.instead = vec![instead]);
    }

    /// From now on the CA makes orders, and then nobody reaches them.
    pub(super) fn dies_in_an_order(&self, place: Place) {
        self.at(place).faults(|faults| {
            faults.outage = Some(Outage::Refused);
            faults.outage_at = vec![Endpoint::Authorization, Endpoint::Challenge, Endpoint::Order];
        });
    }

    fn issued(&self) -> (usize, usize) {
        (self.ca.issued(), self.second.issued())
    }

    fn orders(&self) -> (usize, usize) {
        (self.ca.orders(), self.second.orders())
    }

    /// Some turns, with seconds between them.
    pub(super) async fn go_on(&self, daemon: &mut Daemon) -> std::sync::Arc<Report> {
        let mut report = self.settle_without_looking(daemon).await;
        for _ in 0..6 {
            self.pass(Duration::seconds(6));
            daemon.turn(Look::WhenDue).await.unwrap();
            report = self.settle_without_looking(daemon).await;
        }
        report
    }

    pub(super) fn is_from(&self, report: &CertificateReport, place: Place) -> bool {
        report.ca.as_deref() == Some(self.directory(place).as_str())
    }
}

fn only(report: &Report) -> &CertificateReport {
    let [only] = &report.certificates[..] else { panic!("{report:?}") };
    only
}

/// What is to be replaced, as its CA names it.
async fn current(daemon: &Daemon) -> CertificateId {
    let facts = daemon.parts.store.load().await.unwrap();
    CertificateId::of(facts.certificates[0].issued.as_ref().unwrap().chain.leaf()).unwrap()
}

#[tokio::test]
async fn while_the_first_answers_the_second_is_not_asked_for_anything() {
    let (world, mut daemon) = both(&apps(&["shop", "blog"])).await;
    let report = world.settle(&mut daemon).await;
    assert!(report.certificates.iter().all(|one| world.is_from(one, First)), "{report:?}");
    assert_eq!((world.issued(), world.second.requests()), ((2, 0), 0));
}

#[tokio::test]
async fn what_nobody_has_is_ordered_from_the_second_while_the_first_is_away() {
    let (world, mut daemon) = both(SHOP).await;
    world.is_down(First, true);
    world.settle(&mut daemon).await;
    let report = world.go_on(&mut daemon).await;
    assert_eq!((only(&report).stage, world.orders()), (Stage::Pushed, (0, 1)), "{report:?}");
    assert!(world.is_from(only(&report), Second), "{report:?}");

    world.is_down(First, false);
    world.pass(Duration::minutes(10));
    world.somebody_writes("apps/blog.yaml", &SHOP.replace("shop", "blog"));
    world.settle(&mut daemon).await;
    let report = world.go_on(&mut daemon).await;
    let blog = report.certificates.iter().find(|one| one.names == ["blog.example"]).unwrap();
    assert!(world.is_from(blog, First), "it is back: {report:?}");
    assert_eq!(world.issued(), (1, 1));
}

#[tokio::test]
async fn an_order_whose_ca_dies_is_left_and_the_certificate_comes_from_the_second_once() {
    let (world, mut daemon) = both(SHOP).await;
    world.dies_in_an_order(First);
    world.order_without_publishing(&mut daemon).await;
    assert_eq!(world.orders(), (1, 0));
    world.ca.faults(|faults| faults.outage_at = Vec::new());
    let report = world.go_on(&mut daemon).await;
    assert!(world.is_from(only(&report), Second), "{report:?}");
    assert_eq!((world.orders(), world.issued()), ((1, 1), (0, 1)));

    world.is_down(First, false);
    world.pass(Duration::HOUR);
    world.settle(&mut daemon).await;
    assert_eq!((world.orders(), world.commits()), ((1, 1), 2), "nothing is ordered twice");
}

#[tokio::test]
async fn what_a_limit_holds_back_goes_to_the_second_if_it_is_needed_now() {
    let (world, mut daemon) = both(SHOP).await;
    world.limits(First, LimitScope::Account);
    world.order_without_publishing(&mut daemon).await;
    let report = world.go_on(&mut daemon).await;
    assert!(world.is_from(only(&report), Second), "{report:?}");
    assert_eq!((world.orders(), only(&report).failures), ((0, 1), 0));
    let [met] = &report.cas[0].obstacles[..] else { panic!("{report:?}") };
    assert_eq!((met.kind.as_str(), met.held), ("account", false));
    assert!(met.detail.contains("too many new orders"), "{met:?}");
}

#[tokio::test]
async fn a_renewal_with_time_left_waits_for_the_first() {
    let (world, mut daemon) = both(SHOP).await;
    let first = world.settle(&mut daemon).await;
    world.pass(only(&first).next.at - world.now());
    world.limits(First, LimitScope::ExactSet);
    world.settle(&mut daemon).await;
    let report = world.go_on(&mut daemon).await;
    assert_eq!((only(&report).stage, world.orders()), (Stage::Waiting, (1, 0)), "{report:?}");
    assert!(only(&report).last_error.as_deref().unwrap().contains("too many"), "{report:?}");
    world.pass(Duration::DAY);
    world.settle(&mut daemon).await;
    let report = world.go_on(&mut daemon).await;
    assert_eq!((only(&report).stage, world.issued()), (Stage::Pushed, (2, 0)), "{report:?}");
}

#[tokio::test]
async fn a_fault_of_the_name_is_the_same_everywhere() {
    let (world, mut daemon) = both(SHOP).await;
    world.edges_are_down(true);
    for _ in 0..3 {
        world.settle(&mut daemon).await;
        world.pass(Duration::hours(2));
    }
    assert_eq!((world.orders().0 >= 2, world.second.requests()), (true, 0));
}

#[tokio::test]
async fn a_ca_that_the_owner_forbids_is_not_tried() {
    let (world, mut daemon) = both(SHOP).await;
    world.allow("example", &["ca.test"]);
    world.is_down(First, true);
    world.settle(&mut daemon).await;
    let report = world.go_on(&mut daemon).await;
    let second = world.second.count(Endpoint::NewOrder);
    assert_eq!((world.issued(), second, only(&report).failures), ((0, 0), 0, 0), "{report:?}");
    let [met] = &report.cas[1].obstacles[..] else { panic!("{report:?}") };
    assert_eq!((met.kind.as_str(), met.subject.as_str()), ("caa", "shop.example"));
    assert!(met.detail.contains("let only ca.test issue"), "{met:?}");

    world.is_down(First, false);
    world.pass(Duration::minutes(10));
    world.settle(&mut daemon).await;
    let report = world.go_on(&mut daemon).await;
    assert!(world.is_from(only(&report), First), "{report:?}");
}

#[tokio::test]
async fn a_first_that_the_owner_forbids_is_passed_over_at_once() {
    let (world, mut daemon) = both(SHOP).await;
    world.allow("shop.example", &["second.test"]);
    world.settle(&mut daemon).await;
    let report = world.go_on(&mut daemon).await;
    assert!(world.is_from(only(&report), Second), "{report:?}");
    assert_eq!(world.ca.count(Endpoint::NewOrder), 0);
}

#[tokio::test]
async fn where_every_ca_is_forbidden_a_person_is_told_what_to_add() {
    let (world, mut daemon) = both(SHOP).await;
    world.allow("shop.example", &["other.test"]);
    world.settle(&mut daemon).await;
    let report = world.go_on(&mut daemon).await;
    let one = only(&report);
    assert_eq!((one.stage, one.failures), (Stage::Held, 0), "{report:?}");
    let words = one.last_error.as_deref().unwrap();
    for record in ["CAA 0 issue \"ca.test\"", "CAA 0 issue \"second.test\""] {
        assert!(words.contains(record), "{words}");
    }
    assert_eq!(world.orders(), (0, 0));

    world.allow("shop.example", &["ca.test"]);
    world.pass(Duration::HOUR);
    world.settle(&mut daemon).await;
    let report = world.go_on(&mut daemon).await;
    assert!(world.is_from(only(&report), First), "it is looked again: {report:?}");
    assert!(report.cas.iter().all(|ca| ca.obstacles.is_empty()), "{report:?}");
}

#[tokio::test]
async fn who_has_changed_the_records_can_ask_at_once() {
    let world = World::with(SHOP).await;
    world.allow("shop.example", &[";"]);
    let mut daemon = world.daemon().await;
    world.settle(&mut daemon).await;
    world.allow("shop.example", &["ca.test"]);
    let report = world.settle(&mut daemon).await;
    assert_eq!(only(&report).stage, Stage::Held, "a sync asks for no certificate: {report:?}");
    let certificates = vec![daemon.parts.store.load().await.unwrap().certificates[0].key.clone()];
    let asked = Step::Asked { certificates, at: world.now() };
    daemon.parts.store.write(asked).await.unwrap();
    let report = world.settle(&mut daemon).await;
    assert_eq!(only(&report).stage, Stage::Pushed, "{report:?}");
}

#[tokio::test]
async fn a_successor_of_another_ca_does_not_say_what_it_replaces() {
    let (world, mut daemon) = both(SHOP).await;
    let first = world.settle(&mut daemon).await;
    let old = current(&daemon).await;
    world.is_down(First, true);
    // Past the point where waiting for the first would leave too little time.
    world.pass(only(&first).not_after.unwrap() - Duration::days(3) - world.now());
    // A CA that is told of another's certificate would refuse the order, and be asked once more.
    world.settle(&mut daemon).await;
    let report = world.go_on(&mut daemon).await;
    assert!(world.is_from(only(&report), Second), "{report:?}");
    assert_eq!(world.second.count(Endpoint::NewOrder), 1);
    assert!(!world.ca.is_replaced(&old));
}

#[tokio::test]
async fn another_order_of_cas_reissues_nothing() {
    let (world, mut daemon) = both(SHOP).await;
    world.settle(&mut daemon).await;
    for cas in [&[Second, First][..], &[Second], &[First]] {
        world.configure(cas);
        let mut daemon = world.daemon().await;
        world.settle(&mut daemon).await;
        assert_eq!((world.orders(), world.commits()), ((1, 0), 2), "{cas:?}");
    }
}

#[tokio::test]
async fn an_order_at_a_ca_that_is_gone_from_the_configuration_is_made_anew_elsewhere() {
    let (world, mut daemon) = both(SHOP).await;
    world.dies_in_an_order(First);
    world.order_without_publishing(&mut daemon).await;
    assert_eq!(world.orders(), (1, 0));
    world.configure(&[Second]);
    let mut daemon = world.daemon().await;
    world.settle(&mut daemon).await;
    let report = world.go_on(&mut daemon).await;
    assert!(world.is_from(only(&report), Second), "{report:?}");
    assert_eq!(world.orders(), (1, 1));
}

#[tokio::test]
async fn a_pause_is_held_for_a_person_and_says_where_it_ends() {
    let world = World::with(SHOP).await;
    let answer = Answer::Paused { url: "https://ca.test/unpause?jwt=x".into() };
    let instead = Instead { at: Endpoint::NewOrder, times: 9, answer };
    world.ca.faults(|faults| faults.instead = vec![instead]);
    let mut daemon = world.daemon().await;
    world.settle(&mut daemon).await;
    let report = world.go_on(&mut daemon).await;
    let one = only(&report);
    assert_eq!((one.stage, one.failures), (Stage::Held, 0), "{report:?}");
    assert!(one.last_error.as_deref().unwrap().contains("unpause?jwt=x"), "{one:?}");
    assert_eq!(world.ca.count(Endpoint::NewOrder), 1, "it is not asked again and again");
    assert!(report.cas[0].obstacles[0].held, "{report:?}");

    world.ca.faults(|faults| faults.instead.clear());
    world.settle(&mut daemon).await;
    assert_eq!(world.ca.count(Endpoint::NewOrder), 1, "a sync does not end it");
    world.pass(Duration::DAY);
    let report = world.settle(&mut daemon).await;
    assert_eq!(only(&report).stage, Stage::Pushed, "{report:?}");
    let facts = daemon.parts.store.load().await.unwrap();
    assert!(facts.obstacles.is_empty(), "what is over is forgotten: {facts:?}");
}

#[tokio::test]
async fn a_ca_that_holds_everything_is_asked_again_by_who_restarts_or_asks() {
    let world = World::with(SHOP).await;
    let answer = Answer::Problem { status: 403, kind: ProblemKind::Unauthorized };
    let instead = Instead { at: Endpoint::NewOrder, times: 9, answer };
    world.ca.faults(|faults| faults.instead = vec![instead]);
    let mut daemon = world.daemon().await;
    for asked in 1..=3 {
        world.settle(&mut daemon).await;
        let report = world.go_on(&mut daemon).await;
        assert_eq!(only(&report).stage, Stage::Held, "{report:?}");
        assert!(report.cas[0].obstacles[0].held, "{report:?}");
        assert_eq!(world.ca.count(Endpoint::NewOrder), asked, "it is asked once each time");
        daemon = world.daemon().await;
    }
    world.settle(&mut daemon).await;
    world.ca.faults(|faults| faults.instead.clear());
    let certificates = vec![daemon.parts.store.load().await.unwrap().certificates[0].key.clone()];
    let asked = Step::Asked { certificates, at: world.now() };
    daemon.parts.store.write(asked).await.unwrap();
    let report = world.settle(&mut daemon).await;
    assert_eq!(only(&report).stage, Stage::Pushed, "{report:?}");
}
