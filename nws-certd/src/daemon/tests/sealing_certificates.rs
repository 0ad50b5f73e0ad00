//! Where sealing certificates come from: nothing is ordered before there is one, no controller holds up anything, and another key is told.

use std::sync::Arc;

use nws_acme::testing::Endpoint;
use time::Duration;

use super::world::{Controller, SHOP, World, apps, certificate, sealed};
use crate::config::RecipientSource;
use crate::control::ResealBody;
use crate::daemon::{Daemon, Look};
use crate::report::{CertificateReport, Report, Stage, TroubleWith};

const FILE: &str = "certs/shop/shop-tls.yaml";
const RESEAL: ResealBody = ResealBody { dry_run: false, reissue: false };

fn orders(world: &World) -> usize {
    world.ca.count(Endpoint::NewOrder)
}

fn report(daemon: &Daemon) -> Arc<Report> {
    daemon.reports().borrow().clone().unwrap()
}

fn of<'a>(report: &'a Report, host: &str) -> &'a CertificateReport {
    report.certificates.iter().find(|one| one.names == [host]).unwrap()
}

fn with_sealing(report: &Report) -> Vec<&str> {
    let told = report.troubles.iter().filter(|one| one.with == TroubleWith::Sealing);
    told.map(|one| one.text.as_str()).collect()
}

/// Until the controller has given its certificate; one that was given up on meanwhile is asked again.
async fn given(world: &World, daemon: &mut Daemon) {
    while daemon.parts.sealing.controllers().any(|one| !one.pin.exists()) {
        if let Some(answer) = daemon.controllers.answer().await {
            daemon.controllers.take_in(answer, world.now());
        } else {
            world.pass(Duration::seconds(30));
            daemon.turn(Look::WhenDue).await.unwrap();
        }
    }
}

#[tokio::test]
async fn nothing_is_ordered_before_there_is_a_certificate_to_seal_to() {
    let world = World::with(SHOP).await;
    let file = world.on_the_host("sealed-secrets.pem");
    *world.seal.lock().unwrap() = sealed(RecipientSource::CertificateFile(file.clone()));
    let mut daemon = world.daemon().await;
    let told = world.settle(&mut daemon).await;
    assert_eq!(orders(&world), 0);
    let shop = of(&told, "shop.example");
    let why = shop.last_error.as_deref().unwrap();
    assert!(why.contains("sealed-secrets.pem: there is no such file; write there"), "{why}");
    assert_eq!((shop.stage, &*shop.next.what), (Stage::Held, "look"));
    assert_eq!(with_sealing(&told).len(), 1);

    // Neither the branch has changed nor is it time to look at it.
    std::fs::write(file, certificate().0).unwrap();
    let told = world.settle_without_looking(&mut daemon).await;
    assert_eq!(with_sealing(&told), Vec::<&str>::new());
    let told = world.settle_without_looking(&mut daemon).await;
    assert_eq!((orders(&world), of(&told, "shop.example").stage), (1, Stage::Pushed));
    assert!(world.text(FILE).contains("kind: \"SealedSecret\""), "{}", world.text(FILE));
}

#[tokio::test]
async fn a_certificate_that_was_issued_before_there_was_none_goes_on_once_there_is_one() {
    let world = World::with(SHOP).await;
    let file = world.on_the_host("sealed-secrets.pem");
    std::fs::write(&file, certificate().0).unwrap();
    *world.seal.lock().unwrap() = sealed(RecipientSource::CertificateFile(file.clone()));
    let mut daemon = world.daemon().await;
    world.order_without_publishing(&mut daemon).await;
    let pem = std::fs::read(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    let told = world.settle_without_looking(&mut daemon).await;
    assert_eq!(of(&told, "shop.example").stage, Stage::Held);

    std::fs::write(&file, pem).unwrap();
    daemon.turn(Look::WhenDue).await.unwrap();
    assert_eq!(of(&report(&daemon), "shop.example").stage, Stage::Pushed);
    assert_eq!(orders(&world), 1);
}

#[tokio::test]
async fn a_controller_that_is_silent_holds_up_nothing_but_what_is_for_it() {
    let world = World::of_several(SHOP, &SHOP.replace("shop", "own")).await;
    let controller = Controller::silent().await;
    *world.seal_apart.lock().unwrap() = Some(("certs", sealed(controller.source())));
    let mut daemon = world.daemon().await;
    let told = world.settle(&mut daemon).await;
    assert_eq!(of(&told, "own.example").stage, Stage::Pushed, "{told:#?}");
    let shop = of(&told, "shop.example");
    let why = shop.last_error.as_deref().unwrap();
    assert_eq!((shop.stage, orders(&world)), (Stage::Held, 1));
    assert!(why.contains("has not given its sealing certificate yet"), "{why}");
    assert_eq!(with_sealing(&told).len(), 1);

    let (pem, _) = certificate();
    controller.gives(&pem);
    given(&world, &mut daemon).await;
    daemon.turn(Look::WhenDue).await.unwrap();
    let told = world.settle_without_looking(&mut daemon).await;
    assert_eq!((of(&told, "shop.example").stage, orders(&world)), (Stage::Pushed, 2));
    assert_eq!(with_sealing(&told), Vec::<&str>::new());
    let text = world.text_in("certs", FILE);
    assert!(text.contains("kind: \"SealedSecret\""), "{text}");
}

#[tokio::test]
async fn what_a_controller_gave_once_serves_while_it_is_away_after_a_restart() {
    let world = World::with(SHOP).await;
    let controller = Controller::silent().await;
    controller.gives(&certificate().0);
    *world.seal.lock().unwrap() = sealed(controller.source());
    let mut daemon = world.daemon().await;
    daemon.turn(Look::Asked).await.unwrap();
    given(&world, &mut daemon).await;
    drop((controller, daemon));

    let mut daemon = world.daemon().await;
    let told = world.settle(&mut daemon).await;
    assert_eq!((of(&told, "shop.example").stage, orders(&world)), (Stage::Pushed, 1));
    // It is away, and one note says everything.
    while let Some(answer) = daemon.controllers.answer().await {
        daemon.controllers.take_in(answer, world.now());
    }
    daemon.turn(Look::WhenDue).await.unwrap();
    let told = report(&daemon);
    let [note] = with_sealing(&told)[..] else { panic!("{told:#?}") };
    assert!(note.contains("is not known: it cannot be reached"), "{note}");
}

#[tokio::test]
async fn another_key_in_a_file_is_told_until_what_there_is_is_sealed_to_it() {
    let world = World::with(&apps(&["shop", "wiki"])).await;
    let file = world.on_the_host("sealed-secrets.pem");
    let gives = |pem: &str| std::fs::write(&file, pem).unwrap();
    let source = RecipientSource::CertificateFile(file.clone());
    another_key_is_told(&world, source, "sealed-secrets.pem", gives).await;
}

#[tokio::test]
async fn another_key_in_the_branch_is_told_until_what_there_is_is_sealed_to_it() {
    let world = World::with(&apps(&["shop", "wiki"])).await;
    let file = "clusters/sealed-secrets.pem";
    let gives = |pem: &str| world.somebody_writes(file, pem);
    let source = RecipientSource::Certificate(file.parse().unwrap());
    another_key_is_told(&world, source, file, gives).await;
}

#[tokio::test]
async fn another_key_of_a_controller_is_told_until_what_there_is_is_sealed_to_it() {
    let world = World::with(&apps(&["shop", "wiki"])).await;
    let controller = Controller::silent().await;
    let gives = |pem: &str| controller.gives(pem);
    another_key_is_told(&world, controller.source(), "the controller at http://", gives).await;
}

#[tokio::test]
async fn what_is_to_be_sealed_anew_waits_for_a_certificate_that_is_away() {
    let world = World::with(SHOP).await;
    let (first, second) = (certificate(), certificate());
    let file = world.on_the_host("sealed-secrets.pem");
    std::fs::write(&file, first.0).unwrap();
    *world.seal.lock().unwrap() = sealed(RecipientSource::CertificateFile(file.clone()));
    let mut daemon = world.daemon().await;
    world.settle(&mut daemon).await;

    std::fs::write(&file, &second.0).unwrap();
    daemon.turn(Look::WhenDue).await.unwrap();
    daemon.reseal(RESEAL).await.unwrap();
    std::fs::remove_file(&file).unwrap();
    daemon.turn(Look::WhenDue).await.unwrap();
    assert!(world.text(FILE).contains(&first.1));
    std::fs::write(&file, &second.0).unwrap();
    daemon.turn(Look::WhenDue).await.unwrap();
    assert!(world.text(FILE).contains(&second.1));
}

async fn another_key_is_told(
    world: &World,
    source: RecipientSource,
    named: &str,
    gives: impl Fn(&str),
) {
    let (first, second) = (certificate(), certificate());
    gives(&first.0);
    *world.seal.lock().unwrap() = sealed(source);
    let mut daemon = world.daemon().await;
    daemon.turn(Look::Asked).await.unwrap();
    given(world, &mut daemon).await;
    let told = world.settle(&mut daemon).await;
    assert_eq!(with_sealing(&told), Vec::<&str>::new());

    gives(&second.0);
    world.pass(Duration::DAY);
    daemon.turn(Look::Asked).await.unwrap();
    while let Some(answer) = daemon.controllers.answer().await {
        daemon.controllers.take_in(answer, world.now());
    }
    daemon.turn(Look::WhenDue).await.unwrap();
    let told = report(&daemon);
    let [note] = with_sealing(&told)[..] else { panic!("{told:#?}") };
    let words = format!("{}, than secrets are sealed to, {}; ", second.1, first.1);
    assert!(note.contains(named) && note.contains(&words), "{note}");
    assert!(note.ends_with("nws-certd reseal"), "{note}");
    assert!(world.text(FILE).contains(&first.1));

    daemon.reseal(RESEAL).await.unwrap();
    daemon.turn(Look::WhenDue).await.unwrap();
    assert_eq!(with_sealing(&report(&daemon)), Vec::<&str>::new());
    assert!(world.text(FILE).contains(&second.1));
    assert_eq!(orders(world), 2);
}
