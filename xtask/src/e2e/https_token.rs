//! The repository over https: whatever is wrong with CA, token or address is told with what helps and mended from outside, a new
//! token counts at once, and nobody but the git host ever sees one.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::world::{
    App, HttpsHost, Programs, SAMPLES, Settings, TroubleWith, World, instead_of_ssh,
};

/// What an operator has to read in `status`, first what git or the daemon says, then what helps.
const ANOTHER_CA: [&str; 2] =
    ["certificate verification failed", "configure the certificate of the CA it is from"];
const WRONG_TOKEN: [&str; 2] =
    ["Authentication failed", "put a token that is valid into the token's file"];
const OPEN_TOKEN: [&str; 2] = ["(mode 0644)", "run chmod 600 on it"];
const MOVED: [&str; 2] = ["error: 301", "write the URL that the git host leads to"];

const FIRST: &str = "ghs_first00hunter2";
const SECOND: &str = "ghs_second0hunter2";
const WRONG: &str = "ghs_wrong00hunter2";
/// What all of them have in common.
const OF_ANY: &[u8] = b"hunter2";

pub(crate) async fn play(programs: &Programs, folder: &Path) -> Result<String> {
    let [first, second, third] = SAMPLES;
    let mut world = World::start(programs, folder, Settings::USUAL).await?;
    let host = HttpsHost::start(&programs.tools.git, folder, world.repository.path()).await?;
    for (ssh, https) in instead_of_ssh(&world.git_host, &host) {
        world.daemon.reconfigure(&ssh, &https)?;
    }
    begin_with_another_ca(&mut world, &host, first).await?;

    // The git host stops taking the old token as soon as there is a new one.
    host.accept_token(SECOND);
    host.give_token(SECOND)?;
    world.add(&[second]).await?;
    served(&mut world, second).await?;
    let (_, refused) = host.counts();

    world.add(&[third]).await?;
    troubled(&mut world, &host).await?;
    served(&mut world, third).await?;
    host.check_discretion()?;
    check_nothing_is_kept(&world)?;
    let (admitted, refused) = (host.counts().0, host.counts().1 - refused);
    Ok(format!(
        "another CA, a wrong and an open token and a redirect are told with what helps; {admitted} requests with a token and \
         {refused} turned away, none to be seen in programs, logs and the mirror"
    ))
}

async fn begin_with_another_ca(world: &mut World, host: &HttpsHost, app: App) -> Result<()> {
    host.accept_token(FIRST);
    host.give_token(FIRST)?;
    host.trust_another_ca()?;
    world.add(&[app]).await?;
    world.daemon.start().await?;
    world.daemon.wait_trouble(TroubleWith::Fetch, &ANOTHER_CA).await?;
    ensure!(host.counts() == (0, 0), "a host that is not trusted was asked for something");
    host.trust_own_ca()?;
    served(world, app).await
}

/// Each trouble while the one before it is still there, so that only the last is ever mended. A `sync` that meets trouble fails.
async fn troubled(world: &mut World, host: &HttpsHost) -> Result<()> {
    host.give_token(WRONG)?;
    world.daemon.sync().await.ok();
    world.daemon.wait_trouble(TroubleWith::Fetch, &WRONG_TOKEN).await?;
    host.expose_token()?;
    world.daemon.sync().await.ok();
    world.daemon.wait_trouble(TroubleWith::Fetch, &OPEN_TOKEN).await?;
    host.give_token(SECOND)?;
    host.move_away();
    world.daemon.sync().await.ok();
    world.daemon.wait_trouble(TroubleWith::Fetch, &MOVED).await?;
    host.move_back();
    Ok(())
}

async fn served(world: &mut World, app: App) -> Result<()> {
    world.daemon.sync().await?;
    world.wait_all_served(&[app]).await?;
    let status = world.daemon.status().await?;
    let trouble = status.trouble(TroubleWith::Fetch);
    ensure!(trouble.is_none(), "there is trouble with fetching yet: {trouble:?}");
    Ok(())
}

/// Looks for a token in all that the daemon has written: log, mirror with its configuration and reflogs, database.
fn check_nothing_is_kept(world: &World) -> Result<()> {
    let logged = world.daemon.logged("hunter2")?;
    ensure!(logged.is_empty(), "a token is in the log: {logged:?}");
    let mut folders = vec![world.daemon.state().to_owned()];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.is_file() {
                let text =
                    fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
                let kept = text.windows(OF_ANY.len()).any(|window| window == OF_ANY);
                ensure!(!kept, "a token is in {}", path.display());
                files += 1;
            }
        }
    }
    ensure!(files > 0, "the daemon has written nothing");
    Ok(())
}
