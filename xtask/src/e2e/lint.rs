//! What the daemon has delivered has nothing to see to; what somebody adds beside it is found, with an exit code for CI.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::world::{App, Programs, SAMPLES, Settings, World};

/// As Fleet would be told of this repository.
const FLEET: [&str; 4] = ["--fleet-path", "apps/*", "--fleet-path", "certs/*"];

/// Keys in clear are a warning, as the configuration names that there may be some.
const FOUND: &str = "error fault apps/odd/ingress.yaml, warning keys-in-clear ., warning clear-key apps/odd/key.yaml";
/// And that ours do is said as long as the configuration has it so.
const ALWAYS: &str = "warning keys-in-clear .";

#[derive(Deserialize)]
struct Report {
    wanted: Vec<Wanted>,
    findings: Vec<Finding>,
}

#[derive(Deserialize)]
struct Wanted {
    delivered: bool,
    deployed_by: Vec<String>,
}

#[derive(Deserialize)]
struct Finding {
    severity: String,
    kind: String,
    path: Option<String>,
}

pub(crate) async fn play(programs: &Programs, folder: &Path) -> Result<String> {
    let mut world = World::start(programs, folder, Settings::USUAL).await?;
    let (code, before) = lint(&world, &[]).await?;
    ensure!(
        code == Some(0),
        "a repository that wants nothing has {} findings",
        before.findings.len()
    );
    world.add(&SAMPLES).await?;
    world.daemon.start().await?;
    world.wait_all_served(&SAMPLES).await?;
    let (code, clean) = lint(&world, &[]).await?;
    let always = kinds(&clean.findings);
    ensure!(code == Some(0) && always == ALWAYS, "what was delivered has findings: {always}");
    let (code, _) = lint(&world, &["--fail-on", "warning"]).await?;
    ensure!(code == Some(1), "with a warning that is asked for the exit code is {code:?}");
    let is_in_place = |want: &Wanted| want.delivered && want.deployed_by.len() == 1;
    ensure!(clean.wanted.iter().all(is_in_place), "not every certificate is in one bundle");
    ensure!(clean.wanted.len() == SAMPLES.len(), "{} certificates are wanted", clean.wanted.len());

    world.repository.commit(&wrong(), "Add what is wrong").await?;
    let (code, found) = lint(&world, &[]).await?;
    ensure!(code == Some(1), "with errors the exit code is {code:?}");
    let kinds = kinds(&found.findings);
    ensure!(kinds == FOUND, "found are {kinds}");
    Ok(format!(
        "{} certificates delivered with no finding but {ALWAYS:?}; then {kinds}",
        clean.wanted.len()
    ))
}

async fn lint(world: &World, args: &[&str]) -> Result<(Option<i32>, Report)> {
    let repository = world.repository.path().to_str().context("a path in UTF-8")?;
    let args = [&["lint", repository, "--json"], &FLEET[..], args].concat();
    let (code, said) = world.daemon.ask(&args).await?;
    Ok((code, serde_json::from_str(&said)?))
}

/// A host that no certificate can carry, and somebody's key.
fn wrong() -> [(String, String); 2] {
    let ingress = App { name: "odd", hosts: &["not_a_host.example"] }.ingress();
    let key = STANDARD.encode("-----BEGIN PRIVATE KEY-----\n");
    let secret = format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: key, namespace: odd}}\ndata: {{id: {key}}}\n"
    );
    [("apps/odd/ingress.yaml".to_owned(), ingress), ("apps/odd/key.yaml".to_owned(), secret)]
}

fn kinds(findings: &[Finding]) -> String {
    let line = |one: &Finding| {
        format!("{} {} {}", one.severity, one.kind, one.path.as_deref().unwrap_or("."))
    };
    findings.iter().map(line).collect::<Vec<_>>().join(", ")
}
