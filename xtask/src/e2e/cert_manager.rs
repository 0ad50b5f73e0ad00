//! A repository as cert-manager's users have it, not a line of it changed. The operator has said which CA stands for their issuer.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::world::{App, CaOptions, CaSettings, Leaf, Programs, Settings, Status, World};

/// Nothing that names the issuer may go to the first.
const SETTINGS: Settings = Settings {
    cas: &[
        (CaSettings::USUAL, CaOptions::NONE),
        (CaSettings::USUAL, CaOptions { name: Some("letsencrypt"), ..CaOptions::NONE }),
    ],
    discover: "issuers = { \"ClusterIssuer/letsencrypt-prod\" = \"letsencrypt\" }",
    ..Settings::USUAL
};

const NOTICED: Duration = Duration::from_secs(60);

/// It has a Certificate, and an Ingress that says nothing but the Secret's name.
const SHOP: App = App { name: "shop", hosts: &["shop.example", "www.shop.example"] };
/// It has an Ingress with annotations.
const BLOG: App = App { name: "blog", hosts: &["blog.example"] };
/// It has a Certificate for its own clients, from a CA of its own.
const INTERNAL: App = App { name: "internal", hosts: &["internal.example"] };
/// It is a Helm chart, of which a file of our own speaks.
const CHART: App = App { name: "chart", hosts: &["chart.example"] };

const CERTIFICATE: &str = r"apiVersion: cert-manager.io/v1
kind: Certificate
metadata:
  name: shop
  namespace: shop
spec:
  secretName: shop-tls
  secretTemplate:
    labels:
      team: shop
  duration: 2160h
  renewBefore: 360h
  privateKey:
    algorithm: RSA
    encoding: PKCS1
    size: 2048
    rotationPolicy: Always
  usages:
    - digital signature
    - key encipherment
  dnsNames:
    - shop.example
    - www.shop.example
  issuerRef:
    name: letsencrypt-prod
    kind: ClusterIssuer
    group: cert-manager.io
";

const OF_ANOTHER_ISSUER: &str = r"apiVersion: cert-manager.io/v1
kind: Certificate
metadata:
  name: internal
  namespace: internal
spec:
  secretName: internal-tls
  isCA: true
  dnsNames: [internal.example]
  issuerRef:
    name: internal-ca
";

const ANNOTATIONS: [(&str, &str); 4] = [
    ("cert-manager.io/cluster-issuer", "letsencrypt-prod"),
    ("cert-manager.io/private-key-algorithm", "ECDSA"),
    ("cert-manager.io/private-key-size", "\"384\""),
    ("cert-manager.io/renew-before-percentage", "\"33\""),
];

const DECLARED: &str = r"apiVersion: nws-certd/v1
kind: Certificates
certificates:
  - namespace: chart
    secretName: chart-tls
    hosts: [chart.example]
";

pub(crate) async fn play(programs: &Programs, folder: &Path) -> Result<String> {
    let mut world = World::start(programs, folder, SETTINGS).await?;
    for app in [SHOP, BLOG, INTERNAL, CHART] {
        world.point_here(&app, 0).await?;
    }
    let file = |path: &str, text: &str| (path.to_owned(), text.to_owned());
    let files = [
        file("apps/shop/certificate.yaml", CERTIFICATE),
        file("apps/shop/ingress.yaml", &SHOP.ingress()),
        BLOG.annotated(&ANNOTATIONS),
        file("apps/internal/certificate.yaml", OF_ANOTHER_ISSUER),
        file("apps/chart/templates/ingress.yaml", &CHART.ingress()),
        file("apps/chart/Chart.yaml", "name: chart\n"),
        file("nws-certd.yaml", DECLARED),
    ];
    world.repository.commit(&files, "What there was").await?;
    world.daemon.start().await?;

    expect(&world.wait_all_served(&[SHOP]).await?, "rsa-2048")?;
    expect(&world.wait_all_served(&[BLOG]).await?, "ecdsa-p384")?;
    expect(&world.wait_all_served(&[CHART]).await?, "ecdsa-p256")?;
    world.daemon.wait_status("everything is told", NOTICED, told).await?;
    is_written_as_asked(&world).await?;
    came_from(&world)?;
    Ok("a Certificate, an annotated Ingress and a chart are served, the first two by the CA of their issuer, and a Certificate of another issuer is left".into())
}

fn expect(leaves: &[Leaf], kind: &str) -> Result<()> {
    for leaf in leaves {
        let found = leaf.key.kind();
        ensure!(found == kind, "{} has a key of {found}, not {kind}", leaf.serial);
    }
    Ok(())
}

/// What is not followed, and who is left alone; nothing else is wrong.
fn told(status: &Status) -> Result<()> {
    let expected = [
        ("apps/chart/templates/ingress.yaml", "is a template"),
        ("apps/internal/certificate.yaml", "spec.issuerRef: is left to cert-manager"),
    ];
    for (path, words) in expected {
        let mut here = status.faults.iter().filter(|fault| fault.path == path);
        ensure!(here.any(|fault| fault.text.contains(words)), "{path} is not told that it {words}");
    }
    // Pebble's certificates live five years, not the 90 days that are asked for.
    let others =
        status.faults.iter().filter(|fault| !fault.text.contains("spec.duration: asks for"));
    ensure!(others.count() == expected.len(), "told besides: {:?}", status.faults);
    Ok(())
}

/// With the label of its template, and its key in the older form, which is served all the same.
async fn is_written_as_asked(world: &World) -> Result<()> {
    let files = world.repository.list(&world.repository.tip()?, "certs/shop").await?;
    let file = files.iter().find(|file| file.path.ends_with("shop-tls.yaml"));
    let text = world.repository.show(&file.context("no file of the Secret")?.id).await?;
    ensure!(text.contains("    \"team\": \"shop\"\n"), "the label is missing");
    // "-----BEGIN R", as in RSA PRIVATE KEY.
    ensure!(text.contains("tls.key: \"LS0tLS1CRUdJTiBS"), "the key is in another form");
    Ok(())
}

/// Each by one order, at the CA of its issuer or at the first.
fn came_from(world: &World) -> Result<()> {
    let (second, _) = world.fallbacks.first().context("there is no second CA")?;
    let cases = [(SHOP, 0, 1), (BLOG, 0, 1), (CHART, 1, 0), (INTERNAL, 0, 0)];
    for (app, at_first, at_second) in cases {
        let made = [&world.proxy, second].map(|ca| ca.ledger().orders_for(app.hosts).len());
        ensure!(made == [at_first, at_second], "{}: {made:?} orders at the two CAs", app.name);
    }
    Ok(())
}
