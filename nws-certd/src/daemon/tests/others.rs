//! What is answered to tokens that no order of this daemon has brought.

use http::{Method, StatusCode};
use nws_challenge::{KeyAuthorization, Question, respond};
use time::Duration;

use super::accounts::run_changes;
use super::world::Place::{First, Second};
use super::world::{SHOP, World, apps};
use crate::accounts::Accounts;
use crate::config::StatelessAnswers;
use crate::daemon::{Daemon, Look};

const UNSEEN: &str = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA";
const OFFERED: &str = "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0";

/// What a request for a host gets, behind the dot.
fn answered(daemon: &Daemon, host: &str) -> Option<String> {
    answered_for(daemon, UNSEEN, host)
}

fn answered_for(daemon: &Daemon, token: &str, host: &str) -> Option<String> {
    let path = format!("/.well-known/acme-challenge/{token}");
    let question = Question { method: &Method::GET, path: &path, host: Some(host) };
    let response = respond(question, &daemon.parts.answers);
    if response.status() != StatusCode::OK {
        return None;
    }
    let body = String::from_utf8(response.into_body().to_vec()).unwrap();
    Some(body.strip_prefix(&format!("{token}.")).unwrap().to_owned())
}

fn thumbprint(daemon: &Daemon) -> String {
    thumbprint_at(daemon, 0)
}

fn thumbprint_at(daemon: &Daemon, ca: usize) -> String {
    daemon.parts.ordering.authorities[ca].thumbprint().to_string()
}

#[tokio::test]
async fn others_are_answered_as_configured() {
    let cases = [
        (StatelessAnswers::Off, false, false),
        (StatelessAnswers::KnownHosts, true, false),
        (StatelessAnswers::Any, true, true),
    ];
    let world = World::with(SHOP).await;
    for (setting, known, others) in cases {
        let mut daemon = world.daemon().await;
        daemon.parts.stateless = setting;
        world.settle(&mut daemon).await;
        let ours = thumbprint(&daemon);
        for (host, want) in [("shop.example", known), ("other.example", others)] {
            let want = want.then(|| ours.clone());
            assert_eq!(answered(&daemon, host), want, "{setting:?} {host}");
        }
    }
}

#[tokio::test]
async fn a_host_that_nobody_wants_any_more_is_not_known() {
    let world = World::with(&apps(&["shop", "blog"])).await;
    let mut daemon = world.daemon().await;
    daemon.parts.stateless = StatelessAnswers::KnownHosts;
    world.settle(&mut daemon).await;
    assert!(answered(&daemon, "blog.example").is_some());

    world.somebody_writes("apps/shop/ingress.yaml", SHOP);
    world.settle(&mut daemon).await;
    assert_eq!(answered(&daemon, "blog.example"), None);
    assert!(answered(&daemon, "shop.example").is_some());
}

#[tokio::test]
async fn a_changed_key_is_answered_with_once_the_ca_has_it() {
    let world = World::with(SHOP).await;
    let mut daemon = world.daemon().await;
    daemon.parts.stateless = StatelessAnswers::Any;
    world.settle(&mut daemon).await;
    let first = thumbprint(&daemon);
    assert_eq!(answered(&daemon, "shop.example").as_ref(), Some(&first));

    world.is_down(First, true);
    Accounts::of(&daemon.parts.ordering).roll_over(None).await.unwrap();
    run_changes(&mut daemon).await;
    daemon.turn(Look::WhenDue).await.unwrap();
    assert_eq!(answered(&daemon, "shop.example").as_ref(), Some(&first), "the CA has not heard");

    world.is_down(First, false);
    world.pass(Duration::HOUR);
    Accounts::of(&daemon.parts.ordering).roll_over(None).await.unwrap();
    run_changes(&mut daemon).await;
    daemon.turn(Look::WhenDue).await.unwrap();
    let next = thumbprint(&daemon);
    assert_ne!(next, first);
    assert_eq!(answered(&daemon, "shop.example"), Some(next));
}

/// The first CA may not issue for the blog, so its orders go to the second, where we have another account.
#[tokio::test]
async fn each_host_is_answered_from_the_account_at_the_ca_that_it_is_ordered_from() {
    let world = World::with(&apps(&["shop", "blog"])).await;
    world.configure(&[First, Second]);
    world.allow("blog.example", &["second.test"]);
    let mut daemon = world.daemon().await;
    world.keep_apart(&mut daemon, Second, 1);
    daemon.parts.stateless = StatelessAnswers::Any;
    world.settle(&mut daemon).await;
    world.go_on(&mut daemon).await;
    assert_eq!((world.ca.issued(), world.second.issued()), (1, 1));
    let (ours, theirs) = (thumbprint_at(&daemon, 0), thumbprint_at(&daemon, 1));
    assert_ne!(ours, theirs);
    let all = |daemon: &Daemon| {
        ["shop.example", "blog.example", "other.example"]
            .map(|host| answered(daemon, host).unwrap())
    };
    assert_eq!(all(&daemon), [&*ours, &theirs, &ours]);

    let offered: KeyAuthorization = format!("{OFFERED}.{theirs}").parse().unwrap();
    daemon.parts.answers.put(offered, world.now() + Duration::HOUR).unwrap();
    let second = world.directory(Second).to_string();
    Accounts::of(&daemon.parts.ordering).roll_over(Some(&second)).await.unwrap();
    run_changes(&mut daemon).await;
    daemon.turn(Look::WhenDue).await.unwrap();
    let next = thumbprint_at(&daemon, 1);
    assert_ne!(next, theirs);
    assert_eq!(all(&daemon), [&*ours, &next, &ours], "the other account has kept its key");
    let late = answered_for(&daemon, OFFERED, "blog.example");
    assert_eq!(late, Some(theirs), "what was offered before is answered with the key before");
}

/// Late vantage points ask minutes after the order has ended.
#[tokio::test]
async fn a_challenge_is_answered_for_ten_minutes_after_its_order() {
    let world = World::with(SHOP).await;
    let mut daemon = world.daemon().await;
    world.settle(&mut daemon).await;
    assert_eq!(world.ca.issued(), 1);
    let offered = daemon.parts.answers.len();
    assert_eq!(offered, 1);

    world.pass(Duration::minutes(10));
    daemon.turn(Look::WhenDue).await.unwrap();
    assert_eq!(daemon.parts.answers.len(), offered);
    world.pass(Duration::minutes(30));
    daemon.turn(Look::WhenDue).await.unwrap();
    assert_eq!(daemon.parts.answers.len(), 0);
}
