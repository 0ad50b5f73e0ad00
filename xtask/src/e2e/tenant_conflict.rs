//! A tenant who asks for what another has: his host, his Secret, and a Secret in its place. He gets none of it, and keeps nobody
//! from being served.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::world::{App, Leaf, Programs, Settings, Status, World};

const NOTICED: Duration = Duration::from_secs(60);

const SHOP: App = App { name: "shop", hosts: &["shop.example"] };
/// The same after its owner has added a host.
const LARGER: App = App { name: "shop", hosts: &["shop.example", "www.shop.example"] };
/// What its owner wants is all that he may have of this.
const GREEDY: App = App { name: "greedy", hosts: &["greedy.example", "shop.example"] };
/// Another application for the Secret of the shop, in its namespace.
const THIEF: App = App { name: "shop", hosts: &["thief.example"] };
/// What two want before anybody has it.
const FIRST: App = App { name: "first", hosts: &["new.example"] };
const SECOND: App = App { name: "second", hosts: &["new.example"] };

const IN_ITS_PLACE: &str = r"apiVersion: v1
kind: Secret
metadata:
  namespace: shop
  name: shop-tls
type: Opaque
stringData:
  tls.crt: none
";

/// Which file is told, of which other file.
const TOLD: [(&str, &str); 5] = [
    (
        "a-tenant/greedy.yaml",
        "namespace shop has a certificate (apps/shop/ingress.yaml asks for it)",
    ),
    ("a-tenant/thief.yaml", "which apps/shop/ingress.yaml wants with other hosts"),
    ("a-tenant/secret.yaml", "as does certs/shop/shop-tls.yaml"),
    ("one/ingress.yaml", "as does namespace second (two/ingress.yaml asks for it)"),
    ("two/ingress.yaml", "as does namespace first (one/ingress.yaml asks for it)"),
];

pub(crate) async fn play(programs: &Programs, folder: &Path) -> Result<String> {
    let mut world = World::start(programs, folder, Settings::USUAL).await?;
    world.welcome_any_host().await?;
    world.add(&[SHOP]).await?;
    world.daemon.start().await?;
    let shop = world.wait_served(SHOP.hosts[0]).await?;

    world.repository.commit(&attack(), "Ask for everything").await?;
    world.wait_served(GREEDY.hosts[0]).await?;
    world.daemon.wait_status("what is refused is told", NOTICED, told).await?;
    let orders = world.proxy.orders();
    ensure!(orders == 2, "{orders} orders were made for two certificates");
    ensure!(world.served(SHOP.hosts[0]).await? == shop, "the shop has another certificate");

    world.repository.commit(&[ingress("apps/shop/ingress.yaml", &LARGER)], "Add a host").await?;
    let larger = world.wait_replaced(SHOP.hosts[0], &shop).await?;
    ensure!(larger == world.wait_served(LARGER.hosts[1]).await?, "the shop's hosts are apart");
    let new = let_go(&mut world).await?;
    let status = world.daemon.status().await?;
    told_of(&status, &TOLD[..3]).context("after all that")?;
    ensure!(status.certificate(THIEF.hosts[0]).is_none(), "the thief has a certificate");
    ensure!(new != larger, "two tenants share a certificate");
    Ok(format!(
        "{} manifests that ask for what others have are told with both files; {} orders, none of them for that",
        TOLD.len(),
        world.proxy.orders()
    ))
}

/// Everything that a manifest can ask for, under paths before all others.
fn attack() -> Vec<(String, String)> {
    vec![
        ingress("a-tenant/greedy.yaml", &GREEDY),
        ingress("a-tenant/thief.yaml", &THIEF),
        ("a-tenant/secret.yaml".to_owned(), IN_ITS_PLACE.to_owned()),
        ingress("one/ingress.yaml", &FIRST),
        ingress("two/ingress.yaml", &SECOND),
    ]
}

fn ingress(path: &str, app: &App) -> (String, String) {
    (path.to_owned(), app.ingress())
}

fn told(status: &Status) -> Result<()> {
    told_of(status, &TOLD)?;
    let count = status.faults.len();
    ensure!(count == TOLD.len(), "there are {count} faults: {:?}", status.faults);
    Ok(())
}

fn told_of(status: &Status, all: &[(&str, &str)]) -> Result<()> {
    for (path, other) in all {
        let fault = status.faults.iter().find(|fault| fault.path == *path);
        let text = &fault.with_context(|| format!("{path} is not told"))?.text;
        ensure!(text.contains(other), "{path} is told without {other:?}: {text}");
    }
    Ok(())
}

/// Once one of two leaves a host out, the other gets it.
async fn let_go(world: &mut World) -> Result<Leaf> {
    world.repository.remove(&["one/ingress.yaml".to_owned()], "Leave it to the other").await?;
    world.wait_served(SECOND.hosts[0]).await
}
