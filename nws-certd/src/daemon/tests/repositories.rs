//! Several repositories: what is wanted in `apps` goes to `certs`, what is wanted in `own` stays there.

use std::num::NonZeroUsize;
use std::sync::Arc;

use nws_acme::testing::Endpoint;
use nws_gitops::Deletion;
use time::Duration;

use super::pushing::RACING;
use super::world::{SHOP, World};
use crate::config::DeletionSettings;
use crate::control::{ImportBody, ImportedFrom};
use crate::daemon::{Daemon, Look};
use crate::import::ImportOutcome;
use crate::report::{CertificateReport, Report, Stage, TroubleWith};

/// An application whose Secret is its own and whose host is the shop's.
const SAME_HOST: &str = "apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: own, namespace: own}
spec: {tls: [{hosts: [shop.example], secretName: own-tls}]}
";

fn app(name: &str) -> String {
    SHOP.replace("shop", name)
}

fn report(daemon: &Daemon) -> Arc<Report> {
    daemon.reports().borrow().clone().unwrap()
}

/// Each Secret, where it is and how far it is.
fn deliveries(report: &Arc<Report>) -> Vec<String> {
    let each = report.certificates.iter().flat_map(|one| &one.deliveries);
    let said = each.map(|one| {
        let path = one.path.as_deref().unwrap_or("-");
        format!("{} {path} {:?}", one.secret, one.stage)
    });
    let mut all: Vec<_> = said.collect();
    all.sort();
    all
}

/// With what, and in which repository.
fn troubles(report: &Report) -> Vec<(TroubleWith, &str)> {
    let told = report.troubles.iter();
    told.map(|one| (one.with, one.text.split_once(':').map_or("", |(name, _)| name))).collect()
}

const DELIVERED: [&str; 2] =
    ["own-tls own:certs/own/own-tls.yaml Pushed", "shop-tls certs:certs/shop/shop-tls.yaml Pushed"];

fn delivered() -> Vec<String> {
    DELIVERED.map(String::from).into()
}

#[tokio::test]
async fn what_is_wanted_in_one_is_delivered_in_another_and_stays() {
    let world = World::of_several(SHOP, &app("own")).await;
    let mut daemon = world.daemon().await;
    let settled = world.settle(&mut daemon).await;
    assert_eq!(deliveries(&settled), DELIVERED, "{settled:?}");
    assert_eq!(settled.troubles, []);
    let wanted_by = |one: &CertificateReport| one.deliveries[0].wanted_by.clone();
    let mut wanted_by: Vec<_> = settled.certificates.iter().map(wanted_by).collect();
    wanted_by.sort();
    assert_eq!(
        wanted_by,
        [
            "apps:a.yaml, document 1, Ingress shop/shop, spec.tls[0]",
            "own:a.yaml, document 1, Ingress own/own, spec.tls[0]"
        ]
    );
    let subjects = ["apps", "certs", "own"].map(|of| world.subjects_in(of));
    assert_eq!(subjects, ["", "certs: issue shop/shop-tls\n", "certs: issue own/own-tls\n"]);
    assert_eq!(world.files_in("certs"), "certs/shop/fleet.yaml\ncerts/shop/shop-tls.yaml\n");
    let tips: Vec<_> = settled.branches.iter().map(|one| one.repository.as_deref()).collect();
    assert_eq!(tips, [Some("apps"), Some("certs"), Some("own")]);

    let mut again = world.daemon().await;
    assert_eq!(deliveries(&world.settle(&mut again).await), DELIVERED);
    assert_eq!(world.ca.count(Endpoint::NewOrder), 2);
    assert_eq!(world.subjects_in("certs").lines().count(), 1);
}

#[tokio::test]
async fn one_that_is_away_holds_only_what_is_for_it() {
    let world = World::of_several(SHOP, &app("own")).await;
    let mut daemon = world.daemon().await;
    world.order_without_publishing(&mut daemon).await;
    world.goes_away("certs");
    world.settle_without_looking(&mut daemon).await;
    let left = report(&daemon);
    assert_eq!(deliveries(&left), [DELIVERED[0], "shop-tls - Issued"]);
    assert_eq!(troubles(&left), [(TroubleWith::Push, "certs")]);

    // It is away when something else is wanted, which goes on as if nothing were.
    world.writes_to("own", "b.yaml", &app("wiki"));
    world.settle(&mut daemon).await;
    let left = report(&daemon);
    assert_eq!(deliveries(&left)[2], "wiki-tls own:certs/wiki/wiki-tls.yaml Pushed", "{left:?}");
    assert_eq!(troubles(&left)[0], (TroubleWith::Fetch, "certs"), "{left:?}");

    world.comes_back("certs");
    let settled = world.settle(&mut daemon).await;
    assert_eq!(deliveries(&settled)[1], DELIVERED[1]);
    assert_eq!((settled.troubles.len(), world.ca.count(Endpoint::NewOrder)), (0, 3));
}

#[tokio::test]
async fn one_that_hangs_holds_only_what_is_for_it() {
    let world = World::of_several(SHOP, &app("own")).await;
    let mut daemon = world.daemon().await;
    world.settle(&mut daemon).await;
    world.hangs("certs");
    world.writes_to("apps", "b.yaml", &app("blog"));
    world.writes_to("own", "b.yaml", &app("wiki"));
    let left = world.settle(&mut daemon).await;
    let wiki = "wiki-tls own:certs/wiki/wiki-tls.yaml Pushed";
    assert_eq!(deliveries(&left), ["blog-tls - Issued", DELIVERED[0], DELIVERED[1], wiki]);
    assert_eq!(troubles(&left), [(TroubleWith::Fetch, "certs")]);
    let wake_at = daemon.turn(Look::WhenDue).await.unwrap();
    assert!(wake_at > world.now(), "it is waited for, and nobody runs in circles");
    let refused = daemon.import(ImportBody { from: ImportedFrom::Branch(vec![]), dry_run: true });
    assert_eq!(refused.await.unwrap_err(), "certs: the git host has not answered yet; try again");

    world.hangs_no_more();
    let ended = daemon.fetching.join_next().await.unwrap();
    daemon.fetched(ended).await;
    let settled = world.settle(&mut daemon).await;
    assert_eq!(deliveries(&settled)[0], "blog-tls certs:certs/blog/blog-tls.yaml Pushed");
    assert_eq!((settled.troubles.len(), world.ca.count(Endpoint::NewOrder)), (0, 4));
}

#[tokio::test]
async fn one_that_cannot_be_read_stays_as_it_was_until_it_is_fetched_again() {
    let world = World::of_several(SHOP, &app("own")).await;
    let mut daemon = world.daemon().await;
    world.settle(&mut daemon).await;
    world.writes_to("apps", "b.yaml", &app("blog"));
    world.mirror_lacks("apps", "b.yaml");
    world.writes_to("own", "b.yaml", &app("wiki"));
    daemon.turn(Look::Asked).await.unwrap();
    let left = report(&daemon);
    assert_eq!(left.certificates.len(), 3, "with that of the wiki: {left:?}");
    assert_eq!(troubles(&left), [(TroubleWith::Fetch, "apps")]);

    // Whatever happens in others, it is looked at again when it was to be.
    let (again_at, now) = (world.now() + Duration::HOUR, world.now());
    daemon.branches[0].next_poll = Some(again_at);
    daemon.branches[2].next_poll = Some(now);
    world.writes_to("own", "c.yaml", &app("docs"));
    daemon.turn(Look::WhenDue).await.unwrap();
    assert_eq!(report(&daemon).certificates.len(), 4);
    assert_eq!(daemon.branches[0].next_poll, Some(again_at));

    let settled = world.settle(&mut daemon).await;
    assert_eq!((settled.certificates.len(), settled.troubles.len()), (5, 0), "{settled:?}");
}

#[tokio::test]
async fn one_that_refuses_holds_only_what_is_for_it() {
    let world = World::of_several(SHOP, &app("own")).await;
    let mut daemon = world.daemon().await;
    world.order_without_publishing(&mut daemon).await;
    world.hook_in("own", "pre-receive", "echo frozen >&2; exit 1");
    let left = world.settle_without_looking(&mut daemon).await;
    assert_eq!(deliveries(&left), ["own-tls - Held", DELIVERED[1]]);
    assert_eq!(troubles(&left), [(TroubleWith::Push, "own")]);
    let held = left.certificates.iter().find(|one| one.stage == Stage::Held).unwrap();
    assert!(held.last_error.as_deref().unwrap().contains("frozen"));
}

#[tokio::test]
async fn a_certificate_is_there_when_every_repository_has_it() {
    let world = World::of_several(SHOP, SAME_HOST).await;
    let mut daemon = world.daemon().await;
    world.order_without_publishing(&mut daemon).await;
    world.hook_in("own", "pre-receive", "exit 1");
    let left = world.settle_without_looking(&mut daemon).await;
    assert_eq!(deliveries(&left), ["own-tls - Held", DELIVERED[1]]);
    assert_eq!(left.certificates[0].stage, Stage::Held);

    // As after a crash between the two pushes.
    drop(daemon);
    world.hook_in("own", "pre-receive", "exit 0");
    let mut next = world.daemon().await;
    let settled = world.settle(&mut next).await;
    assert_eq!((deliveries(&settled), settled.certificates[0].stage), (delivered(), Stage::Pushed));
    assert_eq!(world.ca.count(Endpoint::NewOrder), 1);
    let commits = ["certs", "own"].map(|of| world.subjects_in(of).lines().count());
    assert_eq!(commits, [1, 1]);
}

#[tokio::test]
async fn a_start_while_one_is_away_goes_by_where_it_was_left() {
    let world = World::of_several(SHOP, &app("own")).await;
    world.settle(&mut world.daemon().await).await;
    world.goes_away("apps");
    world.writes_to("own", "b.yaml", &app("wiki"));
    let mut daemon = world.daemon().await;
    let settled = world.settle(&mut daemon).await;
    assert_eq!(deliveries(&settled)[..2], DELIVERED);
    assert_eq!(deliveries(&settled)[2], "wiki-tls own:certs/wiki/wiki-tls.yaml Pushed");
    assert_eq!(troubles(&settled), [(TroubleWith::Fetch, "apps")]);
}

#[tokio::test]
async fn nothing_is_ordered_while_one_was_never_seen() {
    let world = World::of_several(SHOP, &app("own")).await;
    world.goes_away("certs");
    let mut daemon = world.daemon().await;
    let left = world.settle(&mut daemon).await;
    assert_eq!((left.certificates.len(), world.ca.count(Endpoint::NewOrder)), (0, 0));
    assert_eq!(troubles(&left), [(TroubleWith::Fetch, "certs")]);
    world.comes_back("certs");
    assert_eq!(deliveries(&world.settle(&mut daemon).await), DELIVERED);
}

#[tokio::test]
async fn a_race_in_one_is_run_there_alone() {
    let world = World::of_several(SHOP, &app("own")).await;
    let mut daemon = world.daemon().await;
    world.writes_to("certs", "README.md", "theirs");
    world.order_without_publishing(&mut daemon).await;
    world.hook_in("certs", "pre-receive", &RACING.replace("TIMES", "2"));
    let settled = world.settle_without_looking(&mut daemon).await;
    assert_eq!((deliveries(&settled), settled.troubles.len()), (delivered(), 0), "{settled:?}");
}

#[tokio::test]
async fn what_nobody_wants_goes_from_its_repository_while_all_are_seen() {
    let world = World::of_several(SHOP, &app("own")).await;
    let (grace, apply_within) = (Duration::days(10), Duration::days(1));
    let rules = Deletion { grace, apply_within, max_per_commit: NonZeroUsize::MIN, max_share: 50 };
    let settings = DeletionSettings { rules: Some(rules), even_if_served: true };
    *world.deletion.lock().unwrap() = settings;
    let mut daemon = world.daemon().await;
    world.settle(&mut daemon).await;
    world.writes_to("apps", "a.yaml", "");
    daemon.turn(Look::Asked).await.unwrap();
    let subjects = ["certs: issue shop/shop-tls\n", "certs: issue own/own-tls\n"];
    let all = || ["certs", "own"].map(|of| world.subjects_in(of));
    live(&world, &mut daemon, grace - Duration::HOUR).await;
    // Who cannot be seen may want it.
    world.goes_away("own");
    live(&world, &mut daemon, Duration::hours(12)).await;
    let wake_at = daemon.turn(Look::WhenDue).await.unwrap();
    assert!(wake_at > world.now(), "it is waited for, and nobody runs in circles");
    world.comes_back("own");
    assert_eq!(all(), subjects);
    live(&world, &mut daemon, apply_within + Duration::DAY).await;
    let gone = "certs: remove shop/shop-tls\ncerts: let go of shop/shop-tls\n";
    assert_eq!(all(), [&format!("{gone}{}", subjects[0]), subjects[1]]);
    assert!(!world.files_in("certs").contains("shop-tls"));
}

async fn live(world: &World, daemon: &mut Daemon, time: Duration) {
    let end = world.now() + time;
    while world.now() < end {
        world.pass(Duration::hours(12).min(end - world.now()));
        daemon.turn(Look::Asked).await.unwrap();
    }
}

#[tokio::test]
async fn secrets_of_others_are_adopted_in_each_repository() {
    let world = World::of_several(SHOP, &app("own")).await;
    world.settle(&mut world.daemon().await).await;
    for (of, file) in [("certs", "shop/shop-tls"), ("own", "own/own-tls")] {
        world.disowns(of, &format!("certs/{file}.yaml"));
    }
    let mut daemon = world.daemon().await;
    daemon.turn(Look::Asked).await.unwrap();
    let asked = vec!["own/own-tls".to_owned(), "shop/shop-tls".into(), "no/such".into()];
    let from = ImportedFrom::Branch(asked);
    let imported = daemon.import(ImportBody { from, dry_run: false }).await.unwrap();
    let said = imported.certificates.iter().map(|one| (one.source.as_str(), one.outcome));
    let taken = ImportOutcome::Taken;
    assert_eq!(
        said.collect::<Vec<_>>(),
        [
            ("no/such", ImportOutcome::Refused),
            ("certs:certs/shop/shop-tls.yaml", taken),
            ("own:certs/own/own-tls.yaml", taken),
        ]
    );
    assert_eq!(deliveries(&world.settle(&mut daemon).await), DELIVERED);
    assert_eq!(world.ca.count(Endpoint::NewOrder), 2);
}
