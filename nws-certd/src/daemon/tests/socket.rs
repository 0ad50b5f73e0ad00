//! The operators' API as its client sees it.

use std::num::NonZeroU32;
use std::sync::Arc;

use nws_challenge::preflight::Ipv6;
use time::Duration;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

use super::world::Place::{First, Second};
use super::world::{SHOP, World, apps};
use crate::accounts::Accounts;
use crate::config::{PreflightPolicy, PreflightSettings};
use crate::control::{self, Control, ControlError, Desk, Identity, PreflightBody, RevokeBody};
use crate::daemon::Daemon;
use crate::edges::Edges;
use crate::explain::Narrator;
use crate::preflight::{Examiner, Inspector};
use crate::report::{Report, Stage};
use crate::resolver::Resolver;

/// A daemon that runs, and who may ask it.
pub(super) struct Served {
    pub(super) control: Control,
    pub(super) stop: CancellationToken,
    _dir: tempfile::TempDir,
}

/// Asks a resolver that is none.
fn examiner(daemon: &Daemon) -> Examiner {
    let parts = &daemon.parts;
    let settings = PreflightSettings {
        policy: PreflightPolicy::Enforce,
        tries: NonZeroU32::MIN,
        http_port: 80,
        private_addresses: false,
        ipv6: Ipv6::Warn,
    };
    let dns = Arc::new(Resolver::new(&["127.0.0.1:9".parse().unwrap()]).unwrap());
    let inspector = Inspector::new(&settings, 443, &dns, (&parts.answers, &parts.clock)).unwrap();
    let authorities = parts.ordering.authorities.clone();
    Examiner::new(inspector, authorities, parts.stateless, parts.clock.clone())
}

impl Served {
    pub(super) async fn start(world: &World) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("control.sock");
        let daemon = world.daemon().await;
        let edges = Arc::new(Edges::new(443, &[]).unwrap());
        let narrator = Narrator { store: daemon.parts.store.clone(), edges };
        let (requests, asked) = mpsc::channel(1);
        let stop = CancellationToken::new();
        let (reports, stopped) = (daemon.reports(), stop.clone());
        let accounts = Accounts::of(&daemon.parts.ordering);
        let examiner = examiner(&daemon);
        let desk = Desk { reports, requests, narrator, accounts, examiner, stop: stopped };
        let listener = control::bind(&socket).unwrap();
        tokio::spawn(control::serve(listener, socket.clone(), desk, stop.clone()));
        tokio::spawn(daemon.run(asked, Arc::new(Notify::new()), stop.clone()));
        Self { control: Control::at(socket), stop, _dir: dir }
    }

    /// Asks for turns, half a minute after each other, until it is so.
    async fn until(&self, world: &World, is_so: impl Fn(&Report) -> bool) -> Report {
        for _ in 0..200 {
            let report = self.control.sync().await.unwrap();
            if is_so(&report) {
                return report;
            }
            tokio::task::yield_now().await;
            world.pass(Duration::seconds(30));
        }
        panic!("it never is")
    }
}

fn is_pushed(report: &Report) -> bool {
    !report.certificates.is_empty()
        && report.certificates.iter().all(|one| one.stage == Stage::Pushed)
}

/// The first CA may not issue for the blog; of what nobody wants nothing is planned, so that it is looked at as by the first.
#[tokio::test]
async fn names_are_looked_at_as_by_the_ca_that_they_are_ordered_from() {
    let world = World::with(&apps(&["shop", "blog"])).await;
    world.configure(&[First, Second]);
    world.allow("blog.example", &["second.test"]);
    let served = Served::start(&world).await;
    served.until(&world, is_pushed).await;
    let hosts = ["blog.example", "shop.example", "wiki.example"].map(|host| host.parse().unwrap());
    let report = served.control.preflight(PreflightBody { hosts: hosts.into() }).await.unwrap();
    let cas: Vec<_> = report.names.iter().map(|name| &name.ca).collect();
    let [first, second] = [First, Second].map(|place| world.directory(place).to_string());
    assert_eq!(cas, [&second, &first, &first]);
    served.stop.cancel();
}

#[tokio::test]
async fn a_certificate_is_renewed_and_the_one_before_revoked() {
    let world = World::with(SHOP).await;
    let served = Served::start(&world).await;
    let first = served.until(&world, is_pushed).await;
    world.pass(Duration::MINUTE);

    let asked: Vec<_> = first.certificates.iter().map(Identity::from).collect();
    let report = served.control.renew(asked).await.unwrap();
    assert_eq!(report.certificates[0].stage, Stage::Ordering, "the answer knows of it");
    served.until(&world, |report| is_pushed(report) && world.ca.issued() == 2).await;

    let all = served.control.revocable().await.unwrap();
    let before = all.iter().find(|one| !one.is_newest).unwrap();
    assert_eq!(Some(&before.serial), first.certificates[0].serial.as_ref());
    let body = RevokeBody {
        fingerprint: before.fingerprint.clone(),
        reason: "superseded".into(),
        replacing: false,
        ca: None,
    };
    let report = served.control.revoke(body.clone()).await.unwrap();
    assert_eq!(report.revocations[0].serial, before.serial);
    served.until(&world, |report| report.revocations[0].revoked_at.is_some()).await;
    assert_eq!((world.ca.revoked(), world.ca.issued()), (1, 2));

    let elsewhere = RevokeBody { ca: Some("https://else.where/".into()), ..body.clone() };
    let unreadable = RevokeBody { reason: "boredom".into(), ..body };
    for (body, want) in [(elsewhere, "is revoked since"), (unreadable, "unknown reason")] {
        let refused = served.control.revoke(body).await.unwrap_err();
        assert!(
            matches!(&refused, ControlError::Refused { reason } if reason.contains(want)),
            "{refused}"
        );
    }
    served.stop.cancel();
}
