//! `cargo xtask bench seal`: what it costs to seal certificates so that only the clusters they are for can open them.
//!
//! A Secret is a chain of two certificates with a P-256 key, rendered and sealed, for each of them anew. Each measurement is a process of
//! its own, and rounds are interleaved. Times are of the wall, since cores are used; what is told are medians.

mod report;

use std::num::NonZeroUsize;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::{ink, process, workspace};

use report::Measured;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// How many Secrets one core seals, of each form
    #[arg(long, default_value = "2000")]
    secrets: NonZeroUsize,
    /// How many rounds; medians are told
    #[arg(long, default_value = "5")]
    rounds: NonZeroUsize,
}

/// For ten thousand Secrets on a slow machine.
const LIMIT: Duration = Duration::from_secs(600);

/// What is sealed, and to which key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Form {
    /// A SealedSecret, to an RSA key of so many bits.
    SealedSecrets(u16),
    /// A SOPS file, for so many age recipients.
    Sops(u16),
}

impl Form {
    const ALL: [Self; 5] = [
        Self::SealedSecrets(2048),
        Self::SealedSecrets(3072),
        Self::SealedSecrets(4096),
        Self::Sops(1),
        Self::Sops(3),
    ];

    /// As the bench takes it.
    fn words(self) -> [String; 2] {
        match self {
            Self::SealedSecrets(bits) => ["sealed-secrets".into(), bits.to_string()],
            Self::Sops(recipients) => ["sops-age".into(), recipients.to_string()],
        }
    }

    /// What is told of its key.
    fn key(self) -> String {
        match self {
            Self::SealedSecrets(bits) => format!("RSA-{bits}"),
            Self::Sops(recipients) => format!("{recipients} age"),
        }
    }
}

/// One measurement.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Task {
    form: Form,
    secrets: usize,
    cores: usize,
}

/// What has to be fast: all certificates of one cluster, whose controller makes such a key by itself.
const GOAL: Task = Task { form: Form::SealedSecrets(4096), secrets: 10_000, cores: 2 };

/// What one run tells.
#[derive(Clone, Copy, Deserialize)]
struct Sample {
    s: f64,
    /// How large a file is.
    bytes: u32,
}

pub(crate) async fn run(args: Args) -> Result<ExitCode> {
    let bench = workspace::build_optimized_bench("nws-gitops", "seal").await?;
    let secrets = args.secrets.get();
    let each = Form::ALL.map(|form| Task { form, secrets, cores: 1 });
    let mut all: Vec<_> = each.into_iter().chain([GOAL]).map(Measured::new).collect();
    for round in 1..=args.rounds.get() {
        for one in &mut all {
            one.samples.push(measure(&bench, one.task).await?);
        }
        println!("{}", ink::dim(format!("round {round} of {}", args.rounds)));
    }
    print!("{}", report::text(&all));
    Ok(ExitCode::SUCCESS)
}

async fn measure(bench: &Path, task: Task) -> Result<Sample> {
    let mut command = process::of_user(bench);
    command.args(task.form.words()).args([task.secrets, task.cores].map(|count| count.to_string()));
    let said = process::output(command, LIMIT).await?;
    serde_json::from_slice(&said).with_context(|| format!("the bench told nothing of {task:?}"))
}
