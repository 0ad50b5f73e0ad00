//! The daemon as it runs: what is asked of it, and what holds a turn up.

use std::sync::Arc;
use std::time::Duration as StdDuration;

use nws_acme::testing::Endpoint;
use time::Duration;
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::world::{Controller, SHOP, World, apps, certificate, sealed};
use crate::daemon::between::Between;
use crate::daemon::{Daemon, Look, Request, Synced};
use crate::report::{Report, Stage, TroubleWith};

/// Far longer than anything takes here that does not hang.
const PATIENCE: StdDuration = StdDuration::from_secs(50);

struct Running {
    requests: mpsc::Sender<Request>,
    pushed: Arc<Notify>,
    stop: CancellationToken,
    reports: watch::Receiver<Option<Arc<Report>>>,
    ended: JoinHandle<()>,
}

impl Running {
    fn start(daemon: Daemon) -> Self {
        let (requests, asked) = mpsc::channel(1);
        let (pushed, stop) = (Arc::new(Notify::new()), CancellationToken::new());
        let reports = daemon.reports();
        let ended = tokio::spawn(daemon.run(asked, pushed.clone(), stop.clone()));
        Self { requests, pushed, stop, reports, ended }
    }

    async fn sync(&self) -> Synced {
        let (reply, synced) = oneshot::channel();
        self.requests.send(Request::Sync(reply)).await.unwrap();
        tokio::time::timeout(PATIENCE, synced).await.unwrap().unwrap()
    }

    async fn report(&mut self, means: impl FnMut(&Option<Arc<Report>>) -> bool) -> Arc<Report> {
        let report = tokio::time::timeout(PATIENCE, self.reports.wait_for(means)).await;
        report.unwrap().unwrap().clone().unwrap()
    }

    async fn stop(self) {
        self.stop.cancel();
        tokio::time::timeout(PATIENCE, self.ended).await.unwrap().unwrap();
    }
}

async fn until(holds: impl Fn() -> bool) {
    let wait = async {
        while !holds() {
            tokio::time::sleep(StdDuration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.unwrap();
}

#[tokio::test]
async fn a_git_host_that_hangs_does_not_hold_up_a_stop() {
    let world = World::with(SHOP).await;
    let daemon = world.daemon().await;
    world.git_asks();
    let running = Running::start(daemon);
    until(|| world.is_asked()).await;
    running.stop().await;
    assert!(world.is_asked(), "it hangs still");
    world.answer();
    until(|| !world.is_asked()).await;
}

#[tokio::test]
async fn what_a_controller_answers_is_not_waited_for_and_wakes_the_daemon() {
    let world = World::with(SHOP).await;
    let controller = Controller::silent().await;
    *world.seal.lock().unwrap() = sealed(controller.source());
    let mut running = Running::start(world.daemon().await);
    let is = |stage: Stage| {
        move |report: &Option<Arc<Report>>| {
            report
                .as_ref()
                .is_some_and(|report| report.certificates.iter().any(|it| it.stage == stage))
        }
    };
    running.report(is(Stage::Held)).await;
    assert_eq!(world.ca.count(Endpoint::NewOrder), 0);
    controller.gives(&certificate().0);
    running.report(is(Stage::Issued)).await;
    running.stop().await;
}

#[tokio::test]
async fn a_git_host_that_hangs_is_left_alone_from_when_it_was_given_up() {
    let world = World::with(SHOP).await;
    let mut daemon = world.daemon().await;
    world.git_asks();
    let ten_minutes_later = async {
        until(|| world.is_asked()).await;
        world.pass(Duration::minutes(10));
        world.answer();
    };
    let (wake_at, ()) = tokio::join!(daemon.turn(Look::WhenDue), ten_minutes_later);
    assert!(daemon.branches[0].next_poll > Some(world.now()), "{:?}", daemon.branches[0].next_poll);
    assert!(wake_at.unwrap() > world.now());
}

#[tokio::test]
async fn a_push_that_is_told_of_is_served() {
    let world = World::with(SHOP).await;
    let mut running = Running::start(world.daemon().await);
    running.report(Option::is_some).await;
    world.somebody_writes("apps/blog.yaml", &SHOP.replace("shop", "blog"));
    world.pass(Duration::seconds(2));
    running.pushed.notify_one();
    let wants = |report: &Option<Arc<Report>>| {
        report.as_ref().is_some_and(|report| report.certificates.len() == 2)
    };
    running.report(wants).await;
    running.stop().await;
}

#[tokio::test]
async fn who_asks_is_told_that_the_turn_was_broken_off() {
    let world = World::with(SHOP).await;
    let mut running = Running::start(world.daemon_that_cannot_write_after(0).await);
    let report = running.report(Option::is_some).await;
    assert_eq!(report.troubles[0].with, TroubleWith::State, "{report:?}");
    let reason = running.sync().await.unwrap_err();
    assert!(reason.contains("database"), "{reason}");
    running.stop().await;
}

/// Of many orders a few run at a time; the others are begun as the one turn planned them, and each once.
#[tokio::test]
async fn places_that_become_free_are_filled_from_the_line() {
    let names: Vec<_> = (0..20).map(|at| format!("app{at}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let world = World::with(&apps(&names)).await;
    let mut daemon = world.daemon().await;
    daemon.turn(Look::WhenDue).await.unwrap();
    assert!(daemon.running.len() < names.len());
    while let Some(ended) = daemon.running.join_next_with_id().await {
        daemon.collect(ended);
        daemon.start_waiting(world.now());
    }
    assert_eq!((world.ca.issued(), world.ca.orders()), (names.len(), names.len()));
}

#[tokio::test]
async fn what_does_not_end_with_a_certificate_is_for_a_turn_to_see_at_once() {
    let world = World::with(&apps(&["shop", "blog"])).await;
    world.edges_are_down(true);
    let mut daemon = world.daemon().await;
    daemon.turn(Look::WhenDue).await.unwrap();
    let ended = daemon.running.join_next_with_id().await.unwrap();
    assert_eq!(daemon.ended(ended), Between::TurnNow);
}
