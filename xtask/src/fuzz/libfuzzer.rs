//! libFuzzer, by way of cargo-fuzz and a nightly compiler.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use super::{Target, seeds};
use crate::{files, ink, process, workspace};

/// For everything at once, from nothing, on a slow machine; what has changed since is built before a run, too.
const BUILDING: Duration = Duration::from_secs(3600);
/// For what only says something.
const ASKING: Duration = Duration::from_secs(60);
/// The compilers are two, so what they make is apart.
pub(super) struct LibFuzzer {
    built: PathBuf,
    kept: PathBuf,
}

/// Whether a nightly compiler is there; rustup would fetch one at once if it was only asked for.
pub(super) async fn has_nightly() -> bool {
    let mut rustup = process::of_user(Path::new("rustup"));
    rustup.args(["toolchain", "list"]);
    let listed = process::output(rustup, ASKING).await.unwrap_or_default();
    String::from_utf8_lossy(&listed).lines().any(|line| line.starts_with("nightly"))
}

impl LibFuzzer {
    /// # Errors
    ///
    /// If there is no nightly compiler, or cargo-fuzz is missing and cannot be installed.
    pub(super) async fn find_or_install() -> Result<Self> {
        ensure!(has_nightly().await, "there is no nightly compiler (rustup toolchain add nightly)");
        if process::output(fuzz(&["--version"]), ASKING).await.is_err() {
            println!("{}", ink::dim("installing cargo-fuzz".to_owned()));
            let mut cargo = process::of_user(Path::new("cargo"));
            cargo.args(["install", "--quiet", "--locked", "cargo-fuzz"]);
            process::output(cargo, BUILDING).await?;
        }
        let target = workspace::target()?;
        Ok(Self { built: target.join("fuzz"), kept: target.join("xtask/fuzz") })
    }

    /// Our crates forbid unsafe code, so no sanitizer is asked for; arithmetic that overflows panics.
    pub(super) async fn build(&self, target: Target) -> Result<()> {
        let mut command = self.of_targets(&["build"]);
        command.arg(target.name());
        process::run(command).await
    }

    /// Runs a target for so long. Returns what was done.
    ///
    /// # Errors
    ///
    /// If something does not hold, with the file that shows it.
    pub(super) async fn run(&self, target: Target, limit: Duration) -> Result<String> {
        let (learned, found) = (self.kept.join(target.name()), self.kept.join("found"));
        files::make_folder(&learned)?;
        files::make_folder(&found)?;
        let seeds = seeds::of(target, &self.kept.join("seeds"))?;
        let mut command = self.of_targets(&["run"]);
        command.arg(target.name()).arg(&learned).arg(&seeds).arg("--");
        command.arg(format!("-max_total_time={}", limit.as_secs()));
        command.arg(format!("-artifact_prefix={}/{}-", found.display(), target.name()));
        // An input takes a millisecond, and what takes ten thousand times as long is a finding; so is a gigabyte.
        command.args(["-timeout=10", "-rss_limit_mb=1024", "-max_len=65536"]);
        command.args(["-print_final_stats=1", "-verbosity=1"]);
        done(target, &process::ended(command, limit + BUILDING).await?)
    }

    fn of_targets(&self, words: &[&str]) -> Command {
        let mut command = fuzz(words);
        // One unit of code makes a fuzzer hardly faster, and the build twice as long.
        command.args(["--sanitizer", "none", "--codegen-units", "16", "--target-dir"]);
        command.arg(&self.built);
        command
    }
}

fn fuzz(words: &[&str]) -> Command {
    let mut command = process::of_user(Path::new("cargo"));
    command.args(["+nightly", "fuzz"]).args(words).current_dir(workspace::root());
    command
}

fn done(target: Target, output: &Output) -> Result<String> {
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        bail!("{} does not hold:\n{}", target.name(), tail(&said));
    }
    let runs = said.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    let runs = runs.with_context(|| format!("libFuzzer told nothing:\n{}", tail(&said)))?;
    Ok(format!("{} runs of libFuzzer", runs.trim()))
}

/// Its last lines name the reason and the file.
fn tail(said: &str) -> String {
    let lines: Vec<_> = said.lines().collect();
    lines[lines.len().saturating_sub(40)..].join("\n")
}
