//! Manifests as people get them wrong stand beside good ones: the good ones are served, the others reported until mended.

mod cases;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::world::{BRANCH, Blob, Fault, Programs, SAMPLES, Settings, Status, World};

use cases::{BESIDE_BROKEN, Case};

const NOTICED: Duration = Duration::from_secs(60);

/// What the daemon calls a fault in its log.
const LOGGED: &str = "not served as it is written";

pub(crate) async fn play(programs: &Programs, folder: &Path) -> Result<String> {
    let mut world = World::start(programs, folder, Settings::USUAL).await?;
    world.welcome_any_host().await?;
    let cases = cases::all();
    let wrong: Vec<_> = cases.iter().flat_map(|case| case.wrong.clone()).collect();
    world.repository.commit(&wrong, "Add what is wrong").await?;
    let foreign = cases::foreign_secrets()?;
    world.repository.commit(&foreign, "Add Secrets of somebody else").await?;
    world.add(&SAMPLES).await?;
    let before = world.repository.list(BRANCH, ".").await?;

    world.daemon.start().await?;
    world.wait_all_served(&SAMPLES).await?;
    world.wait_all_served(&[BESIDE_BROKEN]).await?;
    let look = |status: &Status| check_faults(&cases, &status.faults);
    world.daemon.wait_status("every fault is reported", NOTICED, look).await?;
    explained(&world).await?;
    let after = world.repository.list(BRANCH, ".").await?;
    unchanged(&before, &after)?;

    let right: Vec<_> = cases.iter().flat_map(|case| case.right.clone()).collect();
    world.repository.commit(&right, "Mend it").await?;
    for case in &cases {
        world.wait_all_served(&[case.app]).await.context(case.path)?;
    }
    let look = |status: &Status| check_faults(&[], &status.faults);
    world.daemon.wait_status("no fault is left", NOTICED, look).await?;
    logged_once(&world, &cases)?;
    Ok(format!(
        "{} faults reported once each, beside 4 applications served; {} files untouched by {} of ours; all served when mended",
        cases.len(),
        before.len(),
        after.len() - before.len()
    ))
}

/// Every case is a fault with its reason, and nothing else is.
fn check_faults(cases: &[Case], faults: &[Fault]) -> Result<()> {
    for case in cases {
        let fault = faults.iter().find(|fault| fault.path == case.path);
        let fault = fault.with_context(|| format!("{} is not reported", case.path))?;
        let (path, reason, text) = (case.path, case.reason, &fault.text);
        ensure!(text.contains(reason), "{path} is reported without {reason:?}: {text}");
    }
    ensure!(faults.len() == cases.len(), "there are more faults: {faults:?}");
    Ok(())
}

fn unchanged(before: &[Blob], after: &[Blob]) -> Result<()> {
    for blob in before {
        ensure!(after.contains(blob), "{} is not what it was", blob.path);
    }
    Ok(())
}

fn logged_once(world: &World, cases: &[Case]) -> Result<()> {
    for case in cases {
        let lines = world.daemon.logged(&format!("fault={}", case.path))?;
        let lines: Vec<_> = lines.iter().filter(|line| line.contains(LOGGED)).collect();
        ensure!(lines.len() == 1, "{} is logged {} times: {lines:?}", case.path, lines.len());
    }
    Ok(())
}

/// Whoever asks for a host is told of the file that spells it wrong.
async fn explained(world: &World) -> Result<()> {
    let story = world.daemon.explain("upper.example").await?;
    let paths: Vec<_> = story.faults.iter().map(|fault| fault.path.as_str()).collect();
    ensure!(paths == ["apps/upper/ingress.yaml"], "upper.example is explained with {paths:?}");
    Ok(())
}
