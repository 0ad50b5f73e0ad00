//! What nobody wants any more goes, in two commits and not before its time; what is wanted again stays.

use std::num::NonZeroUsize;
use std::sync::Arc;

use expect_test::expect;
use nws_gitops::Deletion;
use time::Duration;

use super::world::{Keys, SHOP, World, apps};
use crate::config::DeletionSettings;
use crate::daemon::{Daemon, Look};
use crate::report::{Report, TroubleWith, UnwantedReport};

const RULES: Deletion = Deletion {
    grace: Duration::days(10),
    apply_within: Duration::days(1),
    max_per_commit: NonZeroUsize::MIN,
    max_share: 50,
};
const SECRET: &str = "certs/shop/shop-tls.yaml";
const INGRESS: &str = "apps/shop/ingress.yaml";
const ELSEWHERE: &str = "192.0.2.7";
/// Turns are no further apart than this: after a day without a look every grace begins anew.
const STEP: Duration = Duration::hours(12);

/// A world in which shop and another application have their certificates, and whose names have left; and its daemon.
async fn world(rules: Option<Deletion>) -> (World, Daemon) {
    let world = World::with(SHOP).await;
    world.edges_are_known();
    world.somebody_writes("apps/blog.yaml", &apps(&["blog"]));
    removes(&world, rules);
    let mut daemon = world.daemon().await;
    world.settle(&mut daemon).await;
    assert!(world.files().contains(SECRET));
    world.point("shop.example", &[ELSEWHERE]);
    (world, daemon)
}

fn removes(world: &World, rules: Option<Deletion>) {
    *world.deletion.lock().unwrap() = DeletionSettings { rules, even_if_served: false };
}

/// A turn, and those that follow from what DNS says in it.
async fn turn(daemon: &mut Daemon) -> Arc<Report> {
    daemon.turn(Look::Asked).await.unwrap();
    while let Some(ended) = daemon.removals.looking.join_next().await {
        daemon.looked(ended);
        daemon.turn(Look::WhenDue).await.unwrap();
    }
    daemon.reports().borrow().clone().unwrap()
}

/// Takes turns for so long.
async fn live(world: &World, daemon: &mut Daemon, time: Duration) -> Arc<Report> {
    let end = world.now() + time;
    let mut report = turn(daemon).await;
    while world.now() < end {
        world.pass(STEP.min(end - world.now()));
        report = turn(daemon).await;
    }
    report
}

fn only(report: &Report) -> &UnwantedReport {
    let [one] = &report.unwanted[..] else { panic!("{:?}", report.unwanted) };
    one
}

fn is_kept(world: &World) -> bool {
    world.text(SECRET).contains("helm.sh/resource-policy: \"keep\"")
}

#[tokio::test]
async fn it_goes_after_its_grace_in_two_commits_and_nothing_is_ordered_meanwhile() {
    let (world, mut daemon) = world(Some(RULES)).await;
    let (commits, orders) = (world.commits(), world.ca.orders());
    world.somebody_writes(INGRESS, "");
    let report = live(&world, &mut daemon, RULES.grace - Duration::SECOND).await;
    assert_eq!((world.commits(), is_kept(&world)), (commits + 1, true), "a second early");
    expect!["nobody wants certs/shop/shop-tls.yaml since 2026-03-01 12:00:30Z; let go at 2026-03-11 12:00:30Z at the earliest; waits for: its grace"]
        .assert_eq(&only(&report).text());

    world.pass(Duration::SECOND);
    let report = turn(&mut daemon).await;
    assert_eq!((world.commits(), is_kept(&world)), (commits + 2, false));
    assert!(world.text("certs/shop/fleet.yaml").contains("keepResources: false"));
    assert!(only(&report).is_let_go);
    let report = live(&world, &mut daemon, RULES.apply_within - Duration::SECOND).await;
    assert_eq!(world.commits(), commits + 2, "a second early: {:?}", only(&report));
    world.pass(Duration::SECOND);
    let report = turn(&mut daemon).await;
    assert_eq!(world.commits(), commits + 3);
    assert!(!world.files().contains("certs/shop/"), "{}", world.files());
    assert!(world.files().contains("certs/blog/blog-tls.yaml"));
    assert_eq!((report.unwanted.len(), report.troubles.len()), (0, 0));
    assert_eq!(world.ca.orders(), orders);
    expect!["certs: remove shop/shop-tls"].assert_eq(&world.subject());
}

/// A key that stands in clear already is no more exposed by the commit that lets its Secret go.
#[tokio::test]
async fn what_is_in_clear_goes_from_a_branch_that_is_sealed_by_now() {
    let (world, daemon) = world(Some(RULES)).await;
    drop(daemon);
    *world.keys.lock().unwrap() = Keys::Sealed;
    let mut daemon = world.daemon().await;
    world.somebody_writes(INGRESS, "");
    let report = live(&world, &mut daemon, RULES.grace + RULES.apply_within + STEP).await;
    assert!(!world.files().contains("certs/shop/"), "{report:?}");
}

#[tokio::test]
async fn what_is_wanted_again_between_the_two_is_kept_as_it_was() {
    let (world, mut daemon) = world(Some(RULES)).await;
    let (before, orders) = (world.text(SECRET), world.ca.orders());
    world.somebody_writes(INGRESS, "");
    live(&world, &mut daemon, RULES.grace + STEP).await;
    assert!(!is_kept(&world));
    world.somebody_writes(INGRESS, SHOP);
    let report = live(&world, &mut daemon, RULES.apply_within * 2).await;
    assert_eq!(report.unwanted, []);
    assert!(world.text(SECRET) == before, "to the byte");
    assert!(world.text("certs/shop/fleet.yaml").contains("keepResources: true"));
    assert_eq!(world.ca.orders(), orders);

    world.somebody_writes(INGRESS, "");
    live(&world, &mut daemon, RULES.grace - STEP).await;
    assert!(is_kept(&world), "its grace begins anew");
}

#[tokio::test]
async fn a_restart_forgets_nothing_and_a_lost_state_begins_anew() {
    for is_lost in [false, true] {
        let (world, mut daemon) = world(Some(RULES)).await;
        world.somebody_writes(INGRESS, "");
        live(&world, &mut daemon, RULES.grace - STEP).await;
        drop(daemon);
        if is_lost {
            world.lose_database();
        }
        let mut daemon = world.daemon().await;
        live(&world, &mut daemon, STEP).await;
        assert_eq!(is_kept(&world), is_lost);
        live(&world, &mut daemon, RULES.grace - STEP).await;
        assert_eq!(is_there(&world), is_lost);
    }
}

fn is_there(world: &World) -> bool {
    world.files().contains(SECRET)
}

#[tokio::test]
async fn what_its_names_still_lead_to_is_not_removed_and_dns_is_asked_hourly() {
    let (world, mut daemon) = world(Some(RULES)).await;
    world.point("shop.example", &[World::EDGE]);
    world.somebody_writes(INGRESS, "");
    let report = live(&world, &mut daemon, RULES.grace).await;
    assert!(is_kept(&world));
    expect!["shop.example still leads to the edges; it is looked again at 2026-03-11 13:00:30Z"]
        .assert_eq(only(&report).waits_for.as_deref().unwrap());
    let looks = world.looks();
    world.pass(Duration::MINUTE);
    daemon.turn(Look::WhenDue).await.unwrap();
    assert_eq!(world.looks(), looks, "not at every turn");

    world.dns_is_down(true);
    let report = live(&world, &mut daemon, Duration::HOUR).await;
    assert!(is_kept(&world), "what DNS does not say removes nothing: {:?}", only(&report));
    world.dns_is_down(false);
    world.point("shop.example", &[]);
    live(&world, &mut daemon, Duration::HOUR).await;
    assert!(!is_kept(&world));
}

#[tokio::test]
async fn where_deletion_is_not_configured_it_is_only_reported() {
    let (world, mut daemon) = world(None).await;
    world.somebody_writes(INGRESS, "");
    let commits = world.commits();
    let report = live(&world, &mut daemon, RULES.grace * 2).await;
    assert_eq!((world.commits(), is_kept(&world)), (commits, true));
    expect!["nobody wants certs/shop/shop-tls.yaml since 2026-03-01 12:00:30Z; waits for: a person, as nothing is removed where deletion.grace is not set"]
        .assert_eq(&only(&report).text());
}

#[tokio::test]
async fn a_mass_disappearance_is_stopped_until_a_person_says_that_it_is_meant() {
    let (world, mut daemon) = world(Some(RULES)).await;
    world.point("blog.example", &[ELSEWHERE]);
    world.somebody_writes(INGRESS, "");
    world.somebody_writes("apps/blog.yaml", "");
    let commits = world.commits();
    let report = live(&world, &mut daemon, RULES.grace * 2).await;
    assert_eq!(world.commits(), commits);
    assert_eq!(report.troubles[0].with, TroubleWith::Deletion);
    expect!["2 of 2 secrets are unwanted, where 0 are removed without a person; see that discover and names and the repository are as they should be, or say that it is meant with: nws-certd prune"]
        .assert_eq(&report.troubles[0].text);

    let secrets = report.unwanted.iter().map(|one| one.key().unwrap()).collect();
    daemon.prune(secrets).await.unwrap();
    turn(&mut daemon).await;
    assert_eq!(world.commits(), commits + 1, "one at a time, as is configured");
    turn(&mut daemon).await;
    assert_eq!(world.commits(), commits + 1, "and not one right after the other");
    let report = live(&world, &mut daemon, Duration::days(3)).await;
    assert_eq!((report.unwanted.len(), report.troubles.len()), (0, 0));
    assert!(!world.files().contains("certs/"), "{}", world.files());
}

#[tokio::test]
async fn a_fault_that_may_hide_a_want_and_an_edited_file_keep_it() {
    let (world, mut daemon) = world(Some(RULES)).await;
    world.somebody_writes(INGRESS, "kind: Ingress\nspec: [\n");
    let report = live(&world, &mut daemon, RULES.grace + STEP).await;
    assert!(is_kept(&world));
    let why = only(&report).waits_for.clone().unwrap();
    assert!(why.contains(INGRESS) && why.contains("cannot be read"), "{why}");

    world.somebody_writes(INGRESS, "");
    let edited = world.text(SECRET).replace("  labels:\n", "  labels:\n    team: \"shop\"\n");
    world.somebody_writes(SECRET, &edited);
    let report = live(&world, &mut daemon, RULES.grace + STEP).await;
    assert!(is_there(&world) && is_kept(&world));
    let why = only(&report).waits_for.clone().unwrap();
    assert!(why.contains("not as nws-certd writes it"), "{why}");
}

#[tokio::test]
async fn a_removal_that_is_refused_holds_up_no_certificate() {
    let (world, mut daemon) = world(Some(RULES)).await;
    world.somebody_writes(INGRESS, "");
    live(&world, &mut daemon, RULES.grace - Duration::SECOND).await;
    let refuse = "while read old new ref; do git diff --quiet $old $new -- certs/shop || { echo 'not on a friday' >&2; exit 1; }; done";
    world.hook("pre-receive", refuse);
    world.pass(Duration::SECOND);
    let report = turn(&mut daemon).await;
    assert_eq!(report.troubles[0].with, TroubleWith::Deletion, "{:?}", report.troubles);
    assert!(report.troubles[0].text.contains("not on a friday"), "{:?}", report.troubles);

    world.somebody_writes("apps/wiki.yaml", &apps(&["wiki"]));
    world.settle(&mut daemon).await;
    assert!(world.files().contains("certs/wiki/wiki-tls.yaml"), "{}", world.files());
    world.hook("pre-receive", "exit 0");
    world.pass(Duration::minutes(5));
    turn(&mut daemon).await;
    assert!(!is_kept(&world));
}
