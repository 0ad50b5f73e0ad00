//! One application of each kind that can want a certificate: all are served, each because of what its manifests say.

mod applications;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::world::{App, Programs, Settings, Status, World};

use applications::{Application, LATE_ROUTE, ROUTED};

const NOTICED: Duration = Duration::from_secs(60);

pub(crate) async fn play(programs: &Programs, folder: &Path) -> Result<String> {
    let mut world = World::start(programs, folder, Settings::USUAL).await?;
    let applications = applications::all();
    for (at, application) in applications.iter().enumerate() {
        world.point_here(&application.app, at).await?;
    }
    let files: Vec<_> = applications.iter().flat_map(|one| one.files.clone()).collect();
    world.repository.commit(&files, "Add one of each kind").await?;

    world.daemon.start().await?;
    for application in &applications {
        served(&mut world, application).await.context(application.wanted_by)?;
    }
    late_route(&mut world).await.context("a route that is added later")?;
    let status = world.daemon.status().await?;
    let faults = &status.faults;
    ensure!(faults.is_empty(), "what is as it should be is reported: {faults:?}");
    let count = applications.len();
    Ok(format!(
        "{count} applications of all kinds served; a route that came later put its host into the certificate of its Gateway"
    ))
}

/// Its hosts have one certificate, and it is there because of this object.
async fn served(world: &mut World, application: &Application) -> Result<()> {
    let leaves = world.wait_all_served(&[application.app]).await?;
    ensure!(
        leaves.windows(2).all(|pair| pair[0] == pair[1]),
        "its hosts have several certificates"
    );
    for host in application.app.hosts {
        let explanation = world.daemon.explain(host).await?;
        let wanted_by: Vec<_> = explanation
            .certificates
            .iter()
            .flat_map(|one| &one.deliveries)
            .map(|one| &one.wanted_by)
            .collect();
        let [wanted_by] = wanted_by[..] else {
            anyhow::bail!("{host} is wanted by {wanted_by:?}");
        };
        ensure!(wanted_by.contains(application.wanted_by), "{host} is wanted by {wanted_by}");
    }
    Ok(())
}

/// A Gateway that takes its hosts from routes gets another certificate when a route comes.
async fn late_route(world: &mut World) -> Result<()> {
    let before = world.served(ROUTED.hosts[0]).await?;
    world.point_here(&LATE_ROUTE, 0).await?;
    let route = applications::route(&LATE_ROUTE, &ROUTED);
    world.repository.commit(&[route], "Add a route").await?;
    let late = world.wait_served(LATE_ROUTE.hosts[0]).await?;
    let after = world.wait_replaced(ROUTED.hosts[0], &before).await?;
    ensure!(late == after, "the hosts of one listener have two certificates");
    let whole = |status: &Status| {
        let names = &status.certificate(LATE_ROUTE.hosts[0]).context("it is not known")?.names;
        ensure!(names.len() == ROUTED.hosts.len() + LATE_ROUTE.hosts.len(), "it is for {names:?}");
        Ok(())
    };
    world.daemon.wait_status("the certificate is for all hosts", NOTICED, whole).await
}
