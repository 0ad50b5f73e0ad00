//! Files of ours that somebody else has changed.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use time::{Duration, OffsetDateTime};

use super::sealing::ONE;
use super::world::{SHOP, World, sops};
use crate::daemon::Daemon;
use crate::edges::Edges;
use crate::edges::tests::dns::{Dns, Reply};
use crate::edges::tests::edge::{Behaviour, Held, TestEdge, certificate};
use crate::report::{Report, Stage};
use crate::store::Step;

const FILE: &str = "certs/shop/shop-tls.yaml";
const CERTIFICATE: &str = "    nws-certd/certificate: ";
static HERE: [IpAddr; 2] =
    [IpAddr::V4(Ipv4Addr::new(127, 0, 0, 1)), IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2))];

/// A world with one certificate, sealed and delivered.
async fn delivered() -> (World, Daemon, Arc<Report>) {
    let world = World::with(SHOP).await;
    *world.seal.lock().unwrap() = sops(&[ONE]);
    look_at(&world, 443, &[]).await;
    let mut daemon = world.daemon().await;
    let report = world.settle(&mut daemon).await;
    assert!(report.faults.is_empty(), "{report:?}");
    (world, daemon, report)
}

/// From the next daemon on, the name leads to these addresses.
async fn look_at(world: &World, port: u16, addresses: &'static [IpAddr]) {
    look_at_ours(world, port, addresses, &[]).await;
}

/// The same where these addresses are said to be ours.
async fn look_at_ours(world: &World, port: u16, addresses: &'static [IpAddr], ours: &[IpAddr]) {
    let dns = Dns::answering(|_, _| Reply::Addresses(addresses.to_vec())).await;
    let edges = Edges::new(port, &[dns.address]).unwrap().with_ours(ours.to_vec());
    *world.edges.lock().unwrap() = Arc::new(edges);
}

/// Somebody writes a certificate of his own beside what is sealed, which ends in two thousand years.
fn forge(world: &World) -> Held {
    let forged = certificate("shop.example");
    let line = |line: &str| match line.starts_with(CERTIFICATE) {
        true => format!("{CERTIFICATE}\"{}\"\n", STANDARD.encode(forged.der())),
        false => format!("{line}\n"),
    };
    let text: String = world.text(FILE).lines().map(line).collect();
    assert_ne!(text, world.text(FILE), "there is no certificate to forge");
    world.somebody_writes(FILE, &text);
    forged
}

fn said(report: &Report) -> &str {
    let [fault] = &report.faults[..] else { panic!("{report:?}") };
    assert_eq!((fault.path.as_str(), &fault.hosts[..]), (FILE, &["shop.example".to_owned()][..]));
    &fault.text
}

fn due(report: &Report) -> OffsetDateTime {
    report.certificates[0].next.at
}

#[tokio::test]
async fn what_somebody_else_wrote_is_told_and_renewed_when_what_was_delivered_is_due() {
    let (world, mut daemon, before) = delivered().await;
    forge(&world);
    let (issued, commits) = (world.ca.issued(), world.commits());
    let report = world.settle(&mut daemon).await;
    let text = said(&report);
    assert!(text.contains("4096-01-01") && text.contains("nws-certd renew shop.example"), "{text}");
    assert_eq!((due(&report), report.certificates[0].stage), (due(&before), Stage::Pushed));
    assert_eq!((world.ca.issued(), world.commits()), (issued, commits), "it is left as it is");

    world.pass(due(&before) - report.at);
    let report = world.settle(&mut daemon).await;
    assert_eq!((world.ca.issued(), world.commits()), (issued + 1, commits + 1));
    assert!(report.faults.is_empty(), "{report:?}");
}

#[tokio::test]
async fn without_what_was_delivered_another_is_ordered() {
    let (world, daemon, _) = delivered().await;
    drop(daemon);
    world.lose_database();
    let mut daemon = world.daemon().await;
    assert!(world.settle(&mut daemon).await.faults.is_empty(), "the first look is believed");
    let issued = world.ca.issued();
    forge(&world);
    let report = world.settle(&mut daemon).await;
    assert_eq!((world.ca.issued(), report.faults.len()), (issued + 1, 0), "{report:?}");
}

#[tokio::test]
async fn its_dates_are_believed_once_every_address_serves_it() {
    let (world, daemon, before) = delivered().await;
    drop(daemon);
    let forged = forge(&world);
    let other = Behaviour::Serve(certificate("shop.example"));
    let one = TestEdge::at(HERE[0], 0, Behaviour::Serve(forged.clone())).await;
    let two = TestEdge::at(HERE[1], one.port, other).await;
    look_at(&world, one.port, &HERE).await;

    let mut daemon = world.daemon().await;
    let report = world.settle(&mut daemon).await;
    let other = format!("shop.example at 127.0.0.2:{} serves another certificate", one.port);
    assert!(said(&report).contains(&other), "{}", said(&report));
    assert_eq!(due(&report), due(&before));

    two.now(Behaviour::Serve(forged));
    let report = world.settle(&mut daemon).await;
    assert!(said(&report).contains("its certificate is known"), "{}", said(&report));
    assert!(due(&report) > due(&before) + Duration::days(300), "{report:?}");

    drop(daemon);
    let again = world.settle(&mut world.daemon().await).await;
    assert_eq!(due(&again), due(&report), "a restart forgets it");
}

#[tokio::test]
async fn a_name_that_leads_to_none_of_our_edges_proves_nothing() {
    let (world, daemon, before) = delivered().await;
    drop(daemon);
    let edge = TestEdge::at(HERE[0], 0, Behaviour::Serve(forge(&world))).await;
    look_at_ours(&world, edge.port, &HERE[..1], &["192.0.2.1".parse().unwrap()]).await;
    let report = world.settle(&mut world.daemon().await).await;
    assert!(said(&report).contains("shop.example has no address of edges.addresses"), "{report:?}");
    assert_eq!(due(&report), due(&before));
}

#[tokio::test]
async fn the_certificate_that_was_delivered_is_known_in_whatever_file() {
    let (world, daemon, before) = delivered().await;
    world.somebody_writes(FILE, &format!("{}# rotated\n", world.text(FILE)));
    let (issued, commits) = (world.ca.issued(), world.commits());
    drop(daemon);
    let mut daemon = world.daemon().await;
    let report = world.settle(&mut daemon).await;
    assert!(said(&report).contains("its certificate is known"), "{}", said(&report));
    assert_eq!((due(&report), world.ca.issued(), world.commits()), (due(&before), issued, commits));

    let certificates = vec![daemon.parts.store.load().await.unwrap().certificates[0].key.clone()];
    let asked = Step::Asked { certificates, at: world.now() };
    daemon.parts.store.write(asked).await.unwrap();
    assert!(world.settle(&mut daemon).await.faults.is_empty(), "`renew` writes it anew");
}

#[tokio::test]
async fn what_a_server_refuses_again_and_again_is_not_remembered_each_time() {
    let (world, mut daemon, before) = delivered().await;
    world.pass(due(&before) - before.at);
    world.hook("pre-receive", "exit 1");
    let mut known = Vec::new();
    for _ in 0..3 {
        world.settle(&mut daemon).await;
        known.push(daemon.parts.store.load().await.unwrap().read_back.len());
        world.pass(Duration::minutes(5));
    }
    assert_eq!((world.ca.issued(), known), (2, vec![1; 3]));
    world.hook("pre-receive", "exit 0");
    let report = world.settle(&mut daemon).await;
    assert!(report.faults.is_empty(), "{report:?}");
    assert_eq!(daemon.parts.store.load().await.unwrap().read_back.len(), 2);
}

#[tokio::test]
async fn an_older_file_of_ours_is_ours() {
    let (world, mut daemon, before) = delivered().await;
    let text = world.text(FILE);
    world.pass(due(&before) - before.at);
    world.settle(&mut daemon).await;
    world.somebody_writes(FILE, &text);
    let report = world.settle(&mut daemon).await;
    assert!(report.faults.is_empty(), "{report:?}");
    assert_ne!(world.text(FILE), text, "what ends later is delivered again");
}
