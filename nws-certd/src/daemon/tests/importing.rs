//! Certificates of other clients that are taken over.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use nws_acme::RevocationReason;
use nws_expiry::{Chain, PrivateKey};
use rcgen::string::Ia5String;
use rcgen::{CertificateParams, KeyPair, SanType};
use time::Duration;

use super::pushing::RACING;
use super::world::{SHOP, World, apps};
use crate::control::{CertificateBody, ImportBody, ImportedFrom};
use crate::daemon::Daemon;
use crate::import::{ImportOutcome, ImportReport, import_text};
use crate::report::{Colour, Stage};
use crate::store::{Revocation, Step};

/// A certificate of somebody else.
struct Theirs {
    chain: Chain,
    key: PrivateKey,
}

impl Theirs {
    /// One of 90 days that has so many left.
    fn new(world: &World, names: &[&str], days_left: i64) -> Self {
        let dns = |name: &&str| SanType::DnsName(Ia5String::try_from(*name).unwrap());
        let pair = KeyPair::generate().unwrap();
        Self::made(world, names.iter().map(dns).collect(), days_left, &pair)
    }

    fn made(world: &World, names: Vec<SanType>, days_left: i64, pair: &KeyPair) -> Self {
        let mut params = CertificateParams::default();
        params.subject_alt_names = names;
        params.not_after = world.now() + Duration::days(days_left);
        params.not_before = params.not_after - Duration::days(90);
        let der = params.self_signed(pair).unwrap().der().as_ref().into();
        Self {
            chain: Chain::from_der(vec![der]).unwrap(),
            key: PrivateKey::from_pkcs8_der(pair.serialized_der()).unwrap(),
        }
    }

    fn body(&self, daemon: &Daemon, source: &str) -> CertificateBody {
        let key = daemon.parts.publisher.vault.seal(self.key.pkcs8_der()).unwrap();
        CertificateBody::new(source.into(), &self.chain, &key, None)
    }

    /// As cert-manager would have written it.
    fn secret(&self, namespace: &str, name: &str) -> String {
        let [crt, key] = [self.chain.to_pem().as_bytes(), self.key.to_pem().as_bytes()]
            .map(|pem| BASE64_STANDARD.encode(pem));
        format!(
            "apiVersion: v1\nkind: Secret\ntype: kubernetes.io/tls\nmetadata:\n  name: {name}\n  namespace: {namespace}\n  annotations: {{cert-manager.io/certificate-name: {name}}}\ndata:\n  tls.crt: {crt}\n  tls.key: {key}\n"
        )
    }

    fn fingerprint(&self) -> String {
        self.chain.leaf().fingerprint().to_string()
    }
}

async fn take(daemon: &Daemon, found: &[(&str, &Theirs)]) -> ImportReport {
    let found = found.iter().map(|(source, theirs)| theirs.body(daemon, source)).collect();
    let body = ImportBody { from: ImportedFrom::Elsewhere(found), dry_run: false };
    daemon.import(body).await.unwrap()
}

async fn adopt(daemon: &Daemon, secrets: &[&str], dry_run: bool) -> ImportReport {
    let secrets = secrets.iter().map(ToString::to_string).collect();
    daemon.import(ImportBody { from: ImportedFrom::Branch(secrets), dry_run }).await.unwrap()
}

fn outcomes(report: &ImportReport) -> Vec<ImportOutcome> {
    report.certificates.iter().map(|one| one.outcome).collect()
}

#[tokio::test]
async fn what_is_taken_over_is_delivered_and_nothing_is_ordered() {
    let world = World::with(SHOP).await;
    let theirs = Theirs::new(&world, &["shop.example"], 60);
    let mut daemon = world.daemon().await;
    let first = take(&daemon, &[("live/shop", &theirs)]).await;
    assert_eq!(outcomes(&first), [ImportOutcome::Taken]);
    let report = world.settle(&mut daemon).await;
    assert_eq!((world.ca.issued(), world.commits()), (0, 2), "{report:?}");
    assert_eq!(report.certificates[0].stage, Stage::Pushed);
    assert_eq!(report.certificates[0].fingerprint, Some(theirs.fingerprint()));

    assert_eq!(outcomes(&take(&daemon, &[("live/shop", &theirs)]).await), [ImportOutcome::There]);
    world.settle(&mut daemon).await;
    assert_eq!(world.commits(), 2, "twice is once");

    world.pass(Duration::days(40));
    world.settle(&mut daemon).await;
    assert_eq!((world.ca.issued(), world.commits()), (1, 3), "and then it is renewed as ever");
}

#[tokio::test]
async fn what_is_there_is_never_made_worse() {
    let world = World::with(SHOP).await;
    let mut daemon = world.daemon().await;
    let theirs = [20, 60, 80, 89].map(|days| Theirs::new(&world, &["shop.example"], days));
    let [short, usual, long, longest] = &theirs;
    let both = take(&daemon, &[("short", short), ("usual", usual)]).await;
    assert_eq!(outcomes(&both), [ImportOutcome::Taken, ImportOutcome::Left]);
    assert_eq!(both.certificates[0].source, "usual", "of several it is that which lasts longest");
    world.settle(&mut daemon).await;
    assert_eq!(outcomes(&take(&daemon, &[("long", long)]).await), [ImportOutcome::Taken]);
    let report = world.settle(&mut daemon).await;
    assert_eq!(report.certificates[0].fingerprint, Some(long.fingerprint()));
    assert_eq!(outcomes(&take(&daemon, &[("usual", usual)]).await), [ImportOutcome::Left]);

    // The branch alone has it: the store is given it, and nothing is committed.
    let commits = world.commits();
    drop(daemon);
    world.lose_database();
    let mut daemon = world.daemon().await;
    assert_eq!(outcomes(&take(&daemon, &[("short", short)]).await), [ImportOutcome::Left]);
    assert_eq!(outcomes(&take(&daemon, &[("long", long)]).await), [ImportOutcome::Taken]);
    world.settle(&mut daemon).await;
    assert_eq!((world.commits(), world.ca.issued()), (commits, 0));
    assert_eq!(outcomes(&take(&daemon, &[("longest", longest)]).await), [ImportOutcome::Taken]);
}

#[tokio::test]
async fn what_is_of_no_use_says_why_and_stops_nothing_else() {
    let world = World::with(&apps(&["shop", "blog", "wiki"])).await;
    world.somebody_writes(
        "apps/rsa.yaml",
        &SHOP.replace("shop", "rsa").replace(
            "namespace: rsa}",
            "namespace: rsa, annotations: {nws-certd/key-type: rsa-2048}}",
        ),
    );
    world.somebody_writes(
        "apps/short.yaml",
        &SHOP.replace("shop", "short").replace(
            "namespace: short}",
            "namespace: short, annotations: {nws-certd/profile: shortlived}}",
        ),
    );
    let daemon = world.daemon().await;
    let new = |names: &[&str], days| Theirs::new(&world, names, days);
    let address = SanType::IpAddress("192.0.2.1".parse().unwrap());
    let pair = KeyPair::generate().unwrap();
    let mixed = Theirs { key: new(&["wiki.example"], 60).key, ..new(&["wiki.example"], 60) };
    let all = [
        ("address", Theirs::made(&world, vec![address], 60, &pair)),
        ("blog", new(&["blog.example"], 60)),
        ("expired", new(&["shop.example"], 0)),
        ("mixed", mixed),
        ("near", new(&["shop.example", "www.shop.example"], 60)),
        ("nobody", new(&["nobody.example"], 60)),
        ("profile", new(&["short.example"], 60)),
        ("type", new(&["rsa.example"], 60)),
        ("wildcard", new(&["*.shop.example"], 60)),
    ];
    let found: Vec<_> = all.iter().map(|(source, theirs)| (*source, theirs)).collect();
    let mut report = take(&daemon, &found).await;
    report.certificates.sort_by(|one, other| one.source.cmp(&other.source));
    expect_test::expect![[r#"
        FOUND IN  HOSTS                          NOT AFTER             OUTCOME  SECRETS        WHY
        address   -                              2026-04-30 12:00:00Z  left     -              it names no hosts, or something else than hosts too, which nws-certd has no use for
        blog      blog.example                   2026-04-30 12:00:00Z  taken    blog/blog-tls  -
        expired   shop.example                   2026-03-01 12:00:00Z  left     -              it ended at 2026-03-01 12:00:00Z
        mixed     wiki.example                   2026-04-30 12:00:00Z  refused  -              the key beside the certificate is another one's
        near      shop.example www.shop.example  2026-04-30 12:00:00Z  left     -              no manifest wants just these hosts; one wants shop.example
        nobody    nobody.example                 2026-04-30 12:00:00Z  left     -              no manifest wants just these hosts
        profile   short.example                  2026-04-30 12:00:00Z  left     -              its manifest wants profile shortlived, and nobody knows which it was made with, so it would be replaced at once
        type      rsa.example                    2026-04-30 12:00:00Z  left     -              its key is ecdsa-p256, and rsa-2048 is wanted, so it would be replaced at once; to keep its kind, write nws-certd/key-type into its manifest, or orders.key_type into the configuration
        wildcard  *.shop.example                 2026-04-30 12:00:00Z  left     -              *.shop.example is a wildcard, which HTTP-01 cannot renew
        1 certificate taken over; 0 there already, 7 left, 1 refused
    "#]].assert_eq(&import_text(&report, Colour::Plain));
}

#[tokio::test]
async fn a_secret_of_somebody_else_becomes_ours_only_when_asked_for() {
    let world = World::with(&apps(&["shop", "blog"])).await;
    let [shop, blog, stray] = ["shop", "blog", "stray"]
        .map(|name| Theirs::new(&world, &[&format!("{name}.example")], 60));
    let (path, shared) = ("apps/shop/tls.yaml", "apps/blog/all.yaml");
    world.somebody_writes(path, &shop.secret("shop", "shop-tls"));
    world.somebody_writes(
        shared,
        &(blog.secret("blog", "blog-tls") + "---\nkind: ConfigMap\nmetadata: {name: a}\n"),
    );
    world.somebody_writes("stray.yaml", &stray.secret("stray", "stray-tls"));
    let mut daemon = world.daemon().await;
    let before = world.settle(&mut daemon).await;
    assert_eq!((before.certificates.len(), world.ca.issued()), (0, 0));

    let (commits, files) = (world.commits(), world.files());
    let want = [ImportOutcome::Refused, ImportOutcome::Taken, ImportOutcome::Left];
    let mut dry = adopt(&daemon, &[], true).await;
    dry.certificates.sort_by(|one, other| one.source.cmp(&other.source));
    assert_eq!((outcomes(&dry), world.commits()), (want.into(), commits));
    let mut done = adopt(&daemon, &[], false).await;
    done.certificates.sort_by(|one, other| one.source.cmp(&other.source));
    assert_eq!((outcomes(&done), world.commits()), (want.into(), commits + 1));
    expect_test::expect![[r#"
        FOUND IN            HOSTS          NOT AFTER             OUTCOME  SECRETS        WHY
        apps/blog/all.yaml  blog.example   2026-04-30 12:00:00Z  refused  -              apps/blog/all.yaml holds other objects beside it; give it a file of its own, and import it then
        apps/shop/tls.yaml  shop.example   2026-04-30 12:00:00Z  taken    shop/shop-tls  -
        stray.yaml          stray.example  2026-04-30 12:00:00Z  left     -              no manifest wants this Secret, as far as nws-certd status knows
        1 certificate would be taken over, and nothing was done; 0 there already, 1 left, 1 refused
    "#]].assert_eq(&import_text(&dry, Colour::Plain));

    let after = world.settle(&mut daemon).await;
    assert_eq!((world.ca.issued(), world.commits(), world.files()), (0, commits + 1, files));
    let [one] = &after.certificates[..] else { panic!("{after:?}") };
    assert_eq!((one.stage, one.fingerprint.clone()), (Stage::Pushed, Some(shop.fingerprint())));
    let again = adopt(&daemon, &["shop/shop-tls", "no/such"], false).await;
    assert_eq!(outcomes(&again), [ImportOutcome::There, ImportOutcome::Refused]);

    world.pass(Duration::days(40));
    world.settle(&mut daemon).await;
    assert_eq!((world.ca.issued(), world.commits_to(path)), (1, 3), "renewed where it is");
}

#[tokio::test]
async fn an_adoption_that_loses_a_race_is_made_again_on_what_is_there_then() {
    let world = World::with(SHOP).await;
    let shop = Theirs::new(&world, &["shop.example"], 60);
    world.somebody_writes("apps/shop/tls.yaml", &shop.secret("shop", "shop-tls"));
    let daemon = world.daemon().await;
    world.hook("pre-receive", &RACING.replace("TIMES", "2"));
    let done = adopt(&daemon, &["shop/shop-tls"], false).await;
    assert_eq!((outcomes(&done), world.commits()), (vec![ImportOutcome::Taken], 5));
}

#[tokio::test]
async fn what_cannot_be_kept_is_not_adopted() {
    let world = World::with(SHOP).await;
    let shop = Theirs::new(&world, &["shop.example"], 60);
    world.somebody_writes("apps/shop/tls.yaml", &shop.secret("shop", "shop-tls"));
    let daemon = world.daemon_that_cannot_write_after(0).await;
    let from = ImportedFrom::Branch(vec!["shop/shop-tls".into()]);
    daemon.import(ImportBody { from, dry_run: false }).await.unwrap_err();
    assert_eq!(world.commits(), 2, "its key is durable before it is ours");
    drop(daemon);
    let done = adopt(&world.daemon().await, &["shop/shop-tls"], false).await;
    assert_eq!((outcomes(&done), world.commits()), (vec![ImportOutcome::Taken], 3));
}

#[tokio::test]
async fn the_key_of_a_certificate_that_is_revoked_is_refused_wherever_it_is() {
    let world = World::with(&apps(&["shop", "blog"])).await;
    let pair = KeyPair::generate().unwrap();
    let with_key = |host: &str| {
        let name = SanType::DnsName(Ia5String::try_from(host).unwrap());
        Theirs::made(&world, vec![name], 60, &pair)
    };
    let [shop, blog] = ["shop.example", "blog.example"].map(with_key);
    let mut daemon = world.daemon().await;
    take(&daemon, &[("shop", &shop)]).await;
    world.settle(&mut daemon).await;
    let wish = Revocation {
        leaf: shop.chain.leaf().clone(),
        der: shop.chain.certificates().next().unwrap().into(),
        ca: "https://ca.example/directory".into(),
        reason: RevocationReason::KeyCompromise,
        replacing: false,
    };
    let (wish, certificates, at) = (Box::new(wish), Vec::new(), world.now());
    daemon.parts.store.write(Step::RevocationAsked { wish, certificates, at }).await.unwrap();

    assert_eq!(outcomes(&take(&daemon, &[("blog", &blog)]).await), [ImportOutcome::Refused]);
    world.somebody_writes("wiki.yaml", &with_key("wiki.example").secret("wiki", "wiki-tls"));
    let adopted = adopt(&daemon, &["wiki/wiki-tls"], false).await;
    assert_eq!(outcomes(&adopted), [ImportOutcome::Refused]);
}
