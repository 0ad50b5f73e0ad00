//! The daemon's copy of the repository is deleted, then damaged, while it runs and while it does not; nothing is ordered again.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::wait::{self, Look};
use crate::world::{App, Leaf, Programs, SAMPLES, Settings, World};

/// A git that the daemon has just started may write into what is being deleted.
const DELETING: Duration = Duration::from_secs(20);

const LOSSES: [(Loss, During); 4] = [
    (Loss::Deleted, During::Rest),
    (Loss::Damaged, During::Rest),
    (Loss::Deleted, During::Run),
    (Loss::Damaged, During::Run),
];

#[derive(Clone, Copy)]
enum Loss {
    Deleted,
    /// Every other file of the object database is cut in the middle, the rest is gone.
    Damaged,
}

/// What the daemon does when it happens.
#[derive(Clone, Copy)]
enum During {
    Rest,
    Run,
}

pub(crate) async fn play(programs: &Programs, folder: &Path) -> Result<String> {
    let mut world = World::start(programs, folder, Settings::USUAL).await?;
    world.add(&SAMPLES[..1]).await?;
    world.daemon.start().await?;
    let first = world.wait_all_served(&SAMPLES[..1]).await?;

    let newcomers = App::wave("after", LOSSES.len());
    let mut damaged = 0;
    for ((loss, during), newcomer) in LOSSES.into_iter().zip(newcomers) {
        damaged += lose(&mut world, loss, during).await?;
        recovered(&mut world, newcomer, &first).await?;
    }
    let commits = world.repository.whole_history().await?;
    Ok(format!(
        "{} losses, {damaged} files damaged; {commits} commits in one line, one order a certificate",
        LOSSES.len()
    ))
}

async fn lose(world: &mut World, loss: Loss, during: During) -> Result<usize> {
    let mirror = world.daemon.mirror();
    match during {
        During::Run => inflict(loss, &mirror).await,
        During::Rest => {
            world.daemon.stop().await?;
            let damaged = inflict(loss, &mirror).await?;
            world.daemon.start().await?;
            Ok(damaged)
        }
    }
}

/// Says how many files are damaged.
async fn inflict(loss: Loss, mirror: &Path) -> Result<usize> {
    match loss {
        Loss::Damaged => damage(mirror),
        Loss::Deleted => {
            ensure!(mirror.is_dir(), "there is no mirror at {}", mirror.display());
            wait::until("the mirror is deleted", DELETING, async || {
                Ok(Look::from(fs::remove_dir_all(mirror).map_err(Into::into)))
            })
            .await?;
            Ok(0)
        }
    }
}

fn damage(mirror: &Path) -> Result<usize> {
    let is_object = |path: &PathBuf| path.iter().any(|part| part == "objects");
    let files: Vec<_> = files_below(mirror)?.into_iter().filter(is_object).collect();
    ensure!(!files.is_empty(), "there are no objects in {}", mirror.display());
    for (at, path) in files.iter().enumerate() {
        let damaged = if at % 2 == 0 { cut(path) } else { fs::remove_file(path) };
        damaged.with_context(|| format!("cannot damage {}", path.display()))?;
    }
    Ok(files.len())
}

/// Objects are read-only, which stops no disk from losing them.
fn cut(path: &Path) -> std::io::Result<()> {
    let half = fs::read(path)?;
    fs::remove_file(path)?;
    fs::write(path, &half[..half.len() / 2])?;
    File::open(path)?.sync_all()
}

fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(files_below(&path)?);
        } else {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// A new application is served, with one order and one commit, and the old one as it was.
async fn recovered(world: &mut World, newcomer: App, first: &[Leaf]) -> Result<()> {
    let (orders, commits) = (world.proxy.orders(), world.repository.commits_by_daemon().await?);
    world.add(&[newcomer]).await?;
    world.wait_all_served(&[newcomer]).await?;
    let name = newcomer.name;
    let made = world.proxy.orders() - orders;
    ensure!(made == 1, "{made} orders were made for {name}");
    let pushed = world.repository.commits_by_daemon().await? - commits;
    ensure!(pushed == 1, "{pushed} commits were made for {name}");
    let now = world.wait_all_served(&SAMPLES[..1]).await?;
    ensure!(now == first, "{name}: another certificate is served for {}", SAMPLES[0].name);
    Ok(())
}
