//! The branch moves before each push of the daemon, or during it, twenty times in a row; nobody's update is lost.

use std::path::Path;

use anyhow::{Result, ensure};

use crate::files;
use crate::process::quoted;
use crate::world::{BRANCH, Programs, SAMPLES, Settings, World};

const RACES: usize = 20;

/// What the repository holds before anybody races: its first commit, and the applications.
const COMMITS_BEFORE: usize = 2;

pub(crate) async fn play(programs: &Programs, folder: &Path) -> Result<String> {
    let mut world = World::start(programs, folder, Settings::USUAL).await?;
    let moves = folder.join("moves");
    files::write(&moves, "")?;
    let (before, during) =
        (rival(&world, &moves, When::BeforePush), rival(&world, &moves, When::DuringPush));
    world.git_host.before_push(&before)?;
    world.repository.set_hook("pre-receive", &during)?;
    world.add(&SAMPLES).await?;
    world.daemon.start().await?;
    world.wait_all_served(&SAMPLES).await?;

    let moved = files::read(&moves)?;
    let count = |when: When| moved.lines().filter(|line| *line == when.as_str()).count();
    let (before, during) = (count(When::BeforePush), count(When::DuringPush));
    ensure!(before + during == RACES, "the branch moved {} times", before + during);
    ensure!(before == during, "{before} times before a push, {during} times during one");
    let (commits, ours) =
        (world.repository.whole_history().await?, world.repository.commits_by_daemon().await?);
    ensure!(
        commits == COMMITS_BEFORE + RACES + ours,
        "{commits} commits are on the branch, {ours} of them the daemon's"
    );
    check_rivals(&world).await?;
    let orders = world.proxy.orders();
    ensure!(orders == SAMPLES.len(), "{orders} orders for {} certificates", SAMPLES.len());
    let refusals = world.daemon.logged("the server refuses the push")?;
    ensure!(refusals.is_empty(), "a race was taken for a refusal: {refusals:?}");
    Ok(format!(
        "{before} races lost before the push and {during} during it; {commits} commits in one line, {ours} by the daemon"
    ))
}

/// When a rival moves the branch.
#[derive(Clone, Copy)]
enum When {
    BeforePush,
    DuringPush,
}

impl When {
    fn as_str(self) -> &'static str {
        match self {
            Self::BeforePush => "before",
            Self::DuringPush => "during",
        }
    }

    /// The parity of the races that are its.
    fn remainder(self) -> usize {
        match self {
            Self::BeforePush => 0,
            Self::DuringPush => 1,
        }
    }
}

/// A shell script that commits a file of its own, as long as there are races to be had. Only the daemon is raced: nobody else
/// comes by ssh.
fn rival(world: &World, moves: &Path, when: When) -> String {
    let (bare, moves) = (quoted(world.repository.path()), quoted(moves));
    let (kind, remainder) = (when.as_str(), when.remainder());
    format!(
        r#"#!/bin/sh -e
[ "$SSH_ORIGINAL_COMMAND" ] || exit 0
race=$(wc -l <{moves})
[ "$race" -lt {RACES} ] && [ $((race % 2)) -eq {remainder} ] || exit 0
# What is received and not yet accepted lies in a quarantine, and would be thrown away with it.
unset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES
export GIT_DIR={bare} GIT_INDEX_FILE={bare}/rival.index
export GIT_AUTHOR_NAME=Rival GIT_AUTHOR_EMAIL=developer@apps.example
export GIT_COMMITTER_NAME=Rival GIT_COMMITTER_EMAIL=developer@apps.example
tip=$(git rev-parse {BRANCH})
blob=$(echo "race $race" | git hash-object -w --stdin)
git read-tree "$tip"
git update-index --add --cacheinfo "100644,$blob,rival/$race"
commit=$(git commit-tree -p "$tip" -m "Race $race" "$(git write-tree)")
git update-ref refs/heads/{BRANCH} "$commit" "$tip"
echo {kind} >>{moves}
"#
    )
}

async fn check_rivals(world: &World) -> Result<()> {
    let files = world.repository.list(BRANCH, "rival/").await?;
    ensure!(files.len() == RACES, "{} files of the rival are left of {RACES}", files.len());
    for file in files {
        let text = world.repository.show(&file.id).await?;
        let race = file.path.trim_start_matches("rival/");
        ensure!(text == format!("race {race}\n"), "{} holds {text:?}", file.path);
    }
    Ok(())
}
