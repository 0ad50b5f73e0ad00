//! Others push, the server refuses, answers are lost.

use nws_acme::testing::Endpoint;
use time::Duration;

use super::world::{SHOP, World};
use crate::daemon::Look;
use crate::report::{Stage, TroubleWith};

/// Moves the branch while a push is being received, as often as the argument says.
pub(super) const RACING: &str = r#"n=$(cat count 2>/dev/null || echo 0)
[ "$n" -lt TIMES ] || exit 0
echo $((n + 1)) > count
unset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES
export GIT_AUTHOR_NAME=S GIT_AUTHOR_EMAIL=s@example.invalid GIT_COMMITTER_NAME=S GIT_COMMITTER_EMAIL=s@example.invalid
git update-ref refs/heads/main "$(git commit-tree -p main -m "theirs $n" main^{tree})""#;

#[tokio::test]
async fn a_busy_branch_is_yielded_to_and_tried_again_within_half_a_minute() {
    let world = World::with(SHOP).await;
    let mut daemon = world.daemon().await;
    world.order_without_publishing(&mut daemon).await;
    world.hook("pre-receive", &RACING.replace("TIMES", "11"));
    let report = world.settle_without_looking(&mut daemon).await;
    assert_eq!(world.hooked(), 8, "eight in a row");
    assert_eq!(
        (report.troubles[0].with, report.certificates[0].stage),
        (TroubleWith::Push, Stage::Issued)
    );
    assert!(report.certificates[0].next.at - report.at <= Duration::seconds(30), "{report:?}");

    world.pass(Duration::seconds(30));
    daemon.turn(Look::WhenDue).await.unwrap();
    let report = daemon.reports().borrow().clone().unwrap();
    assert_eq!(
        (report.troubles.len(), report.certificates[0].stage),
        (0, Stage::Pushed),
        "{report:?}"
    );
    assert_eq!(world.commits(), 1 + 11 + 1, "theirs, and ours once");
}

#[tokio::test]
async fn what_the_server_refuses_is_held_with_its_words_until_it_takes_it() {
    for by_hand in [true, false] {
        let world = World::with(SHOP).await;
        let mut daemon = world.daemon().await;
        world.order_without_publishing(&mut daemon).await;
        world.hook("pre-receive", "echo 'the tree is frozen until monday' >&2; exit 1");
        let report = world.settle_without_looking(&mut daemon).await;
        let certificate = &report.certificates[0];
        assert_eq!((certificate.stage, certificate.next.what.as_str()), (Stage::Held, "push"));
        let words = certificate.last_error.as_deref().unwrap_or_default();
        assert!(words.contains("frozen until monday"), "{words}");
        assert_eq!(report.troubles[0].with, TroubleWith::Push);

        daemon.turn(Look::WhenDue).await.unwrap();
        assert_eq!(world.commits(), 1, "it is left alone for a while");
        world.hook("pre-receive", "exit 0");
        let look = if by_hand {
            Look::Asked
        } else {
            world.pass(certificate.next.at - report.at);
            Look::WhenDue
        };
        daemon.turn(look).await.unwrap();
        let report = daemon.reports().borrow().clone().unwrap();
        assert_eq!(
            (report.certificates[0].stage, world.commits()),
            (Stage::Pushed, 2),
            "{report:?}"
        );
        assert_eq!((report.troubles.len(), world.ca.count(Endpoint::NewOrder)), (0, 1));
    }
}

#[tokio::test]
async fn a_push_that_landed_without_an_answer_is_not_made_again() {
    let world = World::with(SHOP).await;
    let mut daemon = world.daemon().await;
    world.order_without_publishing(&mut daemon).await;
    // The branch has moved; then the server is gone, and nobody can be asked.
    world.hook("post-receive", "mv ../remote.git ../gone.git; kill -9 $PPID");
    let report = world.settle_without_looking(&mut daemon).await;
    assert_eq!(report.troubles[0].with, TroubleWith::Push, "{report:?}");
    world.remote_is_back();
    world.pass(Duration::MINUTE);
    daemon.turn(Look::WhenDue).await.unwrap();
    let report = daemon.reports().borrow().clone().unwrap();
    assert_eq!((report.certificates[0].stage, world.commits()), (Stage::Pushed, 2), "{report:?}");
    assert_eq!(report.troubles, [], "it was seen in the branch");
}

#[tokio::test]
async fn while_a_push_is_refused_the_branch_is_still_looked_at() {
    let world = World::with(SHOP).await;
    let mut daemon = world.daemon().await;
    world.order_without_publishing(&mut daemon).await;
    world.hook("pre-receive", "exit 1");
    world.settle_without_looking(&mut daemon).await;
    world.hook("pre-receive", "exit 0");
    world.somebody_writes("apps/blog.yaml", &SHOP.replace("shop", "blog"));
    world.hook("pre-receive", "exit 1");
    world.pass(Duration::MINUTE);
    daemon.turn(Look::WhenDue).await.unwrap();
    assert_eq!(daemon_wants(&daemon), 2);
    world.run_orders(&mut daemon).await;

    // What nobody wants any more is in nobody's way.
    world.hook("pre-receive", "exit 0");
    world.somebody_writes("apps/blog.yaml", "");
    world.somebody_writes("apps/shop/ingress.yaml", "");
    world.hook("pre-receive", "exit 1");
    world.pass(Duration::MINUTE);
    daemon.turn(Look::WhenDue).await.unwrap();
    let report = daemon.reports().borrow().clone().unwrap();
    assert_eq!((report.certificates.len(), report.troubles.len()), (0, 0), "{report:?}");
}

#[tokio::test]
async fn a_push_of_somebody_else_is_looked_at_as_soon_as_it_is_told() {
    let world = World::with(SHOP).await;
    let mut daemon = world.daemon().await;
    world.settle(&mut daemon).await;
    assert_eq!(daemon_wants(&daemon), 1);
    world.somebody_writes("apps/blog.yaml", &SHOP.replace("shop", "blog"));
    daemon.turn(Look::WhenDue).await.unwrap();
    assert_eq!(daemon_wants(&daemon), 1, "by itself it polls");

    world.pass(Duration::seconds(2));
    daemon.pushed_to();
    daemon.turn(Look::WhenDue).await.unwrap();
    assert_eq!(daemon_wants(&daemon), 2);

    world.somebody_writes("apps/wiki.yaml", &SHOP.replace("shop", "wiki"));
    daemon.pushed_to();
    daemon.turn(Look::WhenDue).await.unwrap();
    assert_eq!(daemon_wants(&daemon), 2, "not twice in a second, however often it is told");
    world.pass(Duration::SECOND);
    daemon.turn(Look::WhenDue).await.unwrap();
    assert_eq!(daemon_wants(&daemon), 3);
}

fn daemon_wants(daemon: &crate::daemon::Daemon) -> usize {
    daemon.reports().borrow().as_ref().map_or(0, |report| report.certificates.len())
}
