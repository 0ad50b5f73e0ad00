//! Certificates that certbot and lego made, and a Secret that cert-manager wrote, are taken over: served as they are, without
//! an order, and renewed as what they replace where the account came along.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;

use crate::peers::{self, Post};
use crate::world::{App, Leaf, Programs, SAMPLES, Settings, World};
use crate::{files, process, tools};

const MADE: Duration = Duration::from_secs(120);

/// Where clusters apply it, and not where the daemon would have put it.
const SECRET: &str = "certs/wiki/kept.yaml";

pub(crate) async fn play(programs: &Programs, folder: &Path) -> Result<String> {
    let [by_certbot, by_lego, by_cert_manager] = SAMPLES;
    let (certbot, lego) = (tools::certbot().await?, tools::lego().await?);
    let mut world = World::start(programs, folder, Settings::USUAL).await?;
    world.add(&SAMPLES).await?;
    let post = Post {
        directory: world.proxy.directory(),
        roots: folder.join("ca.pem"),
        challenge: world.daemon.challenge(),
        folder,
    };
    for app in [by_certbot, by_cert_manager] {
        process::output(peers::certbot(&certbot, &post, app.hosts), MADE).await?;
    }
    process::output(peers::lego(&lego, &post, by_lego.hosts), MADE).await?;
    commit_secret(&world, by_cert_manager, &post.certbot_folder()).await?;
    let made = world.proxy.orders();

    let (certbot, lego) = (text(&post.certbot_folder())?, text(&post.lego_folder())?);
    let taken = take(&world, &["certbot", &certbot, "--account"]).await?;
    expect(&taken, by_certbot, Outcome::Taken)?;
    expect(&taken, by_cert_manager, Outcome::Left)?;
    // certbot's account has another key by now, and ours is kept.
    let again = take(&world, &["certbot", &certbot, "--account"]).await?;
    expect(&again, by_certbot, Outcome::There)?;
    expect(&take(&world, &["lego", &lego, "--dry-run"]).await?, by_lego, Outcome::Taken)?;
    expect(&take(&world, &["lego", &lego]).await?, by_lego, Outcome::Taken)?;
    world.daemon.start().await?;
    expect(&take(&world, &["repo", "--all"]).await?, by_cert_manager, Outcome::Taken)?;

    let served = world.wait_all_served(&SAMPLES).await?;
    as_they_were(&served, &post)?;
    expect(&take(&world, &["certbot", &certbot]).await?, by_certbot, Outcome::There)?;
    expect(&take(&world, &["lego", &lego]).await?, by_lego, Outcome::There)?;
    let orders = world.proxy.orders() - made;
    ensure!(orders == 0, "{orders} orders were made for what was taken over");

    renewed(&mut world, by_certbot, Replaces::Said).await?;
    renewed(&mut world, by_cert_manager, Replaces::NotSaid).await?;
    let tip = world.repository.tip()?;
    let mut files = world.repository.list(&tip, "certs/wiki").await?;
    files.retain(|file| !file.path.ends_with("/fleet.yaml"));
    ensure!(files.len() == 1 && files[0].path == SECRET, "it is not kept where it was: {files:?}");
    Ok("certbot's, lego's and cert-manager's certificates are served as they were, with no order; certbot's is replaced by its own account".to_owned())
}

/// What cert-manager writes, with a certificate that certbot made.
async fn commit_secret(world: &World, app: App, certbot: &Path) -> Result<()> {
    let live = certbot.join("live").join(app.hosts[0]);
    let datum = |file: &str| -> Result<String> {
        Ok(BASE64_STANDARD.encode(files::read(&live.join(file))?))
    };
    let (name, crt, key) = (app.name, datum("fullchain.pem")?, datum("privkey.pem")?);
    let text = format!(
        r#"apiVersion: v1
kind: Secret
type: kubernetes.io/tls
metadata:
  name: {name}-tls
  namespace: {name}
  labels:
    controller.cert-manager.io/fao: "true"
  annotations:
    cert-manager.io/certificate-name: {name}-tls
    cert-manager.io/issuer-name: letsencrypt
data:
  tls.crt: {crt}
  tls.key: {key}
"#
    );
    world.repository.commit(&[(SECRET.to_owned(), text)], "Keep the Secret that there is").await
}

fn text(folder: &Path) -> Result<String> {
    Ok(folder.to_str().context("the folder's name is no text")?.to_owned())
}

/// What `import --json` says.
#[derive(Debug, Deserialize)]
struct Imported {
    certificates: Vec<One>,
}

#[derive(Debug, Deserialize)]
struct One {
    names: Vec<String>,
    outcome: Outcome,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Taken,
    There,
    Left,
    Refused,
}

async fn take(world: &World, from: &[&str]) -> Result<Imported> {
    let args = [&["import"], from, &["--json"]].concat();
    let said = world.daemon.tell(&args).await?;
    serde_json::from_str(&said).with_context(|| format!("cannot read what import says: {said}"))
}

fn expect(imported: &Imported, app: App, outcome: Outcome) -> Result<()> {
    let of_app = |one: &&One| one.names == app.hosts;
    let found = imported.certificates.iter().find(of_app).map(|one| one.outcome);
    ensure!(found == Some(outcome), "{}: {found:?}, not {outcome:?}: {imported:?}", app.name);
    Ok(())
}

/// Each host is served with the certificate that its client has left behind.
fn as_they_were(served: &[Leaf], post: &Post<'_>) -> Result<()> {
    let hosts = SAMPLES.iter().flat_map(|app| app.hosts.iter().map(move |_| app));
    for (app, leaf) in hosts.zip(served) {
        let first = app.hosts[0];
        let lego = post.lego_folder().join(format!("certificates/{first}.crt"));
        let certbot = post.certbot_folder().join(format!("live/{first}/cert.pem"));
        let file = if lego.exists() { lego } else { certbot };
        let made = Leaf::of_chain(&files::read(&file)?)?;
        ensure!(made == *leaf, "{first} is served with {}, not {}", leaf.serial, made.serial);
    }
    Ok(())
}

/// Whether a renewal says what it replaces.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Replaces {
    Said,
    NotSaid,
}

async fn renewed(world: &mut World, app: App, want: Replaces) -> Result<()> {
    let host = app.hosts[0];
    let old = world.wait_served(host).await?;
    world.daemon.tell(&["renew", host]).await?;
    let new = world.wait_replaced(host, &old).await?;
    let serial = |leaf: &Leaf| leaf.serial.trim_start_matches('0').to_owned();
    let orders = world.proxy.ledger().orders_for(&[host]);
    let order = orders.iter().find(|order| order.serial.as_ref() == Some(&serial(&new)));
    let order = order.with_context(|| format!("no order brought {}", new.serial))?;
    // Pebble finds no certificate again whose serial number has a leading zero for its sign, and is asked once more without it.
    let refused = world.proxy.ledger().refused_for(&[host]);
    let refused = refused.iter().filter(|_| old.serial.starts_with("00"));
    let said = refused.chain([order]).any(|one| one.replaced_serial() == Some(serial(&old)));
    ensure!(said == (want == Replaces::Said), "{host}: the order says {:?}", order.replaces);
    Ok(())
}
