//! `cargo xtask bench gitops`: what it costs to read and write a large repository.
//!
//! A quarter of its manifests are Ingresses and a quarter their Secrets, in a thousand directories; it is made once for each size
//! and kept in the target folder. Each measurement is a process of its own, and rounds are interleaved, so that what is compared
//! was measured side by side. Times are of the wall, since cores are used; what is told are medians and ratios.

mod report;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::{ink, process, workspace};

use report::Measured;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// How many manifests there are
    #[arg(long, value_delimiter = ',', default_value = "10000,100000,1000000")]
    manifests: Vec<NonZeroUsize>,
    /// How many rounds; medians are told
    #[arg(long, default_value = "5")]
    rounds: NonZeroUsize,
}

/// For a million manifests on a slow machine.
const LIMIT: Duration = Duration::from_secs(1800);

/// One measurement.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Task {
    /// All blobs, with gix and nothing else.
    Read,
    /// All blobs, with git.
    GitReads,
    /// All blobs, with git2.
    Git2Reads,
    Cold,
    /// The next inventory, ten files later.
    After,
    Commit(usize),
    /// The same objects with gix and nothing else, not synced.
    Bare(usize),
    FastImport(usize),
    /// The same with git2, not synced.
    Git2(usize),
    Push,
    GitPush,
    Git2Push,
}

impl Task {
    const ALL: [Self; 20] = [
        Self::Read,
        Self::GitReads,
        Self::Git2Reads,
        Self::Cold,
        Self::After,
        Self::Commit(1),
        Self::Bare(1),
        Self::FastImport(1),
        Self::Git2(1),
        Self::Commit(100),
        Self::Bare(100),
        Self::FastImport(100),
        Self::Git2(100),
        Self::Commit(10_000),
        Self::Bare(10_000),
        Self::FastImport(10_000),
        Self::Git2(10_000),
        Self::Push,
        Self::GitPush,
        Self::Git2Push,
    ];

    fn words(self) -> (&'static str, Option<usize>) {
        match self {
            Self::Read => ("read", None),
            Self::GitReads => ("git-reads", None),
            Self::Git2Reads => ("git2-reads", None),
            Self::Cold => ("cold", None),
            Self::After => ("after", None),
            Self::Commit(count) => ("commit", Some(count)),
            Self::Bare(count) => ("bare", Some(count)),
            Self::FastImport(count) => ("fast-import", Some(count)),
            Self::Git2(count) => ("git2", Some(count)),
            Self::Push => ("push", None),
            Self::GitPush => ("git-push", None),
            Self::Git2Push => ("git2-push", None),
        }
    }

    /// Whether a repository of that size has so many Secrets.
    fn fits(self, manifests: usize) -> bool {
        self.words().1.is_none_or(|count| count <= manifests / 4)
    }
}

/// What one run tells.
#[derive(Clone, Copy, Deserialize)]
struct Sample {
    s: f64,
    /// The most memory the process has had, in bytes.
    #[serde(default)]
    peak: f64,
}

pub(crate) async fn run(args: Args) -> Result<ExitCode> {
    let bench = workspace::build_optimized_bench("nws-gitops", "gitops").await?;
    let mut all = Vec::new();
    for manifests in args.manifests.iter().map(|count| count.get()) {
        anyhow::ensure!(manifests >= 1000, "{manifests} manifests are too few, 1000 are the least");
        let dir = place(manifests)?;
        tell(&format!("{manifests} manifests in {}", dir.display()));
        said(&bench, "generate", &dir, Some(manifests)).await?;
        all.push(measure(&bench, &dir, manifests, args.rounds.get()).await?);
    }
    print!("{}", report::text(&all));
    Ok(ExitCode::SUCCESS)
}

async fn measure(bench: &Path, dir: &Path, manifests: usize, rounds: usize) -> Result<Measured> {
    let mut samples = Vec::new();
    for round in 1..=rounds {
        for task in Task::ALL.into_iter().filter(|task| task.fits(manifests)) {
            let (word, count) = task.words();
            let text = said(bench, word, dir, count).await?;
            let sample = serde_json::from_slice(&text)
                .with_context(|| format!("the bench told nothing of {word}"))?;
            samples.push((task, sample));
        }
        tell(&format!("round {round} of {rounds}"));
    }
    Ok(Measured { manifests, samples })
}

fn place(manifests: usize) -> Result<PathBuf> {
    let dir = workspace::target()?.join("xtask").join(format!("gitops-{manifests}"));
    std::fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
    Ok(dir)
}

async fn said(bench: &Path, word: &str, dir: &Path, count: Option<usize>) -> Result<Vec<u8>> {
    let mut command = process::of_user(bench);
    command.arg(word).arg(dir).args(count.map(|count| count.to_string()));
    process::output(command, LIMIT).await
}

fn tell(text: &str) {
    println!("{}", ink::dim(text.to_owned()));
}
